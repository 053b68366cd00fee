//! What a kernel is made from.

use std::collections::BTreeMap;

use super::known::KnownSource;
use super::objective::{Metric, Sobolev};
use super::tile::PointSet;
use crate::expr::{Expr, Graph};
use crate::network::{Features, Layout};

/// A network and the fields that are its outputs.
#[derive(Clone, Debug)]
pub struct NetworkDescription {
    /// Its inputs, formulas of the coordinates.
    pub features: Features,
    /// Its layers and their place in θ.
    pub layout: Layout,
    /// The fields, in the order of the outputs.
    pub fields: Vec<usize>,
}

/// What a block adds to the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// ½R² of each formula R, integrated.
    #[default]
    Residual,
    /// Each formula F as it stands, integrated: an energy.
    Energy,
}

/// Which channels a network carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channels {
    /// Sums of derivatives with constant coefficients, where formulas use no more and they cost less.
    #[default]
    Cheapest,
    /// Each derivative for itself.
    Derivatives,
}

/// Formulas that share their points.
#[derive(Clone, Debug, Default)]
pub struct BlockDescription {
    /// Formulas of coordinates, normals and jet variables.
    pub formulas: Vec<Expr>,
    /// The weight of each in the loss.
    pub weights: Vec<f64>,
    /// What they are.
    pub role: Role,
    /// Whether the points fill the domain: equations, rather than conditions and data.
    pub inside: bool,
}

/// The integral of a formula: a field of the coordinates that remain.
///
/// Its derivatives along axes are integrals of their own, so that only ε raises its index.
#[derive(Clone, Debug)]
pub struct IntegralDescription {
    /// The number of the field.
    pub field: usize,
    /// What is integrated: a formula of coordinates, normals and jet variables, integrals among them.
    pub integrand: Expr,
    /// The axes that the field depends on, ascending.
    pub axes: Vec<usize>,
    /// Which of [`Description::inner`] it is taken over.
    pub inner: usize,
}

/// The points of an integral with their quadrature weights.
#[derive(Clone, Debug, PartialEq)]
pub struct InnerPoints {
    /// The axes that are integrated over; along the others a point stands where the outer point does.
    pub axes: Vec<usize>,
    /// The points: coordinates along all axes, of which those integrated over count.
    pub points: PointSet,
    /// The axis whose range ends at the outer coordinate, if there is one.
    pub moving: Option<MovingEnd>,
}

/// A range between a fixed coordinate and that of the outer point: `x in 0..x`.
///
/// Along this axis inner points are given in [0, 1], from the fixed end to the moving one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingEnd {
    /// The axis.
    pub axis: usize,
    /// The end that does not move.
    pub fixed: f64,
    /// Whether the moving end is the upper limit of the integral.
    pub upper: bool,
}

/// A norm of the fields, for [`Metric::Sobolev`].
#[derive(Clone, Debug)]
pub struct NormDescription {
    /// The space.
    pub space: Sobolev,
    /// The blocks of the problem at whose points it is integrated.
    pub of: Vec<usize>,
    /// What is squared there.
    pub block: BlockDescription,
}

/// A problem for networks, as formulas: residuals and energies.
#[derive(Clone, Debug)]
pub struct Description {
    /// The arena of all formulas.
    pub graph: Graph,
    /// How many coordinates a point has.
    pub dimension: usize,
    /// The networks; their parameters lie one after the other in θ.
    pub networks: Vec<NetworkDescription>,
    /// The fields that do not depend on the parameters.
    pub known: BTreeMap<usize, KnownSource>,
    /// The blocks of points.
    pub blocks: Vec<BlockDescription>,
    /// The norms that metrics are made from.
    pub norms: Vec<NormDescription>,
    /// The metric that residuals need programs for; energies have their own.
    pub metric: Metric,
    /// How derivatives are carried.
    pub channels: Channels,
    /// The fields that are integrals; those inside others stand before them.
    pub integrals: Vec<IntegralDescription>,
    /// The points of the integrals.
    pub inner: Vec<InnerPoints>,
}

impl Description {
    /// The network and the output that represent a field.
    ///
    /// # Panics
    /// If no network has the field.
    pub fn place_of(&self, field: usize) -> (usize, usize) {
        self.networks
            .iter()
            .enumerate()
            .find_map(|(n, network)| network.fields.iter().position(|&f| f == field).map(|output| (n, output)))
            .expect("every field is an output of a network")
    }

    /// The number of the integral that a field is; `None` for an output of a network.
    pub fn integral_of(&self, field: usize) -> Option<usize> {
        self.integrals.iter().position(|integral| integral.field == field)
    }

    /// The length of θ.
    pub fn parameters(&self) -> usize {
        self.networks.iter().map(|n| n.layout.parameters().len()).sum()
    }
}
