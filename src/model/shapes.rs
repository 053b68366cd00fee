//! Shapes as they are written: constructors, `let`-bound names, `+`, `-` and `*`.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::dataset::read_gmsh;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Expr;
use crate::geometry::{Cell, Inside, Mesh, ShapeError, Solid};
use crate::syntax::ast::{BinaryOperator, Call, Formula, FormulaKind, Name};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, counted};
use super::foreign;
use super::numbers::literal;
use super::places::{on_boundary, within};
use super::problem::{Axis, AxisKind, Piece, Shape};
use super::regions::Rest;
use super::scope::Meaning;
use super::values::Value;

/// The names that make shapes.
pub(super) const SHAPES: [&str; 8] = ["disk", "ball", "box", "polygon", "ellipse", "annulus", "interval", "mesh"];

impl<'a> Elaborator<'a> {
    /// Whether a formula is a shape, as far as its form says; definitions that it names have been read.
    pub(super) fn is_shape(&self, formula: &Formula) -> bool {
        let mut open = vec![formula];
        // Each function is looked into once: what it gives does not depend on where it is called.
        let mut called: FxHashSet<&str> = FxHashSet::default();
        while let Some(formula) = open.pop() {
            match &formula.kind {
                FormulaKind::Parenthesized(inner) => open.push(inner),
                FormulaKind::Name(name) if self.shapes.contains_key(name.as_str()) => return true,
                FormulaKind::Call(call) => match self.scope.get(&call.name.text) {
                    None if SHAPES.contains(&call.name.text.as_str()) => return true,
                    Some(Meaning::Let([_, ..], body))
                        if !self.scope.is_cyclic(&call.name.text) && called.insert(&call.name.text) =>
                    {
                        open.push(body);
                    }
                    _ => {}
                },
                FormulaKind::Binary(
                    BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply,
                    left,
                    right,
                ) => open.extend([left.as_ref(), right.as_ref()]),
                _ => {}
            }
        }
        false
    }

    /// Reads the body of a definition, if it is a shape.
    pub(super) fn define_shape(&mut self, name: &'a str, body: &'a Formula) -> bool {
        if !self.is_shape(body) {
            return false;
        }
        let solid = self.solid(body);
        self.shapes.insert(name, solid);
        true
    }

    /// A shape; the definitions that it names have been read.
    pub(super) fn solid(&mut self, formula: &'a Formula) -> Option<Arc<Solid>> {
        self.guarded(1, formula.span, |this| this.solid_kind(formula))
    }

    fn solid_kind(&mut self, formula: &'a Formula) -> Option<Arc<Solid>> {
        match &formula.kind {
            FormulaKind::Parenthesized(inner) => self.solid(inner),
            FormulaKind::Name(name) if self.shapes.contains_key(name.as_str()) => {
                self.shapes.get(name.as_str()).cloned().flatten()
            }
            FormulaKind::Call(call) if self.is_shape(formula) => match self.scope.get(&call.name.text) {
                Some(Meaning::Let(arguments, body)) => self.applied_shape(call, arguments, body),
                _ => self.constructed(call).map(Arc::new),
            },
            FormulaKind::Binary(operator, left, right) if self.is_shape(formula) => {
                let (a, b) = (self.solid(left), self.solid(right));
                self.combined(*operator, (a?, left.span), (b?, right.span), formula.span).map(Arc::new)
            }
            FormulaKind::Name(name) if self.scope.get(name).is_none() && name != "boundary" => {
                self.unknown_name(name, formula.span)
            }
            _ => {
                let diagnostic = Diagnostic::error("E0208", "a shape is needed here", formula.span, "this is none");
                let known = || format!("shapes are made by {}", SHAPES.join(", "));
                let foreign = match &formula.kind {
                    FormulaKind::Call(call) => foreign::shape(&call.name.text),
                    _ => None,
                };
                self.found.push(diagnostic.help(foreign.map_or_else(known, str::to_owned)));
                None
            }
        }
    }

    fn applied_shape(&mut self, call: &'a Call, names: &'a [Name], body: &'a Formula) -> Option<Arc<Solid>> {
        let values = self.argument_values(call, names)?;
        self.with_arguments(names, values, |this| this.solid(body))
    }

