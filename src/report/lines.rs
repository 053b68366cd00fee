//! Curves: fields over one axis, and the course of a training.

use super::axes::{
    Frame, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, Scale, TICK_SIZE, range_of, text_width,
};
use super::canvas::{Anchor, Area, Canvas, Pen};
use super::colour::{BLACK, Colour, palette};
use super::figure::PlotError;

/// More points than this on a curve are thinned out: they cannot be seen.
const MOST_POINTS: usize = 2000;
const LEGEND_LINE: f64 = 26.0;
pub(super) const LEGEND_STEP: f64 = 21.0;

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineStyle {
    /// A full line.
    #[default]
    Solid,
    /// A dashed line: for what is known, such as the exact solution.
    Dashed,
}

/// One curve.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Name in the legend.
    pub name: String,
    /// Horizontal coordinates.
    pub x: Vec<f64>,
    /// Vertical coordinates, as many; what is not finite (on a logarithmic scale: not positive) is a gap.
    pub y: Vec<f64>,
    /// How it is drawn.
    pub style: LineStyle,
}

/// Scale of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AxisScale {
    /// Proportional.
    #[default]
    Linear,
    /// Decades.
    Logarithmic,
}

impl AxisScale {
    /// Whether a value has a place on the axis.
    fn shows(self, value: f64) -> bool {
        value.is_finite() && (self == AxisScale::Linear || value > 0.0)
    }
}

/// Curves over one axis, the legend at their right.
#[derive(Clone, Debug, Default)]
pub struct LinePlot {
    /// Title, above the plot.
    pub title: String,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Name of the vertical axis.
    pub y_label: String,
    /// The curves; later ones lie on earlier ones.
    pub curves: Vec<Curve>,
    /// Scale of the horizontal axis; on a logarithmic one what is not positive is left out.
    pub x_scale: AxisScale,
    /// Scale of the vertical axis.
    pub y_scale: AxisScale,
}

/// Loss, its terms, and errors against step or time, on a logarithmic scale.
#[derive(Clone, Debug, Default)]
pub struct LossPlot {
    /// Title, above the plot.
    pub title: String,
    /// `step`, or `time (s)`.
    pub x_label: String,
    /// Step or time of every entry.
    pub x: Vec<f64>,
    /// The loss.
    pub loss: Vec<f64>,
    /// The terms of the loss by their names.
    pub terms: Vec<(String, Vec<f64>)>,
    /// Relative errors by their names, dashed.
    pub errors: Vec<(String, Vec<f64>)>,
}

impl LossPlot {
    /// The same as curves.
    pub fn into_lines(self) -> LinePlot {
        let Self { title, x_label, x, loss, terms, errors } = self;
        let curve = |name, y, style| Curve { name, x: x.clone(), y, style };
        let mut curves = vec![curve("loss".to_owned(), loss, LineStyle::Solid)];
        curves.extend(terms.into_iter().map(|(name, y)| curve(name, y, LineStyle::Solid)));
        curves.extend(errors.into_iter().map(|(name, y)| curve(name, y, LineStyle::Dashed)));
        LinePlot { title, x_label, curves, y_scale: AxisScale::Logarithmic, ..LinePlot::default() }
    }
}

impl LinePlot {
    pub(super) fn check(&self) -> Result<(), PlotError> {
        match self.curves.iter().find(|curve| curve.x.len() != curve.y.len()) {
            Some(curve) => Err(PlotError::Values { found: curve.y.len(), expected: curve.x.len() }),
            None => Ok(()),
        }
    }

    /// One curve alone needs no legend: title and axis name it.
    fn legend(&self) -> Vec<(&str, Pen)> {
        let entries = self.curves.iter().enumerate().map(|(i, curve)| (&curve.name[..], pen(i, curve.style)));
        entries.filter(|_| self.curves.len() > 1).collect()
    }

