//! Places as they are written: predicates over the box, comparisons with one coordinate kept apart.

use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, Symbol};
use crate::geometry::Solid;
use crate::syntax::ast::{Formula, FormulaKind, Predicate, PredicateKind, Relation};

use super::elaborate::{Elaborator, PREDICATE_DEPTH, listed};
use super::problem::Axis;
use super::scope::Meaning;
use super::shape_formulas::inside_condition;

/// Coordinates that differ by less than this part of the axis are the same.
const SAME: f64 = 1e-12;

/// A part of the box of all axes. `Not` stands only before places of lower dimension.
#[derive(Clone, Debug)]
pub(super) enum Region {
    /// Everywhere or nowhere.
    Constant(bool),
    /// The boundary in space.
    Boundary,
    /// One coordinate has a value.
    Equal(usize, f64),
    /// One coordinate is below a bound.
    Below { axis: usize, bound: f64, strict: bool },
    /// One coordinate is above a bound.
    Above { axis: usize, bound: f64, strict: bool },
    /// A formula of the coordinates is not 0.
    Condition(Expr),
    /// A formula of the coordinates is 0.
    Zero(Expr),
    /// The part of the boundary that lies on the surface of a shape, whose axes begin with `first`.
    On { first: usize, solid: Arc<Solid> },
    /// The part of the boundary that a mesh calls so.
    Group(String),
    /// All of them.
    And(Vec<Region>),
    /// Any of them.
    Or(Vec<Region>),
    /// Elsewhere.
    Not(Box<Region>),
}

impl Region {
    /// Everywhere else.
    pub fn complement(&self, graph: &mut Graph) -> Region {
        match self {
            Region::Constant(holds) => Region::Constant(!holds),
            Region::Boundary | Region::Equal(..) | Region::Zero(_) | Region::On { .. } | Region::Group(_) => {
                Region::Not(Box::new(self.clone()))
            }
            Region::Below { axis, bound, strict } => Region::Above { axis: *axis, bound: *bound, strict: !strict },
            Region::Above { axis, bound, strict } => Region::Below { axis: *axis, bound: *bound, strict: !strict },
            Region::Condition(condition) => Region::Condition(graph.not(*condition)),
            Region::And(parts) => Region::Or(parts.iter().map(|part| part.complement(graph)).collect()),
            Region::Or(parts) => Region::And(parts.iter().map(|part| part.complement(graph)).collect()),
            Region::Not(inner) => (**inner).clone(),
        }
    }

    /// Calls `f` with each axis and bound that the region is cut at.
    pub fn for_each_bound(&self, f: &mut dyn FnMut(usize, f64)) {
        match self {
            Region::Below { axis, bound, .. } | Region::Above { axis, bound, .. } => f(*axis, *bound),
            Region::And(parts) | Region::Or(parts) => parts.iter().for_each(|part| part.for_each_bound(f)),
            Region::Not(inner) => inner.for_each_bound(f),
            Region::Constant(_)
            | Region::Boundary
            | Region::Equal(..)
            | Region::Condition(_)
            | Region::Zero(_)
            | Region::On { .. }
            | Region::Group(_) => {}
        }
    }
}

/// Whether two coordinates of an axis are the same.
pub(super) fn same(axis: &Axis, a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * (axis.upper - axis.lower)
}

/// The value, or the end of the axis that it is up to rounding.
fn snapped(axis: &Axis, value: f64) -> f64 {
    [axis.lower, axis.upper].into_iter().find(|&end| same(axis, value, end)).unwrap_or(value)
}

/// How `on` reads `rest`: what remains after the regions of earlier conditions.
pub(super) enum Rest<'r> {
    /// Earlier regions on the same unknowns.
    After(&'r [Rc<Region>]),
    /// `rest` means everything: for what a condition covers together with the earlier ones.
    Everything,
    /// A place inside of the domain, where a shape is what it encloses and not its surface.
    Inside,
}

impl<'a> Elaborator<'a> {
    /// The region that a predicate describes. Says what is outside of the domain (E0302) or at the end of a periodic
    /// axis (E0310).
    pub fn region(&mut self, predicate: &'a Predicate, rest: &Rest) -> Option<Region> {
        self.guarded(PREDICATE_DEPTH, predicate.span, |this| this.region_kind(predicate, rest))
    }

    fn region_kind(&mut self, predicate: &'a Predicate, rest: &Rest) -> Option<Region> {
        match &predicate.kind {
            PredicateKind::Or(parts) => self.regions(parts, rest).map(Region::Or),
            PredicateKind::And(parts) => self.regions(parts, rest).map(Region::And),
            PredicateKind::Not(inner) => {
                let inner = self.region(inner, rest)?;
                Some(inner.complement(&mut self.graph))
            }
            PredicateKind::Comparison(first, others) => {
                let mut parts = Vec::new();
                let mut left = first;
                for (relation, right) in others {
                    parts.push(self.comparison(left, *relation, right, predicate.span));
                    left = right;
                }
                let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
                Some(if parts.len() == 1 { parts.remove(0) } else { Region::And(parts) })
            }
            PredicateKind::Place(place) => self.named_region(place, rest),
        }
    }

