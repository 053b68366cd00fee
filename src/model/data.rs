//! The statement `data`: measured values, one residual a row.

use std::path::Path;
use std::sync::Arc;

use crate::dataset::{DataError, Table};
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, MultiIndex};
use crate::syntax::ast::{Argument, Attribute, Formula, FormulaKind, Name, Statement, Text};

use super::elaborate::{Elaborator, counted, listed};
use super::nearest::nearest;
use super::problem::{DataSet, Field, FieldSource, TermKind};
use super::scope::Meaning;
use super::terms::{Draft, Terms};

/// Beyond an end of an axis by this part of its length, a point still is on it.
pub(super) const SLACK: f64 = 1e-9;

/// A component of an unknown, by name.
pub(super) struct Named {
    /// The number of the unknown.
    pub unknown: usize,
    /// `u`, `w.x`
    pub name: String,
    /// Its value as a formula of fields.
    pub value: Expr,
}

/// Whether a statement knows `columns=map(..)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapped {
    Possible,
    Impossible,
}

/// `columns=map(t="time")`: what a column of the file is called here, and there.
type Renamed = Vec<(String, String)>;

impl<'a> Elaborator<'a> {
    /// The terms of a statement `data`.
    pub fn data_terms(&mut self, terms: &mut Terms, statement: &'a Statement, names: &'a [Name], path: &'a Text) {
        let components = self.named_components(names);
        let (weight, renamed) = self.data_attributes(statement, &components);
        let Some(table) = self.table_of(path) else { return };
        if components.is_empty() {
            return;
        }
        let Some(mut data) = self.data_set(&table, &components, &renamed, path) else { return };
        if self.in_the_domain(&mut data, path.span).is_none() {
            return;
        }
        let number = self.data.len();
        for (column, component) in components.iter().enumerate() {
            let source = FieldSource::Column { column };
            let measured = self.graph.jet(self.fields.len(), MultiIndex::zero());
            let name = format!("data({})", component.name);
            self.fields.push(Field { name, axes: Vec::new(), source, span: path.span });
            let label = terms.unique(format!("data_{}", component.name));
            terms.drafts.push(Draft {
                label,
                statement: None,
                kind: TermKind::Data(number),
                left: component.value,
                right: measured,
                residual: self.graph.sub(component.value, measured),
                place: Vec::new(),
                weight,
                hard: false,
                span: statement.span,
                place_span: None,
            });
        }
        self.data.push(data);
    }

    /// The components of the unknowns that a statement names.
    pub(super) fn named_components(&mut self, names: &'a [Name]) -> Vec<Named> {
        let mut found = Vec::new();
        for name in names {
            let unknown = self.unknowns.iter().position(|unknown| unknown.name == name.text);
            match (unknown, self.scope.get(&name.text)) {
                (Some(unknown), _) => {
                    let components = self.unknowns[unknown].components.iter();
                    found.extend(components.map(|c| Named { unknown, name: c.name.clone(), value: c.value }));
                }
                (None, Some(Meaning::Unsupported | Meaning::Unknown(_))) => {}
                (None, None) if self.scope.excuses(&name.text) => {}
                _ => {
                    let unknowns: Vec<&str> = self.unknowns.iter().map(|unknown| unknown.name.as_str()).collect();
                    let label = format!("unknowns are {}", listed(&unknowns));
                    let message = format!("`{}` is not an unknown", name.text);
                    self.found.push(Diagnostic::error("E0101", message, name.span, label));
                }
            }
        }
        found
    }

    /// The table in a file, read by its extension.
    pub(super) fn table_of(&mut self, path: &'a Text) -> Option<Table> {
        let bytes: Arc<[u8]> = self.file(&path.text, path.span)?;
        match Table::from_bytes(Path::new(&path.text), &bytes) {
            Ok(table) => Some(table),
            Err(error) => {
                self.found.push(data_error(&error, &path.text, path.span));
                None
            }
        }
    }

