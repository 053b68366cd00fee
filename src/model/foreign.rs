//! What people call things who come from elsewhere: other languages, other tools, the blackboard.

use crate::expr::Function;

/// What to write instead of a function that is called otherwise elsewhere, or does not exist here.
pub(super) fn function(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if let Some(known) = renamed(&lower) {
        return Some(format!("here it is called `{known}`"));
    }
    if let Some(formula) = composed(&lower) {
        return Some(format!("write {formula}"));
    }
    SPECIAL.iter().any(|special| is_kind_of(&lower, special)).then(|| {
        format!(
            "there is no such function here; there are {} and sqrt, and `table(\"file.csv\")` interpolates values that \
             were computed elsewhere",
            Function::ALL.map(Function::name).join(", ")
        )
    })
}

/// The same function under its name here.
fn renamed(lower: &str) -> Option<&'static str> {
    Some(match lower {
        "ln" | "loge" => "log",
        "arcsin" => "asin",
        "arccos" => "acos",
        "arctan" => "atan",
        "fabs" => "abs",
        "sgn" | "signum" => "sign",
        "heaviside" | "theta" | "h" | "unitstep" => "step",
        "laplacian" | "laplace" | "nabla2" | "del2" => "lap",
        "gradient" | "nabla" => "grad",
        "divergence" => "div",
        "rot" => "curl",
        "diff" | "derivative" | "deriv" | "partial" => "d",
        "inner" => "dot",
        "real" => "re",
        "imag" => "im",
        "int" | "integrate" => "integral",
        "maximum" => "max",
        "minimum" => "min",
        _ => return CALLED.iter().copied().find(|known| *known == lower),
    })
}

/// What a function is in terms of those that exist, in words and formulas.
fn composed(lower: &str) -> Option<&'static str> {
    Some(match lower {
        "log10" => "`log(x)/log(10)`: `log` is the natural logarithm",
        "log2" => "`log(x)/log(2)`: `log` is the natural logarithm",
        "log1p" => "`log(1 + x)`",
        "expm1" => "`exp(x) - 1`",
        "exp2" => "`2^x`",
        "atan2" | "arctan2" => {
            "`2*atan(y/(x + sqrt(x^2 + y^2)))` for the angle of (x, y), everywhere but at y = 0, x <= 0, where it jumps"
        }
        "pow" | "power" => "`x^n` for a power",
        "square" => "`x^2`",
        "cbrt" => "`sign(x)*abs(x)^(1/3)`",
        "hypot" => "`sqrt(x^2 + y^2)`",
        "norm" | "magnitude" => "`abs(x)` of a number, `sqrt(norm2(v))` of a vector",
        "erfc" => "`1 - erf(x)`",
        "sec" => "`1/cos(x)`",
        "csc" => "`1/sin(x)`",
        "cot" => "`cos(x)/sin(x)`",
        "coth" => "`cosh(x)/sinh(x)`",
        "asinh" | "arcsinh" => "`log(x + sqrt(x^2 + 1))`",
        "acosh" | "arccosh" => "`log(x + sqrt(x^2 - 1))`",
        "atanh" | "arctanh" => "`1/2*log((1 + x)/(1 - x))`",
        "sigmoid" => "`1/(1 + exp(-x))`",
        "relu" => "`max(x, 0)`",
        "where" | "select" | "piecewise" | "ifelse" => "`if x < 1/2 then 1 else 0`",
        "dx" | "dy" | "dz" | "dt" | "grad_x" | "grad_y" | "grad_z" => {
            "`u_x` for a derivative, or `d(expression, x)`, with the axis that is meant"
        }
        _ => return None,
    })
}

/// Functions that some languages write with a capital letter.
const CALLED: [&str; 13] =
    ["sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh", "abs", "sign", "max", "min"];

/// Functions that no formula of the language is: what follows their names is an order, a kind or nothing.
const SPECIAL: [&str; 19] = [
    "besselj", "bessely", "besseli", "besselk", "bessel", "hankel", "airy", "gamma", "lgamma", "beta", "zeta", "floor",
    "ceil", "round", "mod", "fmod", "rand", "legendre", "hermite",
];

fn is_kind_of(lower: &str, special: &str) -> bool {
    lower.strip_prefix(special).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || "aip_".contains(c)))
}

/// The shape that is called otherwise elsewhere, and how it is written.
pub(super) fn shape(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "circle" => "here it is called `disk`: `disk((0, 0), 1)`, centre and radius",
        "sphere" => "here it is called `ball`: `ball((0, 0, 0), 1)`, centre and radius",
        "rectangle" | "rect" | "square" => "here it is called `box`: `box((0, 0), (2, 1))`, two opposite corners",
        "cuboid" | "cube" | "hypercube" | "brick" => {
            "here it is called `box`: `box((0, 0, 0), (1, 1, 1))`, two opposite corners"
        }
        "cylinder" => "a cylinder is a disk times an axis: `domain (x, y) in disk((0, 0), 1), z in [0, 1]`",
        "prism" => {
            "a prism is a polygon times an axis: `domain (x, y) in polygon((0, 0), (1, 0), (0, 1)), z in [0, 1]`"
        }
        "ring" | "shell" => "here it is called `annulus`: `annulus((0, 0), 1/2, 1)`, centre and radii",
        "triangle" | "quadrilateral" => "here it is called `polygon`: `polygon((0, 0), (1, 0), (0, 1))`, its corners",
        "segment" | "line" => "here it is called `interval`: `interval(0, 1)`, its ends",
        _ => return None,
    })
}

/// The name here of an option, a sampler or a method of other tools.
pub(super) fn word(name: &str) -> Option<&'static str> {
    Some(match name.to_lowercase().as_str() {
        "activation" | "activations" => "act",
        "batch_size" | "batchsize" | "minibatch" => "batch",
        "iterations" | "iters" | "iter" | "epochs" | "max_iter" | "maxiter" | "max_steps" | "num_steps" => "steps",
        "learning_rate" | "step_size" | "rate" => "lr",
        "lr_decay" => "decay",
        "random" | "rand" | "pseudo" | "monte_carlo" | "mc" => "uniform",
        "halton" | "hammersley" | "quasi" | "qmc" => "sobol",
        "latin" | "latin_hypercube" | "lhc" => "lhs",
        "gaussian" | "quadrature" | "gauss_legendre" | "legendre" => "gauss",
        "equispaced" | "linspace" | "regular" | "tensor" => "grid",
        "loss_weight" | "lambda" | "penalty" => "weight",
        _ => return None,
    })
}

/// What to write for a name that other languages know.
pub(super) fn name(name: &str) -> Option<&'static str> {
    match name {
        "PI" | "Pi" | "π" => Some("write `pi`"),
        "inf" | "Inf" | "INF" | "infinity" | "oo" | "∞" => {
            Some("axes are bounded: choose an end beyond which nothing happens, such as 10")
        }
        "i" | "j" | "I" => Some("the imaginary unit is written `1i`"),
        "true" | "True" => Some("write `1`, or the comparison itself behind `if`"),
        "false" | "False" => Some("write `0`, or the comparison itself behind `if`"),
        "n" => Some("the outward normal is `normal`, its components are `normal.x` and so on"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_special_functions_are_known() {
        for name in ["besselj", "BesselJ0", "airyai", "gamma", "floor", "legendrep"] {
            assert!(function(name).is_some_and(|help| help.contains("no such function")), "{name}");
        }
        for name in ["gammastar", "betrag", "modulus", "f"] {
            assert_eq!(function(name), None, "{name}");
        }
    }
}
