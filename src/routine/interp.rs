//! The meaning of a routine: tile after tile, stage after stage, point after point.
//!
//! Machine code computes the same to the last bit, except for the payload of a NaN. So whatever rounds has its order here:
//!
//! * `Σ a b` over the neurons or channels of one point is a chain: from zero, one multiply-add after the other. Its
//!   [`Contraction`] is that of the machine.
//! * A sum over points is made for each tile and then added to the output. `Outer`, `LayerSums` and squares sum points i, i + L,
//!   i + 2L, ... to one of L = [`Number::LANES`] partial sums each, products by the same multiply-adds, and then the upper half
//!   of these to the lower one until one is left; `Dot` goes from point to point.
//! * A tile that is not full ends with copies of its last point up to a multiple of [`Number::LANES`]. They are points like
//!   all others, with weights of zero.

use super::{Lane, LayerAt, Pad, Parameters, Place, Routine, RoutineError, Source, Stage, Step, TILE, check_arrays};
use crate::kernel::EXTENSION;
use crate::tape::{Binary, Contraction, Number, Ternary};
use crate::vmath::Function;

impl Routine {
    /// Computes the outputs that are wanted for `n` points. Batched arguments are rows of n numbers one behind the other.
    ///
    /// `contraction` is that of the sums outside of tapes: [`Contraction::Separate`] is what code for all machines computes.
    ///
    /// # Errors
    /// [`RoutineError`] if the routine does not hold.
    ///
    /// # Panics
    /// If an array has another length.
    pub fn interpret<T: Number>(
        &self,
        contraction: Contraction,
        n: usize,
        inputs: &[&[T]],
        outputs: &mut [Option<&mut [T]>],
    ) -> Result<(), RoutineError> {
        self.verify()?;
        check_arrays((&self.inputs, &self.outputs), n, inputs, outputs);
        for (argument, output) in self.outputs.iter().zip(&mut *outputs) {
            if let Some(sums) = output.as_mut().filter(|_| !argument.batched && !self.accumulates) {
                sums.fill(zero());
            }
        }
        for start in (0..n).step_by(TILE) {
            let mut tile = Tile::new(self, contraction, inputs, n, start);
            for Step { stage, only_for } in &self.steps {
                if only_for.is_empty() || only_for.iter().any(|&output| outputs[output].is_some()) {
                    tile.stage(stage, outputs);
                }
            }
        }
        Ok(())
    }
}

fn zero<T: Number>() -> T {
    T::of(0.0)
}

fn plus<T: Number>(a: T, b: T) -> T {
    T::binary(Binary::Add, a, b)
}

fn times<T: Number>(a: T, b: T) -> T {
    T::binary(Binary::Mul, a, b)
}

/// The sum of partial sums: the upper half to the lower one, and so on.
fn total<T: Number>(mut parts: Vec<T>) -> T {
    while parts.len() > 1 {
        let upper = parts.split_off(parts.len() / 2);
        parts.iter_mut().zip(upper).for_each(|(part, upper)| *part = plus(*part, upper));
    }
    parts[0]
}

/// `weight · x`, and nothing where the weight is 0, whatever x is.
fn weighted<T: Number>(weight: T, x: T) -> T {
    T::ternary(Ternary::Select, weight, times(weight, x), zero())
}

/// The points of a tile.
struct Tile<'a, T> {
    routine: &'a Routine,
    contraction: Contraction,
    inputs: &'a [&'a [T]],
    /// All points, the first one of the tile, and how many it has: without and with the copies at its end.
    n: usize,
    start: usize,
    count: usize,
    stride: usize,
    /// One number a point in each row of each buffer. What no stage wrote yet is no number.
    rows: Vec<Vec<Vec<T>>>,
}

