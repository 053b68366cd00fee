//! `with hard`: an ansatz that satisfies conditions exactly.
//!
//! The ansatz of an unknown is u = g + d·net(u), where g has the values of all its hard conditions and d vanishes where
//! they hold. On boxes g is a transfinite interpolation (W. J. Gordon, 1971): axis by axis, what g still lacks on the ends
//! of the axis is added, linearly in between if both ends have a value, constantly if one has. Where the conditions agree at
//! common edges, what is lacking vanishes on all earlier ends, which stay as they are; where they do not, there is no
//! continuous g, and it is an error. Along time u and u_t at the start are taken together. d is a product of s for a lower
//! end, 1 - s for an upper one, 4s(1 - s) for both, and s² where u_t is given too, with s from 0 to 1 along the axis.
//! On shapes there are functions that vanish on their surfaces (`hard_shapes`).

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, Jet, MultiIndex, Rational, Symbol};

use super::elaborate::Elaborator;
use super::hard_shapes::SurfaceValue;
use super::problem::{AxisKind, Piece};
use super::terms::{Draft, Terms};

/// A value that holds on a whole end of an axis.
struct EndValue {
    axis: usize,
    upper: bool,
    /// How often it is differentiated along the axis.
    order: u8,
    value: Expr,
    span: Span,
}

/// What hard conditions say of a field.
#[derive(Default)]
struct Values {
    ends: Vec<EndValue>,
    /// On the surface of the domain's shape.
    surfaces: Vec<SurfaceValue>,
}

impl<'a> Elaborator<'a> {
    /// Makes an ansatz for each unknown with hard conditions.
    pub fn hard_conditions(&mut self, terms: &Terms) {
        for unknown in 0..self.unknowns.len() {
            let fields: Vec<usize> = self.unknowns[unknown].components.iter().map(|c| c.field).collect();
            let speaks = |draft: &&Draft| {
                let jets = self.graph.jets(&[draft.residual]);
                draft.hard && jets.first().is_some_and(|jet| fields.contains(&usize::from(jet.field)))
            };
            let hard: Vec<&Draft> = terms.drafts.iter().filter(speaks).collect();
            let Some(first) = hard.first() else { continue };
            if let Some(ansatz) = self.unknowns[unknown].ansatz {
                let message = format!("`{}` has an ansatz of its own", self.unknowns[unknown].name);
                let diagnostic = Diagnostic::error("E0403", message, first.span, "cannot be made hard");
                let diagnostic = diagnostic.label(ansatz, "given here");
                self.found.push(diagnostic.help("leave out `hard`: a condition that the ansatz satisfies is no term"));
                continue;
            }
            let mut values: Vec<Option<Values>> = Vec::new();
            for &field in &fields {
                let mut of_field = Some(Values::default());
                for draft in &hard {
                    let read = self.end_values(draft, field);
                    of_field = of_field.zip(read).map(|(mut all, new)| {
                        all.ends.extend(new.ends);
                        all.surfaces.extend(new.surfaces);
                        all
                    });
                }
                values.push(of_field);
            }
            let Some(values) = values.into_iter().collect::<Option<Vec<_>>>() else { continue };
            let outputs = self.make_outputs(unknown);
            let nets: Vec<Expr> = outputs.iter().map(|&field| self.graph.jet(field, MultiIndex::zero())).collect();
            let components: Vec<Option<Expr>> =
                values.iter().zip(nets).map(|(values, net)| self.interpolation(values, net)).collect();
            if let Some(components) = components.into_iter().collect::<Option<Vec<_>>>() {
                self.unknowns[unknown].ansatz = Some(first.span);
                self.stands_for(unknown, &components);
            }
        }
    }

