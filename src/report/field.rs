//! Fields over two axes as coloured pictures.

use super::axes::{Frame, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_TOP, Scale, TICK_SIZE, range_of, ticks};
use super::canvas::{Anchor, Area, Canvas, Pen};
use super::colour::{BLACK, ColourMap};
use super::figure::PlotError;

const BAR_GAP: f64 = 12.0;
const BAR_WIDTH: f64 = 14.0;
const BAR_LABELS: f64 = 58.0;

/// A field on a grid, with a colour bar.
#[derive(Clone, Debug, Default)]
pub struct FieldPlot {
    /// Title, above the plot.
    pub title: String,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Name of the vertical axis.
    pub y_label: String,
    /// Horizontal coordinates, ascending, at least two.
    pub x: Vec<f64>,
    /// Vertical coordinates, ascending, at least two.
    pub y: Vec<f64>,
    /// Values, `y` fastest: the value at (x\[i\], y\[j\]) is number i * y.len() + j. What is not a number is grey.
    pub values: Vec<f64>,
    /// Signed distances from the boundary of the domain at the same points: where they are positive is outside, and grey.
    /// Empty if everything is inside.
    pub distances: Vec<f64>,
    /// Whether both axes have the same scale, as axes in space do.
    pub equal: bool,
    /// Lines of the boundary, drawn in black.
    pub outlines: Vec<Vec<(f64, f64)>>,
    /// From values to colours.
    pub colours: ColourMap,
    /// Values at the ends of the colour bar; that of the data if left out. Plots side by side should share it.
    pub range: Option<(f64, f64)>,
}

impl FieldPlot {
    /// Whether grid and values belong together.
    pub(super) fn check(&self) -> Result<(), PlotError> {
        let sound =
            |axis: &[f64]| axis.len() >= 2 && axis.is_sorted_by(|a, b| a < b) && axis.iter().all(|v| v.is_finite());
        for (name, axis) in [(&self.x_label, &self.x), (&self.y_label, &self.y)] {
            if !sound(axis) {
                return Err(PlotError::Axis { name: name.clone() });
            }
        }
        let expected = self.x.len() * self.y.len();
        for found in [self.values.len(), self.distances.len()] {
            if found != expected && (found != 0 || self.values.len() != expected) {
                return Err(PlotError::Values { found, expected });
            }
        }
        Ok(())
    }

    /// The smallest and the largest finite value: for plots that share a range.
    pub fn data_range(&self) -> (f64, f64) {
        let inside = |i: &usize| self.distances.get(*i).is_none_or(|distance| *distance <= 0.0);
        range_of((0..self.values.len()).filter(inside).map(|i| self.values[i]))
    }

    fn colour_range(&self) -> (f64, f64) {
        let (lower, upper) = self.range.unwrap_or_else(|| self.data_range());
        match self.colours {
            ColourMap::Diverging => {
                let largest = lower.abs().max(upper.abs());
                (-largest, largest)
            }
            _ => range_of([lower, upper]),
        }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, panel: Area) {
        let right = BAR_GAP + BAR_WIDTH + BAR_LABELS;
        let whole = Area {
            x: panel.x + MARGIN_LEFT,
            y: panel.y + MARGIN_TOP,
            width: panel.width - MARGIN_LEFT - right,
            height: panel.height - MARGIN_TOP - MARGIN_BOTTOM,
        };
        let ends = |axis: &[f64]| (axis[0], axis[axis.len() - 1]);
        let area = if self.equal { whole.with_one_scale(ends(&self.x), ends(&self.y)) } else { whole };
        // Whole numbers, so that the pixels of the picture are whole pixels of a PNG.
        let area =
            Area { x: area.x.round(), y: area.y.round(), width: area.width.round(), height: area.height.round() };
        let (lower, upper) = self.colour_range();
        let colour = |value: f64| self.colours.at((value - lower) / (upper - lower));
        canvas.image(area, area.width as usize, self.pixels(area).map(colour).collect());
        let frame = Frame {
            title: &self.title,
            x_label: &self.x_label,
            y_label: &self.y_label,
            x: Scale::linear(ends(&self.x), area.x, area.right()),
            y: Scale::linear(ends(&self.y), area.bottom(), area.y),
            grid: false,
        };
        for outline in &self.outlines {
            let on_canvas = |(x, y): (f64, f64)| (frame.x.map(x), frame.y.map(y));
            for line in outline.windows(2) {
                canvas.line(on_canvas(line[0]), on_canvas(line[1]), Pen::solid(BLACK, 1.0));
            }
        }
        frame.draw(canvas, area);
        let bar = Area { x: area.right() + BAR_GAP, width: BAR_WIDTH, ..area };
        self.draw_bar(canvas, bar, (lower, upper));
    }

