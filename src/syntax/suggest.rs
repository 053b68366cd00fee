//! The word that was most likely meant.

use super::token::Keyword;

/// Words that people bring from other tools, and the statement that says the same here.
const SYNONYMS: &[(&str, Keyword)] = &[
    ("equation", Keyword::Eq),
    ("equations", Keyword::Eq),
    ("pde", Keyword::Eq),
    ("ode", Keyword::Eq),
    ("solve", Keyword::Eq),
    ("residual", Keyword::Eq),
    ("dirichlet", Keyword::Bc),
    ("neumann", Keyword::Bc),
    ("robin", Keyword::Bc),
    ("bcs", Keyword::Bc),
    ("condition", Keyword::Bc),
    ("boundary_condition", Keyword::Bc),
    ("initial", Keyword::Ic),
    ("ics", Keyword::Ic),
    ("initial_condition", Keyword::Ic),
    ("start", Keyword::Ic),
    ("variable", Keyword::Unknown),
    ("variables", Keyword::Unknown),
    ("unknowns", Keyword::Unknown),
    ("field", Keyword::Unknown),
    ("fields", Keyword::Unknown),
    ("function", Keyword::Unknown),
    ("var", Keyword::Unknown),
    ("parameter", Keyword::Param),
    ("parameters", Keyword::Param),
    ("constant", Keyword::Param),
    ("const", Keyword::Param),
    ("coefficient", Keyword::Param),
    ("define", Keyword::Let),
    ("def", Keyword::Let),
    ("where", Keyword::Let),
    ("loss", Keyword::Minimize),
    ("minimise", Keyword::Minimize),
    ("energy", Keyword::Minimize),
    ("objective", Keyword::Minimize),
    ("model", Keyword::Network),
    ("net", Keyword::Network),
    ("mlp", Keyword::Network),
    ("architecture", Keyword::Network),
    ("optimizer", Keyword::Train),
    ("optimiser", Keyword::Train),
    ("optimize", Keyword::Train),
    ("epochs", Keyword::Train),
    ("iterations", Keyword::Train),
    ("solver", Keyword::Train),
    ("points", Keyword::Sample),
    ("collocation", Keyword::Sample),
    ("sampling", Keyword::Sample),
    ("space", Keyword::Domain),
    ("axis", Keyword::Domain),
    ("axes", Keyword::Domain),
    ("geometry", Keyword::Domain),
    ("mesh", Keyword::Domain),
    ("solution", Keyword::Exact),
    ("analytic", Keyword::Exact),
    ("analytical", Keyword::Exact),
    ("measurements", Keyword::Data),
    ("observations", Keyword::Data),
    ("include", Keyword::Import),
    ("name", Keyword::Problem),
    ("title", Keyword::Problem),
    ("option", Keyword::Set),
    ("print", Keyword::Report),
    ("plot", Keyword::Output),
    ("save", Keyword::Output),
];

/// Words whose statement differs in more than its keyword, so that exchanging the word is no repair.
const OF_ANOTHER_FORM: &[&str] =
    &["neumann", "robin", "epochs", "iterations", "mlp", "points", "collocation", "geometry", "mesh", "print", "plot"];

/// Whether putting the keyword in the place of the wrong word makes a statement of it.
pub(super) fn replaces(word: &str) -> bool {
    !OF_ANOTHER_FORM.contains(&word)
}

/// The statement that a wrong first word stands for.
pub(super) fn keyword(word: &str) -> Option<Keyword> {
    // Longer words are no slips of the pen, and comparing them would take time.
    if word.len() > 32 {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let synonym = SYNONYMS.iter().find(|(foreign, _)| *foreign == lower).map(|&(_, keyword)| keyword);
    let exact = Keyword::from_text(&lower);
    let slips = if lower.len() <= 2 { 0 } else { (lower.len() / 3).min(2) };
    let near = Keyword::ALL.iter().map(|&keyword| (edit_distance(&lower, keyword.text()), keyword));
    exact.or(synonym).or_else(|| near.filter(|&(distance, _)| distance <= slips).min().map(|(_, keyword)| keyword))
}

/// How many letters must be put in, removed, replaced or swapped with their neighbour (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_slips() {
        assert_eq!(edit_distance("train", "train"), 0);
        assert_eq!(edit_distance("trian", "train"), 1);
        assert_eq!(edit_distance("parm", "param"), 1);
        assert_eq!(edit_distance("", "eq"), 2);
    }

    #[test]
    fn words_of_other_tools_are_known() {
        assert_eq!(keyword("Equation"), Some(Keyword::Eq));
        assert_eq!(keyword("EQ"), Some(Keyword::Eq));
        assert_eq!(keyword("domian"), Some(Keyword::Domain));
        assert_eq!(keyword("dirichlet"), Some(Keyword::Bc));
        assert_eq!(keyword("xyz"), None);
        assert_eq!(keyword("u"), None);
    }
}
