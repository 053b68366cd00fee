//! Why there is no such shape.

/// What is wrong with the numbers that describe a shape.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// A radius or a half axis that is not positive.
    #[error("{name} must be positive, not {value}")]
    NotPositive {
        /// What is called so: `the radius`, `the half axis a`.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The inner radius of an annulus is not below the outer one.
    #[error("the inner radius {inner} is not smaller than the outer radius {outer}")]
    Radii {
        /// Inner radius.
        inner: f64,
        /// Outer radius.
        outer: f64,
    },
    /// The lower corner of a box is not below the upper one.
    #[error("along axis {axis} the box goes from {low} to {high}")]
    Reversed {
        /// Which axis, from 1.
        axis: usize,
        /// Its lower end.
        low: f64,
        /// Its upper end.
        high: f64,
    },
    /// A polygon with fewer than three different vertices.
    #[error("a polygon needs at least 3 different vertices, there are {vertices}")]
    FewVertices {
        /// How many there are.
        vertices: usize,
    },
    /// Two edges of a polygon have a point in common that is no vertex between them. Edge `k` starts at vertex `k`, from 1.
    #[error("edges {first} and {second} cross at ({}, {})", at[0], at[1])]
    Crossing {
        /// The earlier edge.
        first: usize,
        /// The later edge.
        second: usize,
        /// A point on both.
        at: [f64; 2],
    },
    /// All vertices lie on one line.
    #[error("the polygon has no area")]
    NoArea,
    /// Shapes of different dimensions can't be combined.
    #[error("a shape in {left} dimensions and one in {right} do not go together")]
    Dimensions {
        /// Dimension of the one.
        left: usize,
        /// Dimension of the other.
        right: usize,
    },
    /// A cell of a mesh without volume, or with a node that does not exist.
    #[error("cell {cell} of the mesh is degenerate")]
    Cell {
        /// Which, from 1.
        cell: usize,
    },
    /// A mesh without cells of its dimension.
    #[error("the mesh has no cells")]
    NoCells,
}