    /// What a condition says of a field on ends of axes; nothing if it speaks of another one.
    fn end_values(&mut self, draft: &Draft, field: usize) -> Option<Values> {
        let jets = self.graph.jets(&[draft.residual]);
        if !jets.iter().any(|jet| usize::from(jet.field) == field) {
            return Some(Values::default());
        }
        let time = self.axes.iter().position(|axis| axis.kind == AxisKind::Time);
        let slope = time.map(|time| Jet::new(field, MultiIndex::unit(time)));
        let [jet] = jets.as_slice() else { return self.not_a_value(draft, &jets) };
        let initial =
            draft.place.iter().all(|piece| time.is_some_and(|time| piece.ranges[time] == [self.axes[time].lower; 2]));
        let initial_slope = initial && Some(jet) == slope.as_ref();
        if !(jet.index.is_zero() || initial_slope) {
            return self.not_a_value(draft, &jets);
        }
        let coefficient = self.graph.derivative(draft.residual, &Symbol::Jet(jet.clone()));
        if self.graph.constant_value(coefficient).is_none_or(|c| c == 0.0) {
            return self.not_a_value(draft, &jets);
        }
        let rest = self.graph.substitute(draft.residual, |_, s| matches!(s, Symbol::Jet(_)).then_some(Graph::ZERO));
        let value = self.graph.div(rest, coefficient);
        let value = self.graph.neg(value);
        if draft.place.iter().any(Piece::is_on_surface) {
            self.may_be_hard(value, field, draft)?;
            let vanishing = self.vanishing_on(draft)?;
            return Some(Values { ends: Vec::new(), surfaces: vec![SurfaceValue { value, vanishing }] });
        }
        let mut values = Vec::new();
        for piece in &draft.place {
            let fixed: Vec<usize> =
                (0..self.axes.len()).filter(|&a| piece.ranges[a][0] == piece.ranges[a][1]).collect();
            let whole = |a: usize| piece.ranges[a] == [self.axes[a].lower, self.axes[a].upper];
            let axis = match fixed.as_slice() {
                [axis]
                    if piece.keep.is_none()
                        && !piece.is_on_surface()
                        && (0..self.axes.len()).all(|a| a == *axis || whole(a)) =>
                {
                    *axis
                }
                _ => {
                    let span = draft.place_span.unwrap_or(draft.span);
                    let message = "`hard` takes whole faces of the domain";
                    let diagnostic = Diagnostic::error("E0403", message, span, "covers only a part of one");
                    self.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
                    return None;
                }
            };
            let at = piece.ranges[axis][0];
            if at != self.axes[axis].lower && at != self.axes[axis].upper {
                let span = draft.place_span.unwrap_or(draft.span);
                return self.error("E0403", "`hard` takes faces of the domain", span, "inside of the domain");
            }
            let upper = at == self.axes[axis].upper;
            // A face has one normal; what varies along it has none that a formula could name.
            let value = self.with_known_normals(value, piece.normal.is_some().then_some(&[piece.normal][..]));
            let value = self.at_end(value, axis, upper);
            self.may_be_hard(value, field, draft)?;
            values.push(EndValue { axis, upper, order: jet.index.order() as u8, value, span: draft.span });
        }
        Some(Values { ends: values, surfaces: Vec::new() })
    }

    /// Reports a value that an ansatz can't have: one with the normal, or with a coordinate that the field does not depend
    /// on.
    fn may_be_hard(&mut self, value: Expr, field: usize, draft: &Draft) -> Option<()> {
        let (name, axes) = (&self.fields[field].name, &self.fields[field].axes);
        for symbol in self.graph.symbols(&[value]) {
            let (message, label) = match symbol {
                Symbol::Normal(_) => {
                    ("`hard` takes values without the normal, which only the boundary has".to_owned(), "has the normal")
                }
                Symbol::Coordinate(axis) if !axes.contains(&usize::from(axis)) => {
                    let axis = &self.axes[usize::from(axis)].name;
                    (format!("`{name}` does not depend on {axis}, but its hard value does"), "no such ansatz")
                }
                _ => continue,
            };
            let diagnostic = Diagnostic::error("E0403", message, draft.span, label);
            self.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
            return None;
        }
        Some(())
    }

    fn not_a_value<T>(&mut self, draft: &Draft, jets: &[Jet]) -> Option<T> {
        let names = crate::expr::Names {
            axes: self.axes.iter().map(|a| a.name.clone()).collect(),
            fields: self.fields.iter().map(|f| f.name.clone()).collect(),
        };
        let message = "`hard` takes conditions on the value of an unknown (and `u_t` at the start)";
        let other = jets.iter().find(|jet| !jet.index.is_zero()).or(jets.last());
        let label = match other {
            Some(jet) if jets.len() > 1 || !jet.index.is_zero() => format!("contains `{}`", names.jet(jet)),
            _ => "is not linear with a constant factor".to_owned(),
        };
        let diagnostic = Diagnostic::error("E0403", message, draft.span, label);
        self.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
        None
    }

