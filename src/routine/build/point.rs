//! What stands around the networks: columns of points, programs of formulas, seeds of sweeps back.

use std::collections::BTreeMap;

use super::network::Visit;
use super::{Argument, BuildError, Builder, Parameters, Parts, Place, Routine, Source, Stage, single};
use crate::kernel::{Channel, EXTENSION, PointInput, PointTape};
use crate::routine::Pad;

/// What a sweep is to leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sweep {
    /// Values.
    Forward,
    /// Values and what a sweep back needs.
    Reverse,
    /// Derivatives along a direction.
    Along,
}

impl<'a> Builder<'a> {
    /// Starts a routine: the columns of points and θ are its first arguments.
    pub(super) fn new(parts: Parts<'a>, name: &str, programs: &[&PointTape]) -> Result<Self, BuildError> {
        let block = parts.block();
        if !block.integrals.is_empty() {
            return Err(BuildError::Integrals);
        }
        let nowhere = Place { buffer: 0, row: 0 };
        let mut builder = Self {
            parts,
            routine: Routine { name: name.to_owned(), ..Routine::default() },
            tapes: BTreeMap::new(),
            theta: Parameters::Input(0),
            coordinates: nowhere,
            normals: nowhere,
            known: nowhere,
            networks: Vec::new(),
            jets: None,
            zeros: None,
            only_for: Vec::new(),
        };
        let axes: Vec<String> = parts.axes.to_vec();
        builder.coordinates = builder.columns(&axes, Pad::Last);
        let has_normals = programs.iter().any(|p| p.inputs.iter().any(|i| matches!(i, PointInput::Normal(_))));
        if has_normals {
            let normals: Vec<String> = axes.iter().map(|axis| format!("normal_{axis}")).collect();
            builder.normals = builder.columns(&normals, Pad::Last);
        }
        builder.known = builder.columns(parts.known, Pad::Last);
        Ok(builder)
    }

    /// Arguments of one number a point, and the rows that they are loaded to.
    pub(super) fn columns(&mut self, names: &[String], pad: Pad) -> Place {
        let place = self.buffer(names.len());
        for (row, name) in names.iter().enumerate() {
            let input = self.input(Argument::column(name));
            self.push(Stage::Load { input, row: 0, to: place.plus(row), pad });
        }
        place
    }

    /// An argument of several rows of numbers a point.
    pub(super) fn rows_of(&mut self, argument: Argument, pad: Pad) -> Place {
        let rows = argument.numbers();
        let (place, input) = (self.buffer(rows), self.input(argument));
        for row in 0..rows {
            self.push(Stage::Load { input, row, to: place.plus(row), pad });
        }
        place
    }

    /// The parameters: an argument, or numbers of the routine.
    pub(super) fn parameters(&mut self) {
        let numbers = self.parts.description.parameters();
        self.theta = match self.parts.theta {
            Some(theta) => {
                self.routine.tables.push(theta.to_vec());
                Parameters::Table(self.routine.tables.len() - 1)
            }
            None => Parameters::Input(self.input(Argument::fixed("theta", &[numbers]))),
        };
    }

    /// All networks of the block, forward.
    pub(super) fn networks(&mut self, sweep: Sweep, direction: Parameters) {
        let extension = if sweep == Sweep::Along { EXTENSION } else { 1 };
        for n in 0..self.parts.description.networks.len() {
            let block = self.parts.block();
            let Some(features) = &block.features[n] else {
                self.networks.push(None);
                continue;
            };
            let raw = self.run_point(features, 1);
            let encoded = self.encode(n, raw);
            let places = self.places(n, extension, encoded, sweep == Sweep::Reverse);
            match sweep {
                Sweep::Along => self.along_direction(n, &places, direction),
                Sweep::Forward | Sweep::Reverse => self.forward(n, &places),
            }
            self.networks.push(Some(places));
        }
    }

    /// Runs a program of formulas; its outputs are rows from the result on.
    pub(super) fn run_point(&mut self, program: &'a PointTape, extension: usize) -> Place {
        let outputs = program.tape.outputs().len();
        let place = self.buffer(outputs);
        let source = |input| Source::Lane(single(self.place_of(input, extension)));
        let inputs = program.inputs.iter().map(source).collect();
        let tape = self.tape(&program.tape);
        let lanes = (0..outputs).map(|o| single(place.plus(o))).collect();
        self.push(Stage::Run { tape, rows: 1, inputs, outputs: lanes });
        place
    }

    fn place_of(&self, input: &PointInput, extension: usize) -> Place {
        match *input {
            PointInput::Coordinate(axis) => self.coordinates.plus(axis),
            PointInput::Normal(axis) => self.normals.plus(axis),
            PointInput::Known(number) => self.known.plus(number),
            PointInput::Integral(..) => unreachable!("blocks with integrals are refused"),
            PointInput::Channel(c) => {
                if let Some((place, jets)) = &self.jets {
                    return place.plus(jets.iter().position(|jet| *jet == c).expect("every jet is an argument"));
                }
                let places = self.networks[c.network].as_ref().expect("channels are of networks in use");
                places.outputs().plus(c.output * extension * self.plan(c.network).len() + c.channel)
            }
        }
    }

    /// One sweep back through every network that `seeds` has channels of; returns which networks were swept.
    ///
    /// A seed is a weight row, if there is one, the row that it multiplies, and a factor.
    pub(super) fn sweep_back(&mut self, seeds: &[Seed], visit: Visit) -> Vec<usize> {
        let mut swept = Vec::new();
        for n in 0..self.networks.len() {
            let own: Vec<&Seed> = seeds.iter().filter(|seed| seed.channel.network == n).collect();
            let Some(places) = self.networks[n].clone().filter(|_| !own.is_empty()) else { continue };
            let channels = self.plan(n).len();
            let at = places.cotangents[places.cotangents.len() - 1];
            let rows = self.layout(n).output().outputs * channels;
            self.push(Stage::Zero { at, rows });
            for seed in own {
                let to = at.plus(seed.channel.output * channels + seed.channel.channel);
                self.push(Stage::Seed { to, weight: seed.weight, from: seed.from, factor: seed.factor });
            }
            self.reverse(n, &places, visit);
            swept.push(n);
        }
        swept
    }

    /// Rows of a Jacobian, one a parameter, from seeds; zero where no network is swept.
    pub(super) fn rows_back(&mut self, seeds: &[Seed], to: Place) {
        let swept = self.sweep_back(seeds, Visit::Rows(to));
        for n in 0..self.networks.len() {
            if !swept.contains(&n) {
                let parameters = self.layout(n).parameters();
                self.push(Stage::Zero { at: to.plus(parameters.start), rows: parameters.len() });
            }
        }
    }
}

/// `weight · factor · from` as the cotangent of a channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    pub channel: Channel,
    pub weight: Option<Place>,
    pub from: Place,
    pub factor: f64,
}
