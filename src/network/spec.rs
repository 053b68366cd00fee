//! What a `network` statement asks for.

use std::collections::BTreeSet;
use std::fmt;

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Activation {
    Tanh,
    Sin,
    Sigmoid,
    Softplus,
    Gelu,
    Swish,
    Relu,
}

impl Activation {
    /// All activations, the default first.
    pub const ALL: [Activation; 7] = [
        Activation::Tanh,
        Activation::Sin,
        Activation::Sigmoid,
        Activation::Softplus,
        Activation::Gelu,
        Activation::Swish,
        Activation::Relu,
    ];

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Tanh => "tanh",
            Activation::Sin => "sin",
            Activation::Sigmoid => "sigmoid",
            Activation::Softplus => "softplus",
            Activation::Gelu => "gelu",
            Activation::Swish => "swish",
            Activation::Relu => "relu",
        }
    }

    /// The activation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }

    /// The highest order of derivative that is not zero almost everywhere; `None` where all orders exist.
    pub fn smoothness(self) -> Option<usize> {
        (self == Activation::Relu).then_some(1)
    }
}

/// How the weights of a chain of layers start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// First layers whose slopes and bends are spread over the domain, and layers behind them that keep the size of values.
    #[default]
    Spread,
    /// Variance 2/(inputs + outputs), no biases (Glorot and Bengio 2010), outputs included.
    Glorot,
    /// All weights and biases alike, outputs included, as in arXiv 2302.13163.
    Normal,
}

impl Initial {
    /// All of them, the default first.
    pub const ALL: [Initial; 3] = [Initial::Spread, Initial::Glorot, Initial::Normal];

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Initial::Spread => "spread",
            Initial::Glorot => "glorot",
            Initial::Normal => "normal",
        }
    }
}

/// A network: an encoding of its inputs, bodies one behind the other, and one affine layer to the outputs.
///
/// Without bodies it is linear in the (encoded) inputs; without inputs too, it is a list of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Architecture {
    /// What is made of the inputs first.
    pub encoding: Option<Encoding>,
    /// The bodies in order; each takes what the one before it gives.
    pub bodies: Vec<Body>,
}

/// Random Fourier features: cosines and sines of random combinations of the inputs, which are not trained.
///
/// They are a part of the definition of the network: the same for every seed of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    /// How many combinations; each gives a cosine and a sine.
    pub frequencies: usize,
    /// Standard deviation of the angular frequencies, on inputs rescaled to [-1, 1].
    pub scale: f64,
}

/// A stack of hidden layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Body {
    /// How the layers are connected.
    pub shape: Shape,
    /// The activation of every hidden layer.
    pub activation: Activation,
    /// Standard deviation of the slopes with which a first layer starts, on inputs rescaled to [-1, 1].
    ///
    /// The waves that a `sin` network starts from have about this angular frequency; solutions that oscillate faster
    /// want more. Layers behind others start with slopes of this size relative to theirs. With [`Initial::Normal`] it is
    /// the standard deviation of all weights and biases, with [`Initial::Glorot`] nothing.
    pub scale: f64,
    /// How the weights start; anything but [`Initial::Spread`] is for chains alone.
    pub initial: Initial,
    /// Whether the weights are W = diag(exp s) V, with s and V trained (random weight factorisation, Wang, Wang, Seidman
    /// and Perdikaris, arXiv 2210.01274).
    pub factorised: bool,
}

/// How the hidden layers of a body are connected; σ is the activation, every layer affine.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A chain `x ← σ(W x + b)` of the given widths.
    Mlp(Vec<usize>),
    /// A chain of sines that starts as in Sitzmann et al., arXiv 2006.09661, `scale` being their ω₀.
    Siren(Vec<usize>),
    /// Two gates `u, v = σ(W x + b)` of the input, and layers `f = σ(W h + b)`, `h ← f u + (1 - f) v` (Wang, Teng and
    /// Perdikaris, arXiv 2001.04536).
    Modified {
        /// The width of all layers and gates.
        width: usize,
        /// How many layers.
        depth: usize,
    },
    /// Gates as above, and blocks of three layers, two of them gated, with a skip connection `x ← α h + (1 - α) x` whose
    /// α is trained and starts at 0 (Wang, Li, Chen and Perdikaris, arXiv 2402.00326).
    Pirate {
        /// The width of the gated layers; the third layer of a block is as wide as the input.
        width: usize,
        /// How many blocks.
        blocks: usize,
    },
    /// A layer, then blocks `x ← x + σ(W₂ σ(W₁ x + b₁) + b₂)` (E and Yu, arXiv 1710.00211).
    Residual {
        /// The width of all layers.
        width: usize,
        /// How many blocks.
        blocks: usize,
    },
    /// A chain of layers for each axis by itself, with `rank` outputs each, which are multiplied over the axes (Cho et
    /// al., arXiv 2306.15969).
    Separable {
        /// The widths of the hidden layers of each chain.
        widths: Vec<usize>,
        /// The number of products.
        rank: usize,
    },
}

impl Architecture {
    /// A multilayer perceptron that starts with slopes of size 1.
    pub fn mlp(widths: Vec<usize>, activation: Activation) -> Self {
        Self { encoding: None, bodies: vec![Body::new(Shape::Mlp(widths), activation)] }
    }

    /// The activations that occur, by name once each.
    pub fn activations(&self) -> BTreeSet<Activation> {
        self.bodies.iter().map(|body| body.activation).collect()
    }
}

impl Body {
    /// A body that starts with slopes of size 1.
    pub fn new(shape: Shape, activation: Activation) -> Self {
        Self { shape, activation, scale: 1.0, initial: Initial::Spread, factorised: false }
    }
}

/// As the language writes it, with every option.
impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if let Some(Encoding { frequencies, scale }) = self.encoding {
            parts.push(format!("fourier({frequencies}, scale={scale})"));
        }
        parts.extend(self.bodies.iter().map(Body::to_string));
        f.write_str(&parts.join(" -> "))
    }
}

impl fmt::Display for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |widths: &[usize]| widths.iter().map(|width| format!("{width}, ")).collect::<String>();
        let (act, mut scale) = (format!("act={}", self.activation.name()), format!("scale={}", self.scale));
        match self.initial {
            Initial::Spread => {}
            Initial::Glorot => "init=glorot".clone_into(&mut scale),
            Initial::Normal => scale.insert_str(0, "init=normal, "),
        }
        match &self.shape {
            Shape::Mlp(widths) => write!(f, "mlp({}{act}, {scale}", list(widths)),
            Shape::Siren(widths) => write!(f, "siren({}{scale}", list(widths)),
            Shape::Modified { width, depth } => write!(f, "modified({}{act}, {scale}", list(&vec![*width; *depth])),
            Shape::Pirate { width, blocks } => write!(f, "piratenet(width={width}, blocks={blocks}, {act}"),
            Shape::Residual { width, blocks } => write!(f, "resnet(width={width}, blocks={blocks}, {act}, {scale}"),
            Shape::Separable { widths, rank } => write!(f, "separable({}rank={rank}, {act}, {scale}", list(widths)),
        }?;
        // A pirate net is factorised unless it says otherwise.
        let pirate = matches!(self.shape, Shape::Pirate { .. });
        f.write_str(match (self.factorised, pirate) {
            (true, _) => ", rwf=on)",
            (false, true) => ", rwf=off)",
            (false, false) => ")",
        })
    }
}
