//! The intermediate forms as text.

use std::fmt::Write;

use super::Form;
use super::cost::blocks;
use crate::cli::CliError;
use crate::codegen::{self, Options};
use crate::expr::Node;
use crate::kernel::AssembleError;
use crate::pipeline::Compiled;
use crate::tape::Tape;

/// One form of a compiled problem.
///
/// # Errors
/// [`CliError::Assemble`] if machine code can't be made.
pub fn text(form: Form, compiled: &Compiled) -> Result<String, CliError> {
    Ok(match form {
        Form::Ast | Form::Model => model(compiled),
        Form::Expr => expr(compiled),
        Form::Tape => titled(tapes(compiled).into_iter().map(|(title, tape)| (title, tape.to_string()))),
        Form::Kernel => kernel(compiled),
        Form::Clif => code(compiled, false, codegen::Compiled::clif)?,
        Form::Asm => code(compiled, true, codegen::Compiled::asm)?,
    })
}

fn titled(parts: impl Iterator<Item = (String, String)>) -> String {
    parts.map(|(title, text)| format!("; {title}\n{}\n\n", text.trim_end())).collect()
}

/// All fields of the checked problem.
fn model(compiled: &Compiled) -> String {
    let model = &compiled.lowered.model;
    let names = model.names();
    let residual = |term: &crate::model::Term| {
        (term.label.clone(), format!("residual {}\n{term:#?}", model.graph.display(term.residual, &names)))
    };
    let parts = [
        ("axes".to_owned(), format!("{:#?}", model.axes)),
        ("unknowns".to_owned(), format!("{:#?}", model.unknowns)),
        ("fields".to_owned(), format!("{:#?}", model.fields)),
        ("networks".to_owned(), format!("{:#?}", model.networks)),
        ("stages".to_owned(), format!("{:#?}", model.stages)),
        ("settings".to_owned(), format!("{:#?}", model.settings)),
    ];
    titled(model.terms.iter().map(residual).chain(parts))
}

/// The nodes of all residuals, each once, before what uses it.
fn expr(compiled: &Compiled) -> String {
    let model = &compiled.lowered.model;
    let roots: Vec<_> = model.terms.iter().map(|t| t.residual).collect();
    let mut text = String::new();
    for e in model.graph.reachable(&roots) {
        // Writing into a string never fails.
        let _ = match model.graph.node(e) {
            Node::Symbol(symbol) => writeln!(text, "e{} = {}", e.index(), model.names().symbol(symbol)),
            node => writeln!(text, "e{} = {node:?}", e.index()),
        };
    }
    for term in &model.terms {
        let _ = writeln!(text, "{}: e{}", term.label, term.residual.index());
    }
    text
}

/// Every program with its name.
fn tapes(compiled: &Compiled) -> Vec<(String, &Tape)> {
    let tapes = &compiled.lowered.tapes;
    let mut found: Vec<(String, &Tape)> = Vec::new();
    for (number, ((function, plan), set)) in tapes.functions.iter().enumerate() {
        let title = format!("function {number}, {} on {} channels", function.name(), plan.len());
        found.push((format!("{title}: value"), &set.value));
        found.extend(set.linear.iter().map(|tape| (format!("{title}: slopes"), tape)));
        found.push((format!("{title}: reverse"), &set.reverse));
        found.push((format!("{title}: direction"), &set.second));
    }
    for (title, block) in blocks(compiled) {
        let second = block.local.as_ref().map(|local| ("second derivatives", &local.program));
        let programs = [("value", &block.value), ("value and partials", &block.linear), ("direction", &block.second)];
        for (what, program) in programs.into_iter().chain(second) {
            found.push((format!("{title}: {what}"), &program.tape));
        }
        for (n, features) in block.features.iter().enumerate() {
            found.extend(features.iter().map(|f| (format!("{title}: features of network {n}"), &f.tape)));
        }
    }
    found
}

fn kernel(compiled: &Compiled) -> String {
    let lowered = &compiled.lowered;
    let networks = lowered.description.networks.iter().enumerate();
    let networks = networks.map(|(n, network)| (format!("network {n}"), network.layout.to_string()));
    let blocks = blocks(compiled).into_iter().map(|(title, block)| {
        let inputs = [("value", &block.value), ("linear", &block.linear), ("direction", &block.second)];
        let inputs: String = inputs.iter().map(|(name, p)| format!("inputs of {name}: {:?}\n", p.inputs)).collect();
        let text = format!(
            "factors: {:?}\nchannels: {:?}\n{inputs}partials: {:?}",
            block.factors, block.plans, block.partials
        );
        (title, text)
    });
    titled(networks.chain(blocks))
}

fn code(compiled: &Compiled, widest: bool, form: impl Fn(&codegen::Compiled) -> &str) -> Result<String, CliError> {
    let (titles, tapes): (Vec<String>, Vec<&Tape>) = tapes(compiled).into_iter().unzip();
    let options = Options { keep_text: true, widest, ..Options::default() };
    let programs = codegen::jit(&tapes, &options).map_err(|e| AssembleError::Backend(e.to_string()))?;
    Ok(titled(titles.into_iter().zip(programs.iter().map(|p| form(p).to_owned()))))
}