    fn combined(
        &mut self,
        operator: BinaryOperator,
        (a, a_span): (Arc<Solid>, Span),
        (b, b_span): (Arc<Solid>, Span),
        span: Span,
    ) -> Option<Solid> {
        let (first, second) = ((*a).clone(), (*b).clone());
        let combined = match operator {
            BinaryOperator::Add => first.union(second),
            BinaryOperator::Multiply => first.intersection(second),
            _ => {
                if first.dimension() == second.dimension() && !first.overlaps(&second) {
                    let message = "the shape that is taken away lies outside of the other";
                    let diagnostic = Diagnostic::warning("W0506", message, b_span, "takes nothing away");
                    self.found.push(diagnostic.label(a_span, "from this"));
                }
                first.difference(second)
            }
        };
        combined.map_err(|error| self.shape_error(&error, span)).ok()
    }

    fn shape_error(&mut self, error: &ShapeError, span: Span) {
        let code = match error {
            ShapeError::NotPositive { .. } | ShapeError::Radii { .. } | ShapeError::Reversed { .. } => "E0503",
            ShapeError::FewVertices { .. } | ShapeError::Crossing { .. } | ShapeError::NoArea => "E0504",
            ShapeError::Dimensions { .. } => "E0209",
            ShapeError::Cell { .. } | ShapeError::NoCells => "E0508",
        };
        self.found.push(Diagnostic::error(code, error.to_string(), span, "here"));
    }

    /// A constructor with its numbers.
    fn constructed(&mut self, call: &'a Call) -> Option<Solid> {
        let name = call.name.text.as_str();
        let arguments = self.positional(call)?;
        if name == "mesh" {
            return self.mesh_file(call, &arguments);
        }
        let takes = match name {
            "polygon" => None,
            "disk" | "ball" | "box" | "interval" => Some(2),
            _ => Some(3),
        };
        if takes.is_some_and(|takes| takes != arguments.len()) {
            let usage = match name {
                "disk" => "`disk((0, 0), 1)`: centre and radius",
                "ball" => "`ball((0, 0, 0), 1)`: centre and radius",
                "box" => "`box((0, 0), (2, 1))`: two opposite corners",
                "interval" => "`interval(0, 1)`: both ends",
                "ellipse" => "`ellipse((0, 0), 2, 1)`: centre and half axes along x and y",
                _ => "`annulus((0, 0), 1/2, 1)`: centre, inner and outer radius",
            };
            let message = format!("`{name}` takes {}", counted(takes.unwrap_or(0), "argument"));
            let diagnostic = Diagnostic::error("E0208", message, call.span, format!("there are {}", arguments.len()));
            self.found.push(diagnostic.help(format!("write {usage}")));
            return None;
        }
        let points: Vec<Option<Vec<f64>>> = arguments.iter().map(|argument| self.numbers(argument)).collect();
        let points = points.into_iter().collect::<Option<Vec<_>>>()?;
        let plane = matches!(name, "disk" | "polygon" | "ellipse" | "annulus");
        let number = |k: usize| match (name, k) {
            ("interval", _) => true,
            ("polygon" | "box", _) => false,
            _ => k > 0,
        };
        for (k, (point, argument)) in points.iter().zip(&arguments).enumerate() {
            let wanted = if number(k) { Some(1) } else { plane.then_some(2) };
            if wanted.is_some_and(|wanted| wanted != point.len()) {
                let message = format!(
                    "here `{name}` takes {}",
                    if number(k) { "a number" } else { "a point of the plane, such as (0, 1)" }
                );
                return self.error("E0209", message, argument.span, counted(point.len(), "coordinate"));
            }
        }
        let pair = |k: usize| [points[k][0], points[k][1]];
        let made = match name {
            "disk" | "ball" => Solid::ball(points[0].clone(), points[1][0]),
            "box" | "interval" => Solid::cuboid(points[0].clone(), points[1].clone()),
            "polygon" => Solid::polygon((0..points.len()).map(pair).collect()),
            "ellipse" => Solid::ellipse(pair(0), points[1][0], points[2][0]),
            _ => Solid::annulus(points[0].clone(), points[1][0], points[2][0]),
        };
        made.map_err(|error| {
            // The number that is wrong, where there is one.
            let span = match (&error, name) {
                (ShapeError::NotPositive { name: "the half axis b", .. }, _) => arguments[2].span,
                (ShapeError::NotPositive { .. }, _) => arguments[1].span,
                _ => call.span,
            };
            self.shape_error(&error, span);
        })
        .ok()
    }

