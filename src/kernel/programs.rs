//! From formulas of residuals and energies to tapes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::channels::{TurnedPlan, carried, turned};
use super::description::{BlockDescription, Channels, Description, Role};
use super::fused::FusedBlock;
use super::local::{Hessian, LocalTapes};
use super::nonlocal::{Family, Member, families, member_of, without};
use super::norms::NormTapes;
use super::objective::Metric;
use crate::expr::{Expr, Graph, Jet, Symbol};
use crate::network::{JetPlan, Pointwise, PointwisePrograms, pointwise_programs};
use crate::tape::{Contraction, PointProgram, Tape, TapeError};

/// Turns tapes into something that runs: machine code, or the interpreter.
pub trait Assemble: Sync {
    /// One program a tape.
    ///
    /// # Errors
    /// [`AssembleError`] if the back end refuses a tape.
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError>;

    /// A block of residuals by programs that hold its networks, too, where that is faster than sweeps.
    ///
    /// # Errors
    /// [`AssembleError`] if the back end refuses them.
    fn fused(
        &self,
        _description: &Description,
        _tapes: &KernelTapes,
        _block: usize,
    ) -> Result<Option<Arc<dyn FusedBlock>>, AssembleError> {
        Ok(None)
    }
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
    /// An integral of the block, by its number there, and how often it is differentiated along the direction.
    Integral(usize, usize),
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
    /// What each carries instead in sweeps at fixed θ, if that is less.
    pub turned: Vec<Option<TurnedPlan>>,
    /// The known fields and their derivatives that the programs read.
    pub known: Vec<Jet>,
    /// What the formulas are.
    pub role: Role,
    /// Whether its points fill the domain.
    pub inside: bool,
    /// sqrt(weight) of each formula.
    pub factors: Vec<f64>,
    /// For each network in use: the jets of its input features, feature by feature, from the coordinates.
    pub features: Vec<Option<PointTape>>,
    /// The formulas.
    pub value: PointTape,
    /// The formulas, then the partials.
    pub linear: PointTape,
    /// Which formula and channel each partial belongs to, in the order of the outputs of `linear`.
    pub partials: Vec<(usize, Channel)>,
    /// The integrals that the block uses.
    pub integrals: Vec<Member>,
    /// Which formula and integral of the block each further partial belongs to, behind those of the channels.
    pub integral_partials: Vec<(usize, usize)>,
    /// Along a direction: of residuals the first derivatives, then the second ones; of energies the second derivatives
    /// of the partials.
    pub second: PointTape,
    /// Second derivatives in the jets: of energies, and of residuals if the metric asks for them.
    pub local: Option<LocalTapes>,
}

/// The programs of a function of the numbers of a neuron on a plan.
#[derive(Clone, Debug)]
pub struct PointwiseTapes {
    /// Jets of the arguments to that of the result.
    pub value: Tape,
    /// The same, then what is saved for the reverse sweep; none where nothing is.
    pub linear: Option<Tape>,
    /// What was saved, or else the arguments, and the cotangent of the result to those of the arguments.
    pub reverse: Tape,
    /// Arguments to result on the plan extended by a direction.
    pub second: Tape,
}

/// All tapes of a kernel.
#[derive(Clone, Debug)]
pub struct KernelTapes {
    /// One a block.
    pub blocks: Vec<BlockTapes>,
    /// The integrals that blocks use, with the programs of what is under their signs.
    pub families: Vec<(Family, BlockTapes)>,
    /// One for each function between the layers and plan that occur.
    pub functions: BTreeMap<(Pointwise, JetPlan), PointwiseTapes>,
    /// Those of the norms.
    pub norms: Vec<NormTapes>,
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
        let families = families(description);
        let mut tapes = Vec::with_capacity(description.blocks.len() + families.len());
        for block in description.blocks.clone() {
            tapes.push(block_tapes(description, &families, &block, contraction, simplify)?);
        }
        for family in &families {
            let weights = vec![1.0; family.formulas.len()];
            let block =
                BlockDescription { formulas: family.formulas.clone(), weights, role: Role::Residual, inside: true };
            tapes.push(block_tapes(description, &families, &block, contraction, simplify)?);
        }
        let functions = functions(description, &tapes, contraction)?;
        let of_families = tapes.split_off(description.blocks.len());
        let norms = NormTapes::all(description, contraction, simplify)?;
        Ok(Self { blocks: tapes, families: families.into_iter().zip(of_families).collect(), functions, norms })
    }
}

