//! What a kernel is made from.

use std::collections::BTreeMap;

use super::known::KnownSource;
use super::objective::Metric;
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

/// Formulas that share their points.
#[derive(Clone, Debug, Default)]
pub struct BlockDescription {
    /// Formulas of coordinates, normals and jet variables.
    pub formulas: Vec<Expr>,
    /// The weight of each in the loss.
    pub weights: Vec<f64>,
    /// What they are.
    pub role: Role,
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
    /// The metric that residuals need programs for; energies have their own.
    pub metric: Metric,
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

    /// The length of θ.
    pub fn parameters(&self) -> usize {
        self.networks.iter().map(|n| n.layout.parameters().len()).sum()
    }
}
