//! From formulas to tapes, and what is done with tapes.

use std::fmt::{Display, Write};
use std::str::FromStr;

use pdec::tape::{Contraction, Segmentation, Tape};

use super::cases::{Case, Outcome};
use super::language::formulas;

pub fn contraction(case: &Case) -> Contraction {
    case.parsed("contraction", Contraction::Separate, |word| {
        [Contraction::Fused, Contraction::Separate].into_iter().find(|contraction| contraction.name() == word)
    })
}

/// The text of a program, which has to read back.
pub fn printed<T: Display + FromStr>(case: &Case, program: &T) -> String {
    let text = program.to_string();
    let again = text.parse::<T>().ok().map(|again| again.to_string());
    assert_eq!(again.as_ref(), Some(&text), "{}: it does not read back", case.name);
    text
}

/// The programs of a text that have to be sound.
fn sound<T: FromStr<Err: Display>>(case: &Case) -> T {
    case.input.parse().unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// Formulas to one tape.
pub fn lower(case: &Case) -> Outcome {
    let (graph, formulas, names) = formulas(case);
    let symbols = graph.symbols(&formulas);
    let mut text = String::new();
    for (number, symbol) in symbols.iter().enumerate() {
        writeln!(text, "input {number} is {}", names.symbol(symbol)).unwrap();
    }
    match Tape::new(&graph, &formulas, &symbols, contraction(case)) {
        Ok(tape) => text += &printed(case, &tape),
        Err(error) => writeln!(text, "error: {error}").unwrap(),
    }
    Outcome::Text(text)
}

/// A tape to one without dead lines, in an order in which few values live at once.
pub fn schedule(case: &Case) -> Outcome {
    Outcome::Text(printed(case, &pdec::tape::schedule(&sound(case))))
}

/// A tape to its segments and the rows of what crosses them.
pub fn segment(case: &Case) -> Outcome {
    let tape: Tape = sound(case);
    let segmentation = Segmentation::new(&tape, case.parsed("longest_body", 1000, |word| word.parse().ok()));
    let values = |values: &mut dyn Iterator<Item = usize>| values.map(|v| format!(" v{v}")).collect::<String>();
    let mut text = String::new();
    for (number, segment) in segmentation.segments().iter().enumerate() {
        let outputs: String = segment.outputs.iter().map(|output| format!(" {output}")).collect();
        writeln!(text, "segment {number}").unwrap();
        let parts = [
            ("body", values(&mut segment.body.clone())),
            ("calls", values(&mut segment.calls.clone())),
            ("copies", values(&mut segment.copies.iter().map(|v| v.index()))),
            ("outputs", outputs),
        ];
        for (what, list) in parts.iter().filter(|(_, list)| !list.is_empty()) {
            writeln!(text, "  {what}{list}").unwrap();
        }
    }
    for row in 0..segmentation.row_count() {
        let mut all = (0..tape.ops().len()).filter(|&v| segmentation.row(pdec::tape::Value(v as u32)) == Some(row));
        writeln!(text, "row {row} is{}", values(&mut all)).unwrap();
    }
    Outcome::Text(text)
}

/// The text of a tape, or of several, each to its text or to what is wrong with it.
pub fn tape(case: &Case) -> Outcome {
    Outcome::Text(each::<Tape>(case, "tape "))
}

/// Programs of a text, which begin with a word at the start of a line.
pub fn each<T: Display + FromStr<Err: Display>>(case: &Case, word: &str) -> String {
    let mut texts: Vec<String> = Vec::new();
    for line in case.input.split_inclusive('\n') {
        match texts.last_mut().filter(|_| !line.starts_with(word)) {
            Some(text) => text.push_str(line),
            None => texts.push(line.to_owned()),
        }
    }
    let of = |text: &String| match text.parse::<T>() {
        Ok(program) => printed(case, &program),
        Err(error) => format!("error: {error}\n"),
    };
    texts.iter().map(of).collect()
}
