//! One routine for each kind of kernel.

use super::network::{Moments, Visit};
use super::point::{Seed, Sweep};
use super::{Argument, BuildError, Builder, Parameters, Parts, Place, Routine, Stage};
use crate::expr::Graph;
use crate::kernel::{Channel, EXTENSION, MetricRows, PointInput, PointTape, Role};
use crate::routine::Pad;
use crate::tape::Tape;

/// What a kernel computes. R formulas, P parameters, n points; w are the weights of the points, λ those of the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The formulas, without weights.
    Residual,
    /// `½ Σ w λ r²`, of an energy `Σ w λ F`.
    Loss,
    /// The loss and its gradient in θ.
    Gradient,
    /// The formulas, and the gradient of `½ Σ w r²`, of an energy `Σ w F`, with a weight w for each formula at each point.
    Weighted,
    /// The formulas and their derivatives in θ.
    Jacobian,
    /// The loss, its gradient, and its second derivative in function space between the tangents of the network:
    /// `Σ w λ Tᵀ (∇r ∇rᵀ + r ∇²r) T`, of an energy `Σ w λ Tᵀ ∇²F T`, with T the derivatives of the jets in θ.
    Hessian,
    /// The formulas as functions of jets, with their first and second derivatives that are not zero; no network.
    Local,
    /// The first and second derivative of the formulas along a direction of parameters.
    Jvp,
    /// Cotangents of the formulas times the Jacobian, summed over points.
    Vjp,
    /// The loss, its gradient and `Σ w λ ∇r ∇rᵀ`: the normal equations of Gauss and Newton.
    Gram,
    /// The formulas, the gradient of `½ Σ w r²`, of an energy `Σ w F`, and `Σ w (∂R/∂θ)²` over formulas and points, with a √w for
    /// each formula at each point.
    Moments,
    /// Fields and derivatives.
    Predict,
}

impl Kind {
    /// Every kind, in the order of the enumeration.
    pub const ALL: [Self; 12] = [
        Self::Residual,
        Self::Loss,
        Self::Gradient,
        Self::Weighted,
        Self::Jacobian,
        Self::Hessian,
        Self::Local,
        Self::Jvp,
        Self::Vjp,
        Self::Gram,
        Self::Moments,
        Self::Predict,
    ];

    /// Its name on the command line and in symbols.
    pub fn name(self) -> &'static str {
        match self {
            Self::Residual => "residual",
            Self::Loss => "loss",
            Self::Gradient => "gradient",
            Self::Weighted => "weighted",
            Self::Jacobian => "jacobian",
            Self::Hessian => "hessian",
            Self::Local => "local",
            Self::Jvp => "jvp",
            Self::Vjp => "vjp",
            Self::Gram => "gram",
            Self::Moments => "moments",
            Self::Predict => "predict",
        }
    }

    /// The kind of a [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What it computes, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Residual => "The formulas at each point, without weights.",
            Self::Loss => "Half the weighted sum of squares of the formulas; of an energy its weighted sum.",
            Self::Gradient => "The loss and its gradient in theta.",
            Self::Weighted => {
                "The formulas at each point, and the gradient of a loss with a weight for each formula at each point."
            }
            Self::Jacobian => "The formulas at each point and their derivatives in theta.",
            Self::Hessian => {
                "The loss, its gradient, and its second derivative in function space between the tangents of the networks."
            }
            Self::Local => {
                "The formulas as functions of the derivatives of the fields, with their first and second derivatives."
            }
            Self::Jvp => "The first and second derivative of the formulas along a direction of parameters.",
            Self::Vjp => "Cotangents of the formulas times their Jacobian, summed over points.",
            Self::Gram => "The loss, its gradient, and the weighted sum of outer products of the rows of the Jacobian.",
            Self::Moments => {
                "The formulas at each point, the gradient of a loss, and the squares of the derivatives of the formulas in theta \
                 summed over points, with the root of a weight for each formula at each point."
            }
            Self::Predict => "Fields and derivatives at each point.",
        }
    }
}

