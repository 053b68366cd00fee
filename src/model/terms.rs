//! The statements `eq`, `bc`, `ic` and `exact`: terms of the loss without their points. `constraint` has a file of its own.

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Span, has_errors};
use crate::expr::{Expr, MultiIndex, Symbol};
use crate::syntax::ast::{
    self, Ast, Equation, Formula, FormulaKind, Predicate, PredicateKind, Relation, Statement, StatementKind,
};
use crate::syntax::print_formula;

use super::elaborate::Elaborator;
use super::places::{on_boundary, within};
use super::problem::{AxisKind, FieldSource, Piece, TermKind};
use super::references::References;
use super::regions::{Region, Rest};
use super::values::Value;

/// The most terms of a problem.
const MOST_TERMS: usize = 10_000;

/// A term whose points are not chosen yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// Unique among terms.
    pub label: String,
    /// The label of its statement, if it has one.
    pub statement: Option<String>,
    pub kind: TermKind,
    pub left: Expr,
    pub right: Expr,
    pub residual: Expr,
    pub place: Vec<Piece>,
    pub weight: Option<f64>,
    pub hard: bool,
    pub span: Span,
    pub place_span: Option<Span>,
}

/// All terms of a file.
#[derive(Default)]
pub(super) struct Terms {
    pub drafts: Vec<Draft>,
    /// Where each label of a statement is.
    pub statements: IndexMap<String, Span>,
    labels: FxHashSet<String>,
    /// What earlier conditions on each unknown cover.
    covered: FxHashMap<usize, Vec<Rc<Region>>>,
    /// What the present condition covers: its equations hold at one place, so that none takes `rest` from the next.
    covering: Vec<(usize, Rc<Region>)>,
}

/// What the terms of one statement share.
pub(super) struct Setting<'s> {
    pub kind: TermKind,
    pub label: Option<&'s ast::Name>,
    pub weight: Option<f64>,
    pub hard: bool,
    pub several: bool,
}

/// The place of a statement among those of other kinds, whose order in the file has no meaning.
fn rank(kind: &StatementKind) -> u8 {
    match kind {
        StatementKind::Eq { .. } => 0,
        StatementKind::Ic { .. } => 1,
        StatementKind::Bc { .. } => 2,
        StatementKind::Constraint { .. } => 3,
        _ => 4,
    }
}

impl<'a> Elaborator<'a> {
    /// The terms of a file: equations, then conditions, constraints and data, in order of declaration among their like.
    pub fn terms(&mut self, ast: &'a Ast) -> Terms {
        let mut terms = Terms::default();
        let mut statements: Vec<&Statement> = ast.statements.iter().collect();
        statements.sort_by_key(|statement| rank(&statement.kind));
        for statement in statements {
            match &statement.kind {
                StatementKind::Eq { label, equation, within } => {
                    let weight = self.term_attributes(statement, &[]);
                    let label = label.as_ref();
                    let setting = Setting { kind: TermKind::Equation, label, weight, hard: false, several: false };
                    self.equation_term(&mut terms, &setting, equation, within.as_ref());
                }
                StatementKind::Bc { label, equations, place } => {
                    let weight = self.term_attributes(statement, &["interior", "hard"]);
                    let interior = statement.attributes.iter().any(|a| a.name.text == "interior");
                    let several = equations.len() > 1;
                    let (label, hard) = (label.as_ref(), is_hard(statement));
                    let setting = Setting { kind: TermKind::Boundary, label, weight, hard, several };
                    for equation in equations {
                        self.boundary_term(&mut terms, &setting, equation, place, interior);
                    }
                    for (field, region) in std::mem::take(&mut terms.covering) {
                        terms.covered.entry(field).or_default().push(region);
                    }
                }
                StatementKind::Ic { label, equations } => {
                    let weight = self.term_attributes(statement, &["hard"]);
                    let several = equations.len() > 1;
                    let (label, hard) = (label.as_ref(), is_hard(statement));
                    let setting = Setting { kind: TermKind::Initial, label, weight, hard, several };
                    self.initial_terms(&mut terms, &setting, statement, equations);
                }
                StatementKind::Data { names, path } => self.data_terms(&mut terms, statement, names, path),
                StatementKind::Constraint { .. } => self.constraint_term(&mut terms, statement),
                _ => {}
            }
        }
        terms
    }

