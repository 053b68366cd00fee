//! The function of a batch: a loop over tiles, and in it the stages.
//!
//! ```text
//! fn(n, inputs, outputs, work) -> code:
//!     sums over points are zero, unless they are added to
//!     for start in 0, 64, ..:
//!         count = min(n - start, 64), stride = count rounded up to the lanes of a register
//!         the stages
//! ```

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{DataId, FuncId, Linkage, Module};

use super::workspace::direct_outputs;
use super::{Compiler, RunnerKey, Runners, Workspace, status};
use crate::codegen::CodegenError;
use crate::network::Layer;
use crate::routine::{Argument, Lane, LayerAt, Pad, Parameters, Place, Routine, Source, Stage, Step, TILE};
use crate::vmath::services::{self, Scalar};

/// Values of the function that stages refer to.
struct Frame<'a> {
    workspace: &'a Workspace,
    runners: &'a Runners,
    n: ir::Value,
    inputs: Vec<ir::Value>,
    outputs: Vec<ir::Value>,
    tables: Vec<ir::Value>,
    work: ir::Value,
    /// The first point of the tile, and how many it has.
    start: ir::Value,
    count: ir::Value,
    /// Numbers of a row, and its bytes.
    stride: ir::Value,
    row: ir::Value,
    /// Of buffers that are part of an output where rows are not padded: where they are, and the numbers from row to row.
    direct: Vec<Option<(ir::Value, ir::Value)>>,
    /// Whether rows are as long as the tile has points.
    unpadded: ir::Value,
}

impl Frame<'_> {
    /// Numbers from row to row of a buffer.
    fn stride_of(&self, buffer: usize) -> ir::Value {
        self.direct[buffer].map_or(self.stride, |(_, stride)| stride)
    }
}

