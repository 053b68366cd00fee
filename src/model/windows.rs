//! Windows of time: the problem of each part of the time axis.
//!
//! `train engd(..) with windows=5` cuts the time axis into parts of equal length, which are solved one after the other by
//! networks of their own. A window is a problem like any other, with its part of the time axis and, from the second on,
//! with other initial conditions: what the left sides of the file's conditions are at the end of the window before. Those
//! values stand beside the points of the conditions, as numbers.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, MultiIndex, Rational};
use crate::geometry::Rule;

use super::elaborate::Elaborator;
use super::problem::{AxisKind, Field, FieldSource, Model, Piece, Reference, ReferenceValues, Stage, Term, TermKind};

/// The most windows.
pub(super) const MOST_WINDOWS: usize = 1000;

impl Model {
    /// The time axis.
    pub fn time(&self) -> Option<usize> {
        self.axes.iter().position(|axis| axis.kind == AxisKind::Time)
    }

    /// What the initial conditions are about: their left sides.
    pub fn initial_sides(&self) -> Vec<Expr> {
        self.terms.iter().filter(|term| term.kind == TermKind::Initial).map(|term| term.left).collect()
    }

    /// Where each window but the first begins.
    pub fn window_starts(&self) -> Vec<f64> {
        self.time()
            .map(|axis| (1..self.windows).map(|window| self.window_end(axis, window)).collect())
            .unwrap_or_default()
    }

    /// The time between the first `windows` windows and the rest.
    fn window_end(&self, axis: usize, windows: usize) -> f64 {
        let (lower, upper) = (self.axes[axis].lower, self.axes[axis].upper);
        if windows == self.windows { upper } else { lower + (upper - lower) * windows as f64 / self.windows as f64 }
    }

    /// The problem of a window, from 0; its initial conditions read the numbers beside the points if it is not the first.
    #[must_use]
    pub fn window(&self, window: usize) -> Model {
        let mut model = self.clone();
        let Some(time) = self.time().filter(|_| self.windows > 1) else { return model };
        model.windows = 1;
        let range = [self.window_end(time, window), self.window_end(time, window + 1)];
        let ends = [window, window + 1].map(|windows| self.exact_end(&mut model.graph, time, windows));
        let axis = &mut model.axes[time];
        [axis.lower, axis.upper] = range;
        axis.ends = ends;
        let place = Within { time, range, first: window == 0 };
        model.terms = self.terms.iter().filter_map(|term| place.term(term)).collect();
        model.references.iter_mut().for_each(|reference| place.reference(reference));
        if window > 0 {
            hand_over(&mut model, time);
        }
        model
    }

    fn exact_end(&self, graph: &mut Graph, axis: usize, windows: usize) -> Expr {
        let [lower, upper] = self.axes[axis].ends;
        if windows == 0 || windows == self.windows {
            return if windows == 0 { lower } else { upper };
        }
        let length = graph.sub(upper, lower);
        let share = graph.rational(Rational::new(windows.into(), self.windows.into()));
        let offset = graph.mul(length, share);
        graph.add(lower, offset)
    }
}

/// A window as a part of the time axis.
struct Within {
    time: usize,
    range: [f64; 2],
    first: bool,
}

impl Within {
    /// What is left of a term.
    fn term(&self, term: &Term) -> Option<Term> {
        let mut term = term.clone();
        // A constraint that does not depend on time has no time of its own.
        let timeless = |piece: &Piece| piece.ranges[self.time][0] == piece.ranges[self.time][1];
        let timeless = term.kind == TermKind::Constraint && term.place.iter().all(timeless);
        let pieces = std::mem::take(&mut term.place).into_iter().zip(std::mem::take(&mut term.sampling.pieces));
        let initial = term.kind == TermKind::Initial || timeless;
        let pieces = pieces.filter_map(|(piece, rule)| self.piece(piece, rule, initial));
        (term.place, term.sampling.pieces) = pieces.unzip();
        (!term.place.is_empty()).then_some(term)
    }

    /// Only the points of a reference that are in the window.
    fn reference(&self, reference: &mut Reference) {
        let Some(times) = reference.points.get(self.time) else { return };
        let inside = |i: &usize| (self.range[0]..=self.range[1]).contains(&times[*i]);
        let kept: Vec<usize> = (0..times.len()).filter(inside).collect();
        let pick = |values: &[f64]| kept.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        for values in &mut reference.components {
            if let ReferenceValues::Points(values) = values {
                *values = pick(values);
            }
        }
        reference.points = reference.points.iter().map(|column| pick(column)).collect();
    }

    fn piece(&self, mut piece: Piece, mut rule: Rule, initial: bool) -> Option<(Piece, Rule)> {
        let [lower, upper] = self.range;
        let range = &mut piece.ranges[self.time];
        if initial {
            *range = [lower; 2];
        } else if range[0] == range[1] {
            let inside = lower < range[0] && range[0] <= upper;
            let at_start = self.first && range[0] == lower;
            if !(inside || at_start) {
                return None;
            }
        } else {
            *range = [range[0].max(lower), range[1].min(upper)];
            if range[0] >= range[1] {
                return None;
            }
            let [lower, upper] = *range;
            // Time is the first axis. Points do not crowd towards a time that is elsewhere.
            if let Rule::Gauss { grading, .. } = &mut rule
                && let Some(first) = grading.first_mut()
                && first.is_some_and(|g| !(lower..=upper).contains(&g.at))
            {
                *first = None;
            }
        }
        Some((piece, rule))
    }
}