impl<'a, T: Number> Tile<'a, T> {
    fn new(routine: &'a Routine, contraction: Contraction, inputs: &'a [&'a [T]], n: usize, start: usize) -> Self {
        let count = TILE.min(n - start);
        let stride = count.next_multiple_of(T::LANES);
        let rows = routine.buffers.iter().map(|&rows| vec![vec![T::of(f64::NAN); stride]; rows]).collect();
        Self { routine, contraction, inputs, n, start, count, stride, rows }
    }

    fn at(&self, place: Place, point: usize) -> T {
        self.rows[place.buffer][place.row][point]
    }

    /// Fills a row.
    fn fill(&mut self, place: Place, value: impl Fn(&Self, usize) -> T) {
        let row = (0..self.stride).map(|point| value(self, point)).collect();
        self.rows[place.buffer][place.row] = row;
    }

    /// A number of an array of parameters.
    fn parameter(&self, parameters: Parameters, number: usize) -> T {
        match parameters {
            Parameters::Input(input) => self.inputs[input][number],
            Parameters::Table(table) => T::of(self.routine.tables[table][number]),
        }
    }

    /// W of a layer, without its scales.
    fn weight(&self, at: &LayerAt, output: usize, input: usize) -> T {
        self.parameter(at.parameters, at.layer.weights().start + output * at.layer.inputs + input)
    }

    fn bias(&self, at: &LayerAt, output: usize) -> T {
        self.parameter(at.parameters, at.layer.biases().start + output)
    }

    /// `exp(s) x` where the layer has scales s.
    fn scaled(&self, at: &LayerAt, output: usize, x: T) -> T {
        let Some(scales) = at.layer.scales() else { return x };
        times(x, T::math(Function::Exp, self.parameter(at.parameters, scales.start + output)))
    }

    fn multiply_add(&self, a: T, b: T, sum: T) -> T {
        match self.contraction {
            Contraction::Fused => T::ternary(Ternary::Fma, a, b, sum),
            Contraction::Separate => plus(times(a, b), sum),
        }
    }

    /// `Σ a b` at one point.
    fn chain(&self, pairs: impl Iterator<Item = (T, T)>) -> T {
        pairs.fold(zero(), |sum, (a, b)| self.multiply_add(a, b, sum))
    }

    /// `Σ a b` over the points of two places, one row after the other.
    fn dot(&self, a: Place, b: Place, rows: usize) -> T {
        let mut parts = vec![zero(); T::LANES];
        for row in 0..rows {
            for point in 0..self.stride {
                let part = &mut parts[point % T::LANES];
                *part = self.multiply_add(self.at(a.plus(row), point), self.at(b.plus(row), point), *part);
            }
        }
        total(parts)
    }

    /// Adds the sum over points of weighted values to a number of an output, and that of their squares to the same number of its
    /// second half.
    fn add_moments(&self, output: &mut [T], number: usize, weight: Place, value: impl Fn(usize) -> T) {
        let [mut sums, mut squares] = [(); 2].map(|()| vec![zero(); T::LANES]);
        for point in 0..self.stride {
            let (part, value) = (point % T::LANES, value(point));
            sums[part] = self.multiply_add(value, self.at(weight, point), sums[part]);
            squares[part] = self.multiply_add(value, value, squares[part]);
        }
        let (first, second) = output.split_at_mut(output.len() / 2);
        for (half, parts) in [(first, sums), (second, squares)] {
            half[number] = plus(half[number], total(parts));
        }
    }

    fn stage(&mut self, stage: &Stage, outputs: &mut [Option<&mut [T]>]) {
        let output = stage.output().map(|output| {
            let array: &mut Option<&mut [T]> = &mut outputs[output];
            &mut **array.as_mut().expect("what writes an output is for it alone")
        });
        match output {
            Some(output) => self.writes(stage, output),
            None => self.computes(stage),
        }
    }

    /// A stage that leaves its result in rows.
    fn computes(&mut self, stage: &Stage) {
        match *stage {
            Stage::Load { input, row, to, pad } => self.fill(to, |own, point| {
                let at = |point: usize| own.inputs[input][row * own.n + own.start + point];
                match pad {
                    Pad::Last => at(point.min(own.count - 1)),
                    Pad::Zero => {
                        if point < own.count {
                            at(point)
                        } else {
                            zero()
                        }
                    }
                }
            }),
            Stage::Zero { at, rows } => (0..rows).for_each(|row| self.fill(at.plus(row), |_, _| zero())),
            Stage::Add { from, to, rows } => {
                for (from, to) in (0..rows).map(|row| (from.plus(row), to.plus(row))) {
                    self.fill(to, |own, point| plus(own.at(to, point), own.at(from, point)));
                }
            }
            Stage::Run { tape, rows, ref inputs, ref outputs } => {
                (0..rows).for_each(|run| self.run(tape, run, inputs, outputs));
            }
            Stage::Affine { ref layer, input, output, channels } => self.affine(layer, input, output, channels),
            Stage::AddBias { ref layer, to, channels } => {
                for (o, to) in (0..layer.layer.outputs).map(|o| (o, to.plus(o * channels))) {
                    self.fill(to, |own, point| plus(own.at(to, point), own.bias(layer, o)));
                }
            }
            Stage::AffineAlong { ref layer, direction, input, carried, output, channels } => {
                self.affine_along(layer, direction, (input, carried), output, channels);
            }
            Stage::Scale { ref layer, from, to, channels } => {
                for row in 0..layer.layer.outputs * channels {
                    let from = from.plus(row);
                    self.fill(to.plus(row), |own, point| own.scaled(layer, row / channels, own.at(from, point)));
                }
            }
            Stage::Transposed { ref layer, from, to, channels, add } => {
                self.transposed(layer, from, to, channels, add);
            }
            Stage::LayerRows { ref layer, inputs, cotangents, scaled, channels, to } => {
                self.layer_rows(layer, [inputs, cotangents, scaled], channels, to);
            }
            Stage::Seed { to, weight, from, factor } => self.fill(to, |own, point| {
                let factor = T::of(factor);
                let weight = weight.map_or(factor, |weight| times(own.at(weight, point), factor));
                plus(own.at(to, point), weighted(weight, own.at(from, point)))
            }),
            Stage::AddWeighted { to, weight, from, rows } => {
                for (from, to) in (0..rows).map(|row| (from.plus(row), to.plus(row))) {
                    self.fill(to, |own, point| {
                        own.multiply_add(own.at(weight, point), own.at(from, point), own.at(to, point))
                    });
                }
            }
            Stage::Store { .. }
            | Stage::LayerSums { .. }
            | Stage::LayerMoments { .. }
            | Stage::RowMoments { .. }
            | Stage::Dot { .. }
            | Stage::Outer { .. } => {
                unreachable!("a stage that writes an output")
            }
        }
    }

    /// A stage that writes an output.
    fn writes(&self, stage: &Stage, output: &mut [T]) {
        match *stage {
            Stage::Store { from, rows, row: first, .. } => {
                for row in 0..rows {
                    let to = &mut output[(first + row) * self.n + self.start..][..self.count];
                    (0..self.count).for_each(|point| to[point] = self.at(from.plus(row), point));
                }
            }
            Stage::LayerSums { ref layer, inputs, cotangents, scaled, channels, .. } => {
                self.layer_sums(layer, [inputs, cotangents, scaled], channels, output);
            }
            Stage::LayerMoments { ref layer, inputs, cotangents, weight, channels, .. } => {
                self.layer_moments(layer, [inputs, cotangents, weight], channels, output);
            }
            Stage::RowMoments { from, rows, weight, first, .. } => {
                for row in 0..rows {
                    self.add_moments(output, first + row, weight, |point| self.at(from.plus(row), point));
                }
            }
            Stage::Dot { weight, a, b, factor, .. } => {
                let value = |point: usize| match b {
                    Some(b) => times(self.at(a, point), self.at(b, point)),
                    None => self.at(a, point),
                };
                let terms = (0..self.stride).map(|point| weighted(self.at(weight, point), value(point)));
                output[0] = plus(output[0], times(T::of(factor), terms.fold(zero(), plus)));
            }
            Stage::Outer { a, rows, b, columns, .. } => {
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let sum = &mut output[i * columns + j];
                    *sum = plus(*sum, self.dot(a.plus(i), b.plus(j), 1));
                }
            }
            _ => unreachable!("a stage that writes no output"),
        }
    }

