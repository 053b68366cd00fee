//! Names that a person may have meant.

use super::foreign;

/// The candidate that other tools call `name`, or else one that is a small slip away from it, if there is one; letters
/// differ less by case than otherwise.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() * 2).div_ceil(3);
    let meant = foreign::word(name);
    let mut closest = None;
    for candidate in candidates.into_iter().filter(|candidate| *candidate != name) {
        let slips = if meant == Some(candidate) { 0 } else { distance(name, candidate) };
        if slips <= allowed && closest.is_none_or(|(fewest, _)| slips < fewest) {
            closest = Some((slips, candidate));
        }
    }
    closest.map(|(_, candidate)| candidate)
}

/// Twice the number of insertions, deletions, replacements and swaps of neighbours; a change of case counts half.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().take(64).collect());
    let mut rows = vec![(0..=b.len()).map(|j| 2 * j).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![2 * i];
        for j in 1..=b.len() {
            let replace = match (a[i - 1], b[j - 1]) {
                (x, y) if x == y => 0,
                (x, y) if x.to_lowercase().eq(y.to_lowercase()) => 1,
                _ => 2,
            };
            let mut best = (rows[i - 1][j - 1] + replace).min(rows[i - 1][j] + 2).min(row[j - 1] + 2);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 2);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let known = ["adam", "engd", "gd"];
        assert_eq!(nearest("addam", known), Some("adam"));
        assert_eq!(nearest("engdd", known), Some("engd"));
        assert_eq!(nearest("D", ["d", "nu"]), Some("d"));
        assert_eq!(nearest("newton", known), None);
        assert_eq!(nearest("nu", ["mu", "nue"]), Some("mu"));
        assert_eq!(nearest("halton", ["grid", "sobol"]), Some("sobol"));
        assert_eq!(nearest("halton", ["grid"]), None);
    }
}