    fn data_attributes(&mut self, statement: &'a Statement, components: &[Named]) -> (Option<f64>, Renamed) {
        let (mut weight, mut renamed) = (None, Renamed::new());
        for attribute in &statement.attributes {
            match (attribute.name.text.as_str(), &attribute.value) {
                ("weight", Some(value)) => weight = self.weight(value),
                ("columns", Some(value)) => renamed.extend(self.renamed(attribute, value, components)),
                _ => self.other_attribute(attribute, &["weight", "columns"], &[]),
            }
        }
        (weight, renamed)
    }

    fn renamed(&mut self, attribute: &'a Attribute, value: &'a Formula, components: &[Named]) -> Renamed {
        let mut renamed = Renamed::new();
        let call = match &value.kind {
            FormulaKind::Call(call) if call.name.text == "map" => call,
            _ => {
                let message = "`columns` says which column is which";
                let found = Diagnostic::error("E0404", message, value.span, "not a map of names");
                self.found.push(found.help("write `columns=map(t=\"time\")`"));
                return renamed;
            }
        };
        let axes: Vec<String> = self.axes.iter().map(|axis| column_name(&axis.name)).collect();
        for argument in &call.arguments {
            match argument {
                Argument::Keyword(name, Formula { kind: FormulaKind::Text(column), .. }) => {
                    if axes.contains(&name.text) || components.iter().any(|c| c.name == name.text) {
                        renamed.push((name.text.clone(), column.clone()));
                    } else if !self.scope.incomplete {
                        let message = format!("`{}` is neither an axis nor an unknown of this statement", name.text);
                        let known = axes.iter().cloned().chain(components.iter().map(|c| c.name.clone()));
                        let label = format!("known: {}", known.collect::<Vec<_>>().join(", "));
                        self.found.push(Diagnostic::error("E0101", message, name.span, label));
                    }
                }
                _ => {
                    let found = Diagnostic::error(
                        "E0404",
                        "the name of a column is a text",
                        attribute.name.span,
                        "in this map",
                    );
                    self.found.push(found.help("write `columns=map(t=\"time\")`"));
                }
            }
        }
        renamed
    }

    /// The columns of the axes and of the components.
    fn data_set(&mut self, table: &Table, components: &[Named], renamed: &Renamed, path: &'a Text) -> Option<DataSet> {
        let mut coordinates = Vec::with_capacity(self.axes.len());
        let needed = |axis: usize| components.iter().any(|c| self.unknowns[c.unknown].axes.contains(&axis));
        let mut missing = None;
        for (number, axis) in self.axes.iter().enumerate() {
            let name = column_name(&axis.name);
            let column = find(table, renamed, &name).or_else(|| find(table, renamed, &axis.name));
            coordinates.push(match (column, axis.value) {
                (Some(column), _) => column.to_vec(),
                (None, Some(value)) => vec![value; table.rows()],
                // The unknowns of this file do not depend on it.
                (None, None) if !needed(number) => vec![axis.lower; table.rows()],
                (None, None) => {
                    missing = missing.or(Some(name));
                    Vec::new()
                }
            });
        }
        let columns: Vec<Option<&[f64]>> = components.iter().map(|c| find(table, renamed, &c.name)).collect();
        if let Some(name) =
            missing.or_else(|| columns.iter().position(Option::is_none).map(|i| components[i].name.clone()))
        {
            self.missing_column(table, renamed, Mapped::Possible, &name, path.span);
            return None;
        }
        let columns = columns.into_iter().flatten().map(<[f64]>::to_vec).collect();
        Some(DataSet { path: path.text.clone(), coordinates, columns })
    }

    pub(super) fn missing_column(
        &mut self,
        table: &Table,
        renamed: &[(String, String)],
        what: Mapped,
        name: &str,
        span: Span,
    ) {
        let sought = renamed.iter().find(|(here, _)| here == name).map_or(name, |(_, there)| there.as_str());
        let message = format!("column `{sought}` not found");
        let found = Diagnostic::error("E0601", message, span, format!("header is `{}`", table.names.join(",")));
        let key = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let may_map = key && sought == name && what == Mapped::Possible;
        let free = self.columns_without_a_meaning(table);
        let meant = nearest(name, free.iter().copied()).or(free.first().copied());
        self.found.push(match meant {
            Some(column) if may_map => {
                found.help(format!("if it has another name there: `with columns=map({name}=\"{column}\")`"))
            }
            Some(_) => found.help("rename the column in the file"),
            None => found.help(format!("add a column `{name}` to the file, one value a row")),
        });
    }