    /// A tape at all points, with the rows of its `run`th run.
    fn run(&mut self, tape: usize, run: usize, inputs: &[Source], outputs: &[Lane]) {
        let place = |lane: &Lane| lane.place.plus(run * lane.step);
        let read = |own: &Self, source: &Source, point: usize| match source {
            Source::Lane(lane) => own.at(place(lane), point),
            Source::Numbers { array, first, step } => own.parameter(*array, first + run * step),
        };
        for point in 0..self.stride {
            let given: Vec<T> = inputs.iter().map(|source| read(self, source, point)).collect();
            let found = self.routine.tapes[tape].evaluate(&given);
            for (lane, value) in outputs.iter().zip(found) {
                let Place { buffer, row } = place(lane);
                self.rows[buffer][row][point] = value;
            }
        }
    }

    /// `z_c = exp(s) W a_c`, and `z_0 += b`.
    fn affine(&mut self, at: &LayerAt, input: Place, output: Place, channels: usize) {
        for (o, c) in (0..at.layer.outputs).flat_map(|o| (0..channels).map(move |c| (o, c))) {
            self.fill(output.plus(o * channels + c), |own, point| {
                let a = |k: usize| own.at(input.plus(k * channels + c), point);
                let sum = own.chain((0..at.layer.inputs).map(|k| (own.weight(at, o, k), a(k))));
                let z = own.scaled(at, o, sum);
                if c == 0 { plus(z, own.bias(at, o)) } else { z }
            });
        }
    }

