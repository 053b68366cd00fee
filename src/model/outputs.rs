//! The statement `output`: fields that are written on a grid behind training.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Symbol};
use crate::syntax::ast::{Argument, Ast, Call, Formula, FormulaKind, Named, Statement, StatementKind};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, counted};
use super::nearest::nearest;
use super::problem::{AxisKind, Output, OutputFormat};

/// The most points of a grid.
const MOST_POINTS: usize = 50_000_000;
/// Points along each axis where the file does not say, by the number of axes.
const DEFAULT_COUNTS: [usize; 3] = [201, 101, 41];

impl OutputFormat {
    /// All formats, the default first.
    pub const ALL: [OutputFormat; 3] = [OutputFormat::Npz, OutputFormat::Csv, OutputFormat::Vti];

    /// Its name in the language, and the extension of its files.
    pub fn name(self) -> &'static str {
        match self {
            OutputFormat::Npz => "npz",
            OutputFormat::Csv => "csv",
            OutputFormat::Vti => "vti",
        }
    }
}

impl<'a> Elaborator<'a> {
    /// What `output` statements ask for.
    pub fn outputs(&mut self, ast: &'a Ast) -> Vec<Output> {
        let mut outputs = Vec::new();
        for statement in &ast.statements {
            let StatementKind::Output(items) = &statement.kind else { continue };
            outputs.extend(self.output(statement, items));
        }
        outputs
    }

    fn output(&mut self, statement: &'a Statement, items: &'a [Named]) -> Option<Output> {
        let format = self.output_format(statement);
        let mut grid: Option<(Vec<usize>, Span)> = None;
        let mut sound = true;
        let mut columns: Vec<(String, Expr, Span)> = Vec::new();
        for item in items {
            if let (None, Some(call)) = (&item.name, grid_of(&item.value)) {
                if let Some((_, first)) = &grid {
                    let diagnostic = Diagnostic::error("E0102", "the grid is given twice", call.span, "again here");
                    self.found.push(diagnostic.label(*first, "first here"));
                }
                match self.grid_counts(call) {
                    Some(counts) => grid = Some((counts, call.span)),
                    None => sound = false,
                }
            } else {
                sound &= self.output_columns(item, &mut columns).is_some();
            }
        }
        let counts = match grid {
            Some((counts, span)) => self.grid_of_axes(counts, span),
            None => self.default_grid(statement.keyword),
        };
        if columns.is_empty() && sound {
            let message = "there is nothing to write on the grid";
            let diagnostic = Diagnostic::error("E0425", message, statement.keyword, "no fields");
            self.found.push(diagnostic.help("name unknowns or formulas: `output grid(101), u, flux = -u_x`"));
            return None;
        }
        let (counts, format) = (counts?, format?);
        if format == OutputFormat::Vti && self.space().len() > 3 {
            return self.error(
                "E0425",
                "an image has at most three axes, and time",
                statement.keyword,
                "too many axes",
            );
        }
        let columns = columns.into_iter().map(|(name, value, _)| (name, value)).collect();
        sound.then_some(Output { counts, columns, format, span: statement.span })
    }

    fn output_format(&mut self, statement: &'a Statement) -> Option<OutputFormat> {
        let mut format = Some(OutputFormat::ALL[0]);
        for attribute in &statement.attributes {
            match (attribute.name.text.as_str(), &attribute.value) {
                ("format", Some(value)) => format = self.format(value),
                _ => self.other_attribute(attribute, &["format"], &[]),
            }
        }
        format
    }

    fn format(&mut self, value: &'a Formula) -> Option<OutputFormat> {
        let name = match &value.kind {
            FormulaKind::Name(name) | FormulaKind::Text(name) => name.as_str(),
            _ => "",
        };
        let found = OutputFormat::ALL.into_iter().find(|format| format.name() == name);
        if found.is_none() {
            let names = OutputFormat::ALL.map(OutputFormat::name);
            let message = format!("the format is one of {}", names.join(", "));
            let mut diagnostic = Diagnostic::error("E0404", message, value.span, "none of them");
            if let Some(similar) = nearest(name, names) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
        }
        found
    }