    /// One number or the components of a point, all constant.
    fn numbers(&mut self, formula: &'a Formula) -> Option<Vec<f64>> {
        let value = self.root(formula)?;
        if !matches!(value, Value::Number(_) | Value::Vector(_)) {
            let message = "the numbers of a shape are real numbers and points";
            return self.error("E0208", message, formula.span, format!("this is {}", value.describe()));
        }
        let components: Vec<Expr> = value.components();
        let mut numbers = Vec::with_capacity(components.len());
        for component in components {
            match self.graph.constant_value(component).filter(|value| value.is_finite()) {
                Some(number) => numbers.push(number),
                None => {
                    let message = "the numbers of a shape are finite, without coordinates and unknowns";
                    return self.error("E0208", message, formula.span, "is no plain number");
                }
            }
        }
        Some(numbers)
    }

    fn mesh_file(&mut self, call: &'a Call, arguments: &[&'a Formula]) -> Option<Solid> {
        let [argument] = arguments else {
            return self.error("E0208", "`mesh` takes the name of a file", call.span, "write `mesh(\"wing.msh\")`");
        };
        let FormulaKind::Text(path) = &argument.kind else {
            return self.error("E0208", "`mesh` takes the name of a file", argument.span, "put it in quotes");
        };
        let bytes = self.file(path, argument.span)?;
        let parsed = read_gmsh(&bytes).map_err(|error| {
            let file = Path::new(path).display().to_string();
            self.found.push(Diagnostic::error("E0508", format!("{file}: {error}"), argument.span, "not such a mesh"));
        });
        let mesh = parsed.ok()?;
        let cells = |list: Vec<(Vec<usize>, Option<usize>)>| -> Vec<Cell> {
            list.into_iter().map(|(nodes, group)| Cell { nodes, group }).collect()
        };
        let mesh = Mesh::new(mesh.dimension, mesh.nodes, cells(mesh.cells), &cells(mesh.facets), mesh.groups);
        mesh.map(Solid::mesh).map_err(|error| self.shape_error(&error, argument.span)).ok()
    }

    /// Axes that range over a shape: a box gives plain axes, everything else a [`Shape`].
    pub(super) fn shape_axes(&mut self, names: &'a [Name], formula: &'a Formula) {
        let declared: Vec<&'a Name> = names.iter().filter(|name| self.declares(name)).collect();
        if declared.len() != names.len() {
            self.unsure = true;
            return;
        }
        let solid = self.shape_root(formula);
        self.unsure |= solid.is_none();
        if let Some(solid) = &solid
            && solid.dimension() != names.len()
        {
            let (n, d) = (
                if names.len() == 1 { "1 axis".to_owned() } else { format!("{} axes", names.len()) },
                solid.dimension(),
            );
            let message = format!("{n} for a shape in {}", counted(d, "dimension"));
            let span = names.first().map_or(formula.span, |n| n.span).to(names.last().map_or(formula.span, |n| n.span));
            let _: Option<()> = self.error("E0209", message, span, "as many names as dimensions are needed");
            self.unsure = true;
        }
        let first = self.axes.len();
        let bounds = solid.as_ref().map(|solid| solid.bounds()).unwrap_or_default();
        for (k, name) in names.iter().enumerate() {
            let [lower, upper] = bounds.get(k).copied().filter(|[a, b]| a < b).unwrap_or([0.0, 1.0]);
            let ends = [lower, upper].map(|end| match literal(&end.to_string()) {
                Some(exact) => self.graph.rational(exact),
                None => crate::expr::Graph::ZERO,
            });
            let (name, span) = (name.text.clone(), name.span);
            self.axes.push(Axis {
                name,
                kind: AxisKind::Space,
                lower,
                upper,
                ends,
                periodic: false,
                value: None,
                span,
            });
        }
        let Some(solid) = solid.filter(|solid| solid.dimension() == names.len()) else { return };
        if self.shape.is_some() {
            let _: Option<()> = self.unsupported("a second shape beside the first one", formula.span);
            self.unsure = true;
            return;
        }
        if solid.as_box().is_some() {
            self.boxed = Some((first, solid));
            return;
        }
        let surface = solid.surface();
        match Inside::with_surface(&solid, &surface) {
            Some(inside) => {
                let surface = surface.into_iter().map(Arc::new).collect();
                self.shape = Some(Shape { first, inside: Arc::new(inside), surface, span: formula.span });
            }
            None => {
                self.unsure = true;
                let diagnostic = Diagnostic::error("E0505", "the domain is empty", formula.span, "nothing is left");
                self.found.push(diagnostic.help("look at the order of a difference, and at centres and radii"));
            }
        }
    }

    /// A shape of a statement; the definitions that it needs are read first.
    pub(super) fn shape_root(&mut self, formula: &'a Formula) -> Option<Arc<Solid>> {
        self.define_for(formula);
        self.solid(formula)
    }

    /// The shape that a place names or is, if it is one.
    pub(super) fn shape_place(&mut self, formula: &'a Formula) -> Option<Option<Arc<Solid>>> {
        self.define_for(formula);
        self.is_shape(formula).then(|| self.solid(formula))
    }

    /// The first of the axes that a shape of so many dimensions speaks of as a place: those of the domain's shape, else all
    /// axes in space.
    pub(super) fn place_axes(&mut self, solid: &Solid, span: Span) -> Option<usize> {
        let dimension = solid.dimension();
        if let Some(shape) = &self.shape
            && shape.inside.solid().dimension() == dimension
        {
            return Some(shape.first);
        }
        if let Some((first, boxed)) = &self.boxed
            && boxed.dimension() == dimension
        {
            return Some(*first);
        }
        let space = self.space();
        if space.len() == dimension {
            return space.first().copied();
        }
        if self.unsure {
            return None;
        }
        let message = format!("a shape in {} in a space of {}", counted(dimension, "dimension"), space.len());
        self.error("E0209", message, span, "has no place there")
    }

    /// The number of the physical group of the domain's mesh that has this name.
    pub(super) fn mesh_group(&self, name: &str) -> Option<usize> {
        let mesh = self.shape.as_ref()?.inside.solid().as_mesh()?;
        mesh.groups().iter().position(|group| group == name)
    }

    /// Whether a formula is the name of a group of cells of the domain's mesh.
    fn is_group_of_cells(&self, formula: &Formula) -> bool {
        let FormulaKind::Name(name) = &formula.kind else { return false };
        let solid = self.shape.as_ref().map(|shape| shape.inside.solid());
        let mesh = solid.and_then(|solid| solid.as_mesh());
        self.mesh_group(name).zip(mesh).is_some_and(|(group, mesh)| mesh.has_cells(group))
    }

    /// The pieces that the name of a boundary, region or shape stands for in `over=`, for all times: of a region what it
    /// encloses; of a boundary that; of a shape the part of the boundary on its surface, or what it encloses, whichever there
    /// is. A shape that has both is an error. None if no point lies there.
    pub(super) fn pieces_over(&mut self, place: &'a Formula) -> Option<Vec<Piece>> {
        let mut on_surface = Vec::new();
        if !self.is_region(place) && !self.is_group_of_cells(place) {
            let region = self.named_region(place, &Rest::Everything)?;
            let faces: Vec<usize> = self.space().into_iter().filter(|axis| !self.axes[*axis].periodic).collect();
            on_surface = on_boundary(&mut self.graph, &self.axes, self.shape.as_ref(), &faces, &region).pieces;
            if !self.is_shape(place) {
                return Some(on_surface);
            }
        }
        let told = self.found.len();
        let region = self.named_region(place, &Rest::Inside);
        if !on_surface.is_empty() {
            // A shape that has no condition for what it encloses still has a surface.
            self.found.truncate(told);
        }
        let inside = region.map(|region| within(&mut self.graph, &self.axes, self.shape.as_ref(), &region));
        match inside {
            Some(inside) if on_surface.is_empty() => Some(inside),
            Some(inside) if !inside.is_empty() => self.ambiguous(place),
            None if on_surface.is_empty() => None,
            _ => Some(on_surface),
        }
    }

    fn ambiguous<T>(&mut self, place: &'a Formula) -> Option<T> {
        let text = print_formula(place);
        let message =
            format!("a part of the boundary lies on the surface of `{text}`, and it encloses a part of the domain");
        let diagnostic = Diagnostic::error("E0222", message, place.span, "over which of them?");
        self.found.push(diagnostic.help(format!(
            "declare what is meant, `boundary part: {text}` or `region part: {text}`, and write `over=part`"
        )));
        None
    }

    /// Whether the normals of the domain change along a part of its boundary.
    pub(super) fn has_curved_boundary(&self) -> bool {
        self.shape.as_ref().is_some_and(|shape| shape.surface.iter().any(|patch| patch.is_curved()))
    }

    /// Says that shapes have no place among formulas.
    pub(super) fn shape_as_number<T>(&mut self, what: &str, span: Span) -> Option<T> {
        let message = format!("{what} is a shape, not a number");
        let diagnostic = Diagnostic::error("E0208", message, span, "a number is needed here");
        self.found.push(diagnostic.help("1 inside and 0 outside is `if NAME then 1 else 0`"));
        None
    }
}
