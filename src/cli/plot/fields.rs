//! Solution, exact solution and error of each unknown.

use crate::cli::CliError;
use crate::cli::solution::{Solution, even, grid};
use crate::expr::Expr;
use crate::model::{AxisKind, Model, Shape};
use crate::report::{ColourMap, Curve, FieldPlot, LinePlot, LineStyle, Panel};

/// Points along each axis of a picture, and of a curve.
const PICTURE: usize = 121;
const CURVE: usize = 401;

/// An axis that is held at a value.
pub type Slice = (usize, f64);

/// One row of panels for each unknown, and how many panels a row has.
///
/// # Errors
/// [`CliError`] if the problem can't be evaluated.
pub fn panels(solution: &mut Solution, slices: &[Slice]) -> Result<(Vec<Panel>, usize), CliError> {
    let axes = &solution.lowered.model.axes;
    // A parametric number is held at its value.
    let mut slices = slices.to_vec();
    for (number, axis) in axes.iter().enumerate() {
        if let Some(value) = axis.value.filter(|_| slices.iter().all(|(a, _)| *a != number)) {
            slices.push((number, value));
        }
    }
    // The first two axes that no slice holds; of a shape its own.
    let of_shape = solution.lowered.model.shape.as_ref().map_or(0..0, Shape::axes);
    let mut free: Vec<usize> = (0..axes.len()).filter(|axis| slices.iter().all(|(a, _)| a != axis)).collect();
    free.sort_by_key(|axis| !of_shape.contains(axis));
    free.truncate(2);
    free.sort_unstable();
    let count = if free.len() == 2 { PICTURE } else { CURVE };
    let line = |(number, axis): (usize, &crate::model::Axis)| match slices.iter().find(|(a, _)| *a == number) {
        Some((_, value)) => vec![*value],
        None if free.contains(&number) => even(axis.lower, axis.upper, count),
        None => even(axis.lower, axis.upper, 1),
    };
    let lines: Vec<Vec<f64>> = axes.iter().enumerate().map(line).collect();
    let held = (0..axes.len()).filter(|axis| !free.contains(axis));
    let held: Vec<String> = held.map(|axis| format!("{} = {}", axes[axis].name, lines[axis][0])).collect();
    let place = if held.is_empty() { String::new() } else { format!(" at {}", held.join(", ")) };
    let formulas: Vec<Expr> = solution.model().components().map(|component| component.value).collect();
    let known: Vec<Expr> = solution.model().components().filter_map(|component| component.exact).collect();
    let count = formulas.len();
    let points = grid(&lines);
    let values = solution.values(&[formulas, known].concat(), &points)?;
    let border = Border::of(solution.model(), &free, &points);
    let (values, mut known) = (&values[..count], values[count..].iter());
    let model = solution.model();
    let axis = |axis: usize| (model.axes[axis].name.as_str(), lines[axis].as_slice());
    let mut panels = Vec::new();
    for (component, values) in model.components().zip(values) {
        let exact = component.exact.and_then(|_| known.next()).map(Vec::as_slice);
        let equal = free.iter().all(|&axis| model.axes[axis].kind == AxisKind::Space);
        let shown = Shown { name: format!("{}{place}", component.name), values, exact, border: &border, equal };
        match free[..] {
            [a, b] => panels.extend(shown.pictures([axis(a), axis(b)])),
            [a] => panels.extend(shown.curves(axis(a))),
            _ => return Err(CliError::Usage("slices have to leave at least one axis".to_owned())),
        }
    }
    let columns = panels.len() / count.max(1);
    Ok((panels, columns.max(1)))
}

/// Where the domain ends, if it is a shape.
#[derive(Default)]
struct Border {
    /// The signed distance of each point of the plot.
    distances: Vec<f64>,
    /// The boundary in the plane of the plot.
    outlines: Vec<Vec<(f64, f64)>>,
}

impl Border {
    /// Whether this point of the plot is outside of the shape.
    fn is_outside(&self, point: usize) -> bool {
        self.distances.get(point).is_some_and(|distance| *distance > 1e-12)
    }

    fn of(model: &Model, free: &[usize], points: &[Vec<f64>]) -> Self {
        let Some(shape) = &model.shape else { return Self::default() };
        let count = points.first().map_or(0, Vec::len);
        let distance = |i: usize| model.outside(&points.iter().map(|column| column[i]).collect::<Vec<f64>>());
        let distances = (0..count).map(distance).collect();
        let plane = shape.axes().eq(free.iter().copied());
        let outline = |patch: &std::sync::Arc<crate::geometry::Patch>| {
            patch.outline().into_iter().map(|p| (p[0], p[1])).collect::<Vec<_>>()
        };
        let outlines = if plane { shape.surface.iter().map(outline).collect() } else { Vec::new() };
        Self { distances, outlines }
    }
}

/// The values of an unknown on the points of a plot.
struct Shown<'a> {
    name: String,
    values: &'a [f64],
    exact: Option<&'a [f64]>,
    border: &'a Border,
    /// Whether the axes of a picture are both in space.
    equal: bool,
}

impl Shown<'_> {
    fn error(&self) -> Option<Vec<f64>> {
        Some(self.values.iter().zip(self.exact?).map(|(u, e)| u - e).collect())
    }

    fn pictures(&self, [(x_label, x), (y_label, y)]: [(&str, &[f64]); 2]) -> Vec<Panel> {
        let plot = |title: String, values: &[f64], colours| FieldPlot {
            title,
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            x: x.to_vec(),
            y: y.to_vec(),
            equal: self.equal,
            values: values.to_vec(),
            distances: self.border.distances.clone(),
            outlines: self.border.outlines.clone(),
            colours,
            range: None,
        };
        let mut solution = plot(self.name.clone(), self.values, ColourMap::Viridis);
        let Some(exact) = self.exact else { return vec![solution.into()] };
        let mut truth = plot(format!("{}, exact", self.name), exact, ColourMap::Viridis);
        solution.range = Some(truth.data_range());
        truth.range = solution.range;
        let error = self.error().unwrap_or_default();
        let error = plot(format!("{}, error", self.name), &error, ColourMap::Diverging);
        vec![solution.into(), truth.into(), error.into()]
    }

    fn curves(&self, (axis, x): (&str, &[f64])) -> Vec<Panel> {
        let curve = |name: &str, y: &[f64], style| {
            let y = y.iter().enumerate().map(|(i, y)| if self.border.is_outside(i) { f64::NAN } else { *y });
            Curve { name: name.into(), x: x.to_vec(), y: y.collect(), style }
        };
        let plot = |title: String, curves| LinePlot {
            title,
            x_label: axis.to_owned(),
            y_label: String::new(),
            curves,
            ..LinePlot::default()
        };
        let mut curves = vec![curve("network", self.values, LineStyle::Solid)];
        curves.extend(self.exact.map(|exact| curve("exact", exact, LineStyle::Dashed)));
        let mut panels = vec![plot(self.name.clone(), curves).into()];
        if let Some(error) = self.error() {
            panels.push(plot(format!("{}, error", self.name), vec![curve("error", &error, LineStyle::Solid)]).into());
        }
        panels
    }
}