    /// The columns that are named neither like an axis nor like an unknown.
    fn columns_without_a_meaning<'t>(&self, table: &'t Table) -> Vec<&'t str> {
        let has_meaning = |column: &&str| {
            self.axes.iter().any(|axis| column_name(&axis.name) == **column)
                || self.unknowns.iter().flat_map(|unknown| &unknown.components).any(|c| c.name == **column)
        };
        table.names.iter().map(String::as_str).filter(|column| !has_meaning(column)).collect()
    }

    /// Drops the rows outside of the domain, and says so; `None` if no row is left.
    pub(super) fn in_the_domain(&mut self, data: &mut DataSet, span: Span) -> Option<()> {
        if self.unsure {
            return Some(());
        }
        let total = data.rows();
        let left_out = self.drop_outside(data);
        if left_out == total {
            let message = format!("all {total} points of `{}` lie outside the domain", data.path);
            return self.error("E0605", message, span, "nothing is left of it");
        } else if left_out > 0 {
            let message = format!("{left_out} of {total} points lie outside the domain");
            self.found.push(Diagnostic::warning("W0603", message, span, "they are left out"));
        }
        Some(())
    }

    /// Drops the rows outside of the domain; how many there were.
    fn drop_outside(&self, data: &mut DataSet) -> usize {
        let rows = data.coordinates.first().map_or(0, Vec::len);
        let in_box = |row: usize| {
            self.axes.iter().zip(&data.coordinates).all(|(axis, column)| {
                let slack = SLACK * (axis.upper - axis.lower);
                axis.periodic || (axis.lower - slack..=axis.upper + slack).contains(&column[row])
            })
        };
        let in_shape = |row: usize| {
            self.shape.as_ref().is_none_or(|shape| {
                let point: Vec<f64> = shape.axes().map(|axis| data.coordinates[axis][row]).collect();
                let size: f64 = shape.axes().map(|axis| self.axes[axis].upper - self.axes[axis].lower).sum();
                shape.inside.solid().signed_distance(&point) <= SLACK * size
            })
        };
        let inside = |row: &usize| in_box(*row) && in_shape(*row);
        let kept: Vec<usize> = (0..rows).filter(inside).collect();
        if kept.len() < rows {
            let pick = |column: &mut Vec<f64>| *column = kept.iter().map(|&row| column[row]).collect();
            data.coordinates.iter_mut().for_each(pick);
            data.columns.iter_mut().for_each(pick);
        }
        rows - kept.len()
    }

    /// Fewer measured values than numbers that they are to determine.
    pub fn enough_data(&mut self) {
        let values: usize = self.data.iter().map(DataSet::values).sum();
        if let Some(number) = self.numbers.last()
            && (1..self.numbers.len()).contains(&values)
        {
            let message =
                format!("{} of data for {} to find", counted(values, "value"), counted(self.numbers.len(), "number"));
            let found = Diagnostic::warning("W0606", message, number.span, "the data may not determine it");
            self.found.push(found);
        }
    }
}

/// The column of an axis: `x[3]` is `x3`.
pub(super) fn column_name(axis: &str) -> String {
    axis.chars().filter(|c| !matches!(c, '[' | ']')).collect()
}

fn find<'t>(table: &'t Table, renamed: &Renamed, name: &str) -> Option<&'t [f64]> {
    let name = renamed.iter().find(|(here, _)| here == name).map_or(name, |(_, there)| there.as_str());
    table.column(name).ok()
}

/// What is wrong with the content of a file.
pub(super) fn data_error(error: &DataError, path: &str, span: Span) -> Diagnostic {
    let message = format!("`{path}`: {error}");
    match error {
        DataError::NotANumber { .. } => Diagnostic::error("E0604", message, span, "this file"),
        DataError::NotFinite { .. } => {
            Diagnostic::error("E0604", message, span, "this file").help("leave rows with missing values out")
        }
        DataError::Separator { .. } => Diagnostic::error("E0605", message, span, "this file")
            .help("separate the columns by `,`, with `.` as decimal point"),
        _ => Diagnostic::error("E0605", message, span, "this file"),
    }
}
