//! Shapes and their patches in words.

use crate::geometry::{Curve, Patch, Primitive, Solid, Surface, Tree};

/// Coordinates below this part of the size of a shape are rounding.
const NOTHING: f64 = 1e-12;

/// `disk((0, 0), 1) - disk((0.3, 0), 0.2)`
pub(super) fn solid(solid: &Solid) -> String {
    tree(solid.tree(), solid)
}

fn tree(of: &Tree, solid: &Solid) -> String {
    let grouped = |part: &Tree| match part {
        Tree::Leaf(_) => tree(part, solid),
        _ => format!("({})", tree(part, solid)),
    };
    match of {
        Tree::Leaf(leaf) => primitive(&solid.leaves()[*leaf], solid.size()),
        Tree::Union(a, b) => format!("{} + {}", tree(a, solid), grouped(b)),
        Tree::Difference(a, b) => format!("{} - {}", tree(a, solid), grouped(b)),
        Tree::Intersection(a, b) => format!("{}*{}", grouped(a), grouped(b)),
    }
}

/// A number with six significant digits at most; what is nothing beside the size of the shape is 0, and of a position far
/// away the digits count that tell it from others of the shape.
fn number(value: f64, size: f64) -> String {
    if value.abs() <= NOTHING * size {
        return "0".to_owned();
    }
    let rounded = if value.abs() <= 10.0 * size || size == 0.0 {
        format!("{value:.5e}")
    } else {
        let decimals = (6.0 - size.log10().floor()).clamp(0.0, 15.0) as usize;
        format!("{value:.decimals$}")
    };
    rounded.parse().unwrap_or(value).to_string()
}

fn point(coordinates: &[f64], size: f64) -> String {
    let numbers: Vec<String> = coordinates.iter().map(|x| number(*x, size)).collect();
    if numbers.len() == 1 { numbers.concat() } else { format!("({})", numbers.join(", ")) }
}

fn primitive(primitive: &Primitive, size: f64) -> String {
    let (number, point) = (|value: f64| number(value, size), |coordinates: &[f64]| point(coordinates, size));
    match primitive {
        Primitive::Ball { center, radius } => {
            let name = if center.len() == 2 { "disk" } else { "ball" };
            format!("{name}({}, {})", point(center), number(*radius))
        }
        Primitive::Cuboid { low, high } => {
            let name = if low.len() == 1 { "interval" } else { "box" };
            format!("{name}({}, {})", point(low), point(high))
        }
        Primitive::Polygon(polygon) if polygon.vertices().len() > 8 => {
            format!("polygon with {} corners", polygon.vertices().len())
        }
        Primitive::Polygon(polygon) => {
            let corners: Vec<String> = polygon.vertices().iter().map(|corner| point(corner)).collect();
            format!("polygon({})", corners.join(", "))
        }
        Primitive::Ellipse(ellipse) => {
            let [a, b] = ellipse.axes.map(number);
            format!("ellipse({}, {a}, {b})", point(&ellipse.center))
        }
        Primitive::Mesh(mesh) => format!("mesh with {} facets on its boundary", mesh.boundary().len()),
    }
}

/// `x = -1`
fn face(names: &[&str], axis: usize, at: &str) -> String {
    format!("{} = {at}", names.get(axis).unwrap_or(&"x"))
}

/// `circle around (0, 0) of radius 1`, `edge from (0, 0) to (2, 0)`, `x = 0`; `names` are those of the axes of the shape.
pub(super) fn patch(patch: &Patch, names: &[&str]) -> String {
    let size = patch.bounds().iter().map(|[low, high]| high - low).fold(0.0, f64::max);
    let (number, point) = (|value: f64| number(value, size), |coordinates: &[f64]| point(coordinates, size));
    let ends = || {
        let [from, to] = [0.0, 1.0].map(|end| point(&patch.at(&[end]).0));
        format!("from {from} to {to}")
    };
    let words = match patch.surface() {
        Surface::End { at, .. } => face(names, 0, &number(*at)),
        Surface::Curve(Curve::Circle { center, radius }) => {
            let circle = format!("circle around {} of radius {}", point(center), number(*radius));
            if patch.is_closed() { circle } else { format!("{circle} {}", ends()) }
        }
        Surface::Curve(Curve::Segment { .. }) => format!("edge {}", ends()),
        Surface::Curve(Curve::Ellipse(ellipse)) => {
            let whole = format!("ellipse around {}", point(&ellipse.center));
            if patch.is_closed() { whole } else { format!("{whole} {}", ends()) }
        }
        Surface::Curve(Curve::Chain(_)) => "boundary of the mesh".to_owned(),
        Surface::Sphere { center, radius } => {
            format!("sphere around {} of radius {}", point(center), number(*radius))
        }
        Surface::Face { .. } => patch.flat().map_or_else(String::new, |(axis, at, _)| face(names, axis, &number(at))),
        Surface::Facets(_) => "boundary of the mesh".to_owned(),
    };
    match patch.group() {
        Some(group) => format!("{words} `{group}`"),
        None => words,
    }
}
