//! What people look at: figures and tables.
//!
//! A [`Figure`] is made of panels (a [`FieldPlot`], a [`LinePlot`], a [`LossPlot`], a [`ConditionsPlot`]) and saved as PNG
//! or SVG by the extension of its file. Every panel draws itself on a `canvas`, the only file that names the plotting
//! library; `axes` chooses ticks and draws frames, `colour` holds the colour maps. A [`TextTable`] is the same for text. A
//! [`Profile`] listens to where the time goes.
//! [`files`] writes what is kept: complete, or not at all.

pub mod files;

mod axes;
mod canvas;
mod colour;
mod conditions;
mod field;
mod figure;
mod lines;
mod profile;
mod table;
pub mod vtk;

pub use colour::ColourMap;
pub use conditions::{ConditionPiece, ConditionsPlot};
pub use field::FieldPlot;
pub use figure::{Figure, Panel, PlotError};
pub use lines::{AxisScale, Curve, LinePlot, LineStyle, LossPlot};
pub use profile::{Phase, Profile};
pub use table::{Align, TextTable};
