//! From an architecture to its operations.

use super::initial::Start;
use super::layout::Layer;
use super::op::{Op, Operand, Pointwise};
use super::spec::{Body, Initial, Shape};

/// Makes the operations of a network one by one.
#[derive(Debug)]
pub(super) struct Builder {
    pub layers: Vec<Layer>,
    pub starts: Vec<Start>,
    pub ops: Vec<Op>,
    /// How many rows the result of each operation has.
    pub rows: Vec<usize>,
    /// Whether what the next body takes are the rescaled coordinates themselves.
    pub raw: bool,
    /// What the next body takes, group by group: the features of each axis, or one value.
    current: Vec<(Operand, usize)>,
    position: usize,
}

impl Builder {
    /// Starts with groups of features, and with the layers from a position of θ on.
    pub fn new(groups: &[usize], position: usize) -> Self {
        let mut first = 0;
        let group = |&count: &usize| {
            first += count;
            (Operand::Features { first: first - count, count }, count)
        };
        let current = groups.iter().map(group).collect();
        let (layers, starts, ops, rows) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { layers, starts, ops, rows, raw: true, current, position }
    }

    /// Appends a body.
    pub fn body(&mut self, body: &Body) {
        let input = self.input();
        let result = match &body.shape {
            Shape::Mlp(widths) | Shape::Siren(widths) => self.chain(body, input, widths),
            Shape::Modified { width, depth } => self.modified(body, input, *width, *depth),
            Shape::Pirate { width, blocks } => self.pirate(body, input, *width, *blocks),
            Shape::Residual { width, blocks } => self.residual(body, input, *width, *blocks),
            Shape::Separable { widths, rank } => self.separable(body, widths, *rank),
        };
        self.current = vec![result];
        self.raw = false;
    }

    /// Appends the layer of outputs behind the last body.
    pub fn outputs_of(&mut self, body: Option<&Body>, outputs: usize) {
        let start = body.and_then(uniform_start).unwrap_or(Start::Plain);
        self.output(outputs, body.is_some_and(|body| body.factorised), start);
    }

    /// Appends an output layer.
    pub fn output(&mut self, outputs: usize, factorised: bool, start: Start) {
        let input = self.input();
        self.affine(input, outputs, factorised, start);
    }

    /// All that the next body takes, as one operand.
    fn input(&self) -> (Operand, usize) {
        match self.current[..] {
            [one] => one,
            _ => {
                let count = self.current.iter().map(|(_, count)| count).sum();
                (Operand::Features { first: 0, count }, count)
            }
        }
    }

    fn affine(
        &mut self,
        (input, inputs): (Operand, usize),
        outputs: usize,
        factorised: bool,
        start: Start,
    ) -> (Operand, usize) {
        let layer = Layer { inputs, outputs, start: self.position, factorised };
        self.position = layer.all().end;
        self.layers.push(layer);
        self.starts.push(start);
        self.push(Op::Affine { layer: self.layers.len() - 1, input }, outputs)
    }

    fn pointwise(&mut self, function: Pointwise, operands: &[Operand], rows: usize) -> (Operand, usize) {
        self.push(Op::Pointwise { function, operands: operands.to_vec() }, rows)
    }

    fn push(&mut self, op: Op, rows: usize) -> (Operand, usize) {
        self.ops.push(op);
        self.rows.push(rows);
        (Operand::Value(self.ops.len() - 1), rows)
    }

    /// `σ(W x + b)`
    fn layer(&mut self, body: &Body, input: (Operand, usize), width: usize, start: Start) -> (Operand, usize) {
        let (z, _) = self.affine(input, width, body.factorised, start);
        self.pointwise(Pointwise::Activation(body.activation), &[z], width)
    }

    /// How a layer on the input of a body starts.
    fn first(&self, body: &Body) -> Start {
        if self.raw { Start::Spread { slope: body.scale } } else { Start::Hidden { slope: body.scale } }
    }

    fn chain(&mut self, body: &Body, input: (Operand, usize), widths: &[usize]) -> (Operand, usize) {
        let mut x = input;
        for (depth, &width) in widths.iter().enumerate() {
            let start = uniform_start(body).unwrap_or_else(|| match (&body.shape, depth) {
                (Shape::Siren(_), 0) => Start::Waves { bound: body.scale / x.1 as f64 },
                (Shape::Siren(_), _) => Start::Waves { bound: (6.0 / x.1 as f64).sqrt() },
                (_, 0) => self.first(body),
                _ => Start::Hidden { slope: 1.0 },
            });
            x = self.layer(body, x, width, start);
        }
        x
    }

    fn modified(&mut self, body: &Body, input: (Operand, usize), width: usize, depth: usize) -> (Operand, usize) {
        if depth == 0 {
            return input;
        }
        let first = self.first(body);
        let [(u, _), (v, _)] = [(); 2].map(|()| self.layer(body, input, width, first.clone()));
        let mut h = input;
        for layer in 0..depth {
            let start = if layer == 0 { first.clone() } else { Start::Hidden { slope: 1.0 } };
            let (f, _) = self.layer(body, h, width, start);
            h = self.pointwise(Pointwise::Gate, &[f, u, v], width);
        }
        h
    }

    fn pirate(&mut self, body: &Body, input: (Operand, usize), width: usize, blocks: usize) -> (Operand, usize) {
        if blocks == 0 {
            return input;
        }
        let [(u, _), (v, _)] = [(); 2].map(|()| self.layer(body, input, width, Start::Glorot));
        let mut x = input;
        for _ in 0..blocks {
            let mut h = x;
            for _ in 0..2 {
                let (f, _) = self.layer(body, h, width, Start::Glorot);
                h = self.pointwise(Pointwise::Gate, &[f, u, v], width);
            }
            let (h, _) = self.layer(body, h, x.1, Start::Glorot);
            let nothing = (Operand::Features { first: 0, count: 0 }, 0);
            let (alpha, _) = self.affine(nothing, 1, false, Start::Numbers(vec![0.0]));
            x = self.pointwise(Pointwise::Gate, &[alpha, h, x.0], x.1);
        }
        x
    }

    fn residual(&mut self, body: &Body, input: (Operand, usize), width: usize, blocks: usize) -> (Operand, usize) {
        let first = self.first(body);
        let mut x = self.layer(body, input, width, first);
        for _ in 0..blocks {
            let mut h = x;
            for _ in 0..2 {
                h = self.layer(body, h, width, Start::Hidden { slope: 1.0 });
            }
            x = self.pointwise(Pointwise::Sum, &[x.0, h.0], width);
        }
        x
    }

    fn separable(&mut self, body: &Body, widths: &[usize], rank: usize) -> (Operand, usize) {
        let mut product: Option<Operand> = None;
        for group in self.current.clone() {
            let x = self.chain(body, group, widths);
            let (factor, _) = self.affine(x, rank, body.factorised, Start::Factor);
            product = Some(match product {
                None => factor,
                Some(product) => self.pointwise(Pointwise::Product, &[product, factor], rank).0,
            });
        }
        // Without any axis there is nothing to multiply.
        product.map_or_else(|| self.input(), |product| (product, rank))
    }
}

/// How every layer of a body starts, where all start alike.
fn uniform_start(body: &Body) -> Option<Start> {
    match body.initial {
        Initial::Spread => None,
        Initial::Glorot => Some(Start::Glorot),
        Initial::Normal => Some(Start::Normal { deviation: body.scale }),
    }
}
