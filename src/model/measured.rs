//! The statement `reference`: values that errors are measured against.

use std::path::Path;
use std::sync::Arc;

use crate::dataset::{Array, FileError, Interpolant, Interpolation, Table, read_npz_arrays};
use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Ast, Name, StatementKind, Text};

use super::data::{Mapped, Named, column_name};
use super::elaborate::Elaborator;
use super::problem::{DataSet, Reference, ReferenceValues};
use super::tables::Grid;

impl<'a> Elaborator<'a> {
    /// What `reference` statements give.
    pub fn references(&mut self, ast: &'a Ast) -> Vec<Reference> {
        let mut references: Vec<Reference> = Vec::new();
        for statement in &ast.statements {
            let StatementKind::Reference { names, path } = &statement.kind else { continue };
            statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &[]));
            let components = self.named_components(names);
            for reference in self.reference(names, path, &components).unwrap_or_default() {
                let name = &self.unknowns[reference.unknown].name;
                match references.iter().find(|known| known.unknown == reference.unknown) {
                    Some(first) => {
                        let message = format!("`{name}` has two references");
                        let found = Diagnostic::error("E0102", message, statement.span, "given again here");
                        self.found.push(found.label(first.span, "first given here"));
                    }
                    None => references.push(reference),
                }
            }
        }
        references
    }

    fn reference(&mut self, names: &'a [Name], path: &'a Text, components: &[Named]) -> Option<Vec<Reference>> {
        let bytes = match self.try_file(&path.text, path.span) {
            Ok(bytes) => bytes,
            Err(FileError::Missing { .. } | FileError::NotKept { .. }) => {
                self.no_reference(path, components);
                return None;
            }
            Err(error) => {
                self.found.push(error.diagnostic(path.span));
                return None;
            }
        };
        let wanted: Vec<String> = components.iter().map(|c| c.name.clone()).collect();
        if components.is_empty() {
            return None;
        }
        let span = names.first().map_or(path.span, |name| name.span.to(path.span));
        let (values, points) = if let Some(table) = self.points_of_a_shape(path, &bytes) {
            self.point_reference(&table, components, path)?
        } else if self.is_grid(path, &bytes) {
            let grid = self.grid_of(path, &bytes, Some(&wanted))?;
            self.grid_reference(grid, components, path)?
        } else {
            let table = self.table_of(path)?;
            self.point_reference(&table, components, path)?
        };
        let mut values = values.into_iter();
        let mut references: Vec<Reference> = Vec::new();
        for (component, value) in components.iter().zip(values.by_ref()) {
            match references.last_mut().filter(|last| last.unknown == component.unknown) {
                Some(last) => last.components.push(value),
                None => {
                    let (unknown, components) = (component.unknown, vec![value]);
                    references.push(Reference { unknown, points: points.clone(), components, span });
                }
            }
        }
        Some(references)
    }

    /// An NPZ file whose arrays have several axes, or with one axis only, has a grid; everything else has points.
    fn is_grid(&self, path: &Text, bytes: &[u8]) -> bool {
        let is_npz = Path::new(&path.text).extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
        let Some(arrays) = is_npz.then(|| read_npz_arrays(bytes).ok()).flatten() else { return false };
        let is_axis = |name: &str| self.axes.iter().any(|a| a.name == name || column_name(&a.name) == name);
        let (axes, others): (Vec<_>, Vec<_>) = arrays.iter().partition(|(name, _)| is_axis(name));
        axes.len() == 1 || others.iter().any(|(_, array)| array.shape.len() > 1)
    }

    /// The rows with values of a grid around a shape, outside of which `pdec eval` writes none.
    fn points_of_a_shape(&self, path: &Text, bytes: &[u8]) -> Option<Table> {
        self.shape.as_ref()?;
        let is_npz = Path::new(&path.text).extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
        let arrays = is_npz.then(|| read_npz_arrays(bytes).ok()).flatten()?;
        let rows = arrays.first()?.1.values.len();
        let sound = |row: &usize| arrays.iter().all(|(_, array)| array.values[*row].is_finite());
        if arrays.iter().any(|(_, array)| array.values.len() != rows) || (0..rows).all(|row| sound(&row)) {
            return None;
        }
        let kept: Vec<usize> = (0..rows).filter(sound).collect();
        let values = |array: &Array| kept.iter().map(|&row| array.values[row]).collect::<Vec<f64>>();
        let column = |(name, array): &(String, Array)| (name.clone(), values(array));
        let (names, columns) = arrays.iter().map(column).unzip();
        (!kept.is_empty()).then_some(Table { names, columns })
    }

    fn grid_reference(
        &mut self,
        mut grid: Grid,
        components: &[Named],
        path: &Text,
    ) -> Option<(Vec<ReferenceValues>, Vec<Vec<f64>>)> {
        for component in components {
            let needed = &self.unknowns[component.unknown].axes;
            if let Some(axis) = needed.iter().find(|axis| !grid.axes.contains(axis)) {
                let (axis, name) = (self.axes[*axis].name.clone(), &component.name);
                let message =
                    format!("`{}` has no array `{}`, but `{name}` depends on it", path.text, column_name(&axis));
                return self.error("E0601", message, path.span, format!("the same values for every {axis}"));
            }
        }
        self.close_periods(&mut grid);
        self.ends_before_the_domain(&grid.axes, &grid.nodes, path.span);
        let Grid { axes, nodes, values } = grid;
        let mut components = Vec::with_capacity(values.len());
        for values in values {
            match Interpolant::new(nodes.clone(), values, Interpolation::Cubic) {
                Ok(function) => {
                    components.push(ReferenceValues::Grid { axes: axes.clone(), function: Arc::new(function) })
                }
                Err(error) => {
                    let found = self.grid_error(&error, &axes, path);
                    self.found.push(found);
                    return None;
                }
            }
        }
        Some((components, Vec::new()))
    }

    /// A grid of one period without its end goes on to the end.
    fn close_periods(&self, grid: &mut Grid) {
        for number in 0..grid.axes.len() {
            let axis = &self.axes[grid.axes[number]];
            let nodes = &grid.nodes[number];
            let (Some(&first), Some(&last)) = (nodes.first(), nodes.last()) else { continue };
            let next = first + (axis.upper - axis.lower);
            if !axis.periodic || last >= next - 1e-9 * (axis.upper - axis.lower) {
                continue;
            }
            let length = nodes.len();
            let stride: usize = grid.nodes[number + 1..].iter().map(Vec::len).product();
            for values in &mut grid.values {
                let mut closed = Vec::with_capacity(values.len() / length * (length + 1));
                for block in values.chunks(length * stride) {
                    closed.extend_from_slice(block);
                    closed.extend_from_slice(&block[..stride]);
                }
                *values = closed;
            }
            grid.nodes[number].push(next);
        }
    }

    fn point_reference(
        &mut self,
        table: &Table,
        components: &[Named],
        path: &Text,
    ) -> Option<(Vec<ReferenceValues>, Vec<Vec<f64>>)> {
        let mut coordinates = Vec::with_capacity(self.axes.len());
        let mut missing = None;
        for (number, axis) in self.axes.iter().enumerate() {
            let name = column_name(&axis.name);
            let column = table.column(&name).or_else(|_| table.column(&axis.name));
            let needed = components.iter().any(|c| self.unknowns[c.unknown].axes.contains(&number));
            coordinates.push(match (column, axis.value) {
                (Ok(column), _) => column.to_vec(),
                (Err(_), Some(value)) => vec![value; table.rows()],
                (Err(_), None) if !needed => vec![axis.lower; table.rows()],
                (Err(_), None) => {
                    missing = missing.or(Some(name));
                    Vec::new()
                }
            });
        }
        let absent = || components.iter().map(|c| &c.name).find(|name| table.column(name).is_err()).cloned();
        if let Some(name) = missing.or_else(absent) {
            self.missing_column(table, &[], Mapped::Impossible, &name, path.span);
            return None;
        }
        let columns = components.iter().filter_map(|c| table.column(&c.name).ok()).map(<[f64]>::to_vec).collect();
        let mut points = DataSet { path: path.text.clone(), coordinates, columns };
        self.in_the_domain(&mut points, path.span)?;
        Some((points.columns.into_iter().map(ReferenceValues::Points).collect(), points.coordinates))
    }

    /// Errors are not measured, and training works without them.
    fn no_reference(&mut self, path: &Text, components: &[Named]) {
        let message = format!("the reference `{}` is not there: errors will not be measured", path.text);
        let axes = |c: &Named| self.unknowns[c.unknown].axes.iter().map(|&axis| column_name(&self.axes[axis].name));
        let axes: Vec<String> = components.first().map(|c| axes(c).collect()).unwrap_or_default();
        let names: Vec<&str> = components.iter().map(|c| c.name.as_str()).collect();
        let help = if path.text.ends_with(".npz") {
            format!(
                "make an NPZ file with arrays {} (coordinates, ascending) and {} (values, one for each ({}))",
                axes.join(", "),
                names.join(", "),
                axes.join(", ")
            )
        } else {
            format!(
                "make a CSV file with the header `{}`, one point a row",
                [axes, names.iter().map(|n| (*n).to_owned()).collect()].concat().join(",")
            )
        };
        self.found.push(Diagnostic::warning("W0608", message, path.span, "no such file").help(help));
    }
}
