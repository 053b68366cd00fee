//! Which condition holds where, before any training.

use super::axes::{Frame, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, Scale, TICK_SIZE};
use super::canvas::{Anchor, Area, Canvas, Pen};
use super::colour::{Colour, GREY, palette};
use super::figure::PlotError;
use super::lines::{LEGEND_STEP, legend_width};

/// A condition and where it holds, in the two axes of the plot.
#[derive(Clone, Debug, Default)]
pub struct ConditionPiece {
    /// Its text, such as `bc u = 0`.
    pub name: String,
    /// Straight parts of the boundary that it covers.
    pub segments: Vec<[(f64, f64); 2]>,
    /// Its sample points.
    pub points: Vec<(f64, f64)>,
}

/// A box with its faces coloured by the condition that holds there, and the samples.
#[derive(Clone, Debug, Default)]
pub struct ConditionsPlot {
    /// Title, above the plot.
    pub title: String,
    /// Name of the horizontal axis.
    pub x_label: String,
    /// Name of the vertical axis.
    pub y_label: String,
    /// Range of the horizontal axis.
    pub x_range: (f64, f64),
    /// Range of the vertical axis.
    pub y_range: (f64, f64),
    /// The conditions. Parts of the frame that none covers stay thin and black.
    pub pieces: Vec<ConditionPiece>,
    /// Sample points of the equations, in grey.
    pub interior: Vec<(f64, f64)>,
}

impl ConditionsPlot {
    pub(super) fn check(&self) -> Result<(), PlotError> {
        for (name, (lower, upper)) in [(&self.x_label, self.x_range), (&self.y_label, self.y_range)] {
            if !(lower < upper && (upper - lower).is_finite()) {
                return Err(PlotError::Axis { name: name.clone() });
            }
        }
        Ok(())
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, panel: Area) {
        const INTERIOR: &str = "equations";
        let right = legend_width(self.pieces.iter().map(|piece| &piece.name[..]).chain([INTERIOR])) + MARGIN_RIGHT;
        let area = Area {
            x: panel.x + MARGIN_LEFT,
            y: panel.y + MARGIN_TOP,
            width: panel.width - MARGIN_LEFT - right,
            height: panel.height - MARGIN_TOP - MARGIN_BOTTOM,
        };
        let x = Scale::linear(self.x_range, area.x, area.right());
        let y = Scale::linear(self.y_range, area.bottom(), area.y);
        let map = |(a, b): (f64, f64)| (x.map(a), y.map(b));
        let inside = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
            points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()).map(|point| map(*point)).collect()
        };
        canvas.dots(&inside(&self.interior), 1.3, GREY);
        let (title, x_label, y_label) = (&self.title, &self.x_label, &self.y_label);
        Frame { title, x_label, y_label, x, y, grid: false }.draw(canvas, area);
        let mut at = area.y + 12.0;
        let mut legend = |canvas: &mut Canvas, name: &str, colour: Colour, is_face: bool| {
            let (left, middle) = (area.right() + 12.0, area.right() + 25.0);
            if is_face {
                canvas.line((left, at), (left + 26.0, at), Pen::solid(colour, 5.0));
            }
            canvas.dots(&[(middle, at)], if is_face { 2.6 } else { 1.3 }, colour);
            canvas.text(left + 32.0, at + 4.0, name, TICK_SIZE, Anchor::Start);
            at += LEGEND_STEP;
        };
        for (index, piece) in self.pieces.iter().enumerate() {
            let colour = palette(index);
            for [from, to] in &piece.segments {
                canvas.line(map(*from), map(*to), Pen::solid(colour, 5.0));
            }
            canvas.dots(&inside(&piece.points), 2.6, colour);
            legend(canvas, &piece.name, colour, !piece.segments.is_empty());
        }
        if !self.interior.is_empty() {
            legend(canvas, INTERIOR, GREY, false);
        }
    }
}