    fn equation_term(
        &mut self,
        terms: &mut Terms,
        setting: &Setting,
        equation: &'a Equation,
        place: Option<&'a Predicate>,
    ) {
        let sides = self.sides(equation);
        let pieces = match place {
            None => Some(vec![self.interior()]),
            Some(predicate) => self.region(predicate, &Rest::Inside).map(|region| {
                let pieces = within(&mut self.graph, &self.axes, self.shape.as_ref(), &region);
                if pieces.is_empty() && !self.unsure {
                    self.found.push(Diagnostic::error(
                        "E0305",
                        "no point satisfies this",
                        predicate.span,
                        "this place is empty",
                    ));
                }
                pieces
            }),
        };
        let (Some((left, right)), Some(pieces)) = (sides, pieces) else { return self.claim_label(terms, setting) };
        if self.reject_normals(&left, &right, equation, "the normal exists only on the boundary") {
            return self.claim_label(terms, setting);
        }
        self.push_terms(terms, setting, equation, (left, right), pieces, place.map(|p| p.span));
    }

    fn boundary_term(
        &mut self,
        terms: &mut Terms,
        setting: &Setting,
        equation: &'a Equation,
        place: &'a Predicate,
        interior: bool,
    ) {
        let sides = self.sides(equation);
        let fields = sides.as_ref().map(|(left, right)| self.conditioned(left, right)).unwrap_or_default();
        let earlier: Vec<Rc<Region>> =
            fields.iter().filter_map(|field| terms.covered.get(field)).flatten().cloned().collect();
        let region = self.region(place, &Rest::After(&earlier));
        // With what earlier conditions cover, `rest` covers everything; without it the same formula does.
        let covers = region.as_ref().and_then(|_| {
            let before = self.found.len();
            let covers = self.region(place, &Rest::Everything);
            self.found.truncate(before);
            covers
        });
        if let Some(region) = covers {
            let region = Rc::new(region);
            terms.covering.extend(fields.iter().map(|field| (*field, Rc::clone(&region))));
        }
        let (Some((left, right)), Some(region)) = (sides, region) else { return self.claim_label(terms, setting) };
        if self.unsure {
            return self.claim_label(terms, setting);
        }
        let faces = self.face_axes(&fields);
        let found = on_boundary(&mut self.graph, &self.axes, self.shape.as_ref(), &faces, &region);
        if found.inside && !interior {
            let message = "this place is inside the domain, not on its boundary";
            let diagnostic = Diagnostic::warning("W0304", message, place.span, "an inner place");
            self.found.push(diagnostic.help("if it is meant so write `with interior`"));
        }
        if found.pieces.is_empty() {
            self.empty_place(place, &earlier);
            return self.claim_label(terms, setting);
        }
        let without_normal = !found.pieces.iter().all(Piece::has_normal);
        if without_normal && self.reject_normals(&left, &right, equation, "there is no normal at this place") {
            return self.claim_label(terms, setting);
        }
        self.push_terms(terms, setting, equation, (left, right), found.pieces, Some(place.span));
    }

    fn empty_place(&mut self, place: &'a Predicate, earlier: &[Rc<Region>]) {
        // Without a sound domain that is no news.
        if self.scope.incomplete || self.space().is_empty() && has_errors(&self.found) {
            return;
        }
        let mut rest = false;
        References::new(Vec::new(), &mut |name, _| rest |= name == "rest").predicate(place);
        let message = "no point of the boundary satisfies this";
        let mut diagnostic = Diagnostic::error("E0305", message, place.span, "this place is empty");
        if rest && !earlier.is_empty() {
            diagnostic = diagnostic.note("earlier conditions on the same unknown cover the whole boundary");
        }
        if self.axes.iter().all(|axis| axis.periodic || axis.kind != AxisKind::Space) {
            diagnostic = diagnostic.note("the domain has no boundary in space");
        }
        if is_at_two_ends(place) {
            diagnostic = diagnostic.help("a point lies at one of them: join the places with `or`");
        }
        self.found.push(diagnostic);
    }

    /// The axes whose ends are faces for these unknowns.
    fn face_axes(&self, fields: &[usize]) -> Vec<usize> {
        let depends = |axis: &usize| fields.is_empty() || fields.iter().any(|&f| self.fields[f].axes.contains(axis));
        self.space().into_iter().filter(|axis| !self.axes[*axis].periodic).filter(depends).collect()
    }