    /// The same for θ + εv and a + ε a₁ + ε²/2 a₂, up to the second derivative in ε.
    fn affine_along(
        &mut self,
        at: &LayerAt,
        direction: Parameters,
        (input, carried): (Place, bool),
        output: Place,
        channels: usize,
    ) {
        let along = LayerAt { parameters: direction, ..*at };
        let inputs = 0..at.layer.inputs;
        // Order j of channel c of neuron k.
        let place = |first: Place, k: usize, j: usize, c: usize| first.plus((k * EXTENSION + j) * channels + c);
        for (o, c) in (0..at.layer.outputs).flat_map(|o| (0..channels).map(move |c| (o, c))) {
            let jet = |own: &Self, point: usize| {
                let product = |layer: &LayerAt, j: usize| {
                    let a = |k| if carried { place(input, k, j, c) } else { input.plus(k * channels + c) };
                    own.chain(inputs.clone().map(|k| (own.weight(layer, o, k), own.at(a(k), point))))
                };
                let z = if carried {
                    let first = own.multiply_add(product(&along, 0), T::of(1.0), product(at, 1));
                    [product(at, 0), first, own.multiply_add(product(&along, 1), T::of(2.0), product(at, 2))]
                } else {
                    [product(at, 0), product(&along, 0), zero()]
                };
                let [z, first, second] = own.scaled_along(at, direction, o, z);
                let with_bias = |z: T, layer: &LayerAt| if c == 0 { plus(z, own.bias(layer, o)) } else { z };
                [with_bias(z, at), with_bias(first, &along), second]
            };
            let jets: Vec<[T; EXTENSION]> = (0..self.stride).map(|point| jet(self, point)).collect();
            (0..EXTENSION).for_each(|j| self.fill(place(output, o, j, c), |_, point| jets[point][j]));
        }
    }

    /// `exp(s + εσ) (z + ε z₁ + ε²/2 z₂)`
    fn scaled_along(&self, at: &LayerAt, direction: Parameters, output: usize, z: [T; EXTENSION]) -> [T; EXTENSION] {
        let Some(scales) = at.layer.scales() else { return z };
        let slope = self.parameter(direction, scales.start + output);
        let [z, first, second] = z.map(|z| self.scaled(at, output, z));
        let bend = times(slope, plus(times(T::of(2.0), first), times(slope, z)));
        [z, plus(first, times(slope, z)), plus(second, bend)]
    }