impl Parts<'_> {
    /// The jets that a `local` kernel takes, in order.
    pub fn jets(&self) -> Vec<Channel> {
        let block = self.block();
        let program = block.local.as_ref().map_or(&block.linear, |local| &local.program);
        let channel = |input: &PointInput| if let PointInput::Channel(c) = input { Some(*c) } else { None };
        let inputs = program.inputs.iter().filter_map(channel);
        let mut found: Vec<Channel> = inputs.chain(block.partials.iter().map(|(_, channel)| *channel)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The second derivatives that are not zero: formula, both jets, and the output of the local program.
    pub fn second_derivatives(&self) -> Vec<(usize, [Channel; 2], usize)> {
        let block = self.block();
        let rows = block.local.iter().flat_map(|local| &local.rows);
        let mut found = Vec::new();
        for rows in rows {
            let MetricRows::Hessian(group) = rows else { continue };
            for &(i, j, output) in &group.entries {
                let channel = |i: usize| block.partials[group.partials[i]].1;
                found.push((group.formula, [channel(i), channel(j)], output));
            }
        }
        found
    }
}

/// Builds the routine of a kind; `fields` are the names of the outputs of [`Kind::Predict`].
///
/// # Errors
/// [`BuildError`] if the block has no such routine.
pub fn build(parts: Parts<'_>, kind: Kind, name: &str, fields: &[String]) -> Result<Routine, BuildError> {
    let block = parts.block();
    let programs: Vec<&PointTape> = match kind {
        Kind::Residual | Kind::Loss | Kind::Predict => vec![&block.value],
        Kind::Jvp => vec![&block.second],
        Kind::Gradient | Kind::Weighted | Kind::Jacobian | Kind::Vjp | Kind::Gram | Kind::Moments => {
            vec![&block.linear]
        }
        Kind::Hessian | Kind::Local => vec![block.local.as_ref().map_or(&block.linear, |local| &local.program)],
    };
    if kind == Kind::Gram && parts.role == Role::Energy {
        return Err(BuildError::GramOfEnergy);
    }
    let mut builder = Builder::new(parts, name, &programs)?;
    let program = programs[0];
    match kind {
        Kind::Residual => builder.residual(program),
        Kind::Loss => builder.loss(program),
        Kind::Gradient => builder.gradient(program),
        Kind::Weighted => builder.weighted(program),
        Kind::Jacobian => builder.jacobian(program),
        Kind::Hessian => builder.hessian(program),
        Kind::Local => builder.local(program),
        Kind::Jvp => builder.jvp(program),
        Kind::Vjp => builder.vjp(program),
        Kind::Gram => builder.gram(program),
        Kind::Moments => builder.moments(program),
        Kind::Predict => builder.predict(program, fields),
    }
    Ok(builder.routine)
}

/// A direction that no stage reads.
const NOWHERE: Parameters = Parameters::Input(0);

impl<'a> Builder<'a> {
    fn formulas(&self) -> usize {
        self.parts.block().factors.len()
    }

    fn parameter_count(&self) -> usize {
        self.parts.description.parameters()
    }

    /// The weight λ of a formula.
    fn weight(&self, formula: usize) -> f64 {
        self.parts.block().factors[formula].powi(2)
    }

    fn weights(&mut self) -> Place {
        self.columns(&["weights".to_owned()], Pad::Zero)
    }

    fn store(&mut self, from: Place, rows: usize, output: usize, row: usize) {
        self.only_for(&[output], |own| own.push(Stage::Store { from, rows, output, row }));
    }

    fn residual(&mut self, program: &'a PointTape) {
        self.parameters();
        let rows = self.formulas();
        let output = self.output(Argument::points("residual", &[rows]));
        self.networks(Sweep::Forward, NOWHERE);
        let values = self.run_point(program, 1);
        self.store(values, rows, output, 0);
    }

    fn predict(&mut self, program: &'a PointTape, fields: &[String]) {
        self.parameters();
        let outputs: Vec<usize> = fields.iter().map(|name| self.output(Argument::column(name))).collect();
        self.networks(Sweep::Forward, NOWHERE);
        let values = self.run_point(program, 1);
        for (row, output) in outputs.into_iter().enumerate() {
            self.store(values.plus(row), 1, output, 0);
        }
    }

    /// Adds the loss of a tile to an output.
    fn add_loss(&mut self, output: usize, weight: Place, values: Place) {
        let role = self.parts.role;
        self.only_for(&[output], |own| {
            for formula in 0..own.formulas() {
                let (a, lambda) = (values.plus(formula), own.weight(formula));
                let (b, factor) = match role {
                    Role::Residual => (Some(a), 0.5 * lambda),
                    Role::Energy => (None, lambda),
                };
                own.push(Stage::Dot { output, weight, a, b, factor });
            }
        });
    }

    fn loss(&mut self, program: &'a PointTape) {
        let weights = self.weights();
        self.parameters();
        let output = self.output(Argument::fixed("loss", &[]));
        self.networks(Sweep::Forward, NOWHERE);
        let values = self.run_point(program, 1);
        self.add_loss(output, weights, values);
    }

    /// The cotangent of each formula in the loss: `w λ r`, or `w λ` of an energy, as a row and a factor.
    fn cotangents_of_loss(&mut self, weights: Place, values: Place) -> Vec<(Place, f64)> {
        let formulas = self.formulas();
        match self.parts.role {
            Role::Energy => (0..formulas).map(|formula| (weights, self.weight(formula))).collect(),
            Role::Residual => {
                let at = self.buffer(formulas);
                self.push(Stage::Zero { at, rows: formulas });
                for formula in 0..formulas {
                    let (to, from, factor) = (at.plus(formula), values.plus(formula), self.weight(formula));
                    self.push(Stage::Seed { to, weight: Some(weights), from, factor });
                }
                (0..formulas).map(|formula| (at.plus(formula), 1.0)).collect()
            }
        }
    }

    /// The partials of all formulas, each times the cotangent of its formula.
    fn seeds(&self, values: Place, cotangents: &[(Place, f64)]) -> Vec<Seed> {
        let partials = self.parts.block().partials.iter().enumerate();
        let seed = |(i, &(formula, channel)): (usize, &(usize, Channel))| {
            let (weight, factor) = cotangents[formula];
            Seed { channel, weight: Some(weight), from: values.plus(self.formulas() + i), factor }
        };
        partials.map(seed).collect()
    }

    /// The partials of one formula.
    fn own_seeds(&self, values: Place, formula: usize) -> Vec<Seed> {
        let partials = self.parts.block().partials.iter().enumerate();
        let own = partials.filter(|(_, (f, _))| *f == formula);
        own.map(|(i, &(_, channel))| Seed {
            channel,
            weight: None,
            from: values.plus(self.formulas() + i),
            factor: 1.0,
        })
        .collect()
    }

    fn gradient(&mut self, program: &'a PointTape) {
        let weights = self.weights();
        self.parameters();
        let loss = self.output(Argument::fixed("loss", &[]));
        let gradient = self.output(Argument::fixed("gradient", &[self.parameter_count()]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.add_loss(loss, weights, values);
        self.only_for(&[gradient], |own| own.add_gradient(gradient, weights, values));
    }

    fn add_gradient(&mut self, output: usize, weights: Place, values: Place) {
        let cotangents = self.cotangents_of_loss(weights, values);
        let seeds = self.seeds(values, &cotangents);
        self.sweep_back(&seeds, Visit::Sums(output));
    }

    fn weighted(&mut self, program: &'a PointTape) {
        let (formulas, role) = (self.formulas(), self.parts.role);
        let weights = self.rows_of(Argument::points("weights", &[formulas]), Pad::Zero);
        self.parameters();
        let r = self.output(Argument::points("residual", &[formulas]));
        let gradient = self.output(Argument::fixed("gradient", &[self.parameter_count()]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.store(values, formulas, r, 0);
        self.only_for(&[gradient], |own| {
            let cotangents = match role {
                Role::Energy => weights,
                Role::Residual => own.products([weights, values], formulas),
            };
            let cotangents: Vec<(Place, f64)> = (0..formulas).map(|f| (cotangents.plus(f), 1.0)).collect();
            let seeds = own.seeds(values, &cotangents);
            own.sweep_back(&seeds, Visit::Sums(gradient));
        });
    }

    fn vjp(&mut self, program: &'a PointTape) {
        let formulas = self.formulas();
        let cotangents = self.rows_of(Argument::points("cotangents", &[formulas]), Pad::Zero);
        self.parameters();
        let output = self.output(Argument::fixed("product", &[self.parameter_count()]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        let cotangents: Vec<(Place, f64)> = (0..formulas).map(|f| (cotangents.plus(f), 1.0)).collect();
        let seeds = self.seeds(values, &cotangents);
        self.only_for(&[output], |own| {
            own.sweep_back(&seeds, Visit::Sums(output));
        });
    }

    fn jacobian(&mut self, program: &'a PointTape) {
        self.parameters();
        let (formulas, parameters) = (self.formulas(), self.parameter_count());
        let r = self.output(Argument::points("residual", &[formulas]));
        let jacobian = self.output(Argument::points("jacobian", &[formulas, parameters]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.store(values, formulas, r, 0);
        self.only_for(&[jacobian], |own| {
            for formula in 0..formulas {
                let rows = own.buffer(parameters);
                own.rows_back(&own.own_seeds(values, formula), rows);
                own.store(rows, parameters, jacobian, formula * parameters);
            }
        });
    }

    /// Each formula is swept back with the root w of its weight. The gradient sums the derivatives once more with w, of residuals with
    /// w r.
    fn moments(&mut self, program: &'a PointTape) {
        let (formulas, parameters, role) = (self.formulas(), self.parameter_count(), self.parts.role);
        let roots = self.rows_of(Argument::points("roots", &[formulas]), Pad::Zero);
        self.parameters();
        let r = self.output(Argument::points("residual", &[formulas]));
        let output = self.output(Argument::fixed("moments", &[2, parameters]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.store(values, formulas, r, 0);
        let has_scales = |n: usize| self.layout(n).layers.iter().any(|layer| layer.factorised);
        let rows = if (0..self.networks.len()).any(has_scales) { parameters } else { 0 };
        let rows = self.buffer(rows);
        self.only_for(&[output], |own| {
            let weights = match role {
                Role::Energy => roots,
                Role::Residual => own.products([roots, values], formulas),
            };
            for formula in 0..formulas {
                let mut seeds = own.own_seeds(values, formula);
                seeds.iter_mut().for_each(|seed| seed.weight = Some(roots.plus(formula)));
                let weight = weights.plus(formula);
                own.sweep_back(&seeds, Visit::Moments(Moments { output, weight, rows }));
            }
        });
    }

    /// The products of rows.
    fn products(&mut self, [a, b]: [Place; 2], rows: usize) -> Place {
        let at = self.buffer(rows);
        self.push(Stage::Zero { at, rows });
        for row in 0..rows {
            let [to, weight, from] = [at, a, b].map(|place| place.plus(row));
            self.push(Stage::Seed { to, weight: Some(weight), from, factor: 1.0 });
        }
        at
    }

    fn gram(&mut self, program: &'a PointTape) {
        let weights = self.weights();
        self.parameters();
        let (formulas, parameters) = (self.formulas(), self.parameter_count());
        let loss = self.output(Argument::fixed("loss", &[]));
        let gradient = self.output(Argument::fixed("gradient", &[parameters]));
        let gram = self.output(Argument::fixed("gram", &[parameters, parameters]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.add_loss(loss, weights, values);
        let (rows, scaled, lambda) = (self.buffer(parameters), self.buffer(parameters), self.buffer(1));
        self.only_for(&[gradient, gram], |own| {
            for formula in 0..formulas {
                own.rows_back(&own.own_seeds(values, formula), rows);
                own.push(Stage::Zero { at: lambda, rows: 1 });
                let factor = own.weight(formula);
                own.push(Stage::Seed { to: lambda, weight: None, from: weights, factor });
                own.push(Stage::Zero { at: scaled, rows: parameters });
                own.push(Stage::AddWeighted { to: scaled, weight: lambda, from: rows, rows: parameters });
                let b = values.plus(formula);
                own.only_for(&[gradient], |own| {
                    own.push(Stage::Outer { output: gradient, a: scaled, rows: parameters, b, columns: 1 });
                });
                own.only_for(&[gram], |own| {
                    let (output, a, b) = (gram, scaled, rows);
                    own.push(Stage::Outer { output, a, rows: parameters, b, columns: parameters });
                });
            }
        });
    }

    fn hessian(&mut self, program: &'a PointTape) {
        let weights = self.weights();
        self.parameters();
        let parameters = self.parameter_count();
        let loss = self.output(Argument::fixed("loss", &[]));
        let gradient = self.output(Argument::fixed("gradient", &[parameters]));
        let hessian = self.output(Argument::fixed("hessian", &[parameters, parameters]));
        self.networks(Sweep::Reverse, NOWHERE);
        let values = self.run_point(program, 1);
        self.add_loss(loss, weights, values);
        self.only_for(&[gradient], |own| own.add_gradient(gradient, weights, values));
        self.only_for(&[hessian], |own| {
            let curvatures = own.curvatures(weights, values);
            let mut jets: Vec<Channel> = curvatures.iter().flat_map(|(pair, _)| *pair).collect();
            jets.sort_unstable();
            jets.dedup();
            let ones = own.ones();
            let tangents: Vec<Place> = jets
                .iter()
                .map(|&channel| {
                    let rows = own.buffer(parameters);
                    own.rows_back(&[Seed { channel, weight: None, from: ones, factor: 1.0 }], rows);
                    rows
                })
                .collect();
            let sum = own.buffer(parameters);
            for (a, &tangent) in jets.iter().zip(&tangents) {
                own.push(Stage::Zero { at: sum, rows: parameters });
                for (b, &from) in jets.iter().zip(&tangents) {
                    let is_pair = |(pair, _): &&([Channel; 2], Place)| *pair == [*a, *b] || *pair == [*b, *a];
                    if let Some(&(_, weight)) = curvatures.iter().find(is_pair) {
                        own.push(Stage::AddWeighted { to: sum, weight, from, rows: parameters });
                    }
                }
                let (output, a, b) = (hessian, sum, tangent);
                own.push(Stage::Outer { output, a, rows: parameters, b, columns: parameters });
            }
        });
    }

    /// The second derivatives of the integrand of the loss in pairs of jets, with weights: one row each.
    fn curvatures(&mut self, weights: Place, values: Place) -> Vec<([Channel; 2], Place)> {
        let mut found: Vec<([Channel; 2], Place)> = Vec::new();
        let block = self.parts.block();
        let second = self.parts.second_derivatives();
        let weighted = self.cotangents_of_loss(weights, values);
        for (formula, pair, output) in second {
            let to = self.curvature(&mut found, pair);
            let (weight, factor) = weighted[formula];
            self.push(Stage::Seed { to, weight: Some(weight), from: values.plus(output), factor });
        }
        if self.parts.role == Role::Energy {
            return found;
        }
        let slope = |i: usize| values.plus(block.factors.len() + i);
        let scaled = self.buffer(1);
        for (i, &(formula, a)) in block.partials.iter().enumerate() {
            self.push(Stage::Zero { at: scaled, rows: 1 });
            let factor = self.weight(formula);
            self.push(Stage::Seed { to: scaled, weight: Some(weights), from: slope(i), factor });
            for (j, &(other, b)) in block.partials.iter().enumerate().skip(i) {
                if other == formula {
                    let to = self.curvature(&mut found, [a, b]);
                    self.push(Stage::Seed { to, weight: Some(scaled), from: slope(j), factor: 1.0 });
                }
            }
        }
        found
    }

    fn curvature(&mut self, found: &mut Vec<([Channel; 2], Place)>, pair: [Channel; 2]) -> Place {
        let pair = if pair[0] <= pair[1] { pair } else { [pair[1], pair[0]] };
        if let Some((_, place)) = found.iter().find(|(known, _)| *known == pair) {
            return *place;
        }
        let at = self.buffer(1);
        self.push(Stage::Zero { at, rows: 1 });
        found.push((pair, at));
        at
    }

    /// A row of ones.
    fn ones(&mut self) -> Place {
        let contraction = self.parts.block().value.tape.contraction();
        let tape = Tape::new(&Graph::new(), &[Graph::ONE], &[], contraction).expect("one is a number");
        self.routine.tapes.push(tape);
        let tape = self.routine.tapes.len() - 1;
        let at = self.buffer(1);
        self.push(Stage::Run { tape, rows: 1, inputs: Vec::new(), outputs: vec![super::single(at)] });
        at
    }

    fn jvp(&mut self, program: &'a PointTape) {
        self.parameters();
        let (formulas, parameters) = (self.formulas(), self.parameter_count());
        let direction = Parameters::Input(self.input(Argument::fixed("direction", &[parameters])));
        let first = self.output(Argument::points("first", &[formulas]));
        let second = self.output(Argument::points("second", &[formulas]));
        self.networks(Sweep::Along, direction);
        let values = self.run_point(program, EXTENSION);
        self.store(values, formulas, first, 0);
        self.store(values.plus(formulas), formulas, second, 0);
    }

    fn local(&mut self, program: &'a PointTape) {
        let jets = self.parts.jets();
        let at = self.rows_of(Argument::points("jets", &[jets.len()]), Pad::Last);
        self.jets = Some((at, jets));
        let (formulas, partials) = (self.formulas(), self.parts.block().partials.len());
        let second = self.parts.second_derivatives();
        let r = self.output(Argument::points("residual", &[formulas]));
        let first_output = self.output(Argument::points("first", &[partials]));
        let second_output = self.output(Argument::points("second", &[second.len()]));
        let values = self.run_point(program, 1);
        self.store(values, formulas, r, 0);
        self.store(values.plus(formulas), partials, first_output, 0);
        for (row, (_, _, output)) in second.into_iter().enumerate() {
            self.store(values.plus(output), 1, second_output, row);
        }
    }
}
