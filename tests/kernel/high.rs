//! Numbers of 256 bits, and networks evaluated in them: written from the documentation of `network`, not from its code.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float::{BigFloat, Consts, RoundingMode};
use pdec::network::{Activation, Body, FourierLayer, Shape};

use crate::problems::{Axis, Network};

const PRECISION: usize = 256;
const ROUNDING: RoundingMode = RoundingMode::ToEven;

thread_local! {
    static CONSTANTS: RefCell<Consts> = RefCell::new(Consts::new().expect("memory for the constants"));
}

/// A number of 256 bits.
#[derive(Clone, Debug)]
pub struct High(BigFloat);

impl High {
    pub fn pi() -> Self {
        CONSTANTS.with(|constants| Self(constants.borrow_mut().pi(PRECISION, ROUNDING)))
    }

    fn map(&self, f: impl Fn(&BigFloat, usize, RoundingMode, &mut Consts) -> BigFloat) -> Self {
        CONSTANTS.with(|constants| Self(f(&self.0, PRECISION, ROUNDING, &mut constants.borrow_mut())))
    }

    pub fn exp(&self) -> Self {
        self.map(BigFloat::exp)
    }

    pub fn ln(&self) -> Self {
        self.map(BigFloat::ln)
    }

    pub fn sin(&self) -> Self {
        self.map(BigFloat::sin)
    }

    pub fn cos(&self) -> Self {
        self.map(BigFloat::cos)
    }

    pub fn tanh(&self) -> Self {
        self.map(BigFloat::tanh)
    }

    pub fn sqrt(&self) -> Self {
        Self(self.0.sqrt(PRECISION, ROUNDING))
    }

    /// 2/√π exp(-x²) Σ 2ᵏ x²ᵏ⁺¹ / (2k + 1)!!, in which nothing cancels.
    pub fn erf(&self) -> Self {
        let square = self * self;
        let double_square = &square + &square;
        let (mut term, mut sum, mut odd) = (self.clone(), self.clone(), 1.0);
        while term.0.exponent() > sum.0.exponent().map(|exponent| exponent - PRECISION as i32) {
            odd += 2.0;
            term = &(&term * &double_square) / &High::from(odd);
            sum = &sum + &term;
        }
        &(&(&sum * &(-&square).exp()) * &High::from(2.0)) / &High::pi().sqrt()
    }

    pub fn to_f64(&self) -> f64 {
        let (Some(words), Some(exponent)) = (self.0.mantissa_digits(), self.0.exponent()) else { return f64::NAN };
        // The significand is in [1/2, 1).
        let top = *words.last().expect("a number has a significand") as f64 / 2f64.powi(64);
        let magnitude = top * 2f64.powi(exponent);
        if self.0.is_negative() { -magnitude } else { magnitude }
    }
}

impl From<f64> for High {
    fn from(x: f64) -> Self {
        Self(BigFloat::from_f64(x, PRECISION))
    }
}

macro_rules! operator {
    ($($operator:ident $name:ident),*) => {$(
        impl $operator for &High {
            type Output = High;
            fn $name(self, other: &High) -> High {
                High(self.0.$name(&other.0, PRECISION, ROUNDING))
            }
        }
    )*};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl Neg for &High {
    type Output = High;
    fn neg(self) -> High {
        High(BigFloat::neg(&self.0))
    }
}

fn activation(activation: Activation, z: &High) -> High {
    let one = High::from(1.0);
    let sigmoid = || &one / &(&one + &(-z).exp());
    match activation {
        Activation::Tanh => z.tanh(),
        Activation::Sin => z.sin(),
        Activation::Sigmoid => sigmoid(),
        Activation::Softplus => (&one + &z.exp()).ln(),
        Activation::Gelu => {
            let half = High::from(0.5);
            &(z * &half) * &(&one + &(z / &High::from(2.0).sqrt()).erf())
        }
        Activation::Swish => z * &sigmoid(),
        Activation::Relu => {
            if z.0.is_negative() {
                High::from(0.0)
            } else {
                z.clone()
            }
        }
    }
}

/// The features of each axis.
fn features(axes: &[Axis], network: &Network, point: &[High]) -> Vec<Vec<High>> {
    let (one, two) = (High::from(1.0), High::from(2.0));
    let mut found = Vec::new();
    for &axis in &network.axes {
        let [lower, upper] = axes[axis].ends().map(High::from);
        let fraction = &(&point[axis] - &lower) / &(&upper - &lower);
        if axes[axis].periodic {
            let angle = &(&two * &High::pi()) * &fraction;
            found.push(vec![angle.cos(), angle.sin()]);
        } else {
            found.push(vec![&(&two * &fraction) - &one]);
        }
    }
    found
}

/// What the layers of a network have read of θ so far.
struct Layers<'a> {
    rest: &'a [f64],
}

