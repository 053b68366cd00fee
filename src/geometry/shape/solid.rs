//! Shapes made of others: union, difference, intersection.

use std::sync::Arc;

use super::ellipse::Ellipse;
use super::error::ShapeError;
use super::mesh::Mesh;
use super::polygon::Polygon;
use super::primitive::{Primitive, distance};

/// How a shape is made of its primitives.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// The primitive of this number.
    Leaf(usize),
    /// In one of them or in both.
    Union(Box<Tree>, Box<Tree>),
    /// In both.
    Intersection(Box<Tree>, Box<Tree>),
    /// In the first and not in the second.
    Difference(Box<Tree>, Box<Tree>),
}

/// A shape: primitives, and how they are put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Solid {
    leaves: Vec<Primitive>,
    tree: Tree,
    /// The length of the diagonal of its bounds.
    size: f64,
}

fn positive(name: &'static str, value: f64) -> Result<(), ShapeError> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { Err(ShapeError::NotPositive { name, value }) }
}

impl Solid {
    fn leaf(primitive: Primitive) -> Self {
        let mut solid = Self { leaves: vec![primitive], tree: Tree::Leaf(0), size: 0.0 };
        solid.size = solid.diagonal();
        solid
    }

    /// All points within `radius` of `center`.
    ///
    /// # Errors
    /// [`ShapeError::NotPositive`]
    pub fn ball(center: Vec<f64>, radius: f64) -> Result<Self, ShapeError> {
        positive("the radius", radius)?;
        Ok(Self::leaf(Primitive::Ball { center, radius }))
    }

    /// The box between two corners.
    ///
    /// # Errors
    /// [`ShapeError::Dimensions`], [`ShapeError::Reversed`]
    pub fn cuboid(low: Vec<f64>, high: Vec<f64>) -> Result<Self, ShapeError> {
        if low.len() != high.len() {
            return Err(ShapeError::Dimensions { left: low.len(), right: high.len() });
        }
        match (0..low.len()).find(|&axis| low[axis] >= high[axis]) {
            Some(axis) => Err(ShapeError::Reversed { axis: axis + 1, low: low[axis], high: high[axis] }),
            None => Ok(Self::leaf(Primitive::Cuboid { low, high })),
        }
    }

    /// A polygon by its corners, in either sense of rotation.
    ///
    /// # Errors
    /// As [`Polygon::new`].
    pub fn polygon(vertices: Vec<[f64; 2]>) -> Result<Self, ShapeError> {
        Ok(Self::leaf(Primitive::Polygon(Arc::new(Polygon::new(vertices)?))))
    }

    /// An ellipse with half axes `a` along x and `b` along y.
    ///
    /// # Errors
    /// [`ShapeError::NotPositive`]
    pub fn ellipse(center: [f64; 2], a: f64, b: f64) -> Result<Self, ShapeError> {
        positive("the half axis a", a)?;
        positive("the half axis b", b)?;
        Ok(Self::leaf(Primitive::Ellipse(Arc::new(Ellipse::new(center, [a, b])))))
    }

    /// What lies between two circles (spheres) around one centre.
    ///
    /// # Errors
    /// [`ShapeError::NotPositive`], [`ShapeError::Radii`]
    pub fn annulus(center: Vec<f64>, inner: f64, outer: f64) -> Result<Self, ShapeError> {
        let (hole, whole) = (Self::ball(center.clone(), inner)?, Self::ball(center, outer)?);
        if inner >= outer {
            return Err(ShapeError::Radii { inner, outer });
        }
        whole.difference(hole)
    }

    /// A mesh.
    pub fn mesh(mesh: Mesh) -> Self {
        Self::leaf(Primitive::Mesh(Arc::new(mesh)))
    }

    /// Everything in one of the two.
    ///
    /// # Errors
    /// [`ShapeError::Dimensions`]
    pub fn union(self, other: Self) -> Result<Self, ShapeError> {
        self.combined(other, Tree::Union)
    }

    /// Everything in both.
    ///
    /// # Errors
    /// [`ShapeError::Dimensions`]
    pub fn intersection(self, other: Self) -> Result<Self, ShapeError> {
        self.combined(other, Tree::Intersection)
    }

    /// What is in this one and not in the other.
    ///
    /// # Errors
    /// [`ShapeError::Dimensions`]
    pub fn difference(self, other: Self) -> Result<Self, ShapeError> {
        self.combined(other, Tree::Difference)
    }

