//! Sweeps through a network as stages: those of [`crate::kernel`], in the same order.

use super::{Builder, Lane, Parameters, Place, Source, Stage, single};
use crate::kernel::{EXTENSION, PointwiseTapes};
use crate::network::{Activation, FourierLayer, JetPlan, Layout, Op, Operand, Pointwise, Write};
use crate::routine::LayerAt;

/// Where the rows of a network live.
#[derive(Clone, Debug)]
pub(super) struct NetworkPlaces {
    /// The jets of its features, encoded where there is an encoding.
    pub features: Place,
    /// The jets of the result of each operation.
    pub values: Vec<Place>,
    /// What each operation saved for the sweep back.
    pub saved: Vec<Option<Place>>,
    /// Cotangents of the result of each operation.
    pub cotangents: Vec<Place>,
    /// Products of programs that are added to what is there.
    pub spare: Vec<Place>,
    /// Cotangents times the scales of a factorised layer.
    pub scaled: Place,
}

impl NetworkPlaces {
    pub fn outputs(&self) -> Place {
        self.values[self.values.len() - 1]
    }
}

/// What a layer does in a sweep back.
#[derive(Clone, Copy)]
pub(super) enum Visit {
    /// Rows of a Jacobian, of which this is the one of parameter 0.
    Rows(Place),
    /// Sums over points in an output.
    Sums(usize),
    /// Weighted sums and sums of squares over points.
    Moments(Moments),
}

/// Where a sweep back leaves sums of weighted derivatives and of their squares.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    pub output: usize,
    pub weight: Place,
    /// Rows of a layer with scales.
    pub rows: Place,
}

/// Rows that a program reads.
#[derive(Clone, Copy)]
struct Jets {
    place: Place,
    rows: usize,
    channels: usize,
}

