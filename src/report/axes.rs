//! Scales, ticks and the frame around a plot.

use super::canvas::{Anchor, Area, Canvas, Pen};
use super::colour::{BLACK, PALE};

pub(super) const TITLE_SIZE: u32 = 15;
pub(super) const LABEL_SIZE: u32 = 14;
pub(super) const TICK_SIZE: u32 = 12;
const TICK_LENGTH: f64 = 5.0;

/// Space around the frame of a plot.
pub(super) const MARGIN_LEFT: f64 = 74.0;
pub(super) const MARGIN_RIGHT: f64 = 18.0;
pub(super) const MARGIN_TOP: f64 = 40.0;
pub(super) const MARGIN_BOTTOM: f64 = 54.0;

/// Beyond this ratio of its sides, a plot with one scale for both axes would be a thin strip.
const LARGEST_RATIO: f64 = 6.0;

impl Area {
    /// The largest part, in the middle, on which both ranges have the same scale; all of it where that is too thin.
    pub(super) fn with_one_scale(self, x: (f64, f64), y: (f64, f64)) -> Area {
        let (across, up) = (x.1 - x.0, y.1 - y.0);
        if !(1.0 / LARGEST_RATIO..=LARGEST_RATIO).contains(&(across / up)) {
            return self;
        }
        let scale = (self.width / across).min(self.height / up);
        let (width, height) = (across * scale, up * scale);
        Area { x: self.x + 0.5 * (self.width - width), y: self.y + 0.5 * (self.height - height), width, height }
    }
}

/// About the width of a text; digits of the font are 0.636 of its size wide.
pub(super) fn text_width(text: &str, size: u32) -> f64 {
    text.chars().count() as f64 * f64::from(size) * 0.62
}

/// From data to a coordinate of the canvas.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    lower: f64,
    upper: f64,
    logarithmic: bool,
    from: f64,
    to: f64,
}

impl Scale {
    pub fn linear((lower, upper): (f64, f64), from: f64, to: f64) -> Self {
        Self { lower, upper, logarithmic: false, from, to }
    }

    /// Of the decimal logarithm; the range is one of positive data.
    pub fn logarithmic((lower, upper): (f64, f64), from: f64, to: f64) -> Self {
        Self { lower: lower.log10(), upper: upper.log10(), logarithmic: true, from, to }
    }

    pub fn map(self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10() } else { value };
        self.from + (value - self.lower) / (self.upper - self.lower) * (self.to - self.from)
    }

    pub fn ticks(self, at_most: usize) -> Ticks {
        if self.logarithmic {
            log_ticks(self.lower, self.upper, at_most)
        } else {
            ticks(self.lower, self.upper, at_most)
        }
    }
}

/// The smallest and largest finite values, made to differ; [0, 1] if there are none.
pub(super) fn range_of(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|v| v.is_finite());
    let (lower, upper) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if lower > upper {
        return (0.0, 1.0);
    }
    let least = f64::MIN_POSITIVE.sqrt().max(1e-12 * lower.abs().max(upper.abs()));
    if upper - lower < least {
        let pad = if lower == 0.0 { 1.0 } else { 0.5 * lower.abs() };
        return (lower - pad, upper + pad);
    }
    (lower, upper)
}

/// Where an axis is marked.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ticks {
    /// Values of the data, with what is written there.
    pub marks: Vec<(f64, String)>,
    /// What all labels are to be multiplied by, such as `×10⁻³`.
    pub factor: Option<String>,
}

/// Multiples of 1, 2 or 5 times a power of ten.
pub(super) fn ticks(lower: f64, upper: f64, at_most: usize) -> Ticks {
    let step = nice_step((upper - lower) / at_most.max(1) as f64);
    let slack = 1e-9 * (upper - lower);
    let (first, last) = (((lower - slack) / step).ceil() as i64, ((upper + slack) / step).floor() as i64);
    let largest = lower.abs().max(upper.abs());
    let exponent = largest.log10().floor() as i32;
    let exponent = if (-2..4).contains(&exponent) { 0 } else { exponent };
    let unit = 10f64.powi(exponent);
    let decimals = (-(step / unit).log10().floor()).clamp(0.0, 12.0) as usize;
    let mark = |k: i64| {
        let value = k as f64 * step;
        (value, minus(&format!("{:.decimals$}", value / unit)))
    };
    let marks = (first..=last.min(first.saturating_add(50))).map(mark).collect();
    Ticks { marks, factor: (exponent != 0).then(|| format!("×{}", power_of_ten(exponent))) }
}

fn nice_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * power >= raw * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

/// Whole decades between two decimal logarithms; at least one of them is marked if it is in the range.
fn log_ticks(lower: f64, upper: f64, at_most: usize) -> Ticks {
    let (first, last) = ((lower - 1e-9).ceil() as i32, (upper + 1e-9).floor() as i32);
    let decades = (last - first).max(0) as usize + 1;
    let step = [1, 2, 3, 5, 10, 20, 50, 100].into_iter().find(|step| decades.div_ceil(*step) <= at_most).unwrap_or(200);
    let start = first.div_euclid(step as i32) * step as i32;
    let exponents = (start..=last).step_by(step).filter(|e| *e >= first);
    Ticks { marks: exponents.map(|e| (10f64.powi(e), power_of_ten(e))).collect(), factor: None }
}

/// `10⁻³`
pub(super) fn power_of_ten(exponent: i32) -> String {
    let superscript = |c: char| match c.to_digit(10) {
        Some(digit) => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize],
        None => '⁻',
    };
    format!("10{}", exponent.to_string().chars().map(superscript).collect::<String>())
}

