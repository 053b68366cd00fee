//! Networks that are trained: known functions of the point.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::description::Description;
use super::predict::Predictor;
use super::programs::{Assemble, AssembleError, KernelTapes};
use super::tile::PointSet;
use crate::expr::{Jet, MultiIndex};
use crate::tape::Contraction;

/// Networks with their parameters, whose fields are no longer trained.
pub struct Frozen {
    description: Description,
    theta: Vec<f64>,
    /// What the programs of a kernel read: one predictor a derivative.
    predictors: OnceLock<BTreeMap<Jet, Mutex<Predictor>>>,
}

impl Frozen {
    /// The networks of a description with the parameters θ.
    pub fn new(description: Description, theta: Vec<f64>) -> Self {
        Self { description, theta, predictors: OnceLock::new() }
    }

    /// Compiles what the programs of a kernel read of these fields, before its points are set.
    ///
    /// # Errors
    /// [`AssembleError`] if a derivative has no program.
    pub fn prepare(
        &self,
        tapes: &KernelTapes,
        contraction: Contraction,
        backend: &dyn Assemble,
    ) -> Result<(), AssembleError> {
        let families = tapes.families.iter().map(|(_, tapes)| tapes);
        let known = tapes.blocks.iter().chain(families).flat_map(|block| &block.known);
        let mut predictors = BTreeMap::new();
        for jet in known.filter(|jet| self.has(jet.field.into())) {
            if predictors.contains_key(jet) {
                continue;
            }
            let mut description = self.description.clone();
            let formula = description.graph.jet(jet.field.into(), jet.index.clone());
            let predictor = Predictor::new(&description, &[formula], contraction, backend)?;
            predictors.insert(jet.clone(), Mutex::new(predictor));
        }
        self.predictors.get_or_init(|| predictors);
        Ok(())
    }

    fn has(&self, field: usize) -> bool {
        self.description.networks.iter().any(|network| network.fields.contains(&field))
    }

    /// A derivative of a field at every point of a set.
    ///
    /// # Panics
    /// If it was not [prepared](Self::prepare).
    pub(super) fn values(&self, field: usize, index: &MultiIndex, points: &PointSet) -> Vec<f64> {
        let jet = Jet { field: field as u16, index: index.clone() };
        let predictor = self.predictors.get().and_then(|all| all.get(&jet)).expect("what programs read is prepared");
        // A predictor keeps nothing between calls, so that a panic of another thread leaves it whole.
        let mut predictor = predictor.lock().unwrap_or_else(PoisonError::into_inner);
        predictor.evaluate(&self.theta, &points.coordinates).pop().unwrap_or_default()
    }
}

impl std::fmt::Debug for Frozen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frozen").field("networks", &self.description.networks.len()).finish_non_exhaustive()
    }
}
