//! How much work a routine is.

use super::{Routine, Stage};

/// Operations and traffic of a call of n points: `per_point · n` and what is independent of n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoutineCost {
    /// Additions, multiplications, divisions, roots and comparisons at each point; a multiply-add counts two.
    pub flops: usize,
    /// Math functions at each point.
    pub calls: usize,
    /// Numbers that are read and written at each point.
    pub numbers: usize,
    /// Numbers that are read and written once.
    pub fixed_numbers: usize,
}

impl Routine {
    /// The work of a call in which every output is wanted.
    pub fn cost(&self) -> RoutineCost {
        let mut cost = RoutineCost::default();
        for argument in self.inputs.iter().chain(&self.outputs) {
            *if argument.batched { &mut cost.numbers } else { &mut cost.fixed_numbers } += argument.numbers();
        }
        for step in &self.steps {
            let (flops, calls) = self.stage_cost(&step.stage);
            cost.flops += flops;
            cost.calls += calls;
        }
        cost
    }

    fn stage_cost(&self, stage: &Stage) -> (usize, usize) {
        let flops = match stage {
            Stage::Run { tape, rows, .. } => {
                let cost = self.tapes[*tape].cost();
                let simple = cost.additions + cost.multiplications + cost.divisions + cost.roots + cost.choices;
                return (rows * (simple + 2 * cost.fused), rows * cost.calls);
            }
            Stage::Load { .. } | Stage::Store { .. } | Stage::Zero { .. } => 0,
            Stage::Add { rows, .. } => *rows,
            Stage::Affine { layer, channels, .. } => layer.layer.outputs * (2 * layer.layer.inputs * channels + 1),
            Stage::AddBias { layer, .. } => layer.layer.outputs,
            Stage::AffineAlong { layer, channels, carried, .. } => {
                let products = if *carried { 5 } else { 2 };
                layer.layer.outputs * (2 * products * layer.layer.inputs * channels + 2)
            }
            Stage::Transposed { layer, channels, .. }
            | Stage::LayerRows { layer, channels, .. }
            | Stage::LayerSums { layer, channels, .. } => 2 * layer.layer.outputs * layer.layer.inputs * channels,
            Stage::LayerMoments { layer, channels, .. } => {
                2 * layer.layer.outputs * (layer.layer.inputs * (channels + 2) + 2)
            }
            Stage::RowMoments { rows, .. } => 4 * rows,
            Stage::Scale { layer, channels, .. } => layer.layer.outputs * channels,
            Stage::Seed { .. } | Stage::Dot { .. } => 3,
            Stage::AddWeighted { rows, .. } => 2 * rows,
            Stage::Outer { rows, columns, .. } => 2 * rows * columns,
        };
        (flops, 0)
    }
}