    /// The space that the legend takes beside the plot.
    pub(super) fn legend_width(&self) -> f64 {
        legend_width(self.legend().into_iter().map(|(name, _)| name))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, panel: Area) {
        let legend = self.legend();
        let right = self.legend_width() + MARGIN_RIGHT;
        let area = Area {
            x: panel.x + MARGIN_LEFT,
            y: panel.y + MARGIN_TOP,
            width: panel.width - MARGIN_LEFT - right,
            height: panel.height - MARGIN_TOP - MARGIN_BOTTOM,
        };
        let (x, y) = self.scales(area);
        let (title, x_label, y_label) = (&self.title, &self.x_label, &self.y_label);
        Frame { title, x_label, y_label, x, y, grid: true }.draw(canvas, area);
        for (index, curve) in self.curves.iter().enumerate() {
            self.draw_curve(canvas, curve, x, y, pen(index, curve.style));
        }
        let mut at = area.y + 12.0;
        for (name, pen) in legend {
            canvas.line((area.right() + 12.0, at), (area.right() + 12.0 + LEGEND_LINE, at), pen);
            canvas.text(area.right() + 18.0 + LEGEND_LINE, at + 4.0, name, TICK_SIZE, Anchor::Start);
            at += LEGEND_STEP;
        }
    }

    fn scales(&self, area: Area) -> (Scale, Scale) {
        let range = |scale: AxisScale, of: fn(&Curve) -> &Vec<f64>| {
            range_of(self.curves.iter().flat_map(of).copied().filter(|&value| scale.shows(value)))
        };
        let x = range(self.x_scale, |curve| &curve.x);
        let (lower, upper) = range(self.y_scale, |curve| &curve.y);
        let x = match self.x_scale {
            AxisScale::Linear => Scale::linear(x, area.x, area.right()),
            AxisScale::Logarithmic => Scale::logarithmic(whole_decades(x), area.x, area.right()),
        };
        let y = match self.y_scale {
            AxisScale::Linear => {
                let pad = 0.05 * (upper - lower);
                Scale::linear((lower - pad, upper + pad), area.bottom(), area.y)
            }
            AxisScale::Logarithmic => Scale::logarithmic(whole_decades((lower, upper)), area.bottom(), area.y),
        };
        (x, y)
    }

    fn draw_curve(&self, canvas: &mut Canvas, curve: &Curve, x: Scale, y: Scale, pen: Pen) {
        let stride = curve.x.len().div_ceil(MOST_POINTS).max(1);
        let shown = |i: &usize| i.is_multiple_of(stride) || i + 1 == curve.x.len();
        let mut piece = Vec::new();
        for i in (0..curve.x.len()).filter(shown) {
            if self.x_scale.shows(curve.x[i]) && self.y_scale.shows(curve.y[i]) {
                piece.push((x.map(curve.x[i]), y.map(curve.y[i])));
            } else {
                draw_piece(canvas, std::mem::take(&mut piece), pen);
            }
        }
        draw_piece(canvas, piece, pen);
    }
}

/// The decades around a range, which also keep a constant away from the frame.
fn whole_decades((lower, upper): (f64, f64)) -> (f64, f64) {
    let decade = |v: f64, round: fn(f64) -> f64| 10f64.powf(round(v.log10()).clamp(-300.0, 300.0));
    let lower = if lower > 0.0 { lower } else { 0.1 * upper };
    let (lower, upper) = (decade(lower, f64::floor), decade(upper, f64::ceil));
    (lower, if upper > lower { upper } else { 10.0 * lower })
}

fn draw_piece(canvas: &mut Canvas, points: Vec<(f64, f64)>, pen: Pen) {
    match points.len() {
        0 => {}
        1 => canvas.dots(&points, 2.0, pen.colour),
        _ => canvas.polyline(points, pen),
    }
}

/// The first curve is black and stronger.
fn pen(index: usize, style: LineStyle) -> Pen {
    let colour: Colour = if index == 0 { BLACK } else { palette(index - 1) };
    Pen { colour, width: if index == 0 { 2.2 } else { 1.7 }, dashed: style == LineStyle::Dashed }
}

/// The space that a legend takes; none without names.
pub(super) fn legend_width<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let widest = names.map(|name| text_width(name, TICK_SIZE)).reduce(f64::max);
    widest.map_or(0.0, |width| LEGEND_LINE + 24.0 + width)
}
