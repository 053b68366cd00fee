//! Panels side by side, and their files.

use std::fs;
use std::io;
use std::path::Path;

use super::canvas::{Anchor, Area, Canvas};
use super::conditions::ConditionsPlot;
use super::field::FieldPlot;
use super::lines::{LinePlot, LossPlot};

const PANEL_WIDTH: f64 = 460.0;
const PANEL_HEIGHT: f64 = 370.0;
const TITLE_HEIGHT: f64 = 34.0;
const TITLE_SIZE: u32 = 18;

/// One plot of a figure.
#[derive(Clone, Debug)]
pub enum Panel {
    /// A field over two axes.
    Field(FieldPlot),
    /// Curves.
    Lines(LinePlot),
    /// Where conditions hold.
    Conditions(ConditionsPlot),
}

impl From<FieldPlot> for Panel {
    fn from(plot: FieldPlot) -> Self {
        Panel::Field(plot)
    }
}

impl From<LinePlot> for Panel {
    fn from(plot: LinePlot) -> Self {
        Panel::Lines(plot)
    }
}

impl From<LossPlot> for Panel {
    fn from(plot: LossPlot) -> Self {
        Panel::Lines(plot.into_lines())
    }
}

impl From<ConditionsPlot> for Panel {
    fn from(plot: ConditionsPlot) -> Self {
        Panel::Conditions(plot)
    }
}

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// Neither PNG nor SVG.
    #[error("figures are written as png or svg, not as `{extension}`")]
    Format {
        /// The extension of the file, without its dot.
        extension: String,
    },
    /// Values do not belong to their grid or curve.
    #[error("{found} values on a grid of {expected} points")]
    Values {
        /// Number of values.
        found: usize,
        /// Number of points.
        expected: usize,
    },
    /// An axis needs two different ends, and ascending coordinates.
    #[error("the axis `{name}` has no ascending coordinates")]
    Axis {
        /// Its name.
        name: String,
    },
    /// A figure needs something to show.
    #[error("the figure has no panels")]
    NoPanels,
    /// The plotting library failed.
    #[error("the figure cannot be drawn: {0}")]
    Draw(String),
    /// The file cannot be written.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Panels in rows, all of one height.
#[derive(Clone, Debug, Default)]
pub struct Figure {
    /// Title above all panels; none if empty.
    pub title: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row; as many as there are if zero.
    pub columns: usize,
}

impl Figure {
    /// A row of panels.
    pub fn row(panels: Vec<Panel>) -> Self {
        Self { title: String::new(), panels, columns: 0 }
    }

    /// Writes the figure in the format of the file's extension, `png` or `svg`.
    ///
    /// # Errors
    /// [`PlotError`]; a file that exists is not touched unless the figure was drawn.
    pub fn save(&self, path: &Path) -> Result<(), PlotError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let bytes = match extension.as_str() {
            "png" => self.png()?,
            "svg" => self.svg()?.into_bytes(),
            _ => return Err(PlotError::Format { extension }),
        };
        Ok(fs::write(path, bytes)?)
    }

    /// The figure as text of an SVG file. Fields are embedded as pixels, so that it stays small.
    ///
    /// # Errors
    /// [`PlotError`] except [`PlotError::Io`] and [`PlotError::Format`].
    pub fn svg(&self) -> Result<String, PlotError> {
        self.canvas()?.into_svg().map_err(PlotError::Draw)
    }

    /// The figure as bytes of a PNG file, 288 pixels an inch.
    ///
    /// # Errors
    /// As [`Figure::svg`].
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        self.canvas()?.into_png().map_err(PlotError::Draw)
    }

    fn canvas(&self) -> Result<Canvas, PlotError> {
        if self.panels.is_empty() {
            return Err(PlotError::NoPanels);
        }
        let columns = if self.columns == 0 { self.panels.len() } else { self.columns.min(self.panels.len()) };
        let top = if self.title.is_empty() { 0.0 } else { TITLE_HEIGHT };
        // A column is as wide as its widest panel.
        let column_width = |column: usize| {
            let panels = self.panels.iter().skip(column).step_by(columns);
            panels.map(Panel::width).fold(0.0, f64::max)
        };
        let widths: Vec<f64> = (0..columns).map(column_width).collect();
        let width: f64 = widths.iter().sum();
        let mut canvas = Canvas::new(width, top + self.panels.len().div_ceil(columns) as f64 * PANEL_HEIGHT);
        canvas.bold_text(0.5 * width, 26.0, &self.title, TITLE_SIZE, Anchor::Middle);
        for (index, panel) in self.panels.iter().enumerate() {
            let (column, row) = (index % columns, index / columns);
            let (x, y) = (widths[..column].iter().sum(), top + row as f64 * PANEL_HEIGHT);
            panel.draw(&mut canvas, Area { x, y, width: widths[column], height: PANEL_HEIGHT })?;
        }
        Ok(canvas)
    }
}

impl Panel {
    /// Legends do not take from the plot.
    fn width(&self) -> f64 {
        match self {
            Panel::Field(_) => PANEL_WIDTH,
            Panel::Lines(plot) => PANEL_WIDTH + plot.legend_width().ceil(),
            Panel::Conditions(plot) => PANEL_WIDTH + plot.legend_width().ceil(),
        }
    }

    fn draw(&self, canvas: &mut Canvas, area: Area) -> Result<(), PlotError> {
        match self {
            Panel::Field(plot) => plot.check().map(|()| plot.draw(canvas, area)),
            Panel::Lines(plot) => plot.check().map(|()| plot.draw(canvas, area)),
            Panel::Conditions(plot) => plot.check().map(|()| plot.draw(canvas, area)),
        }
    }
}
