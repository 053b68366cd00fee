//! The statement `report`: numbers and functions of time that are evaluated after training.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Ast, StatementKind};

use super::elaborate::Elaborator;
use super::problem::{AxisKind, Report};

impl<'a> Elaborator<'a> {
    /// What `report` statements ask for.
    pub fn reports(&mut self, ast: &'a Ast) -> Vec<Report> {
        let mut reports: Vec<Report> = Vec::new();
        for statement in &ast.statements {
            let StatementKind::Report { name, value } = &statement.kind else { continue };
            statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &[]));
            if let Some(first) = reports.iter().find(|report| report.name == name.text) {
                let message = format!("`{}` is reported twice", name.text);
                let diagnostic = Diagnostic::error("E0102", message, name.span, "again here");
                self.found.push(diagnostic.label(first.span, "first here"));
                continue;
            }
            let Some(expr) = self.root_number(value) else { continue };
            let axes: Vec<usize> = (0..self.axes.len()).filter(|&axis| self.depends(expr, axis)).collect();
            let in_space = axes.iter().find(|&&axis| self.axes[axis].kind == AxisKind::Space);
            if let Some(&axis) = in_space {
                let message = "a report is a number, or a function of time";
                let label = format!("depends on {}", self.axes[axis].name);
                let found = Diagnostic::error("E0208", message, value.span, label);
                self.found.push(found.help("integrate it: `report mean = integral(u)`"));
                continue;
            }
            // A parametric number is at its value.
            let time = axes.into_iter().find(|&axis| self.axes[axis].kind == AxisKind::Time);
            reports.push(Report { name: name.text.clone(), value: expr, time, span: name.span });
        }
        reports
    }
}