    /// The unknowns that a condition is about: those on its left side, else those on its right.
    fn conditioned(&self, left: &Value, right: &Value) -> Vec<usize> {
        let fields = |value: &Value| {
            let mut fields: Vec<usize> =
                self.graph.jets(&value.components()).iter().map(|jet| usize::from(jet.field)).collect();
            fields.retain(|&field| {
                matches!(self.fields[field].source, FieldSource::Network { .. } | FieldSource::Formula(_))
            });
            fields.dedup();
            fields
        };
        let on_left = fields(left);
        if on_left.is_empty() { fields(right) } else { on_left }
    }

    fn initial_terms(
        &mut self,
        terms: &mut Terms,
        setting: &Setting,
        statement: &'a Statement,
        equations: &'a [Equation],
    ) {
        let Some(time) = self.axes.iter().position(|axis| axis.kind == AxisKind::Time) else {
            if !self.scope.incomplete {
                let message = "an initial condition without a time axis";
                let diagnostic = Diagnostic::error("E0307", message, statement.span, "there is no `time`");
                self.found.push(diagnostic.help("declare it: `time t in [0, 1]`"));
            }
            return self.claim_label(terms, setting);
        };
        if self.axes[time].periodic {
            let message = format!("{} is periodic: it has no beginning", self.axes[time].name);
            let diagnostic = Diagnostic::error("E0310", message, statement.span, "an initial condition");
            self.found.push(diagnostic.label(self.axes[time].span, "declared periodic"));
            return self.claim_label(terms, setting);
        }
        let mut start = self.interior();
        start.ranges[time] = [self.axes[time].lower; 2];
        for equation in equations {
            let Some((left, right)) = self.sides(equation) else {
                self.claim_label(terms, setting);
                continue;
            };
            let timeless = self.timeless(&left, &right, time, equation);
            if !timeless && !self.reject_normals(&left, &right, equation, "the normal exists only on the boundary") {
                let place = vec![start.clone()];
                self.push_terms(terms, setting, equation, (left, right), place, None);
            }
        }
    }

    /// Reports an initial condition on unknowns that do not depend on time.
    fn timeless(&mut self, left: &Value, right: &Value, time: usize, equation: &'a Equation) -> bool {
        let fields = self.conditioned(left, right);
        let Some(&first) = fields.first() else { return false };
        if fields.iter().any(|&field| self.fields[field].axes.contains(&time)) {
            return false;
        }
        let (name, time) = (self.fields[first].name.clone(), self.axes[time].name.clone());
        let message = format!("`{name}` does not depend on {time}: it has no initial value");
        let diagnostic = Diagnostic::error("E0307", message, equation.span, "would hold at all times");
        self.found.push(diagnostic.help("what holds on the boundary is a `bc`, what holds everywhere an `eq`"));
        true
    }

    /// Both sides of an equation, of the same shape.
    pub(super) fn sides(&mut self, equation: &'a Equation) -> Option<(Value, Value)> {
        let (left, right) = (self.root(&equation.left), self.root(&equation.right));
        let (left, right) = (left?, right?);
        self.same_shape(&left, &right, equation.span)?;
        self.complex_among_real([(&equation.left, &left), (&equation.right, &right)], equation.span)?;
        Some((left, right))
    }