impl Layers<'_> {
    /// The next layer: weights, biases, and scales s if its weights are diag(exp s) V.
    fn affine(&mut self, input: &[High], outputs: usize, factorised: bool) -> Vec<High> {
        let mut take = |count: usize| {
            let (taken, rest) = self.rest.split_at(count);
            self.rest = rest;
            taken.iter().map(|t| High::from(*t)).collect::<Vec<_>>()
        };
        let (weights, biases) = (take(outputs * input.len()), take(outputs));
        let scales = if factorised { take(outputs) } else { vec![High::from(0.0); outputs] };
        let row = |o: usize| {
            let row = weights[o * input.len()..(o + 1) * input.len()].iter().zip(input);
            let product = row.fold(High::from(0.0), |z, (w, a)| &z + &(w * a));
            &(&product * &scales[o].exp()) + &biases[o]
        };
        (0..outputs).map(row).collect()
    }

    fn layer(&mut self, body: &Body, input: &[High], width: usize) -> Vec<High> {
        let z = self.affine(input, width, body.factorised);
        z.iter().map(|z| activation(body.activation, z)).collect()
    }

    fn chain(&mut self, body: &Body, input: &[High], widths: &[usize]) -> Vec<High> {
        widths.iter().fold(input.to_vec(), |x, &width| self.layer(body, &x, width))
    }

    fn body(&mut self, body: &Body, groups: &[Vec<High>]) -> Vec<High> {
        let input = groups.concat();
        match &body.shape {
            Shape::Mlp(widths) | Shape::Siren(widths) => self.chain(body, &input, widths),
            Shape::Modified { width, depth } => {
                let [u, v] = [(); 2].map(|()| self.layer(body, &input, *width));
                (0..*depth).fold(input, |h, _| gate(&self.layer(body, &h, *width), &u, &v))
            }
            Shape::Pirate { width, blocks } => {
                let [u, v] = [(); 2].map(|()| self.layer(body, &input, *width));
                (0..*blocks).fold(input, |x, _| {
                    let first = gate(&self.layer(body, &x, *width), &u, &v);
                    let second = gate(&self.layer(body, &first, *width), &u, &v);
                    let h = self.layer(body, &second, x.len());
                    let alpha = self.affine(&[], 1, false).swap_remove(0);
                    gate(&vec![alpha; x.len()], &h, &x)
                })
            }
            Shape::Residual { width, blocks } => {
                let first = self.layer(body, &input, *width);
                (0..*blocks).fold(first, |x, _| {
                    let h = self.layer(body, &x, *width);
                    let h = self.layer(body, &h, *width);
                    x.iter().zip(&h).map(|(x, h)| x + h).collect()
                })
            }
            Shape::Separable { widths, rank } => groups.iter().fold(vec![High::from(1.0); *rank], |product, group| {
                let x = self.chain(body, group, widths);
                let factor = self.affine(&x, *rank, body.factorised);
                product.iter().zip(&factor).map(|(a, b)| a * b).collect()
            }),
        }
    }
}

/// `f u + (1 - f) v`
fn gate(f: &[High], u: &[High], v: &[High]) -> Vec<High> {
    let one = High::from(1.0);
    f.iter().zip(u).zip(v).map(|((f, u), v)| &(f * u) + &(&(&one - f) * v)).collect()
}

/// The first output of a network whose parameters are all of θ.
pub fn first_output(axes: &[Axis], network: &Network, theta: &[f64], point: &[High]) -> High {
    let mut groups = features(axes, network, point);
    if let Some(encoding) = network.architecture.encoding {
        let inputs = groups.concat();
        let fourier = FourierLayer::new(encoding, inputs.len());
        let angles = Layers { rest: &fourier.parameters }.affine(&inputs, 2 * encoding.frequencies, false);
        groups = vec![angles.iter().map(High::sin).collect()];
    }
    let mut layers = Layers { rest: theta };
    for body in &network.architecture.bodies {
        groups = vec![layers.body(body, &groups)];
    }
    let factorised = network.architecture.bodies.last().is_some_and(|body| body.factorised);
    let outputs = layers.affine(&groups.concat(), network.fields, factorised);
    assert!(layers.rest.is_empty(), "θ has {} numbers too many", layers.rest.len());
    outputs[0].clone()
}