impl<'a> Builder<'a> {
    pub(super) fn layout(&self, n: usize) -> &'a Layout {
        &self.parts.description.networks[n].layout
    }

    pub(super) fn plan(&self, n: usize) -> &'a JetPlan {
        self.parts.block().plans[n].as_ref().expect("only networks in use are swept")
    }

    fn programs(&self, function: Pointwise, n: usize) -> &'a PointwiseTapes {
        &self.parts.tapes.functions[&(function, self.plan(n).clone())]
    }

    /// Makes the places of a network; `extension` jets along a direction, and those of a sweep back if it has one.
    pub(super) fn places(&mut self, n: usize, extension: usize, features: Place, reverse: bool) -> NetworkPlaces {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        let jet = channels * extension;
        let last = layout.ops().len() - 1;
        // Rows that are not in use at the same time share their room when the workspace is planned.
        let values: Vec<Place> = (0..=last).map(|op| self.buffer(layout.rows(op) * jet)).collect();
        let mut places = NetworkPlaces {
            features,
            scaled: values[last],
            values,
            saved: vec![None; last + 1],
            cotangents: Vec::new(),
            spare: Vec::new(),
        };
        if !reverse {
            return places;
        }
        for (op, kind) in layout.ops().iter().enumerate() {
            if matches!(kind, Op::Pointwise { function, .. } if function.saves_slopes()) {
                places.saved[op] = Some(self.buffer(layout.rows(op) * jet));
            }
        }
        places.cotangents = (0..=last).map(|op| self.buffer(layout.rows(op) * jet)).collect();
        let widest = (0..=last).map(|op| layout.rows(op)).max().unwrap_or(0) * jet;
        let arity = layout.functions().iter().map(|function| function.arity()).max().unwrap_or(0);
        // A chain of layers writes each cotangent once and needs no room beside.
        let adds = layout.schedule().writes.iter().flatten().any(|write| *write != Write::First);
        places.spare = (0..if adds || arity > 1 { arity } else { 0 }).map(|_| self.buffer(widest)).collect();
        if layout.layers.iter().any(|layer| layer.factorised) {
            places.scaled = self.buffer(widest);
        }
        places
    }

    /// The encoded features of a network.
    pub(super) fn encode(&mut self, n: usize, features: Place) -> Place {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        let Some(FourierLayer { layer, parameters }) = layout.encoding() else { return features };
        self.routine.tables.push(parameters.clone());
        let parameters = Parameters::Table(self.routine.tables.len() - 1);
        let rows = layer.outputs * channels;
        let (angles, encoded) = (self.buffer(rows), self.buffer(rows));
        let layer_at = LayerAt { parameters, layer: *layer };
        self.push(Stage::Affine { layer: layer_at, input: features, output: angles, channels });
        let sines = self.programs(Pointwise::Activation(Activation::Sin), n);
        let tape = self.tape(&sines.value);
        let angles = Jets { place: angles, rows: layer.outputs, channels };
        self.run_rows(tape, [layer.outputs, channels], &[angles], &[encoded]);
        encoded
    }

    fn jets(&self, n: usize, places: &NetworkPlaces, operand: Operand, channels: usize) -> Jets {
        let rows = self.layout(n).operand_rows(operand);
        match operand {
            Operand::Features { first, .. } => {
                let bare = self.plan(n).len();
                Jets { place: places.features.plus(first * bare), rows, channels: bare }
            }
            Operand::Value(value) => Jets { place: places.values[value], rows, channels },
        }
    }

    /// A program on every row of its arguments; what an argument lacks of `channels` is zero.
    fn run_rows(&mut self, tape: usize, [rows, channels]: [usize; 2], arguments: &[Jets], outputs: &[Place]) {
        let mut inputs = Vec::with_capacity(arguments.len() * channels);
        for argument in arguments {
            let step = if argument.rows == rows { argument.channels } else { 0 };
            for c in 0..channels {
                let known = (c < argument.channels).then(|| argument.place.plus(c));
                inputs.push(match known {
                    Some(place) => Source::Lane(Lane { place, step }),
                    None => Source::Lane(single(self.zeros())),
                });
            }
        }
        let lane = |place: &Place| {
            let place = *place;
            (0..channels).map(move |c| Lane { place: place.plus(c), step: channels })
        };
        let outputs = outputs.iter().flat_map(lane).collect();
        self.push(Stage::Run { tape, rows, inputs, outputs });
    }

    fn layer_at(&self, n: usize, layer: usize) -> LayerAt {
        LayerAt { parameters: self.theta, layer: self.layout(n).layers[layer] }
    }

    /// Jets through the operations, and slopes kept where a sweep back follows.
    pub(super) fn forward(&mut self, n: usize, places: &NetworkPlaces) {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        for (i, op) in layout.ops().iter().enumerate() {
            let output = places.values[i];
            match op {
                Op::Affine { layer, input } => {
                    let input = self.jets(n, places, *input, channels).place;
                    self.push(Stage::Affine { layer: self.layer_at(n, *layer), input, output, channels });
                }
                Op::Pointwise { function, operands } => {
                    let programs = self.programs(*function, n);
                    let arguments: Vec<Jets> = operands.iter().map(|o| self.jets(n, places, *o, channels)).collect();
                    let saved = places.saved[i];
                    let tape = match (&programs.linear, saved) {
                        (Some(linear), Some(_)) => linear,
                        _ => &programs.value,
                    };
                    let tape = self.tape(tape);
                    let outputs: Vec<Place> = std::iter::once(output).chain(saved).collect();
                    self.run_rows(tape, [layout.rows(i), channels], &arguments, &outputs);
                }
            }
        }
    }

    /// Jets with derivatives along a direction of parameters.
    pub(super) fn along_direction(&mut self, n: usize, places: &NetworkPlaces, direction: Parameters) {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        let jet = EXTENSION * channels;
        for (i, op) in layout.ops().iter().enumerate() {
            let output = places.values[i];
            match op {
                Op::Affine { layer, input } => {
                    let carried = matches!(input, Operand::Value(_));
                    let input = self.jets(n, places, *input, jet).place;
                    let layer = self.layer_at(n, *layer);
                    self.push(Stage::AffineAlong { layer, direction, input, carried, output, channels });
                }
                Op::Pointwise { function, operands } => {
                    let tape = self.tape(&self.programs(*function, n).second);
                    let arguments: Vec<Jets> = operands.iter().map(|o| self.jets(n, places, *o, jet)).collect();
                    self.run_rows(tape, [layout.rows(i), jet], &arguments, &[output]);
                }
            }
        }
    }

    /// Cotangents of the outputs (at `places.cotangents`, the last) back through the operations.
    pub(super) fn reverse(&mut self, n: usize, places: &NetworkPlaces, visit: Visit) {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        for (i, op) in layout.ops().iter().enumerate().rev() {
            let cotangents = places.cotangents[i];
            match op {
                Op::Affine { layer, input } => {
                    let layer = self.layer_at(n, *layer);
                    let scaled = if layer.layer.factorised {
                        self.push(Stage::Scale { layer, from: cotangents, to: places.scaled, channels });
                        places.scaled
                    } else {
                        cotangents
                    };
                    let inputs = self.jets(n, places, *input, channels).place;
                    let rows = |to| Stage::LayerRows { layer, inputs, cotangents, scaled, channels, to };
                    match visit {
                        Visit::Rows(to) => self.push(rows(to.plus(layer.layer.start))),
                        Visit::Sums(output) => {
                            self.push(Stage::LayerSums { layer, inputs, cotangents, scaled, channels, output });
                            let numbers = if layer.layer.factorised { layer.layer.weights().len() } else { 0 };
                            self.routine.spare = self.routine.spare.max(numbers);
                        }
                        Visit::Moments(Moments { output, weight, rows: from }) if layer.layer.factorised => {
                            let (count, first) = (layer.layer.all().len(), layer.layer.start);
                            self.push(rows(from));
                            self.push(Stage::RowMoments { from, rows: count, weight, output, first });
                        }
                        Visit::Moments(Moments { output, weight, .. }) => {
                            self.push(Stage::LayerMoments { layer, inputs, cotangents, weight, channels, output });
                        }
                    }
                    if let Operand::Value(value) = *input {
                        let add = layout.schedule().writes[i][0] == Write::Add;
                        self.push(Stage::Transposed {
                            layer,
                            from: scaled,
                            to: places.cotangents[value],
                            channels,
                            add,
                        });
                    }
                }
                Op::Pointwise { function, operands } => {
                    self.reverse_function(n, places, i, *function, operands);
                }
            }
        }
    }

    fn reverse_function(
        &mut self,
        n: usize,
        places: &NetworkPlaces,
        i: usize,
        function: Pointwise,
        operands: &[Operand],
    ) {
        let (layout, channels) = (self.layout(n), self.plan(n).len());
        let rows = layout.rows(i);
        let writes = &layout.schedule().writes[i];
        // Where the program writes: the place itself if nothing stands there yet, else beside it.
        let target = |(number, (&operand, &write)): (usize, (&Operand, &Write))| match operand {
            Operand::Value(value) if write == Write::First && layout.rows(value) == rows => places.cotangents[value],
            _ => places.spare[number],
        };
        let targets: Vec<Place> = operands.iter().zip(writes).enumerate().map(target).collect();
        let whole = |place| Jets { place, rows, channels };
        let mut arguments: Vec<Jets> = match places.saved[i] {
            Some(saved) => vec![whole(saved)],
            None => operands.iter().map(|&operand| self.jets(n, places, operand, channels)).collect(),
        };
        arguments.push(whole(places.cotangents[i]));
        let tape = self.tape(&self.programs(function, n).reverse);
        self.run_rows(tape, [rows, channels], &arguments, &targets);
        for ((&operand, &write), &written) in operands.iter().zip(writes).zip(&targets) {
            let Operand::Value(value) = operand else { continue };
            let (own, to) = (layout.rows(value), places.cotangents[value]);
            if written == to {
                continue;
            }
            if write == Write::First {
                self.push(Stage::Zero { at: to, rows: own * channels });
            }
            // A single row that served all rows has the sum of their cotangents.
            for part in 0..rows / own {
                let from = written.plus(part * own * channels);
                self.push(Stage::Add { from, to, rows: own * channels });
            }
        }
    }
}