    fn combined(mut self, other: Self, tree: impl Fn(Box<Tree>, Box<Tree>) -> Tree) -> Result<Self, ShapeError> {
        let (left, right) = (self.dimension(), other.dimension());
        if left != right {
            return Err(ShapeError::Dimensions { left, right });
        }
        let second = other.tree.renumbered(self.leaves.len());
        self.leaves.extend(other.leaves);
        self.tree = tree(Box::new(self.tree), Box::new(second));
        // Of both, so that an empty intersection has a scale too.
        self.size = self.size.max(other.size);
        Ok(self)
    }

    /// The primitives.
    pub fn leaves(&self) -> &[Primitive] {
        &self.leaves
    }

    /// How they are put together.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The number of coordinates.
    pub fn dimension(&self) -> usize {
        self.leaves.first().map_or(0, Primitive::dimension)
    }

    /// The box, if the shape is one.
    pub fn as_box(&self) -> Option<(&[f64], &[f64])> {
        match self.leaves.as_slice() {
            [Primitive::Cuboid { low, high }] => Some((low, high)),
            _ => None,
        }
    }

    /// The mesh, if the shape is one.
    pub fn as_mesh(&self) -> Option<&Arc<Mesh>> {
        match self.leaves.as_slice() {
            [Primitive::Mesh(mesh)] => Some(mesh),
            _ => None,
        }
    }

    /// A box that encloses the shape; tight for primitives and unions.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        self.tree.bounds(&self.leaves)
    }

    /// The size of the largest primitive: a scale for tolerances.
    pub fn size(&self) -> f64 {
        self.size
    }

    fn diagonal(&self) -> f64 {
        let bounds = self.bounds();
        let corner = |end: usize| bounds.iter().map(|b| b[end]).collect::<Vec<_>>();
        distance(&corner(0), &corner(1))
    }

    /// Whether a point is inside or on the surface.
    pub fn contains(&self, p: &[f64]) -> bool {
        self.signed_distance(p) <= 0.0
    }

    /// The distance to the surface, negative inside.
    ///
    /// Exact for primitives. A combination takes the smaller or the larger of its parts, which has the right sign and the
    /// right zeros, and never exceeds the distance in size; it is exact where the nearest point of the part that decides
    /// belongs to the surface of the whole.
    pub fn signed_distance(&self, p: &[f64]) -> f64 {
        self.tree.value(&|leaf| self.leaves[leaf].signed_distance(p))
    }
}

impl Tree {
    fn renumbered(self, by: usize) -> Tree {
        let both = |a: Box<Tree>, b: Box<Tree>| (Box::new(a.renumbered(by)), Box::new(b.renumbered(by)));
        match self {
            Tree::Leaf(leaf) => Tree::Leaf(leaf + by),
            Tree::Union(a, b) => {
                let (a, b) = both(a, b);
                Tree::Union(a, b)
            }
            Tree::Intersection(a, b) => {
                let (a, b) = both(a, b);
                Tree::Intersection(a, b)
            }
            Tree::Difference(a, b) => {
                let (a, b) = both(a, b);
                Tree::Difference(a, b)
            }
        }
    }

    /// The signed distance of the whole from those of the leaves; only the sign of what they give counts for the sign.
    pub(super) fn value(&self, leaf: &dyn Fn(usize) -> f64) -> f64 {
        match self {
            Tree::Leaf(number) => leaf(*number),
            Tree::Union(a, b) => a.value(leaf).min(b.value(leaf)),
            Tree::Intersection(a, b) => a.value(leaf).max(b.value(leaf)),
            Tree::Difference(a, b) => a.value(leaf).max(-b.value(leaf)),
        }
    }

    fn bounds(&self, leaves: &[Primitive]) -> Vec<[f64; 2]> {
        let both = |a: &Tree, b: &Tree, join: fn([f64; 2], [f64; 2]) -> [f64; 2]| {
            a.bounds(leaves).into_iter().zip(b.bounds(leaves)).map(|(a, b)| join(a, b)).collect()
        };
        match self {
            Tree::Leaf(leaf) => leaves[*leaf].bounds(),
            Tree::Union(a, b) => both(a, b, |a, b| [a[0].min(b[0]), a[1].max(b[1])]),
            Tree::Intersection(a, b) => both(a, b, |a, b| [a[0].max(b[0]), a[1].min(b[1])]),
            Tree::Difference(a, _) => a.bounds(leaves),
        }
    }
}
