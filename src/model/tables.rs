//! `table("k.csv")`: functions that are given on a grid.

use std::path::Path;
use std::sync::Arc;

use crate::dataset::{Array, GridError, Interpolant, Interpolation, Table, read_npz_arrays};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, MultiIndex};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Text};

use super::data::{SLACK, column_name, data_error};
use super::elaborate::Elaborator;
use super::problem::{Field, FieldSource, GridFunction};

/// A grid as a file has it.
pub(super) struct Grid {
    /// Which axis of the problem each axis of the grid is, ascending.
    pub axes: Vec<usize>,
    pub nodes: Vec<Vec<f64>>,
    /// One array of values each, in the order that they were asked for; the last axis is fastest.
    pub values: Vec<Vec<f64>>,
}

/// What a call says.
struct Asked {
    path: Text,
    column: Option<String>,
    interpolation: Interpolation,
}

impl<'a> Elaborator<'a> {
    /// `table("k.npz", "k", interpolation=linear)`
    pub fn table_call(&mut self, call: &'a Call) -> Option<Expr> {
        if let Some(known) = self.tables.iter().find(|table| table.span == call.span) {
            let field = known.field;
            return Some(self.graph.jet(field, MultiIndex::zero()));
        }
        let asked = self.table_arguments(call)?;
        if !self.declared {
            return self.error("E0208", "a table is a function of the point", call.span, "a number is needed here");
        }
        let bytes = self.file(&asked.path.text, asked.path.span)?;
        let names = asked.column.as_ref().map(std::slice::from_ref);
        let grid = self.grid_of(&asked.path, &bytes, names)?;
        let Grid { axes, nodes, values } = grid;
        self.ends_before_the_domain(&axes, &nodes, asked.path.span);
        let values = values.into_iter().next()?;
        let table = match Interpolant::new(nodes, values, asked.interpolation) {
            Ok(table) => Arc::new(table),
            Err(error) => {
                self.found.push(self.grid_error(&error, &axes, &asked.path));
                return None;
            }
        };
        let field = self.fields.len();
        let name = asked.column.unwrap_or_else(|| asked.path.text.clone());
        let source = FieldSource::Table { table: self.tables.len() };
        self.fields.push(Field { name: format!("table({name})"), axes: axes.clone(), source, span: call.span });
        self.tables.push(GridFunction { field, function: table, axes, span: call.span });
        Some(self.graph.jet(field, MultiIndex::zero()))
    }

    fn table_arguments(&mut self, call: &'a Call) -> Option<Asked> {
        let mut texts = Vec::new();
        let mut interpolation = Interpolation::default();
        for argument in &call.arguments {
            match argument {
                Argument::Positional(Formula { kind: FormulaKind::Text(text), span }) if texts.len() < 2 => {
                    texts.push(Text { text: text.clone(), span: *span });
                }
                Argument::Keyword(name, value) if name.text == "interpolation" => {
                    interpolation = match &value.kind {
                        FormulaKind::Name(kind) if kind == "cubic" => Interpolation::Cubic,
                        FormulaKind::Name(kind) if kind == "linear" => Interpolation::Linear,
                        _ => return self.error("E0401", "unknown interpolation", value.span, "known: cubic, linear"),
                    };
                }
                Argument::Positional(_) | Argument::Keyword(..) | Argument::Index(..) => {
                    let found =
                        Diagnostic::error("E0208", "`table` takes a file and a column", call.span, "in this call");
                    self.found.push(
                        found.help("write `table(\"k.csv\")` or `table(\"k.npz\", \"k\", interpolation=linear)`"),
                    );
                    return None;
                }
            }
        }
        let mut texts = texts.into_iter();
        let Some(path) = texts.next() else {
            let found = Diagnostic::error("E0208", "`table` needs a file", call.span, "in this call");
            self.found.push(found.help("write `table(\"k.csv\")`"));
            return None;
        };
        Some(Asked { path, column: texts.next().map(|text| text.text), interpolation })
    }

