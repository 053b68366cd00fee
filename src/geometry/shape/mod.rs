//! Shapes: disks, balls, boxes, polygons, ellipses, meshes, and what union, difference and intersection make of them.
//!
//! A [`Solid`] knows its [signed distance](Solid::signed_distance) and its [surface](Solid::surface) as [patches](Patch),
//! with outward normals that are exact up to rounding. [`Inside`] has its measure. Both are a [`Part`], and a
//! [`ProductPlace`] draws weighted points on a part beside further axes (time, parameters, other directions), by the
//! same [rules](super::Rule) as on boxes.
//!
//! Points are drawn by measure-true maps from the unit cube, so that low-discrepancy points stay such: a disk by the root
//! of the radius, a polygon by its triangles, an ellipse's boundary by its arc length, a sphere by height and angle. What a
//! combination cuts away is rejected inside; in the plane its boundary is cut exactly, arc by arc.

mod curve;
mod draw;
mod ellipse;
mod error;
mod halves;
mod mesh;
mod patch;
mod polygon;
mod primitive;
mod roles;
mod solid;
mod surface;
#[cfg(test)]
mod tests;

pub use curve::{Chain, Curve};
pub use draw::{Inside, Part, ProductPlace, ShapePoints, held_out_inside};
pub use ellipse::Ellipse;
pub use error::ShapeError;
pub use halves::Halves;
pub use mesh::{Cell, Mesh};
pub use patch::Patch;
pub use polygon::Polygon;
pub use primitive::Primitive;
pub use solid::{Solid, Tree};
pub use surface::{Facets, Surface};