type Functions = BTreeMap<(Pointwise, JetPlan), PointwiseTapes>;

fn functions(
    description: &Description,
    blocks: &[BlockTapes],
    contraction: Contraction,
) -> Result<Functions, TapeError> {
    let mut functions = Functions::new();
    for tapes in blocks {
        let plans =
            tapes.plans.iter().zip(&tapes.turned).map(|(plan, turned)| (plan, turned.as_ref().map(|t| &t.plan)));
        let of_networks = description.networks.iter().zip(plans);
        let all =
            of_networks.flat_map(|(network, (plan, turned))| plan.iter().chain(turned).map(move |p| (network, p)));
        for (network, plan) in all {
            for function in network.layout.functions() {
                let key = (function, plan.clone());
                if let Entry::Vacant(entry) = functions.entry(key) {
                    entry.insert(PointwiseTapes::new(function, plan, description.dimension, contraction)?);
                }
            }
        }
    }
    Ok(functions)
}

impl PointwiseTapes {
    fn new(function: Pointwise, plan: &JetPlan, epsilon: usize, contraction: Contraction) -> Result<Self, TapeError> {
        let tape = |of: &PointwisePrograms, roots: &[Expr], inputs: &[Symbol]| {
            Tape::with_definitions(&of.graph, roots, inputs, of.definitions.list(), contraction)
        };
        let p = pointwise_programs(function, plan);
        let both: Vec<Expr> = p.value.iter().chain(&p.saved).copied().collect();
        let linear = (!p.saved.is_empty()).then(|| tape(&p, &both, &p.incoming));
        let extended = pointwise_programs(function, &plan.along_direction(epsilon));
        Ok(Self {
            value: tape(&p, &p.value, &p.incoming)?,
            linear: linear.transpose()?,
            reverse: tape(&p, &p.reverse, &p.reverse_inputs)?,
            second: tape(&extended, &extended.value, &extended.incoming)?,
        })
    }
}

fn block_tapes(
    description: &mut Description,
    families: &[Family],
    block: &BlockDescription,
    contraction: Contraction,
    simplify: &mut Simplifier<'_>,
) -> Result<BlockTapes, TapeError> {
    let epsilon = description.dimension;
    let role = block.role;
    let is_known = |jet: &Jet| description.known.contains_key(&usize::from(jet.field));
    let (known, jets): (Vec<Jet>, Vec<Jet>) = description.graph.jets(&block.formulas).into_iter().partition(is_known);
    let (integrals, jets): (Vec<Jet>, Vec<Jet>) =
        jets.into_iter().partition(|jet| description.integral_of(jet.field.into()).is_some());
    let fields: Vec<usize> = integrals.iter().map(|jet| jet.field.into()).collect();
    let (formulas, plans) = carried(description, &block.formulas, &jets);
    // Derivatives are taken of what the spelling no longer shows in.
    let formulas = simplify(&mut description.graph, &formulas);
    // From here on a jet variable of a network stands for the channel that it leads.
    let remaining = description.graph.jets(&formulas);
    let jets: Vec<Jet> = jets.into_iter().filter(|jet| remaining.contains(jet)).collect();
    let mut turned_plans = Vec::with_capacity(plans.len());
    for (network, plan) in description.networks.iter().zip(&plans) {
        let plan = plan.as_ref().filter(|_| description.channels == Channels::Cheapest);
        turned_plans.push(plan.and_then(|plan| turned(&mut description.graph, network, plan, &jets)));
    }
    let fixed: Vec<usize> = description.known.keys().copied().collect();
    let graph = &mut description.graph;
    let partials = partials_in(graph, &formulas, &jets);
    let integral_partials = partials_in(graph, &formulas, &integrals);
    let first_order = formulas.len() + partials.len() + integral_partials.len();
    let wanted = role == Role::Energy || description.metric == Metric::Newton;
    let has_integrals = |formula: usize| integral_partials.iter().any(|(f, ..)| *f == formula);
    let squared = role == Role::Residual;
    let hessian = wanted.then(|| Hessian::new(graph, formulas.len(), &partials, first_order, squared, &has_integrals));
    let slopes = partials.iter().chain(&integral_partials).map(|(_, _, p)| *p);
    let more = hessian.iter().flat_map(|hessian| hessian.formulas.iter().copied());
    let local: Vec<Expr> = formulas.iter().copied().chain(slopes.clone()).chain(more).collect();
    let local = simplify(graph, &local);
    let along = |graph: &mut Graph, e: &Expr| graph.total_derivative(*e, epsilon, |field| !fixed.contains(&field));
    let bent: Vec<Expr> = if role == Role::Energy { slopes.collect() } else { formulas.clone() };
    let first: Vec<Expr> = bent.iter().map(|e| along(graph, e)).collect();
    let second: Vec<Expr> = first.iter().map(|e| along(graph, e)).collect();
    let directional = if role == Role::Energy { second } else { [first, second].concat() };
    let directional = simplify(graph, &directional);
    let mut feature_jets = Vec::with_capacity(plans.len());
    for (network, plan) in description.networks.iter().zip(&plans) {
        feature_jets.push(plan.as_ref().map(|plan| network.features.jets(&mut description.graph, plan).concat()));
    }
    let description = &*description;
    let tape = |roots: &[Expr]| point_tape(description, &plans, (&known, &fields), roots, contraction);
    let features = feature_jets.iter().map(|f| f.as_deref().map(tape).transpose()).collect::<Result<_, _>>()?;
    let channel = |jet: &Jet| channel_of(description, &plans, jet);
    Ok(BlockTapes {
        factors: block.weights.iter().map(|w| w.sqrt()).collect(),
        features,
        role,
        inside: block.inside,
        value: tape(&local[..formulas.len()])?,
        linear: tape(&local[..first_order])?,
        local: match hessian {
            Some(hessian) => Some(LocalTapes { program: tape(&local)?, rows: hessian.rows }),
            None => None,
        },
        partials: partials.iter().map(|(r, jet, _)| (*r, channel(jet))).collect(),
        integrals: fields.iter().map(|&field| member_of(families, field)).collect(),
        integral_partials: integral_partials
            .iter()
            .filter_map(|(r, jet, _)| Some((*r, integrals.iter().position(|known| known == jet)?)))
            .collect(),
        second: tape(&directional)?,
        plans: plans.clone(),
        turned: turned_plans,
        known: known.clone(),
    })
}

