//! From residual formulas to tapes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::description::Description;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};
use crate::network::{Activation, JetPlan, activation_programs};
use crate::tape::{Contraction, PointProgram, Tape, TapeError};

/// Turns tapes into something that runs: machine code, or the interpreter.
pub trait Assemble {
    /// One program a tape.
    ///
    /// # Errors
    /// [`AssembleError`] if the back end refuses a tape.
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError>;
}

/// Why a kernel could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// A formula has no tape.
    #[error("a formula could not be turned into a tape: {0}")]
    Tape(#[from] TapeError),
    /// The back end refused.
    #[error("machine code could not be made: {0}")]
    Backend(String),
}

/// Simplifies formulas together: gives formulas of equal value that cost no more.
pub type Simplifier<'a> = dyn FnMut(&mut Graph, &[Expr]) -> Vec<Expr> + 'a;

/// The jet variable of a field as a channel of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The network.
    pub network: usize,
    /// Which of its outputs.
    pub output: usize,
    /// Which channel of the plan of the block.
    pub channel: usize,
}

/// An input of a residual program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointInput {
    /// A coordinate.
    Coordinate(usize),
    /// A component of the outward normal.
    Normal(usize),
    /// A derivative of a field that is known without the parameters: this one of [`BlockTapes::known`].
    Known(usize),
    /// A channel of a network; along a direction the channel number counts through the extended plan.
    Channel(Channel),
}

/// A program and what it reads.
#[derive(Clone, Debug)]
pub struct PointTape {
    /// The program.
    pub tape: Tape,
    /// Its inputs in order.
    pub inputs: Vec<PointInput>,
}

/// The programs of one block.
#[derive(Clone, Debug)]
pub struct BlockTapes {
    /// The channels that each network carries (`None` for a network that the block does not use).
    pub plans: Vec<Option<JetPlan>>,
    /// The known fields and their derivatives that the programs read.
    pub known: Vec<Jet>,
    /// sqrt(weight) of each residual.
    pub factors: Vec<f64>,
    /// For each network in use: the jets of its input features, feature by feature, from the coordinates.
    pub features: Vec<Option<PointTape>>,
    /// R, for all residuals.
    pub value: PointTape,
    /// R, then the partials.
    pub linear: PointTape,
    /// Which residual and channel each partial belongs to, in the order of the outputs of `linear`.
    pub partials: Vec<(usize, Channel)>,
    /// The first derivatives along a direction, then the second ones.
    pub second: PointTape,
}

/// The programs of an activation on a plan.
#[derive(Clone, Debug)]
pub struct ActivationTapes {
    /// z to a.
    pub value: Tape,
    /// z to a, then the slopes `T_1`.
    pub linear: Tape,
    /// Slopes and ā to z̄.
    pub reverse: Tape,
    /// z to a on the plan extended by a direction.
    pub second: Tape,
}

/// All tapes of a kernel.
#[derive(Clone, Debug)]
pub struct KernelTapes {
    /// One a block.
    pub blocks: Vec<BlockTapes>,
    /// One for each activation and plan that occur.
    pub activations: BTreeMap<(Activation, Vec<MultiIndex>), ActivationTapes>,
}

impl KernelTapes {
    /// Derives every program of a kernel.
    ///
    /// # Errors
    /// [`TapeError`] if a formula is beyond what a tape can hold.
    pub fn new(
        description: &mut Description,
        contraction: Contraction,
        simplify: &mut Simplifier<'_>,
    ) -> Result<Self, TapeError> {
        let epsilon = description.dimension;
        let mut blocks = Vec::with_capacity(description.blocks.len());
        let mut activations = BTreeMap::new();
        for block in 0..description.blocks.len() {
            let tapes = block_tapes(description, block, contraction, simplify)?;
            for (network, plan) in description.networks.iter().zip(&tapes.plans) {
                let Some(plan) = plan else { continue };
                let key = (network.layout.activation, plan.channels().to_vec());
                if let std::collections::btree_map::Entry::Vacant(entry) = activations.entry(key) {
                    entry.insert(ActivationTapes::new(network.layout.activation, plan, epsilon, contraction)?);
                }
            }
            blocks.push(tapes);
        }
        Ok(Self { blocks, activations })
    }
}

impl ActivationTapes {
    fn new(
        activation: Activation,
        plan: &JetPlan,
        epsilon: usize,
        contraction: Contraction,
    ) -> Result<Self, TapeError> {
        let p = activation_programs(activation, plan);
        let both: Vec<Expr> = p.value.iter().chain(&p.slopes).copied().collect();
        let extended = activation_programs(activation, &plan.along_direction(epsilon));
        Ok(Self {
            value: Tape::new(&p.graph, &p.value, &p.incoming, contraction)?,
            linear: Tape::new(&p.graph, &both, &p.incoming, contraction)?,
            reverse: Tape::new(&p.graph, &p.reverse, &p.reverse_inputs, contraction)?,
            second: Tape::new(&extended.graph, &extended.value, &extended.incoming, contraction)?,
        })
    }
}