    fn regions(&mut self, parts: &'a [Predicate], rest: &Rest) -> Option<Vec<Region>> {
        let parts: Vec<_> = parts.iter().map(|part| self.region(part, rest)).collect();
        parts.into_iter().collect()
    }

    /// The region that a name or a shape stands for.
    pub(super) fn named_region(&mut self, place: &'a Formula, rest: &Rest) -> Option<Region> {
        if let Some(solid) = self.shape_place(place) {
            return self.shape_region(solid?, place, rest);
        }
        let name = match &place.kind {
            FormulaKind::Parenthesized(inner) => return self.named_region(inner, rest),
            FormulaKind::Name(name) => name,
            _ => {
                return self.error(
                    "E0208",
                    "a place is a comparison or a name",
                    place.span,
                    "a formula alone is neither",
                );
            }
        };
        match self.scope.get(name) {
            Some(Meaning::Place(_)) if self.scope.is_cyclic(name) => None,
            Some(Meaning::Place(predicate)) => self.region(predicate, rest),
            Some(Meaning::Unsupported) => None,
            // It may be a shape of a domain that was refused.
            Some(_) if self.unsure => None,
            Some(_) => {
                self.error("E0208", format!("`{name}` is not a place"), place.span, "a place is a comparison or a name")
            }
            None => match (name.as_str(), rest) {
                ("boundary", _) | ("rest", Rest::Everything | Rest::Inside) => Some(Region::Boundary),
                ("rest", Rest::After(earlier)) => {
                    let mut parts = vec![Region::Boundary];
                    parts.extend(earlier.iter().map(|region| region.complement(&mut self.graph)));
                    Some(Region::And(parts))
                }
                _ => match self.mesh_group(name) {
                    Some(group) => self.group_region(group, name, place.span, rest),
                    None => self.unknown_place(name, place.span),
                },
            },
        }
    }

    /// A shape as a place: its surface on the boundary, what it encloses inside.
    fn shape_region(&mut self, solid: Arc<Solid>, place: &'a Formula, rest: &Rest) -> Option<Region> {
        let first = self.place_axes(&solid, place.span)?;
        if matches!(rest, Rest::Inside) {
            return self.inside_of(&solid, first, place.span).map(Region::Condition);
        }
        Some(Region::On { first, solid })
    }

    /// The condition that a point lies in a shape.
    pub(super) fn inside_of(&mut self, solid: &Solid, first: usize, span: Span) -> Option<Expr> {
        let axes = first..first + solid.dimension();
        let coordinates: Vec<Expr> = axes.map(|axis| self.graph.coordinate(axis)).collect();
        match inside_condition(&mut self.graph, solid, &coordinates) {
            Some(condition) => Some(condition),
            None => self.unsupported("a mesh in space, or one with a long boundary, as a condition", span),
        }
    }

    /// A physical group of the domain's mesh: a part of the boundary, or of the inside.
    pub(super) fn group_region(&mut self, group: usize, name: &str, span: Span, rest: &Rest) -> Option<Region> {
        let shape = self.shape.as_ref()?;
        let (first, mesh) = (shape.first, Arc::clone(shape.inside.solid().as_mesh()?));
        if mesh.has_cells(group) {
            let part = mesh.part(group).map(Solid::mesh)?;
            return match rest {
                Rest::Inside => self.inside_of(&part, first, span).map(Region::Condition),
                _ => Some(Region::On { first, solid: Arc::new(part) }),
            };
        }
        if matches!(rest, Rest::Inside) {
            return self.error("E0208", format!("`{name}` is a part of the boundary"), span, "has no inside");
        }
        Some(Region::Group(name.to_owned()))
    }

    fn unknown_place(&mut self, name: &str, span: Span) -> Option<Region> {
        // It may be a group of a mesh that was refused.
        if self.scope.incomplete || self.unsure {
            return None;
        }
        let mut diagnostic = Diagnostic::error("E0101", format!("unknown place `{name}`"), span, "not declared");
        if let Some(similar) = self.scope.similar(name, &["boundary", "rest"]) {
            diagnostic = diagnostic.note(format!("a similar name exists: `{similar}`"));
        }
        if let Some(mesh) = self.shape.as_ref().and_then(|shape| shape.inside.solid().as_mesh()) {
            let groups: Vec<String> = mesh.groups().iter().map(|group| format!("`{group}`")).collect();
            diagnostic = diagnostic.note(match groups.as_slice() {
                [] => "the mesh has no named groups".to_owned(),
                groups => format!("the groups of the mesh are {}", listed(groups)),
            });
        }
        let place = self.side_called(name).unwrap_or_else(|| "x = 0".to_owned());
        self.found.push(diagnostic.help(format!("declare it: `boundary {name}: {place}`, or write `boundary`")));
        None
    }

