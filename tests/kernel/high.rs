//! Numbers of 256 bits, and networks evaluated in them: written from the documentation of `network`, not from its code.

use std::cell::RefCell;
use std::ops::{Add, Div, Mul, Neg, Sub};

use astro_float::{BigFloat, Consts, RoundingMode};
use pdec::network::Activation;

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

fn features(axes: &[Axis], network: &Network, point: &[High]) -> Vec<High> {
    let (one, two) = (High::from(1.0), High::from(2.0));
    let mut found = Vec::new();
    for &axis in &network.axes {
        let [lower, upper] = axes[axis].ends().map(High::from);
        let fraction = &(&point[axis] - &lower) / &(&upper - &lower);
        if axes[axis].periodic {
            let angle = &(&two * &High::pi()) * &fraction;
            found.extend([angle.cos(), angle.sin()]);
        } else {
            found.push(&(&two * &fraction) - &one);
        }
    }
    found
}

/// The first output of a network whose parameters are all of θ.
pub fn first_output(axes: &[Axis], network: &Network, theta: &[f64], point: &[High]) -> High {
    let mut values = features(axes, network, point);
    let mut rest = theta;
    let depth = network.widths.len();
    for (layer, &width) in network.widths.iter().chain([&network.fields]).enumerate() {
        let (weights, behind) = rest.split_at(width * values.len());
        let (biases, behind) = behind.split_at(width);
        rest = behind;
        let neuron = |(row, bias): (&[f64], &f64)| {
            let z = row.iter().zip(&values).fold(High::from(*bias), |z, (w, a)| &z + &(&High::from(*w) * a));
            if layer < depth { activation(network.activation, &z) } else { z }
        };
        values = weights.chunks_exact(values.len()).zip(biases).map(neuron).collect();
    }
    assert!(rest.is_empty(), "θ has {} numbers too many", rest.len());
    values.swap_remove(0)
}