    /// The values of these names on the grid of a file; of the only other array where no name is given.
    pub(super) fn grid_of(&mut self, path: &Text, bytes: &[u8], names: Option<&[String]>) -> Option<Grid> {
        let is_npz = Path::new(&path.text).extension().is_some_and(|e| e.eq_ignore_ascii_case("npz"));
        if is_npz {
            match read_npz_arrays(bytes) {
                Ok(arrays) => self.grid_of_arrays(path, &arrays, names),
                Err(error) => {
                    self.found.push(data_error(&error, &path.text, path.span));
                    None
                }
            }
        } else {
            match Table::from_bytes(Path::new(&path.text), bytes) {
                Ok(table) => self.grid_of_rows(path, &table, names),
                Err(error) => {
                    self.found.push(data_error(&error, &path.text, path.span));
                    None
                }
            }
        }
    }

    /// Which columns or arrays are axes, and which hold the values.
    fn roles(&mut self, path: &Text, all: &[String], names: Option<&[String]>) -> Option<(Vec<usize>, Vec<String>)> {
        let is_axis = |name: &str| self.axes.iter().position(|a| a.name == name || column_name(&a.name) == name);
        let mut axes: Vec<usize> = all.iter().filter_map(|name| is_axis(name)).collect();
        axes.sort_unstable();
        axes.dedup();
        let others: Vec<String> = all.iter().filter(|name| is_axis(name).is_none()).cloned().collect();
        let label = format!("it has {}", all.join(", "));
        if axes.is_empty() {
            let known: Vec<String> = self.axes.iter().map(|axis| column_name(&axis.name)).collect();
            let message = format!("no column of `{}` is named like an axis", path.text);
            let found = Diagnostic::error("E0601", message, path.span, label);
            self.found.push(found.note(format!("axes are {}", known.join(", "))));
            return None;
        }
        let wanted = match names {
            Some(names) => names.to_vec(),
            None if others.len() == 1 => others.clone(),
            None => {
                let message = format!("`{}` has {} columns of values", path.text, others.len());
                let found = Diagnostic::error("E0609", message, path.span, label);
                let first = others.first().map_or("k", String::as_str);
                self.found.push(found.help(format!("name the column: `table(\"{}\", \"{first}\")`", path.text)));
                return None;
            }
        };
        if let Some(missing) = wanted.iter().find(|name| !others.contains(name)) {
            let message = format!("column `{missing}` not found");
            return self.error("E0601", message, path.span, label);
        }
        Some((axes, wanted))
    }

    fn grid_of_arrays(&mut self, path: &Text, arrays: &[(String, Array)], names: Option<&[String]>) -> Option<Grid> {
        let all: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
        let (axes, wanted) = self.roles(path, &all, names)?;
        let array = |name: &str| arrays.iter().find(|(n, _)| n == name).map(|(_, array)| array);
        let of_axis = |&axis: &usize| {
            let name = &self.axes[axis].name;
            array(name).or_else(|| array(&column_name(name)))
        };
        if axes.iter().filter_map(of_axis).any(|array| array.shape.len() > 1) {
            let names: Vec<&str> = axes.iter().map(|&axis| self.axes[axis].name.as_str()).collect();
            return self.grid_of_meshed_arrays(path, arrays, &wanted, &names.join(", "));
        }
        let nodes: Vec<Vec<f64>> = axes.iter().filter_map(of_axis).map(|array| array.values.clone()).collect();
        let shape: Vec<usize> = nodes.iter().map(Vec::len).collect();
        let mut values = Vec::with_capacity(wanted.len());
        for name in &wanted {
            let array = array(name)?;
            if array.shape != shape {
                let names: Vec<&str> = axes.iter().map(|&axis| self.axes[axis].name.as_str()).collect();
                let message = format!("array `{name}` has the shape {:?}, not {shape:?}", array.shape);
                let label = format!("one number for each ({})", names.join(", "));
                return self.error("E0609", message, path.span, label);
            }
            self.all_finite(path, name, &array.values)?;
            values.push(array.values.clone());
        }
        Some(Grid { axes, nodes, values })
    }