impl<M: Module> Compiler<'_, M> {
    pub(super) fn driver(
        &mut self,
        routine: &Routine,
        workspace: &Workspace,
        runners: &Runners,
        tables: &[DataId],
    ) -> Result<FuncId, CodegenError> {
        let signature = self.eval_signature();
        self.function(&format!("{}_eval", routine.name), Linkage::Local, signature, |own, builder| {
            let entry = builder.current_block().expect("a block was begun");
            let [n, inputs, outputs, work] = [0, 1, 2, 3].map(|i| builder.block_params(entry)[i]);
            let negative = builder.ins().icmp_imm_s(IntCC::SignedLessThan, n, 0);
            refuse(builder, negative, status::COUNT);
            let absent = builder.ins().icmp_imm_s(IntCC::Equal, work, 0);
            refuse(builder, absent, status::WORK);
            if own.chooses() {
                let fast = workspace.table as i64 + i64::from(super::FAST_AT);
                let fast = builder.ins().iadd_imm_s(work, fast);
                own.call(builder, &services::DETECT, &[fast])?;
            }
            let address = |builder: &mut FunctionBuilder<'_>, array: ir::Value, i: usize| {
                builder.ins().load(I64, memory(), array, (8 * i) as i32)
            };
            let mut given = Vec::with_capacity(routine.inputs.len());
            for i in 0..routine.inputs.len() {
                let input = address(builder, inputs, i);
                let absent = builder.ins().icmp_imm_s(IntCC::Equal, input, 0);
                refuse(builder, absent, status::INPUT);
                given.push(input);
            }
            let outputs: Vec<ir::Value> = (0..routine.outputs.len()).map(|i| address(builder, outputs, i)).collect();
            let is_cleared = |argument: &Argument| !argument.batched && !routine.accumulates;
            for (argument, &output) in routine.outputs.iter().zip(&outputs).filter(|(a, _)| is_cleared(a)) {
                let numbers = argument.numbers();
                own.if_wanted(builder, &[output], |own, builder| {
                    let count = word(builder, numbers);
                    own.call(builder, &services::ZERO, &[output, count])
                })?;
            }
            let mut addresses = Vec::with_capacity(tables.len());
            for &table in tables {
                let global = own.module.declare_data_in_func(table, builder.func);
                addresses.push(builder.ins().symbol_value(I64, global));
            }
            let zero = word(builder, 0);
            let frame = Frame {
                workspace,
                runners,
                n,
                inputs: given,
                outputs,
                tables: addresses,
                work,
                start: zero,
                count: zero,
                stride: zero,
                row: zero,
                direct: Vec::new(),
                unpadded: zero,
            };
            own.tiles(builder, routine, frame)?;
            let done = builder.ins().iconst(I32, status::OK);
            builder.ins().return_(&[done]);
            Ok(())
        })
    }

    fn tiles(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        routine: &Routine,
        mut frame: Frame<'_>,
    ) -> Result<(), CodegenError> {
        let scalar = self.target.scalar;
        let direct = direct_outputs(routine);
        super::counted(builder, frame.n, TILE as i64, |builder, start| {
            let rest = builder.ins().isub(frame.n, start);
            let tile = word(builder, TILE);
            let count = builder.ins().umin(rest, tile);
            let lanes = scalar.lanes() as i64;
            let above = builder.ins().iadd_imm_s(count, lanes - 1);
            let stride = builder.ins().band_imm_s(above, -lanes);
            let row = builder.ins().imul_imm_s(stride, scalar.bytes() as i64);
            let unpadded = builder.ins().icmp(IntCC::Equal, count, stride);
            frame = Frame { start, count, stride, row, unpadded, direct: vec![None; direct.len()], ..frame };
            frame.direct = self.direct(builder, &frame, &direct);
            for Step { stage, only_for } in &routine.steps {
                let wanted: Vec<ir::Value> = only_for.iter().map(|&output| frame.outputs[output]).collect();
                self.if_wanted(builder, &wanted, |own, builder| own.stage(builder, &frame, routine, stage))?;
            }
            Ok(())
        })
    }

    /// Where buffers are that are part of an output where rows are not padded.
    fn direct(
        &self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        outputs: &[Option<(usize, usize)>],
    ) -> Vec<Option<(ir::Value, ir::Value)>> {
        let mut found = Vec::with_capacity(outputs.len());
        for (buffer, output) in outputs.iter().enumerate() {
            found.push(output.map(|(output, row)| {
                let row = word(builder, row);
                let there = self.column(builder, frame, frame.outputs[output], row);
                let here = builder.ins().iadd_imm_s(frame.work, frame.workspace.buffers[buffer] as i64);
                let at = builder.ins().select(frame.unpadded, there, here);
                (at, builder.ins().select(frame.unpadded, frame.n, frame.stride))
            }));
        }
        found
    }

    /// Does something unless all of these addresses are null; always if there are none.
    fn if_wanted(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        outputs: &[ir::Value],
        body: impl FnOnce(&mut Self, &mut FunctionBuilder<'_>) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        let Some((&first, rest)) = outputs.split_first() else { return body(self, builder) };
        let any = rest.iter().fold(first, |any, &output| builder.ins().bor(any, output));
        let [wanted, after] = std::array::from_fn(|_| builder.create_block());
        builder.ins().brif(any, wanted, &[], after, &[]);
        builder.switch_to_block(wanted);
        body(self, builder)?;
        builder.ins().jump(after, &[]);
        builder.switch_to_block(after);
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.target.scalar.bytes()
    }

    /// The address of a row.
    fn at(&self, builder: &mut FunctionBuilder<'_>, frame: &Frame<'_>, place: Place) -> ir::Value {
        let start = match frame.direct[place.buffer] {
            Some((at, _)) => at,
            None => builder.ins().iadd_imm_s(frame.work, frame.workspace.buffers[place.buffer] as i64),
        };
        if place.row == 0 {
            return start;
        }
        let rows = self.bytes_of_rows(builder, frame, place.buffer, place.row);
        builder.ins().iadd(start, rows)
    }

    /// The bytes from a row of a buffer to the one so many rows further.
    fn bytes_of_rows(
        &self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        buffer: usize,
        rows: usize,
    ) -> ir::Value {
        builder.ins().imul_imm_s(frame.stride_of(buffer), (rows * self.bytes()) as i64)
    }

    /// The address of the tile in row `row` of an argument.
    fn column(
        &self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        argument: ir::Value,
        row: ir::Value,
    ) -> ir::Value {
        let before = builder.ins().imul(frame.n, row);
        let numbers = builder.ins().iadd(before, frame.start);
        let offset = builder.ins().imul_imm_s(numbers, self.bytes() as i64);
        builder.ins().iadd(argument, offset)
    }

    /// The address of a number of a fixed array.
    fn number_at(
        &self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        parameters: Parameters,
        number: usize,
    ) -> ir::Value {
        let array = match parameters {
            Parameters::Input(input) => frame.inputs[input],
            Parameters::Table(table) => frame.tables[table],
        };
        builder.ins().iadd_imm_s(array, (number * self.bytes()) as i64)
    }

    fn constant(&self, builder: &mut FunctionBuilder<'_>, number: f64) -> ir::Value {
        match self.target.scalar {
            Scalar::F64 => builder.ins().f64const(number),
            Scalar::F32 => builder.ins().f32const(number as f32),
        }
    }

    /// `rows` rows as a count of numbers.
    fn numbers(&self, builder: &mut FunctionBuilder<'_>, frame: &Frame<'_>, rows: usize) -> ir::Value {
        builder.ins().imul_imm_s(frame.stride, rows as i64)
    }

    fn stage(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        routine: &Routine,
        stage: &Stage,
    ) -> Result<(), CodegenError> {
        match *stage {
            Stage::Load { input, row, to, pad } => {
                let row = word(builder, row);
                let source = self.column(builder, frame, frame.inputs[input], row);
                let target = self.at(builder, frame, to);
                let service = if pad == Pad::Last { services::PAD } else { services::PAD_ZERO };
                self.call(builder, &service, &[source, target, frame.count, frame.stride])
            }
            Stage::Store { from, rows, output, row } => {
                let store = |own: &mut Self, builder: &mut FunctionBuilder<'_>| {
                    own.store(builder, frame, from, rows, (output, row))
                };
                if frame.direct[from.buffer].is_none() {
                    return store(self, builder);
                }
                let [partial, after] = std::array::from_fn(|_| builder.create_block());
                builder.ins().brif(frame.unpadded, after, &[], partial, &[]);
                builder.switch_to_block(partial);
                store(self, builder)?;
                builder.ins().jump(after, &[]);
                builder.switch_to_block(after);
                Ok(())
            }
            Stage::Zero { at, rows } if frame.direct[at.buffer].is_some() => {
                let (start, count) = (self.at(builder, frame, at), word(builder, rows));
                let bytes = self.bytes_of_rows(builder, frame, at.buffer, 1);
                super::counted(builder, count, 1, |builder, row| {
                    let offset = builder.ins().imul(row, bytes);
                    let at = builder.ins().iadd(start, offset);
                    self.call(builder, &services::ZERO, &[at, frame.stride])
                })
            }
            Stage::Zero { at, rows } => {
                let (at, count) = (self.at(builder, frame, at), self.numbers(builder, frame, rows));
                self.call(builder, &services::ZERO, &[at, count])
            }
            Stage::Add { from, to, rows } => {
                let [from, to] = [from, to].map(|place| self.at(builder, frame, place));
                let count = self.numbers(builder, frame, rows);
                self.call(builder, &services::ADD, &[from, to, count])
            }
            Stage::Run { tape, rows, ref inputs, ref outputs } => {
                let outputs = outputs.iter().map(|lane| Source::Lane(*lane));
                let lanes: Vec<Source> = inputs.iter().copied().chain(outputs).collect();
                debug_assert_eq!(lanes.len(), routine.tapes[tape].inputs() + routine.tapes[tape].outputs().len());
                self.run(builder, frame, frame.runners[&RunnerKey::new(tape, inputs)], rows, &lanes)
            }
            Stage::Affine { ref layer, input, output, channels } => {
                let [input, output] = [input, output].map(|place| self.at(builder, frame, place));
                let Layer { inputs, outputs, .. } = layer.layer;
                let weights = self.number_at(builder, frame, layer.parameters, layer.layer.weights().start);
                let columns = self.numbers(builder, frame, channels);
                let shape = Shape { m: outputs, k: inputs, a_row: inputs, a_column: 1 };
                self.product(builder, shape, [output, weights, input], [columns; 3], None)?;
                self.scale_rows(builder, frame, layer, output, columns)?;
                let biases = self.number_at(builder, frame, layer.parameters, layer.layer.biases().start);
                let rows = word(builder, outputs);
                self.call(builder, &services::ADD_BIAS, &[output, biases, rows, columns, frame.stride])
            }
            Stage::AddBias { ref layer, to, channels } => {
                let to = self.at(builder, frame, to);
                let biases = self.number_at(builder, frame, layer.parameters, layer.layer.biases().start);
                let (rows, columns) = (word(builder, layer.layer.outputs), self.numbers(builder, frame, channels));
                self.call(builder, &services::ADD_BIAS, &[to, biases, rows, columns, frame.stride])
            }
            Stage::AffineAlong { ref layer, direction, input, carried, output, channels } => {
                let [input, output] = [input, output].map(|place| self.at(builder, frame, place));
                self.affine_along(builder, frame, (layer, direction), [input, output], channels, carried)
            }
            Stage::Scale { ref layer, from, to, channels } => {
                let [from, to] = [from, to].map(|place| self.at(builder, frame, place));
                let columns = self.numbers(builder, frame, channels);
                let count = builder.ins().imul_imm_s(columns, layer.layer.outputs as i64);
                self.call(builder, &services::COPY, &[from, to, count])?;
                self.scale_rows(builder, frame, layer, to, columns)
            }
            Stage::Transposed { ref layer, from, to, channels, add } => {
                let [from, to] = [from, to].map(|place| self.at(builder, frame, place));
                let Layer { inputs, outputs, .. } = layer.layer;
                let weights = self.number_at(builder, frame, layer.parameters, layer.layer.weights().start);
                let columns = self.numbers(builder, frame, channels);
                let shape = Shape { m: inputs, k: outputs, a_row: 1, a_column: inputs };
                self.product(builder, shape, [to, weights, from], [columns; 3], add.then_some(1.0))
            }
            Stage::LayerRows { ref layer, inputs, cotangents, scaled, channels, to } => {
                self.layer_rows(builder, frame, layer, [inputs, cotangents, scaled, to], channels)
            }
            Stage::LayerSums { ref layer, inputs, cotangents, scaled, channels, output } => {
                let places = [inputs, cotangents, scaled];
                self.layer_sums(builder, frame, layer, places, channels, frame.outputs[output])
            }
            Stage::Seed { to, weight, from, factor } => {
                let [to, from] = [to, from].map(|place| self.at(builder, frame, place));
                let weight = self.row_or_null(builder, frame, weight);
                let factor = self.constant(builder, factor);
                self.call(builder, &services::SEED, &[to, weight, from, factor, frame.stride])
            }
            Stage::AddWeighted { to, weight, from, rows } => {
                let [to, weight, from] = [to, weight, from].map(|place| self.at(builder, frame, place));
                let rows = word(builder, rows);
                self.call(builder, &services::ADD_WEIGHTED, &[to, weight, from, rows, frame.stride])
            }
            Stage::Dot { output, weight, a, b, factor } => {
                let [weight, a] = [weight, a].map(|place| self.at(builder, frame, place));
                let b = self.row_or_null(builder, frame, b);
                let factor = self.constant(builder, factor);
                let arguments = [frame.outputs[output], weight, a, b, factor, frame.stride];
                self.call(builder, &services::WEIGHTED_DOT, &arguments)
            }
            Stage::LayerMoments { ref layer, inputs, cotangents, weight, channels, output } => {
                let (start, half) = (frame.outputs[output], routine.outputs[output].numbers() / 2);
                self.layer_moments(builder, frame, layer, [inputs, cotangents, weight], channels, (start, half))
            }
            Stage::RowMoments { from, rows, weight, output, first } => {
                let [from, weight] = [from, weight].map(|place| self.at(builder, frame, place));
                let (start, half) = (frame.outputs[output], routine.outputs[output].numbers() / 2);
                let (rows, [sums, squares]) = (word(builder, rows), self.halves(builder, (start, half), first));
                let arguments = [sums, squares, weight, from, rows, frame.stride, frame.stride];
                self.call(builder, &services::ROW_MOMENTS, &arguments)
            }
            Stage::Outer { output, a, rows, b, columns } => {
                let [a, b] = [a, b].map(|place| self.at(builder, frame, place));
                let [rows, columns] = [rows, columns].map(|count| word(builder, count));
                let arguments = [frame.outputs[output], a, b, rows, columns, frame.stride];
                self.call(builder, &services::OUTER, &arguments)
            }
        }
    }

    fn row_or_null(&self, builder: &mut FunctionBuilder<'_>, frame: &Frame<'_>, place: Option<Place>) -> ir::Value {
        match place {
            Some(place) => self.at(builder, frame, place),
            None => word(builder, 0),
        }
    }

    fn store(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        from: Place,
        rows: usize,
        (output, first): (usize, usize),
    ) -> Result<(), CodegenError> {
        let from = self.at(builder, frame, from);
        let count = word(builder, rows);
        super::counted(builder, count, 1, |builder, row| {
            let offset = builder.ins().imul(row, frame.row);
            let source = builder.ins().iadd(from, offset);
            let row = builder.ins().iadd_imm_s(row, first as i64);
            let target = self.column(builder, frame, frame.outputs[output], row);
            self.call(builder, &services::COPY, &[source, target, frame.count])
        })
    }

    /// Fills the table of addresses and runs a tape.
    fn run(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        runner: FuncId,
        rows: usize,
        lanes: &[Source],
    ) -> Result<(), CodegenError> {
        let table = builder.ins().iadd_imm_s(frame.work, frame.workspace.table as i64);
        for (i, lane) in lanes.iter().enumerate() {
            let (address, step) = match *lane {
                Source::Lane(Lane { place, step }) => {
                    (self.at(builder, frame, place), self.bytes_of_rows(builder, frame, place.buffer, step))
                }
                Source::Numbers { array, first, step } => {
                    (self.number_at(builder, frame, array, first), word(builder, step * self.bytes()))
                }
            };
            builder.ins().store(memory(), address, table, (8 * i) as i32);
            builder.ins().store(memory(), step, table, (8 * (2 * lanes.len() + i)) as i32);
        }
        let scratch = builder.ins().iadd_imm_s(frame.work, frame.workspace.scratch as i64);
        let rows = word(builder, rows);
        let callee = self.callee(builder, runner);
        builder.ins().call(callee, &[rows, frame.stride, table, scratch]);
        Ok(())
    }

    /// `out = a b`, or `out += factor a b`; columns are those of the product, and from row to row of b and out.
    fn product(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        shape: Shape,
        [out, a, b]: [ir::Value; 3],
        [n, b_stride, out_stride]: [ir::Value; 3],
        add: Option<f64>,
    ) -> Result<(), CodegenError> {
        let [m, k, a_row, a_column] = [shape.m, shape.k, shape.a_row, shape.a_column].map(|w| word(builder, w));
        let factor = self.constant(builder, add.unwrap_or(1.0));
        let add = word(builder, usize::from(add.is_some()));
        let arguments = [out, a, b, m, k, n, a_row, a_column, b_stride, out_stride, factor, add];
        self.call(builder, &services::PRODUCT, &arguments)
    }

    fn scale_rows(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        layer: &LayerAt,
        out: ir::Value,
        columns: ir::Value,
    ) -> Result<(), CodegenError> {
        let Some(scales) = layer.layer.scales() else { return Ok(()) };
        let scales = self.number_at(builder, frame, layer.parameters, scales.start);
        let rows = word(builder, layer.layer.outputs);
        self.call(builder, &services::SCALE_ROWS, &[out, scales, rows, columns])
    }

    fn affine_along(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        (layer, direction): (&LayerAt, Parameters),
        [input, output]: [ir::Value; 2],
        channels: usize,
        carried: bool,
    ) -> Result<(), CodegenError> {
        let Layer { inputs, outputs, .. } = layer.layer;
        let first = layer.layer.weights().start;
        let weights = self.number_at(builder, frame, layer.parameters, first);
        let slopes = self.number_at(builder, frame, direction, first);
        let shape = Shape { m: outputs, k: inputs, a_row: inputs, a_column: 1 };
        let jet = self.numbers(builder, frame, channels);
        let width = self.numbers(builder, frame, 3 * channels);
        let jet_bytes = builder.ins().imul_imm_s(frame.row, channels as i64);
        let first_order = builder.ins().iadd(output, jet_bytes);
        let second_order = builder.ins().iadd(first_order, jet_bytes);
        let rows = word(builder, outputs);
        if carried {
            self.product(builder, shape, [output, weights, input], [width; 3], None)?;
            self.product(builder, shape, [first_order, slopes, input], [jet, width, width], Some(1.0))?;
            let raised = builder.ins().iadd(input, jet_bytes);
            self.product(builder, shape, [second_order, slopes, raised], [jet, width, width], Some(2.0))?;
        } else {
            self.product(builder, shape, [output, weights, input], [jet, jet, width], None)?;
            self.product(builder, shape, [first_order, slopes, input], [jet, jet, width], None)?;
            let width_bytes = builder.ins().imul_imm_s(jet_bytes, 3);
            super::counted(builder, rows, 1, |builder, row| {
                let offset = builder.ins().imul(row, width_bytes);
                let at = builder.ins().iadd(second_order, offset);
                self.call(builder, &services::ZERO, &[at, jet])
            })?;
        }
        self.scale_rows(builder, frame, layer, output, width)?;
        if let Some(scales) = layer.layer.scales() {
            let slopes = self.number_at(builder, frame, direction, scales.start);
            self.call(builder, &services::SCALE_JETS, &[output, slopes, rows, jet])?;
        }
        for (parameters, out) in [(layer.parameters, output), (direction, first_order)] {
            let biases = self.number_at(builder, frame, parameters, layer.layer.biases().start);
            self.call(builder, &services::ADD_BIAS, &[out, biases, rows, width, frame.stride])?;
        }
        Ok(())
    }

    fn layer_rows(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        layer: &LayerAt,
        [inputs, cotangents, scaled, to]: [Place; 4],
        channels: usize,
    ) -> Result<(), CodegenError> {
        let own = layer.layer;
        let row_of = |p: usize| to.plus(p - own.start);
        let apart = frame.stride_of(to.buffer);
        let [inputs, cotangents, scaled] = [inputs, cotangents, scaled].map(|place| self.at(builder, frame, place));
        let [m, k, c] = [own.outputs, own.inputs, channels].map(|count| word(builder, count));
        let products = self.at(builder, frame, row_of(own.weights().start));
        self.call(builder, &services::CHANNEL_PRODUCTS, &[products, scaled, inputs, m, k, c, frame.stride, apart])?;
        let biases = self.at(builder, frame, row_of(own.biases().start));
        let columns = self.numbers(builder, frame, channels);
        self.call(builder, &services::FIRST_CHANNELS, &[biases, cotangents, m, columns, frame.stride, apart])?;
        let Some(scales) = own.scales() else { return Ok(()) };
        let rows = self.at(builder, frame, row_of(scales.start));
        let weights = self.number_at(builder, frame, layer.parameters, own.weights().start);
        self.call(builder, &services::WEIGHTED_ROWS, &[rows, weights, products, m, k, frame.stride, apart])
    }

    fn layer_moments(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        layer: &LayerAt,
        places: [Place; 3],
        channels: usize,
        output: (ir::Value, usize),
    ) -> Result<(), CodegenError> {
        let own = layer.layer;
        let [inputs, cotangents, weight] = places.map(|place| self.at(builder, frame, place));
        let [m, k, c] = [own.outputs, own.inputs, channels].map(|count| word(builder, count));
        let [sums, squares] = self.halves(builder, output, own.weights().start);
        let arguments = [sums, squares, weight, cotangents, inputs, m, k, c, frame.stride];
        self.call(builder, &services::CHANNEL_MOMENTS, &arguments)?;
        let columns = self.numbers(builder, frame, channels);
        let [sums, squares] = self.halves(builder, output, own.biases().start);
        let arguments = [sums, squares, weight, cotangents, m, columns, frame.stride];
        self.call(builder, &services::ROW_MOMENTS, &arguments)
    }

    /// A number of both halves of an output, of which the second begins so many numbers behind the first.
    fn halves(
        &self,
        builder: &mut FunctionBuilder<'_>,
        (start, half): (ir::Value, usize),
        number: usize,
    ) -> [ir::Value; 2] {
        [number, half + number].map(|number| builder.ins().iadd_imm_s(start, (number * self.bytes()) as i64))
    }

    fn layer_sums(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        frame: &Frame<'_>,
        layer: &LayerAt,
        [inputs, cotangents, scaled]: [Place; 3],
        channels: usize,
        output: ir::Value,
    ) -> Result<(), CodegenError> {
        let (own, bytes) = (layer.layer, self.bytes());
        let sum_at = |builder: &mut FunctionBuilder<'_>, p: usize| builder.ins().iadd_imm_s(output, (p * bytes) as i64);
        let [inputs, cotangents, scaled] = [inputs, cotangents, scaled].map(|place| self.at(builder, frame, place));
        let [m, k] = [own.outputs, own.inputs].map(|count| word(builder, count));
        let columns = self.numbers(builder, frame, channels);
        let sums = sum_at(builder, own.weights().start);
        match own.scales() {
            None => self.call(builder, &services::OUTER, &[sums, scaled, inputs, m, k, columns])?,
            Some(scales) => {
                let part = builder.ins().iadd_imm_s(frame.work, frame.workspace.spare as i64);
                let count = word(builder, own.weights().len());
                self.call(builder, &services::ZERO, &[part, count])?;
                self.call(builder, &services::OUTER, &[part, scaled, inputs, m, k, columns])?;
                self.call(builder, &services::ADD, &[part, sums, count])?;
                let weights = self.number_at(builder, frame, layer.parameters, own.weights().start);
                let scales = sum_at(builder, scales.start);
                self.call(builder, &services::WEIGHTED_SUMS, &[scales, weights, part, m, k])?;
            }
        }
        let biases = sum_at(builder, own.biases().start);
        self.call(builder, &services::ROW_SUMS, &[biases, cotangents, m, columns, frame.stride])
    }
}

/// A matrix of parameters: rows, columns, and the numbers from one to the next.
#[derive(Clone, Copy)]
struct Shape {
    m: usize,
    k: usize,
    a_row: usize,
    a_column: usize,
}

/// Returns with a code where a condition holds.
fn refuse(builder: &mut FunctionBuilder<'_>, condition: ir::Value, code: i64) {
    let [wrong, right] = std::array::from_fn(|_| builder.create_block());
    builder.ins().brif(condition, wrong, &[], right, &[]);
    builder.switch_to_block(wrong);
    let code = builder.ins().iconst(I32, code);
    builder.ins().return_(&[code]);
    builder.switch_to_block(right);
}

fn word(builder: &mut FunctionBuilder<'_>, value: usize) -> ir::Value {
    builder.ins().iconst(I64, value as i64)
}

fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