    /// `Wᵀ from`
    fn transposed(&mut self, at: &LayerAt, from: Place, to: Place, channels: usize, add: bool) {
        for (k, c) in (0..at.layer.inputs).flat_map(|k| (0..channels).map(move |c| (k, c))) {
            let to = to.plus(k * channels + c);
            self.fill(to, |own, point| {
                let z = |o: usize| own.at(from.plus(o * channels + c), point);
                let sum = own.chain((0..at.layer.outputs).map(|o| (own.weight(at, o, k), z(o))));
                if add { plus(sum, own.at(to, point)) } else { sum }
            });
        }
    }

    /// `∂r/∂W = Σ_c exp(s) z̄_c a_c`, `∂r/∂b = z̄_0`, `∂r/∂s = Σ W ∂r/∂W`
    fn layer_rows(&mut self, at: &LayerAt, [inputs, cotangents, scaled]: [Place; 3], channels: usize, to: Place) {
        let (own_layer, width) = (at.layer, at.layer.inputs);
        let row_of = |parameter: usize| to.plus(parameter - own_layer.start);
        let products = row_of(own_layer.weights().start);
        for (o, k) in (0..own_layer.outputs).flat_map(|o| (0..width).map(move |k| (o, k))) {
            let (z, a) = (scaled.plus(o * channels), inputs.plus(k * channels));
            self.fill(products.plus(o * width + k), |own, point| {
                own.chain((0..channels).map(|c| (own.at(z.plus(c), point), own.at(a.plus(c), point))))
            });
        }
        for o in 0..own_layer.outputs {
            let bias = row_of(own_layer.biases().start + o);
            self.fill(bias, |own, point| own.at(cotangents.plus(o * channels), point));
            let Some(scales) = own_layer.scales() else { continue };
            self.fill(row_of(scales.start + o), |own, point| {
                let product = |k: usize| own.at(products.plus(o * width + k), point);
                own.chain((0..width).map(|k| (own.weight(at, o, k), product(k))))
            });
        }
    }

    /// They with weights and their squares, summed over points.
    fn layer_moments(&self, at: &LayerAt, [inputs, cotangents, weight]: [Place; 3], channels: usize, output: &mut [T]) {
        let (layer, width) = (at.layer, at.layer.inputs);
        for o in 0..layer.outputs {
            let z = cotangents.plus(o * channels);
            for k in 0..width {
                let a = inputs.plus(k * channels);
                let product = |point: usize| {
                    self.chain((0..channels).map(|c| (self.at(z.plus(c), point), self.at(a.plus(c), point))))
                };
                self.add_moments(output, layer.weights().start + o * width + k, weight, product);
            }
            self.add_moments(output, layer.biases().start + o, weight, |point| self.at(z, point));
        }
    }

    /// The rows themselves summed over points.
    fn layer_sums(&self, at: &LayerAt, [inputs, cotangents, scaled]: [Place; 3], channels: usize, sums: &mut [T]) {
        let (layer, width) = (at.layer, at.layer.inputs);
        for o in 0..layer.outputs {
            let mut of_scale = zero();
            for k in 0..width {
                let product = self.dot(scaled.plus(o * channels), inputs.plus(k * channels), channels);
                let sum = &mut sums[layer.weights().start + o * width + k];
                *sum = plus(*sum, product);
                of_scale = plus(of_scale, times(self.weight(at, o, k), product));
            }
            let mut parts = vec![zero(); T::LANES];
            for point in 0..self.stride {
                let part = &mut parts[point % T::LANES];
                *part = plus(*part, self.at(cotangents.plus(o * channels), point));
            }
            let sum = &mut sums[layer.biases().start + o];
            *sum = plus(*sum, total(parts));
            if let Some(scales) = layer.scales() {
                let sum = &mut sums[scales.start + o];
                *sum = plus(*sum, of_scale);
            }
        }
    }
}
