//! `file:line:col: error[E0201]: message`, one line each, for editors and `grep`.

use super::super::{Diagnostic, Source};
use super::visible;

/// One diagnostic as one line.
pub(super) fn one(source: &Source, diagnostic: &Diagnostic) -> String {
    let start = diagnostic.span().start;
    if !diagnostic.span().is_in_file() {
        let (level, code) = (diagnostic.level.name(), diagnostic.code);
        return format!("{}: {level}[{code}]: {}\n", visible(source.name()), visible(&diagnostic.message));
    }
    format!(
        "{}:{}:{}: {}[{}]: {}\n",
        visible(source.name_at(start)),
        source.line(start),
        source.column_in_characters(start),
        diagnostic.level.name(),
        diagnostic.code,
        visible(&diagnostic.message)
    )
}
