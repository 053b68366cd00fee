//! What people call things who come from elsewhere: other languages, other tools, the blackboard.

/// The name in this language for a function that is called otherwise elsewhere.
pub(super) fn function(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    Some(match lower.as_str() {
        "ln" | "log10" | "log2" | "loge" => "log",
        "arcsin" => "asin",
        "arccos" => "acos",
        "arctan" | "atan2" => "atan",
        "fabs" | "norm" | "magnitude" => "abs",
        "sgn" | "signum" => "sign",
        "heaviside" | "theta" | "h" | "unitstep" => "step",
        "laplacian" | "laplace" | "nabla2" | "del2" => "lap",
        "gradient" | "nabla" => "grad",
        "divergence" => "div",
        "rot" => "curl",
        "diff" | "derivative" | "deriv" | "dx" | "dt" | "grad_x" | "partial" => "d",
        "inner" => "dot",
        "real" => "re",
        "imag" => "im",
        "int" | "integrate" => "integral",
        "maximum" => "max",
        "minimum" => "min",
        "sin" | "cos" | "tan" | "exp" | "log" | "sqrt" | "tanh" | "sinh" | "cosh" | "abs" | "sign" | "max" | "min" => {
            return CALLED.iter().copied().find(|known| *known == lower);
        }
        _ => return None,
    })
}

/// Functions that some languages write with a capital letter.
const CALLED: [&str; 13] =
    ["sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh", "abs", "sign", "max", "min"];

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