    fn all_finite(&mut self, path: &Text, name: &str, values: &[f64]) -> Option<()> {
        let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Some(()) };
        let message = format!("`{}`: element {} of `{name}` is {}", path.text, at + 1, values[at]);
        self.error("E0604", message, path.span, "this file")
    }

    /// Coordinates that are arrays like the values, as `pdec eval` and NumPy's `meshgrid` make them: the points of a grid
    /// one by one.
    fn grid_of_meshed_arrays(
        &mut self,
        path: &Text,
        arrays: &[(String, Array)],
        wanted: &[String],
        axes: &str,
    ) -> Option<Grid> {
        let (first, shape) = arrays.first().map(|(name, array)| (name, &array.shape))?;
        if let Some((name, array)) = arrays.iter().find(|(_, array)| array.shape != *shape) {
            let message = format!("array `{name}` has the shape {:?}, but `{first}` {shape:?}", array.shape);
            return self.error("E0609", message, path.span, format!("one number for each ({axes})"));
        }
        for (name, array) in arrays.iter().filter(|(name, _)| wanted.contains(name)) {
            self.all_finite(path, name, &array.values)?;
        }
        let (names, columns) = arrays.iter().map(|(name, array)| (name.clone(), array.values.clone())).unzip();
        self.grid_of_rows(path, &Table { names, columns }, Some(wanted))
    }

    /// Rows of a table that are the points of a grid, in any order.
    fn grid_of_rows(&mut self, path: &Text, table: &Table, names: Option<&[String]>) -> Option<Grid> {
        let (axes, wanted) = self.roles(path, &table.names, names)?;
        let column = |name: &str| table.column(name).ok();
        let of_axis = |&axis: &usize| {
            let name = &self.axes[axis].name;
            column(name).or_else(|| column(&column_name(name)))
        };
        let coordinates: Vec<&[f64]> = axes.iter().filter_map(of_axis).collect();
        let nodes: Vec<Vec<f64>> = coordinates.iter().map(|column| distinct(column)).collect();
        let points: usize = nodes.iter().map(Vec::len).product();
        let place = |row: usize| {
            nodes.iter().zip(&coordinates).try_fold(0, |place, (nodes, column)| {
                let at = nodes.binary_search_by(|node| node.total_cmp(&(column[row] + 0.0))).ok()?;
                Some(place * nodes.len() + at)
            })
        };
        let places: Vec<Option<usize>> = (0..table.rows()).map(place).collect();
        let mut seen = vec![false; if points == table.rows() { points } else { 0 }];
        for place in places.iter().flatten() {
            if let Some(seen) = seen.get_mut(*place) {
                *seen = true;
            }
        }
        if points != table.rows() || !seen.iter().all(|seen| *seen) {
            let shape: Vec<String> = nodes.iter().map(|nodes| nodes.len().to_string()).collect();
            let message = format!("the rows of `{}` are not the points of a grid", path.text);
            let label = format!("{} rows for a grid of {} points", table.rows(), shape.join(" x "));
            let found = Diagnostic::error("E0609", message, path.span, label);
            self.found.push(found.help("give every combination of the coordinates once, in any order"));
            return None;
        }
        let arranged = |name: &String| {
            let column = column(name)?;
            let mut values = vec![0.0; points];
            places.iter().zip(column).for_each(|(place, value)| {
                if let Some(place) = place {
                    values[*place] = *value;
                }
            });
            Some(values)
        };
        let values = wanted.iter().map(arranged).collect::<Option<_>>()?;
        Some(Grid { axes, nodes, values })
    }

    pub(super) fn grid_error(&self, error: &GridError, axes: &[usize], path: &Text) -> Diagnostic {
        let name = |axis: &usize| self.axes[*axis].name.clone();
        let message = match error {
            GridError::Nodes { axis } => {
                let axis = axes.get(axis - 1).map_or(String::new(), name);
                format!("`{}`: the values of {axis} are to ascend, and be two at least", path.text)
            }
            other => format!("`{}`: {other}", path.text),
        };
        Diagnostic::error("E0609", message, path.span, "no function on a grid")
    }

    pub(super) fn ends_before_the_domain(&mut self, axes: &[usize], nodes: &[Vec<f64>], span: Span) {
        for (&axis, nodes) in axes.iter().zip(nodes) {
            let axis = &self.axes[axis];
            let slack = SLACK.max(1e-6) * (axis.upper - axis.lower);
            let (first, last) = (nodes.first().copied().unwrap_or(0.0), nodes.last().copied().unwrap_or(0.0));
            if first > axis.lower + slack || last < axis.upper - slack {
                let message = format!(
                    "the table covers {} in [{first}, {last}], the domain is [{}, {}]",
                    axis.name, axis.lower, axis.upper
                );
                self.found.push(Diagnostic::warning("W0607", message, span, "its outermost cells are continued"));
            }
        }
    }
}

/// The different values of a column, ascending.
fn distinct(column: &[f64]) -> Vec<f64> {
    // A negative zero is the same place as a positive one.
    let mut values: Vec<f64> = column.iter().map(|value| value + 0.0).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}