/// A minus sign as wide as a plus, and none before zero.
fn minus(number: &str) -> String {
    match number.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        Some(rest) => format!("\u{2212}{rest}"),
        None => number.to_owned(),
    }
}

/// What stands around a plot.
pub(super) struct Frame<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    pub y_label: &'a str,
    pub x: Scale,
    pub y: Scale,
    pub grid: bool,
}

impl Frame<'_> {
    /// Draws box, ticks and labels around `area`.
    pub fn draw(&self, canvas: &mut Canvas, area: Area) {
        let fit = |length: f64, each: f64| ((length / each) as usize).clamp(2, 10);
        let (x, y) = (self.x.ticks(fit(area.width, 55.0)), self.y.ticks(fit(area.height, 32.0)));
        self.draw_grid(canvas, area, &x, &y);
        let pen = Pen::solid(BLACK, 1.0);
        canvas.frame(area, pen);
        for (value, label) in &x.marks {
            let at = self.x.map(*value);
            canvas.line((at, area.bottom()), (at, area.bottom() + TICK_LENGTH), pen);
            canvas.text(at, area.bottom() + 19.0, label, TICK_SIZE, Anchor::Middle);
        }
        for (value, label) in &y.marks {
            let at = self.y.map(*value);
            canvas.line((area.x - TICK_LENGTH, at), (area.x, at), pen);
            canvas.text(area.x - 8.0, at + 4.0, label, TICK_SIZE, Anchor::End);
        }
        if let Some(factor) = &x.factor {
            canvas.text(area.right(), area.bottom() + 36.0, factor, TICK_SIZE, Anchor::End);
        }
        if let Some(factor) = &y.factor {
            canvas.text(area.x - 8.0, area.y - 9.0, factor, TICK_SIZE, Anchor::End);
        }
        self.draw_labels(canvas, area, &y);
    }

    fn draw_grid(&self, canvas: &mut Canvas, area: Area, x: &Ticks, y: &Ticks) {
        if self.grid {
            for at in x.marks.iter().map(|(value, _)| self.x.map(*value)) {
                canvas.line((at, area.y), (at, area.bottom()), Pen::solid(PALE, 1.0));
            }
            for at in y.marks.iter().map(|(value, _)| self.y.map(*value)) {
                canvas.line((area.x, at), (area.right(), at), Pen::solid(PALE, 1.0));
            }
        }
    }

    fn draw_labels(&self, canvas: &mut Canvas, area: Area, y: &Ticks) {
        let middle = area.x + 0.5 * area.width;
        canvas.bold_text(middle, area.y - 13.0, self.title, TITLE_SIZE, Anchor::Middle);
        canvas.text(middle, area.bottom() + 41.0, self.x_label, LABEL_SIZE, Anchor::Middle);
        let widest = y.marks.iter().map(|(_, label)| text_width(label, TICK_SIZE)).fold(0.0, f64::max);
        let x = (area.x - 20.0 - widest).max(area.x - MARGIN_LEFT + f64::from(LABEL_SIZE));
        canvas.upward_text(x, area.y + 0.5 * area.height, self.y_label, LABEL_SIZE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.marks.iter().map(|(_, label)| &label[..]).collect()
    }

    #[test]
    fn linear_ticks() {
        assert_eq!(labels(&ticks(0.0, 1.0, 5)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&ticks(-1.0, 1.0, 5)), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        let small = ticks(-3.2e-9, 2.1e-9, 4);
        assert_eq!((labels(&small), small.factor.as_deref()), (vec!["−2", "0", "2"], Some("×10⁻⁹")));
        let large = ticks(0.0, 20_000.0, 4);
        assert_eq!((labels(&large), large.factor.as_deref()), (vec!["0.0", "0.5", "1.0", "1.5", "2.0"], Some("×10⁴")));
    }

    #[test]
    fn one_scale_for_both_axes() {
        let area = Area { x: 10.0, y: 20.0, width: 300.0, height: 200.0 };
        let square = area.with_one_scale((-1.0, 1.0), (0.0, 2.0));
        assert_eq!((square.x, square.y, square.width, square.height), (60.0, 20.0, 200.0, 200.0));
        let flat = area.with_one_scale((0.0, 6.0), (0.0, 1.0));
        assert_eq!((flat.x, flat.y, flat.width, flat.height), (10.0, 95.0, 300.0, 50.0));
        assert_eq!(area.with_one_scale((0.0, 100.0), (0.0, 1.0)).height, 200.0);
    }

    #[test]
    fn decades() {
        let scale = Scale::logarithmic((3e-12, 2.0), 0.0, 1.0);
        assert_eq!(labels(&scale.ticks(5)), ["10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
        assert_eq!(scale.map(3e-12), 0.0);
        assert!((scale.map(2.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn ranges_have_width() {
        assert_eq!(range_of([f64::NAN, 2.0, 1.0, f64::INFINITY]), (1.0, 2.0));
        assert_eq!(range_of([]), (0.0, 1.0));
        assert_eq!(range_of([0.0]), (-1.0, 1.0));
        assert_eq!(range_of([4.0, 4.0]), (2.0, 6.0));
        for bounds in [(0.0, 5e-324), (1e308, -1e308), (1e-300, 2e-300), (1e15, 1e15 + 0.1)] {
            let (lower, upper) = range_of([bounds.0, bounds.1]);
            assert!(ticks(lower, upper, 5).marks.len() < 60, "{bounds:?}");
        }
    }
}