    /// A formula on an end of an axis.
    fn at_end(&mut self, expr: Expr, axis: usize, upper: bool) -> Expr {
        let end = self.axes[axis].ends[usize::from(upper)];
        self.graph.substitute(expr, |_, symbol| match symbol {
            Symbol::Coordinate(a) if usize::from(*a) == axis => Some(end),
            _ => None,
        })
    }

    /// g + d·net
    fn interpolation(&mut self, values: &Values, net: Expr) -> Option<Expr> {
        let (mut g, mut d) = self.surface_interpolation(&values.surfaces);
        let values = &values.ends;
        for axis in 0..self.axes.len() {
            let find = |upper: bool, order: u8| {
                let mut all = values.iter().filter(move |v| v.axis == axis && v.upper == upper && v.order == order);
                (all.next(), all.next())
            };
            let ((lower, second_lower), (upper, second_upper)) = (find(false, 0), find(true, 0));
            let (slope, second_slope) = find(false, 1);
            for (first, second) in [(lower, second_lower), (upper, second_upper), (slope, second_slope)] {
                if let (Some(first), Some(second)) = (first, second) {
                    let message = "two hard conditions on the same face";
                    let diagnostic = Diagnostic::error("E0403", message, second.span, "the second one");
                    self.found.push(diagnostic.label(first.span, "the first one"));
                    return None;
                }
            }
            if let (Some(slope), None) = (slope, lower) {
                let message = "a hard condition on the slope at the start, but none on the value";
                return self.error("E0403", message, slope.span, "the value at the start must be hard too");
            }
            if lower.is_none() && upper.is_none() {
                continue;
            }
            let [start, end] = self.axes[axis].ends;
            let x = self.graph.coordinate(axis);
            let (distance, length) = (self.graph.sub(x, start), self.graph.sub(end, start));
            let s = self.graph.div(distance, length);
            let to_end = self.graph.sub(Graph::ONE, s);
            let low = lower.map(|lower| self.lacking(lower, g));
            let high = upper.map(|upper| self.lacking(upper, g));
            // Before g changes: what the slope lacks is judged with the rest of it.
            let slope = slope.map(|slope| {
                let have = self.graph.total_derivative(g, axis, |_| false);
                self.lacking(slope, have)
            });
            let (added, vanishing) = match (low, slope, high) {
                (Some(low), None, Some(high)) => {
                    let (a, b) = (self.graph.mul(to_end, low), self.graph.mul(s, high));
                    let both = self.graph.mul(s, to_end);
                    (self.graph.add(a, b), self.graph.scale(Rational::from_integer(4.into()), both))
                }
                (Some(low), Some(slope), high) => {
                    let rise = self.graph.mul(distance, slope);
                    let hermite = self.graph.add(low, rise);
                    let square = self.graph.powi(s, 2);
                    match high {
                        None => (hermite, square),
                        Some(high) => {
                            // low + (x - a)·slope, and at the other end what is then lacking, with a square.
                            let there = self.at_end(hermite, axis, true);
                            let lacking = self.graph.sub(high, there);
                            let correction = self.graph.mul(square, lacking);
                            (self.graph.add(hermite, correction), self.graph.mul(square, to_end))
                        }
                    }
                }
                (Some(low), None, None) => (low, s),
                (None, _, Some(high)) => (high, to_end),
                (None, ..) => continue,
            };
            g = self.graph.add(g, added);
            d = self.graph.mul(d, vanishing);
        }
        let product = self.graph.mul(d, net);
        Some(self.graph.add(g, product))
    }

    /// What `have` lacks of a value at its end.
    fn lacking(&mut self, value: &EndValue, have: Expr) -> Expr {
        let have = self.at_end(have, value.axis, value.upper);
        self.graph.sub(value.value, have)
    }
}