    /// Reports normals where there are none.
    pub(super) fn reject_normals(
        &mut self,
        left: &Value,
        right: &Value,
        equation: &'a Equation,
        message: &str,
    ) -> bool {
        let roots = [left.components(), right.components()].concat();
        if !self.graph.symbols(&roots).iter().any(|symbol| matches!(symbol, Symbol::Normal(_))) {
            return false;
        }
        let mut span = None;
        let mut find = |name: &'a str, place: Span| {
            if span.is_none() && matches!(name, "dn" | "normal") {
                span = Some(place);
            }
        };
        let mut references = References::new(Vec::new(), &mut find);
        references.formula(&equation.left);
        references.formula(&equation.right);
        self.found.push(Diagnostic::error("E0309", message, span.unwrap_or(equation.span), "needs the normal"));
        true
    }

    /// Takes note of a label although its terms have mistakes.
    pub(super) fn claim_label(&mut self, terms: &mut Terms, setting: &Setting) {
        if let Some(label) = setting.label {
            self.statement_label(terms, label);
        }
    }

    fn statement_label(&mut self, terms: &mut Terms, label: &ast::Name) {
        let first = *terms.statements.entry(label.text.clone()).or_insert(label.span);
        if first != label.span {
            let message = format!("the label `{}` is given twice", label.text);
            let diagnostic =
                Diagnostic::error("E0102", message, label.span, "given again here").label(first, "first given here");
            if !self.found.contains(&diagnostic) {
                self.found.push(diagnostic);
            }
        }
    }

    pub(super) fn push_terms(
        &mut self,
        terms: &mut Terms,
        setting: &Setting,
        equation: &'a Equation,
        (left, right): (Value, Value),
        place: Vec<Piece>,
        place_span: Option<Span>,
    ) {
        self.claim_label(terms, setting);
        let base = match (setting.label, setting.several) {
            (Some(label), false) => label.text.clone(),
            (Some(label), true) => format!("{}_{}", label.text, self.subject(&equation.left, &left)),
            (None, _) => match setting.kind {
                TermKind::Equation => "eq".to_owned(),
                TermKind::Energy => "energy".to_owned(),
                TermKind::Boundary => format!("bc_{}", self.subject(&equation.left, &left)),
                TermKind::Initial => format!("ic_{}", self.subject(&equation.left, &left)),
                TermKind::Constraint => "constraint".to_owned(),
                TermKind::Data(_) => "data".to_owned(),
            },
        };
        let (left, right) = if left.is_complex() || right.is_complex() {
            let [left, right] = [left, right].map(|side| Value::Complex(Box::new(side.parts())));
            (left, right)
        } else {
            (left, right)
        };
        let names = self.component_names("", &left);
        let normals = constant_normals(&place);
        let pairs = left.components().into_iter().zip(right.components());
        for (name, (left, right)) in names.iter().zip(pairs) {
            let name = plain(name.trim_start_matches(['.', '[']));
            let base = if name.is_empty() { base.clone() } else { format!("{base}_{name}") };
            if terms.drafts.len() == MOST_TERMS && !std::mem::replace(&mut self.told_too_large, true) {
                let message = format!("more than {MOST_TERMS} equations and conditions");
                self.found.push(Diagnostic::error("E0212", message, equation.span, "one too many"));
            }
            if terms.drafts.len() >= MOST_TERMS {
                return;
            }
            let difference = self.graph.sub(left, right);
            let residual = self.with_known_normals(difference, normals.as_deref());
            let draft = Draft {
                label: terms.unique(base),
                statement: setting.label.map(|label| label.text.clone()),
                kind: setting.kind,
                left,
                right,
                residual,
                place: place.clone(),
                weight: setting.weight,
                hard: setting.hard,
                span: equation.span,
                place_span,
            };
            terms.drafts.push(draft);
        }
    }

    /// Components of the normal that are the same on all pieces become numbers, so that their derivatives are not
    /// computed in vain.
    pub(super) fn with_known_normals(&mut self, expr: Expr, normals: Option<&[Option<(usize, f64)>]>) -> Expr {
        let Some(normals) = normals else { return expr };
        let known = |axis: usize| {
            let mut components = normals.iter().map(|n| n.filter(|(a, _)| *a == axis).map_or(0.0, |(_, sign)| sign));
            let first = components.next()?;
            components.all(|component| component == first).then_some(first as i64)
        };
        self.graph.substitute(expr, |graph, symbol| match symbol {
            Symbol::Normal(axis) => known(usize::from(*axis)).map(|component| graph.integer(component)),
            _ => None,
        })
    }

    /// A short name for what a condition is about: `u`, `u_t`, or the unknown in the formula.
    fn subject(&self, formula: &Formula, value: &Value) -> String {
        if let FormulaKind::Name(name) = &formula.kind {
            return name.clone();
        }
        let mut jets = self.graph.jets(&value.components());
        jets.retain(|jet| self.integral_of(jet.field.into()).is_none());
        let of = |field: usize| self.unknowns.iter().find(|unknown| unknown.has(field));
        if let (false, Some(jet)) = (matches!(value, Value::Number(_)), jets.first())
            && let Some(unknown) = of(jet.field.into())
        {
            return unknown.name.clone();
        }
        jets.first()
            .and_then(|jet| self.fields.get(usize::from(jet.field)))
            .map_or_else(|| "0".to_owned(), |f| plain(&f.name))
    }

    /// The exact solution of each unknown.
    pub fn exact(&mut self, ast: &'a Ast) {
        for statement in &ast.statements {
            let StatementKind::Exact(equations) = &statement.kind else { continue };
            statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &[]));
            for equation in equations {
                let Some((unknown, value)) = self.exact_value(equation) else { continue };
                let unknown = &mut self.unknowns[unknown];
                if let Some(first) = unknown.components.iter().find_map(|component| component.exact_span) {
                    let message = format!("`exact` is given twice for `{}`", unknown.name);
                    let diagnostic = Diagnostic::error("E0102", message, equation.span, "given again here");
                    self.found.push(diagnostic.label(first, "first given here"));
                }
                for (component, value) in unknown.components.iter_mut().zip(value) {
                    (component.exact, component.exact_span) = (Some(value), Some(equation.span));
                }
            }
        }
    }

    /// What a symbol is that is no coordinate.
    fn no_coordinate(&self, symbol: &Symbol) -> String {
        let field = match symbol {
            Symbol::Jet(jet) => self.fields.get(usize::from(jet.field)),
            _ => return "contains the normal".to_owned(),
        };
        match field.map(|field| (field.source, &field.name)) {
            Some((FieldSource::Number { .. }, name)) => format!("contains `{name}`, a number that training finds"),
            Some((FieldSource::Table { .. }, _)) => "contains a table".to_owned(),
            Some((FieldSource::Integral(_), _)) => "contains an integral of an unknown".to_owned(),
            _ => "contains an unknown".to_owned(),
        }
    }

    fn exact_value(&mut self, equation: &'a Equation) -> Option<(usize, Vec<Expr>)> {
        let unknown = self.unknown_on_the_left(equation, "exact")?;
        let (of, value) = (self.unknown_value(unknown, &MultiIndex::zero())?, self.root(&equation.right)?);
        self.same_shape(&of, &value, equation.span)?;
        self.complex_among_real([(&equation.left, &of), (&equation.right, &value)], equation.span)?;
        let value = if of.is_complex() { Value::Complex(Box::new(value.parts())) } else { value };
        for symbol in self.graph.symbols(&value.components()) {
            match symbol {
                Symbol::Coordinate(axis) if self.unknowns[unknown].axes.contains(&usize::from(axis)) => {}
                Symbol::Coordinate(axis) => {
                    let (name, axis) = (self.unknowns[unknown].name.clone(), self.axes[usize::from(axis)].name.clone());
                    let message = format!("`{name}` does not depend on {axis}");
                    return self.error("E0208", message, equation.right.span, format!("depends on {axis}"));
                }
                symbol => {
                    let label = self.no_coordinate(&symbol);
                    let message = "`exact` is a formula of the coordinates";
                    return self.error("E0208", message, equation.right.span, label);
                }
            }
        }
        Some((unknown, value.components()))
    }
}

