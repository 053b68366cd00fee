//! Formulas whose operation counts are known: the same for the tests of simplification and for its table.

/// Which formulas belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Residuals and their derivatives in all jet variables.
    Jacobian,
    /// The same with half the sum of their squares, its gradient and its Hessian.
    Squares,
    /// An energy density, its gradient and its Hessian.
    Energy,
    /// A function of `u` and its derivatives up to the fourth.
    Orders,
}

/// Formulas, and which of their derivatives belong to them.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub name: &'static str,
    pub fields: &'static [&'static str],
    pub formulas: &'static [&'static str],
    pub family: Family,
}

/// Axes of all formulas.
pub const AXES: [&str; 3] = ["t", "x", "y"];

pub const KNOWN: [Known; 8] = [
    Known {
        name: "Poisson",
        fields: &["u"],
        formulas: &["u_xx + u_yy + 2*pi^2*sin(pi*x)*sin(pi*y)"],
        family: Family::Jacobian,
    },
    Known { name: "Burgers", fields: &["u"], formulas: &["u_t + u*u_x - 0.01/pi*u_xx"], family: Family::Jacobian },
    Known {
        name: "Navier-Stokes",
        fields: &["u", "v", "p"],
        formulas: &[
            "u*u_x + v*u_y + p_x - 1/100*(u_xx + u_yy)",
            "u*v_x + v*v_y + p_y - 1/100*(v_xx + v_yy)",
            "u_x + v_y",
        ],
        family: Family::Squares,
    },
    Known { name: "minimal surface", fields: &["u"], formulas: &["sqrt(1 + u_x^2 + u_y^2)"], family: Family::Energy },
    Known { name: "p-Laplacian", fields: &["u"], formulas: &["1/3*(u_x^2 + u_y^2)^(3/2)"], family: Family::Energy },
    Known {
        name: "neo-Hookean",
        fields: &["u", "v"],
        formulas: &["3/2*((1 + u_x)^2 + u_y^2 + v_x^2 + (1 + v_y)^2 - 2 - 2*log((1 + u_x)*(1 + v_y) - u_y*v_x)) \
             + 5/2*log((1 + u_x)*(1 + v_y) - u_y*v_x)^2"],
        family: Family::Energy,
    },
    Known {
        name: "Kuramoto-Sivashinsky",
        fields: &["u"],
        formulas: &["u_t + u*u_x + u_xx + u_xxxx"],
        family: Family::Squares,
    },
    Known { name: "tanh", fields: &["u"], formulas: &["tanh(u)"], family: Family::Orders },
];
