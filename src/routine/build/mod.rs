//! From the programs of a kernel to routines.
//!
//! [`network`] has the sweeps through a network as stages, [`point`] what stands around them: columns, programs of
//! formulas, seeds. [`kinds`] joins them to one routine for each [`Kind`].

mod kinds;
mod network;
mod point;

pub use kinds::{Kind, build};

use std::collections::BTreeMap;

use super::{Argument, Lane, Parameters, Place, Routine, Source, Stage, Step};
use crate::kernel::{BlockTapes, Channel, Description, KernelTapes, Role};
use crate::tape::Tape;
use network::NetworkPlaces;

/// Why there is no routine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum BuildError {
    /// Integrals need points of their own.
    #[error("its formulas have integrals, whose points a kernel of its own does not have")]
    Integrals,
    /// The Gram matrix is one of residuals.
    #[error("it is an energy, which has a `hessian` and no `gram` matrix")]
    GramOfEnergy,
}

/// What routines of one block are made from.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Networks and their places in θ.
    pub description: &'a Description,
    /// The programs. Of all blocks, residuals and energies alike, with their second derivatives in the jets, and with the
    /// derivatives along a direction that residuals have.
    pub tapes: &'a KernelTapes,
    /// Which block.
    pub block: usize,
    /// What its formulas are.
    pub role: Role,
    /// The names of the axes.
    pub axes: &'a [String],
    /// The names of what is known at the points beside them, one each of [`BlockTapes::known`].
    pub known: &'a [String],
    /// The parameters, if they are part of the routine and no argument.
    pub theta: Option<&'a [f64]>,
}

impl<'a> Parts<'a> {
    fn block(&self) -> &'a BlockTapes {
        &self.tapes.blocks[self.block]
    }
}

/// A routine in the making.
struct Builder<'a> {
    parts: Parts<'a>,
    routine: Routine,
    /// Numbers of tapes by their address: each is added once.
    tapes: BTreeMap<*const Tape, usize>,
    theta: Parameters,
    /// Coordinates, normals, known columns: one row each.
    coordinates: Place,
    normals: Place,
    known: Place,
    networks: Vec<Option<NetworkPlaces>>,
    /// Jets that are an argument and not outputs of networks.
    jets: Option<(Place, Vec<Channel>)>,
    /// A row of zeros.
    zeros: Option<Place>,
    /// The outputs that the stages that follow are for.
    only_for: Vec<usize>,
}

impl<'a> Builder<'a> {
    fn buffer(&mut self, rows: usize) -> Place {
        self.routine.buffers.push(rows);
        Place { buffer: self.routine.buffers.len() - 1, row: 0 }
    }

    fn push(&mut self, stage: Stage) {
        self.routine.steps.push(Step { stage, only_for: self.only_for.clone() });
    }

    /// Adds stages that are for some outputs only.
    fn only_for(&mut self, outputs: &[usize], stages: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.only_for, outputs.to_vec());
        stages(self);
        self.only_for = before;
    }

    fn input(&mut self, argument: Argument) -> usize {
        self.routine.inputs.push(argument);
        self.routine.inputs.len() - 1
    }

    fn output(&mut self, argument: Argument) -> usize {
        self.routine.outputs.push(argument);
        self.routine.outputs.len() - 1
    }

    fn tape(&mut self, tape: &'a Tape) -> usize {
        let routine = &mut self.routine;
        *self.tapes.entry(std::ptr::from_ref(tape)).or_insert_with(|| {
            routine.tapes.push(tape.clone());
            routine.tapes.len() - 1
        })
    }

    fn zeros(&mut self) -> Place {
        if let Some(place) = self.zeros {
            return place;
        }
        let at = self.buffer(1);
        // Whatever stages use it: it is made for all outputs.
        self.routine.steps.push(Step { stage: Stage::Zero { at, rows: 1 }, only_for: Vec::new() });
        *self.zeros.insert(at)
    }
}

/// A row for a single run of a tape.
fn single(place: Place) -> Lane {
    Lane { place, step: 0 }
}
