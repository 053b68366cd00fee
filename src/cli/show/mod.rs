//! `pdec show`: what was understood, and what it will cost.

mod cost;
mod dot;
mod forms;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::problem::{Checked, check_file, refuse};
use super::train::Peak;
use super::{CliError, Context, Document, Overrides, Status};
use crate::diagnostic::visible;
use crate::model;
use crate::model::describe::{Section, describe};
use crate::pipeline::{self, Backend, Compiled, Times};
use crate::report::{Align, TextTable};
use crate::simplify::Effort;

/// Show what was understood: equations, terms, networks, costs
#[derive(Debug, Args)]
pub struct Arguments {
    /// The problem; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show an intermediate form instead
    #[arg(long, value_enum, value_name = "FORM")]
    ir: Option<Form>,
    /// Show what simplification did
    #[arg(long)]
    simplify: bool,
    /// Show the formulas as a graph, for a program that draws graphs
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["ir", "simplify"])]
    graph: Option<GraphLanguage>,
    #[command(flatten)]
    overrides: Overrides,
}

/// The forms that a problem takes on its way to machine code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// The syntax tree
    Ast,
    /// The checked problem
    Model,
    /// The formulas as a graph
    Expr,
    /// Straight-line programs
    Tape,
    /// Blocks of points, networks and channels
    Kernel,
    /// Cranelift's intermediate form
    Clif,
    /// Machine code
    Asm,
}

/// The languages that graphs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphLanguage {
    /// That of Graphviz: `pdec show FILE --graph dot | dot -Tsvg`
    Dot,
}

#[derive(Serialize)]
struct Body<'a> {
    file: &'a str,
    sections: Vec<Table<'a>>,
}

#[derive(Serialize)]
struct Text<'a> {
    file: &'a str,
    form: String,
}

#[derive(Serialize)]
struct Table<'a> {
    title: &'a str,
    columns: &'a [&'static str],
    rows: &'a [Vec<String>],
}

/// Prints what a file means.
///
/// # Errors
/// [`CliError`] if the file can't be read or its problem can't be compiled.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    context.in_pool(|| show(arguments, context))?
}

fn show(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let allowed = &arguments.overrides.reading.allow_read;
    let Checked { source, model, found, ast, files, mut times } =
        check_file(&arguments.file, &overrides, allowed, context)?;
    let Some(model) = model else { return refuse(&Checked { source, model, found, ast, files, times }, context) };
    let name = source.name().to_owned();
    if arguments.ir == Some(Form::Ast) {
        let ast = ast.unwrap_or_default();
        return form(format!("{ast:#?}\n"), &name, context);
    }
    if arguments.graph == Some(GraphLanguage::Dot) {
        return form(dot::graph(&model), &name, context);
    }
    let mut sections = describe(&model);
    let seed = arguments.overrides.seed.or(model.settings.seed).unwrap_or(0);
    let compiled = compile(model, seed, &mut times)?;
    if let Some(ir) = arguments.ir {
        return form(forms::text(ir, &compiled)?, &name, context);
    }
    if arguments.simplify {
        sections = vec![cost::simplification(&compiled)];
    } else {
        sections.extend(cost::sections(&compiled, &times));
        sections.extend(Peak::of(&compiled)?.map(|peak| peak.section()));
    }
    print(&sections, &name, Status::of(&found), context)?;
    Ok(ExitCode::SUCCESS)
}

fn compile(model: model::Model, seed: u64, times: &mut Times) -> Result<Compiled, CliError> {
    let lowered = pipeline::lower(model, Effort::default(), times)?;
    Ok(pipeline::assemble(lowered, seed, Backend::default(), times)?)
}

fn form(text: String, file: &str, context: &Context) -> Result<ExitCode, CliError> {
    if context.json {
        Document::new(Status::Ok, Text { file, form: text }).print(context)?;
    } else {
        // Line by line: line breaks are no part of what is made visible.
        context.print(&text.lines().map(|line| visible(line).into_owned() + "\n").collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(sections: &[Section], file: &str, status: Status, context: &Context) -> Result<(), CliError> {
    if context.json {
        let sections = sections.iter().map(|s| Table { title: s.title, columns: &s.columns, rows: &s.rows }).collect();
        return Document::new(status, Body { file, sections }).print(context);
    }
    let mut text = String::new();
    for (number, section) in sections.iter().enumerate() {
        let mut table = TextTable::new(section.columns.iter().map(|&name| (name, Align::Left)));
        section.rows.iter().for_each(|row| table.row(row.clone()));
        let gap = if number == 0 { "" } else { "\n" };
        text += &format!("{gap}{}\n{}", section.title, indented(&table.to_text()));
    }
    context.print(&text)
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
