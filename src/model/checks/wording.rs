//! Places and numbers as people write them.

use crate::expr::Graph;
use crate::geometry::Side;

use super::super::Model;

/// `2nd`
pub(super) fn ordinal(n: u8) -> String {
    let ending = match (n % 10, n % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

/// `one condition`, `2 conditions`
pub(super) fn counted(n: usize, noun: &str) -> String {
    match n {
        0 => format!("no {noun}"),
        1 => format!("one {noun}"),
        _ => format!("{n} {noun}s"),
    }
}

/// A number with three significant digits or fewer.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", value + 0.0);
    }
    let magnitude = value.abs().log10().floor();
    if !(-3.0..5.0).contains(&magnitude) {
        let text = format!("{value:.2e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", without_trailing_zeros(digits));
    }
    let decimals = (2.0 - magnitude).max(0.0) as usize;
    without_trailing_zeros(&format!("{value:.decimals$}")).to_owned()
}

fn without_trailing_zeros(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// `x = 2*pi`: an end of an axis, exactly.
pub(super) fn face(model: &Model, axis: usize, side: Side) -> String {
    let axis = &model.axes[axis];
    let end = axis.ends[usize::from(side == Side::Upper)];
    format!("{} = {}", axis.name, display_number(&model.graph, end))
}

fn display_number(graph: &Graph, constant: crate::expr::Expr) -> String {
    graph.display(constant, &crate::expr::Names::default())
}

/// `t = 0.31, x = 0.42`; the axes beyond the sixth are left out.
pub(super) fn point(model: &Model, point: &[f64]) -> String {
    let coordinates = model.axes.iter().zip(point);
    let mut parts: Vec<String> =
        coordinates.take(6).map(|(axis, value)| format!("{} = {}", axis.name, number(*value))).collect();
    if model.axes.len() > 6 {
        parts.push("...".to_owned());
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-29.88, "-29.9"),
            (0.5, "0.5"),
            (1234.56, "1235"),
            (1e6, "1e6"),
            (2.5e-7, "2.5e-7"),
            (0.001234, "0.00123"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn lists_and_ordinals_read_as_english() {
        assert_eq!([1, 2, 3, 4, 11, 12, 13, 21].map(ordinal).join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st");
        assert_eq!(counted(1, "condition") + ", " + &counted(2, "condition"), "one condition, 2 conditions");
    }
}