/// The partial derivatives that are not zero: number of the formula, jet, partial.
fn partials_in(graph: &mut Graph, formulas: &[Expr], jets: &[Jet]) -> Vec<(usize, Jet, Expr)> {
    let mut partials = Vec::new();
    for (f, &formula) in formulas.iter().enumerate() {
        for jet in jets {
            let partial = graph.derivative(formula, &Symbol::Jet(jet.clone()));
            if !graph.is_zero(partial) {
                partials.push((f, jet.clone(), partial));
            }
        }
    }
    partials
}

/// The channel of a jet variable, which may be differentiated along the direction ε too.
fn channel_of(description: &Description, plans: &[Option<JetPlan>], jet: &Jet) -> Channel {
    let (network, output) = description.place_of(jet.field.into());
    let plan = plans[network].as_ref().expect("the plan of a network in use");
    let (bare, times) = without(&jet.index, description.dimension);
    let channel = plan.position(&bare).expect("the plan holds every jet of the block");
    Channel { network, output, channel: times * plan.len() + channel }
}

fn point_tape(
    description: &Description,
    plans: &[Option<JetPlan>],
    (known, integrals): (&[Jet], &[usize]),
    roots: &[Expr],
    contraction: Contraction,
) -> Result<PointTape, TapeError> {
    let symbols = description.graph.symbols(roots);
    let tape = Tape::new(&description.graph, roots, &symbols, contraction)?;
    let of_trained = |jet: &Jet| match integrals.iter().position(|&field| field == usize::from(jet.field)) {
        Some(integral) => PointInput::Integral(integral, jet.index.along(description.dimension).into()),
        None => PointInput::Channel(channel_of(description, plans, jet)),
    };
    let of_jet = |jet: &Jet| match known.iter().position(|k| k == jet) {
        Some(number) => PointInput::Known(number),
        None => of_trained(jet),
    };
    let inputs = symbols
        .iter()
        .map(|symbol| match symbol {
            Symbol::Coordinate(axis) => PointInput::Coordinate((*axis).into()),
            Symbol::Normal(axis) => PointInput::Normal((*axis).into()),
            Symbol::Jet(jet) => of_jet(jet),
            Symbol::Slot(_) => unreachable!("formulas of a problem have no slots"),
        })
        .collect();
    Ok(PointTape { tape, inputs })
}