/// Initial conditions get their right sides from the numbers beside their points.
fn hand_over(model: &mut Model, time: usize) {
    let axes: Vec<usize> = (0..model.axes.len()).filter(|&axis| axis != time).collect();
    let Model { terms, fields, graph, .. } = model;
    for (column, term) in terms.iter_mut().filter(|term| term.kind == TermKind::Initial).enumerate() {
        let name = format!("{} of the window before", term.label);
        let source = FieldSource::Column { column };
        fields.push(Field { name, axes: axes.clone(), source, span: term.span });
        term.right = graph.jet(fields.len() - 1, MultiIndex::zero());
        term.residual = graph.sub(term.left, term.right);
    }
}

impl Elaborator<'_> {
    /// Reports unknowns that are the same in all windows, and conditions that only the window of their time would meet.
    fn windows_of_all_times(&mut self, span: Span, terms: &[Term]) {
        let Some(time) = self.axes.iter().position(|axis| axis.kind == AxisKind::Time) else { return };
        if let Some(unknown) = self.unknowns.iter().find(|unknown| !unknown.axes.contains(&time)) {
            let name = &unknown.name;
            let message = format!("windows are solved one after the other, but `{name}` is the same at all times");
            let diagnostic = Diagnostic::error("E0422", message, span, "the time axis is cut here");
            self.found.push(diagnostic.label(unknown.span, "one function for all windows"));
        }
        let at_a_time = |piece: &Piece| piece.ranges[time][0] == piece.ranges[time][1];
        let fixed = |term: &&Term| term.kind == TermKind::Boundary && term.place.iter().any(at_a_time);
        if let Some(condition) = terms.iter().find(fixed) {
            let message = "windows are solved one after the other: earlier ones know nothing of a later condition";
            let diagnostic = Diagnostic::error("E0422", message, span, "the time axis is cut here");
            self.found.push(diagnostic.label(condition.span, "a condition at one time"));
        }
    }

    /// Into how many windows the stages cut the time axis; reports stages that differ, and problems that can't be cut.
    pub fn windows(&mut self, stages: &[Stage], terms: &[Term]) -> usize {
        let given = |stage: &Stage| stage.windows;
        let Some((windows, span)) = stages.iter().find_map(given) else { return 1 };
        if let Some(other) = stages.iter().find(|stage| stage.windows.map_or(1, |(n, _)| n) != windows) {
            let (message, other) =
                ("all stages train the same windows", other.windows.map_or(other.span, |(_, s)| Some(s)));
            let mut diagnostic = Diagnostic::error("E0421", message, span, format!("{windows} windows"));
            if let Some(other) = other {
                diagnostic = diagnostic.label(other, "not as many here");
            }
            let help = format!("in each window the stages run in order; write `with windows={windows}` behind each");
            self.found.push(diagnostic.help(help));
        }
        if self.unsure || self.scope.incomplete {
            return windows;
        }
        let Some(time) = self.axes.iter().find(|axis| axis.kind == AxisKind::Time) else {
            let diagnostic = Diagnostic::error("E0423", "windows of time without a time axis", span, "of what time?");
            self.found.push(diagnostic.help("declare the axis: `time t in [0, 1]`"));
            return windows;
        };
        if time.periodic || !terms.iter().any(|term| term.kind == TermKind::Initial) {
            let message = "windows without an initial condition: nothing is handed over from one to the next";
            let diagnostic = Diagnostic::error("E0423", message, span, "what does a window begin with?");
            self.found.push(diagnostic.help("give one with `ic`, for each time derivative below the highest"));
        }
        if let Some(number) = self.numbers.first() {
            let message =
                format!("windows are solved one after the other, but `{}` is the same at all times", number.name);
            let diagnostic = Diagnostic::error("E0422", message, span, "the time axis is cut here");
            self.found.push(diagnostic.label(number.span, "one number for all windows"));
        }
        self.windows_of_all_times(span, terms);
        if let Some(data) = terms.iter().find(|term| matches!(term.kind, TermKind::Data(_))) {
            let message = "windows are solved one after the other, but data are about all times";
            let diagnostic = Diagnostic::error("E0422", message, span, "the time axis is cut here");
            self.found.push(diagnostic.label(data.span, "data"));
        }
        if let Some(energy) = terms.iter().find(|term| term.kind == TermKind::Energy) {
            let message = "windows are solved one after the other, but an energy is the least over all times";
            let diagnostic = Diagnostic::error("E0422", message, span, "the time axis is cut here");
            self.found.push(diagnostic.label(energy.span, "an integral over the whole time axis"));
        }
        windows
    }
}
