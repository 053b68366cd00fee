//! Which condition holds where, before any training.

use super::axes::{Frame, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, Scale, TICK_SIZE};
use super::canvas::{Anchor, Area, Canvas, Pen};
use super::colour::{Colour, GREY, palette};
use super::figure::PlotError;
use super::lines::{LEGEND_STEP, legend_width};

const INTERIOR: &str = "equations";
const FACE_WIDTH: f64 = 6.0;
const WHITE: Colour = (255, 255, 255);

/// The condition of a statement and where it holds, in the two axes of the plot.
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
    /// Whether both axes have the same scale, as axes in space do.
    pub equal: bool,
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

    /// The space that the legend takes beside the plot.
    pub(super) fn legend_width(&self) -> f64 {
        legend_width(self.pieces.iter().map(|piece| &piece.name[..]).chain([INTERIOR]))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, panel: Area) {
        let right = self.legend_width() + MARGIN_RIGHT;
        let area = Area {
            x: panel.x + MARGIN_LEFT,
            y: panel.y + MARGIN_TOP,
            width: panel.width - MARGIN_LEFT - right,
            height: panel.height - MARGIN_TOP - MARGIN_BOTTOM,
        };
        let area = if self.equal { area.with_one_scale(self.x_range, self.y_range) } else { area };
        let x = Scale::linear(self.x_range, area.x, area.right());
        let y = Scale::linear(self.y_range, area.bottom(), area.y);
        let map = |(a, b): (f64, f64)| (x.map(a), y.map(b));
        let inside = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
            points.iter().filter(|(a, b)| a.is_finite() && b.is_finite()).map(|point| map(*point)).collect()
        };
        canvas.dots(&inside(&self.interior), 1.3, GREY);
        let (title, x_label, y_label) = (&self.title, &self.x_label, &self.y_label);
        Frame { title, x_label, y_label, x, y, grid: false }.draw(canvas, area);
        for (index, piece) in self.pieces.iter().enumerate() {
            for [from, to] in &piece.segments {
                canvas.line(map(*from), map(*to), Pen::solid(palette(index), FACE_WIDTH));
            }
        }
        let mut at = area.y + 12.0;
        for (index, piece) in self.pieces.iter().enumerate() {
            let (colour, is_face) = (palette(index), !piece.segments.is_empty());
            draw_points(canvas, &inside(&piece.points), colour, is_face);
            let left = area.right() + 12.0;
            if is_face {
                canvas.line((left, at), (left + 26.0, at), Pen::solid(colour, FACE_WIDTH));
            }
            draw_points(canvas, &[(left + 13.0, at)], colour, is_face);
            canvas.text(left + 32.0, at + 4.0, &piece.name, TICK_SIZE, Anchor::Start);
            at += LEGEND_STEP;
        }
        if !self.interior.is_empty() {
            canvas.dots(&[(area.right() + 25.0, at)], 1.3, GREY);
            canvas.text(area.right() + 44.0, at + 4.0, INTERIOR, TICK_SIZE, Anchor::Start);
        }
    }
}

/// White on a coloured face, coloured elsewhere.
fn draw_points(canvas: &mut Canvas, points: &[(f64, f64)], colour: Colour, on_face: bool) {
    if on_face { canvas.dots(points, 1.5, WHITE) } else { canvas.dots(points, 3.0, colour) }
}