    /// The axes that a grid has: all but parametric numbers, which have a value.
    fn gridded_axes(&self) -> Vec<usize> {
        let gridded = |axis: &usize| matches!(self.axes[*axis].kind, AxisKind::Time | AxisKind::Space);
        (0..self.axes.len()).filter(gridded).collect()
    }

    fn grid_counts(&mut self, call: &'a Call) -> Option<Vec<usize>> {
        let mut counts = Vec::new();
        for argument in &call.arguments {
            match argument {
                Argument::Positional(count) => counts.push(self.count(count)?),
                Argument::Keyword(name, _) | Argument::Index(name, _) => {
                    let message = format!("unknown option `{}` of `grid`", name.text);
                    return self.error("E0401", message, name.span, "it has none");
                }
            }
        }
        Some(counts)
    }

    /// The count of each axis.
    fn grid_of_axes(&mut self, counts: Vec<usize>, span: Span) -> Option<Vec<usize>> {
        let axes = self.gridded_axes();
        let counts = match counts[..] {
            [one] => vec![one; axes.len()],
            _ if counts.len() == axes.len() => counts,
            _ if self.unsure || self.scope.incomplete => return None,
            _ => {
                let names: Vec<&str> = axes.iter().map(|&axis| self.axes[axis].name.as_str()).collect();
                let given = counted(counts.len(), "count");
                let message = format!("{given} for a grid with {} axes ({})", names.len(), names.join(", "));
                let diagnostic = Diagnostic::error("E0405", message, span, "wrong number of counts");
                self.found.push(diagnostic.help("one number stands for that many along each axis"));
                return None;
            }
        };
        let total = counts.iter().try_fold(1_usize, |total, &count| total.checked_mul(count));
        match total {
            Some(total) if total <= MOST_POINTS => Some(counts),
            _ => self.error("E0407", format!("a grid has at most {MOST_POINTS} points"), span, "more than that"),
        }
    }

    fn default_grid(&mut self, span: Span) -> Option<Vec<usize>> {
        let axes = self.gridded_axes().len();
        if self.unsure || self.scope.incomplete || axes == 0 {
            return None;
        }
        match DEFAULT_COUNTS.get(axes - 1) {
            Some(&count) => Some(vec![count; axes]),
            None => {
                let message = format!("an output with {axes} axes needs a grid");
                let diagnostic = Diagnostic::error("E0425", message, span, "on which points?");
                self.found.push(diagnostic.help(format!("write `output grid({}), ..`", vec!["11"; axes].join(", "))));
                None
            }
        }
    }

    /// The columns of a formula: its components, if it has several.
    fn output_columns(&mut self, item: &'a Named, columns: &mut Vec<(String, Expr, Span)>) -> Option<()> {
        let value = self.root(&item.value)?;
        let components = value.components();
        if self.graph.symbols(&components).iter().any(|symbol| matches!(symbol, Symbol::Normal(_))) {
            return self.error("E0309", "inside of the domain there is no normal", item.value.span, "needs the normal");
        }
        let name = item.name.as_ref().map_or_else(|| print_formula(&item.value), |name| name.text.clone());
        let names = self.component_names(&name, &value);
        for (name, component) in names.into_iter().zip(components) {
            if let Some((_, _, first)) = columns.iter().find(|(other, ..)| *other == name) {
                let message = format!("`{name}` is written twice");
                let diagnostic = Diagnostic::error("E0102", message, item.value.span, "again here");
                self.found.push(diagnostic.label(*first, "first here"));
                return None;
            }
            if self.axes.iter().any(|axis| axis.name == name) {
                let message = format!("`{name}` is an axis, which is written anyway");
                return self.error("E0102", message, item.value.span, "once more");
            }
            columns.push((name, component, item.value.span));
        }
        Some(())
    }
}

/// The call `grid(..)`.
fn grid_of(formula: &Formula) -> Option<&Call> {
    match &formula.kind {
        FormulaKind::Call(call) if call.name.text == "grid" => Some(call),
        _ => None,
    }
}
