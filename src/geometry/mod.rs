//! Where the points are: boxes and their faces, quadrature rules, low-discrepancy and random points.
//!
//! A [`Rule`] draws [`Points`] with weights in a box given by its axes ([`AxisRange`]); whatever the rule, the weights sum
//! to the measure of the box, so that sum of weight x integrand approximates the integral. Faces of a box ([`Face`]) are
//! boxes with one axis held fixed, and the same rules draw on them. Pieces that a predicate cuts out of a box are drawn by
//! [`Rule::draw_where`]. A total count is divided among pieces by [`share`].
//!
//! Everything random comes from a [`Stream`], a generator that is keyed by seed, statement and step: the points of a
//! statement are the same bits whatever was drawn before, by whom, or on how many threads.
//!
//! Beside boxes there are shapes ([`Solid`]): disks, polygons, meshes and what is made of them, with points inside and on
//! their surfaces, and outward normals.

mod faces;
mod held_out;
mod joe_kuo;
mod legendre;
mod quadrature;
mod random;
mod rule;
mod shape;
mod share;
mod sobol;
mod tensor;
#[cfg(test)]
mod tests;
mod unit_cube;
mod within;

pub use faces::{Face, Side};
pub use held_out::{HELD_OUT_COUNT, held_out};
pub use quadrature::{Grading, Nodes, gauss_legendre};
pub use random::Stream;
pub use rule::{AxisRange, MAX_POINTS, Place, Points, Rule, RuleError, measure};
pub use shape::{
    Cell, Chain, Curve, Ellipse, Facets, Halves, Inside, Mesh, Part, Patch, Polygon, Primitive, ProductPlace,
    ShapeError, ShapePoints, Solid, Surface, Tree, held_out_inside,
};
pub use share::share;
pub use sobol::{MAX_AXES, Sobol};
