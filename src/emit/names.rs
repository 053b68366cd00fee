//! Names of a problem as identifiers of C, Fortran and Python.

use std::collections::BTreeSet;

/// What arguments must not be called: those that every kernel has, and words of the three languages.
const RESERVED: &str = "n work theta weights residual jacobian loss gradient gram hessian first second jets cotangents \
    direction product auto break case char const continue default do double else enum extern float for goto if inline int \
    long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while \
    bool class new delete this template try catch throw using namespace operator private public virtual friend and or not \
    def lambda in is from import pass raise with yield None True False int64_t int32_t";

/// Letters that formulas like, in words.
const GREEK: [(char, &str); 24] = [
    ('α', "alpha"),
    ('β', "beta"),
    ('γ', "gamma"),
    ('δ', "delta"),
    ('ε', "epsilon"),
    ('ζ', "zeta"),
    ('η', "eta"),
    ('θ', "theta"),
    ('ι', "iota"),
    ('κ', "kappa"),
    ('λ', "lambda"),
    ('μ', "mu"),
    ('ν', "nu"),
    ('ξ', "xi"),
    ('ο', "omicron"),
    ('π', "pi"),
    ('ρ', "rho"),
    ('σ', "sigma"),
    ('τ', "tau"),
    ('υ', "upsilon"),
    ('φ', "phi"),
    ('χ', "chi"),
    ('ψ', "psi"),
    ('ω', "omega"),
];

/// Letters, digits and `_`, the first a letter.
pub fn identifier(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match GREEK.iter().find(|(letter, _)| *letter == c) {
            Some((_, word)) => text.push_str(word),
            None if c.is_ascii_alphanumeric() => text.push(c),
            None if text.ends_with('_') => {}
            None => text.push('_'),
        }
    }
    let text = text.trim_end_matches('_');
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { text.to_owned() } else { format!("v{text}") }
}

/// Identifiers of one function: no two are the same, even where case does not count.
#[derive(Default)]
pub struct Identifiers(BTreeSet<String>);

impl Identifiers {
    /// Those that are taken already.
    pub fn taken<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
        Self(names.into_iter().map(|name| name.to_lowercase()).collect())
    }

    /// An identifier for a name, with `_` behind it while it is taken.
    pub fn take(&mut self, name: &str) -> String {
        let mut found = identifier(name);
        while RESERVED.split_whitespace().any(|word| word.eq_ignore_ascii_case(&found))
            || !self.0.insert(found.to_lowercase())
        {
            found.push('_');
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        for (name, expected) in
            [("u_xx", "u_xx"), ("θ", "theta_"), ("x[1]", "x_1"), ("2u", "v2u"), ("d(u, x, 2)", "d_u_x_2")]
        {
            assert_eq!(Identifiers::default().take(name), expected);
        }
        let mut identifiers = Identifiers::default();
        assert_eq!(["T", "t", "n", "if"].map(|name| identifiers.take(name)), ["T", "t_", "n_", "if_"]);
    }
}