fn block_tapes(
    description: &mut Description,
    block: usize,
    contraction: Contraction,
    simplify: &mut Simplifier<'_>,
) -> Result<BlockTapes, TapeError> {
    let epsilon = description.dimension;
    let residuals = description.blocks[block].residuals.clone();
    let is_known = |jet: &Jet| description.known.contains_key(&usize::from(jet.field));
    let (known, jets): (Vec<Jet>, Vec<Jet>) = description.graph.jets(&residuals).into_iter().partition(is_known);
    let plans = plans(description, &jets);
    let fixed: Vec<usize> = description.known.keys().copied().collect();
    let graph = &mut description.graph;
    let mut partials = Vec::new();
    for (r, &residual) in residuals.iter().enumerate() {
        for jet in &jets {
            let partial = graph.derivative(residual, &Symbol::Jet(jet.clone()));
            if !graph.is_zero(partial) {
                partials.push((r, jet.clone(), partial));
            }
        }
    }
    let linear: Vec<Expr> = residuals.iter().copied().chain(partials.iter().map(|(_, _, p)| *p)).collect();
    let linear = simplify(graph, &linear);
    let value = linear[..residuals.len()].to_vec();
    let along = |graph: &mut Graph, e: &Expr| graph.total_derivative(*e, epsilon, |field| !fixed.contains(&field));
    let first: Vec<Expr> = residuals.iter().map(|r| along(graph, r)).collect();
    let second: Vec<Expr> = first.iter().map(|r| along(graph, r)).collect();
    let directional = simplify(graph, &[first, second].concat());
    let mut feature_jets = Vec::with_capacity(plans.len());
    for (network, plan) in description.networks.iter().zip(&plans) {
        feature_jets.push(plan.as_ref().map(|plan| network.features.jets(&mut description.graph, plan).concat()));
    }
    let description = &*description;
    let tape = |roots: &[Expr]| point_tape(description, &plans, &known, roots, contraction);
    let features = feature_jets.iter().map(|f| f.as_deref().map(tape).transpose()).collect::<Result<_, _>>()?;
    let channel = |jet: &Jet| channel_of(description, &plans, jet);
    Ok(BlockTapes {
        factors: description.blocks[block].weights.iter().map(|w| w.sqrt()).collect(),
        features,
        value: tape(&value)?,
        linear: tape(&linear)?,
        partials: partials.iter().map(|(r, jet, _)| (*r, channel(jet))).collect(),
        second: tape(&directional)?,
        plans: plans.clone(),
        known: known.clone(),
    })
}

fn plans(description: &Description, jets: &[Jet]) -> Vec<Option<JetPlan>> {
    let mut wanted: Vec<Vec<&MultiIndex>> = vec![Vec::new(); description.networks.len()];
    for jet in jets {
        wanted[description.place_of(jet.field.into()).0].push(&jet.index);
    }
    wanted.into_iter().map(|w| (!w.is_empty()).then(|| JetPlan::closure(w))).collect()
}

/// The channel of a jet variable, which may be differentiated along the direction ε too.
fn channel_of(description: &Description, plans: &[Option<JetPlan>], jet: &Jet) -> Channel {
    let (network, output) = description.place_of(jet.field.into());
    let plan = plans[network].as_ref().expect("the plan of a network in use");
    let times = usize::from(jet.index.along(description.dimension));
    let bare = (0..times).fold(jet.index.clone(), |index, _| index.lowered(description.dimension).unwrap_or_default());
    let channel = plan.position(&bare).expect("the plan holds every jet of the block");
    Channel { network, output, channel: times * plan.len() + channel }
}

fn point_tape(
    description: &Description,
    plans: &[Option<JetPlan>],
    known: &[Jet],
    roots: &[Expr],
    contraction: Contraction,
) -> Result<PointTape, TapeError> {
    let symbols = description.graph.symbols(roots);
    let tape = Tape::new(&description.graph, roots, &symbols, contraction)?;
    let inputs = symbols
        .iter()
        .map(|symbol| match symbol {
            Symbol::Coordinate(axis) => PointInput::Coordinate((*axis).into()),
            Symbol::Normal(axis) => PointInput::Normal((*axis).into()),
            Symbol::Jet(jet) => match known.iter().position(|k| k == jet) {
                Some(number) => PointInput::Known(number),
                None => PointInput::Channel(channel_of(description, plans, jet)),
            },
            Symbol::Slot(_) => unreachable!("residuals have no slots"),
        })
        .collect();
    Ok(PointTape { tape, inputs })
}