    /// Values at the middles of the pixels, the top row first.
    fn pixels(&self, area: Area) -> impl Iterator<Item = f64> {
        let (columns, rows) = (area.width as usize, area.height as usize);
        let places = |axis: &[f64], count: usize| -> Vec<(usize, f64)> {
            let (first, last) = (axis[0], axis[axis.len() - 1]);
            (0..count).map(|i| place(axis, first + (last - first) * (i as f64 + 0.5) / count as f64)).collect()
        };
        let (across, up) = (places(&self.x, columns), places(&self.y, rows));
        (0..rows * columns).map(move |pixel| {
            let (at, up) = (across[pixel % columns], up[rows - 1 - pixel / columns]);
            if !self.distances.is_empty() && self.bilinear(&self.distances, at, up) > 0.0 {
                return f64::NAN;
            }
            self.bilinear(&self.values, at, up)
        })
    }

    fn bilinear(&self, values: &[f64], (i, s): (usize, f64), (j, t): (usize, f64)) -> f64 {
        let value = |i: usize, j: usize| values[i * self.y.len() + j];
        let low = (1.0 - s) * value(i, j) + s * value(i + 1, j);
        let high = (1.0 - s) * value(i, j + 1) + s * value(i + 1, j + 1);
        (1.0 - t) * low + t * high
    }

    fn draw_bar(&self, canvas: &mut Canvas, bar: Area, (lower, upper): (f64, f64)) {
        let steps = bar.height as usize;
        // As many equal columns as the bar is wide: viewers that smooth images would blur the edges of a single one.
        let columns = BAR_WIDTH as usize;
        let colour = |k: usize| self.colours.at(1.0 - (k as f64 + 0.5) / steps as f64);
        canvas.image(bar, columns, (0..steps * columns).map(|pixel| colour(pixel / columns)).collect());
        canvas.frame(bar, Pen::solid(BLACK, 1.0));
        let scale = Scale::linear((lower, upper), bar.bottom(), bar.y);
        let marks = ticks(lower, upper, ((bar.height / 32.0) as usize).clamp(2, 6));
        for (value, label) in &marks.marks {
            let at = scale.map(*value);
            canvas.line((bar.right(), at), (bar.right() + 4.0, at), Pen::solid(BLACK, 1.0));
            canvas.text(bar.right() + 7.0, at + 4.0, label, TICK_SIZE, Anchor::Start);
        }
        if let Some(factor) = &marks.factor {
            canvas.text(bar.x, bar.y - 9.0, factor, TICK_SIZE, Anchor::Start);
        }
    }
}

/// The interval of a grid that holds `at`, and how far into it, from 0 to 1.
fn place(axis: &[f64], at: f64) -> (usize, f64) {
    let interval = axis.partition_point(|&node| node <= at).clamp(1, axis.len() - 1) - 1;
    let part = (at - axis[interval]) / (axis[interval + 1] - axis[interval]);
    (interval, part.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilted() -> FieldPlot {
        let (x, y) = (vec![0.0, 1.0, 4.0], vec![0.0, 0.5]);
        let values = x.iter().flat_map(|x| y.iter().map(move |y| x + 10.0 * y)).collect();
        FieldPlot { x, y, values, ..FieldPlot::default() }
    }

    #[test]
    fn pixels_interpolate_on_uneven_grids() {
        let plot = tilted();
        let pixels: Vec<f64> = plot.pixels(Area { x: 0.0, y: 0.0, width: 8.0, height: 2.0 }).collect();
        // A bilinear function is met exactly; the top row has the largest y.
        let expected = |column: usize, row: usize| (column as f64 + 0.5) * 0.5 + 10.0 * [0.375, 0.125][row];
        for (i, value) in pixels.iter().enumerate() {
            assert!((value - expected(i % 8, i / 8)).abs() < 1e-14);
        }
    }

    #[test]
    fn grids_and_values_must_fit() {
        assert!(tilted().check().is_ok());
        let wrong = FieldPlot { values: vec![0.0; 5], ..tilted() };
        assert_eq!(wrong.check().unwrap_err().to_string(), "5 values on a grid of 6 points");
        for x in [vec![], vec![1.0], vec![0.0, 0.0, 1.0], vec![0.0, f64::NAN, 1.0]] {
            assert!(matches!(FieldPlot { x, ..tilted() }.check(), Err(PlotError::Axis { .. })));
        }
    }

    #[test]
    fn a_diverging_map_is_centred_at_zero() {
        let plot = FieldPlot { colours: ColourMap::Diverging, ..tilted() };
        assert_eq!(plot.colour_range(), (-9.0, 9.0));
    }
}
