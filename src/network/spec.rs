//! What a `network` statement asks for.

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

/// A multilayer perceptron: hidden widths and the activation between its layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// Widths of the hidden layers.
    pub widths: Vec<usize>,
    /// The activation of every hidden layer.
    pub activation: Activation,
    /// Standard deviation of the slopes with which the first layer starts, on inputs rescaled to [-1, 1].
    ///
    /// The waves that a `sin` network starts from have about this angular frequency; solutions that oscillate faster
    /// want more.
    pub scale: f64,
}

impl Mlp {
    /// A network that starts with slopes of size 1.
    pub fn new(widths: Vec<usize>, activation: Activation) -> Self {
        Self { widths, activation, scale: 1.0 }
    }
}