/// The axis and sign of the normal of each piece; `None` if there is one whose normal is not along an axis.
pub(super) fn constant_normals(place: &[Piece]) -> Option<Vec<Option<(usize, f64)>>> {
    let along_axis = |piece: &Piece| piece.normal.is_some() || !piece.has_normal();
    place.iter().all(along_axis).then(|| place.iter().map(|piece| piece.normal).collect())
}

/// The name of a component as a part of a label: `w.x` as `w_x`, `T[1, 2]` as `T_1_2`.
fn plain(name: &str) -> String {
    name.trim_end_matches(']').replace(", ", "_").replace(['.', '['], "_")
}

/// Whether a condition has to hold exactly.
fn is_hard(statement: &Statement) -> bool {
    statement.attributes.iter().any(|attribute| attribute.name.text == "hard" && attribute.value.is_none())
}

impl Terms {
    pub(super) fn unique(&mut self, base: String) -> String {
        let numbered = (2..).map(|n| format!("{base}_{n}"));
        let label = std::iter::once(base.clone()).chain(numbered).find(|label| !self.labels.contains(label));
        let label = label.unwrap_or(base);
        self.labels.insert(label.clone());
        label
    }
}

/// `x = 0 and x = 1`
fn is_at_two_ends(place: &Predicate) -> bool {
    let PredicateKind::And(items) = &place.kind else { return false };
    let end = |item: &Predicate| match &item.kind {
        PredicateKind::Comparison(left, rest) => match rest.as_slice() {
            [(Relation::Equal, right)] => Some((print_formula(left), print_formula(right))),
            _ => None,
        },
        _ => None,
    };
    let ends: Vec<(String, String)> = items.iter().filter_map(end).collect();
    ends.iter().any(|(axis, at)| ends.iter().any(|(other, there)| axis == other && at != there))
}