    /// The face that a drawing has at this side.
    fn side_called(&self, name: &str) -> Option<String> {
        let space = self.space();
        let (axis, upper) = match name {
            "left" | "west" | "inlet" | "inflow" => (0, false),
            "right" | "east" | "outlet" | "outflow" => (0, true),
            "bottom" | "south" | "lower" => (1, false),
            "top" | "north" | "upper" | "lid" => (1, true),
            "back" => (2, false),
            "front" => (2, true),
            _ => return None,
        };
        let axis = &self.axes[*space.get(axis)?];
        Some(format!("{} = {}", axis.name, if upper { axis.upper } else { axis.lower }))
    }

    fn comparison(&mut self, left: &'a Formula, relation: Relation, right: &'a Formula, span: Span) -> Option<Region> {
        let (a, b) = (self.root_number(left), self.root_number(right));
        let (a, b) = (a?, b?);
        let difference = self.graph.sub(a, b);
        let symbols = self.graph.symbols(&[difference]);
        if symbols.iter().any(|symbol| !matches!(symbol, Symbol::Coordinate(_))) {
            return self.error("E0208", "a place depends on coordinates only", span, "depends on more");
        }
        let condition = self.compare(relation, a, b);
        let linear = match symbols.as_slice() {
            [] => {
                let holds = self.graph.constant_value(condition).is_some_and(|value| value != 0.0);
                return Some(Region::Constant(holds));
            }
            [Symbol::Coordinate(axis)] => self.root_of_linear(difference, usize::from(*axis)),
            _ => None,
        };
        match linear {
            None if relation == Relation::Equal => Some(Region::Zero(difference)),
            None if relation == Relation::NotEqual => Some(Region::Not(Box::new(Region::Zero(difference)))),
            Some((axis, value, rising)) => self.bound(axis, value, rising, relation, span),
            None => Some(Region::Condition(condition)),
        }
    }

    /// Where a linear formula of one coordinate is 0, and whether it rises there.
    fn root_of_linear(&mut self, expr: Expr, axis: usize) -> Option<(usize, f64, bool)> {
        let slope = self.graph.derivative(expr, &Symbol::Coordinate(axis as u16));
        let slope_value = self.graph.constant_value(slope).filter(|slope| slope.is_finite() && *slope != 0.0)?;
        let offset = self.graph.substitute(expr, |_, _| Some(Graph::ZERO));
        let root = self.graph.div(offset, slope);
        let root = self.graph.neg(root);
        let value = self.graph.constant_value(root).filter(|value| value.is_finite())?;
        Some((axis, value, slope_value > 0.0))
    }

    fn bound(&mut self, axis: usize, value: f64, rising: bool, relation: Relation, span: Span) -> Option<Region> {
        let bound = snapped(&self.axes[axis], value);
        let below = |strict| Region::Below { axis, bound, strict };
        let above = |strict| Region::Above { axis, bound, strict };
        let half = |rising, strict| if rising { below(strict) } else { above(strict) };
        Some(match relation {
            Relation::Less => half(rising, true),
            Relation::LessEqual => half(rising, false),
            Relation::Greater => half(!rising, true),
            Relation::GreaterEqual => half(!rising, false),
            Relation::Equal | Relation::NotEqual => {
                self.check_inside(axis, bound, span)?;
                let equal = Region::Equal(axis, bound);
                if relation == Relation::Equal { equal } else { Region::Not(Box::new(equal)) }
            }
        })
    }

    fn check_inside(&mut self, number: usize, value: f64, span: Span) -> Option<()> {
        if self.unsure {
            return Some(());
        }
        let axis = &self.axes[number];
        let (name, lower, upper) = (axis.name.clone(), axis.lower, axis.upper);
        if value < lower || value > upper {
            let message = format!("{name} = {value} is outside the domain [{lower}, {upper}]");
            let end = if value < lower { axis.ends[0] } else { axis.ends[1] };
            let face = self.graph.display(end, &Default::default());
            let diagnostic =
                Diagnostic::error("E0302", message, span, "no such place").label(axis.span, "declared here");
            if self.shape.as_ref().is_some_and(|shape| shape.axes().contains(&number)) {
                self.found.push(diagnostic.note("this is the range of the shape along the axis"));
                return None;
            }
            self.found.push(diagnostic.help(format!("the nearest face is `{name} = {face}`")));
            return None;
        }
        if axis.periodic && (value == lower || value == upper) {
            let message = format!("{name} is periodic: it has no end");
            let diagnostic =
                Diagnostic::error("E0310", message, span, "not a boundary").label(axis.span, "declared periodic");
            self.found.push(diagnostic.help("remove `periodic` or the condition"));
            return None;
        }
        Some(())
    }
}
