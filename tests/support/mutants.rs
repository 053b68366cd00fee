//! Lines of tapes with one thing wrong: a comparison that can't tell them from the right ones is worth nothing.

/// What is wrong, and the line with it.
pub type Mutant = (String, String);

/// Operations whose first two operands may change places.
pub const SYMMETRIC: [&str; 6] = ["add", "mul", "equal", "fma", "fms", "fnma"];

/// The mutants of a line of a tape, where there are these operations with so many operands: another operation, two operands
/// in each other's place, an operand that is the value before, another input or constant, outputs in another order.
pub fn of_tape_line(line: &str, operations: &[(&'static str, usize)]) -> Vec<Mutant> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let with = |place: usize, word: &str| {
        let mut words = words.clone();
        words[place] = word;
        words.join(" ")
    };
    let swapped = |a: usize, b: usize| {
        let mut words = words.clone();
        words.swap(a, b);
        words.join(" ")
    };
    match words[..] {
        ["outputs", _, _, ..] => vec![("outputs swapped".to_owned(), swapped(1, 2))],
        [_, "=", "const", number] => {
            let number: f64 = number.parse().expect("a number");
            let other = if number.is_finite() { number + 1.0 } else { 1.0 };
            vec![("const".to_owned(), with(3, &format!("{other:?}")))]
        }
        [_, "=", "input", number] => {
            let number: usize = number.parse().expect("a number");
            vec![("input".to_owned(), with(3, &number.saturating_sub(1).to_string()))]
        }
        [_, "=", name, ref operands @ ..] => {
            let others = operations.iter().filter(|(other, arity)| *other != name && *arity == operands.len());
            let mut found: Vec<Mutant> =
                others.map(|(other, _)| (format!("{name} to {other}"), with(2, other))).collect();
            for i in 0..operands.len() {
                let swaps = (i + 1..operands.len()).map(|j| (format!("{name} swapped {i} {j}"), swapped(3 + i, 3 + j)));
                found.extend(swaps);
                let value: usize = operands[i][1..].parse().expect("a value");
                if let Some(before) = value.checked_sub(1) {
                    found.push((format!("{name} operand {i}"), with(3 + i, &format!("v{before}"))));
                }
            }
            found
        }
        _ => Vec::new(),
    }
}
