//! Which warnings a person has silenced, and whether the remaining ones stop a command.

use super::{Diagnostic, Level, Span};

/// What the command line says about warnings.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Warnings become errors (`--deny warnings`).
    pub deny_warnings: bool,
    /// Codes that are silenced everywhere (`--allow W0301`).
    pub allowed: Vec<String>,
}

/// A code that the file itself silences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The code, in any case.
    pub code: String,
    /// The statement that says `with allow=CODE`; `None` for a comment `# pdec: allow CODE`, which holds for the file.
    pub within: Option<Span>,
}

impl Policy {
    /// Drops what is allowed and raises warnings to errors where they are denied. Errors are never dropped.
    pub fn apply(&self, found: Vec<Diagnostic>, allowances: &[Allowance]) -> Vec<Diagnostic> {
        let mut kept: Vec<_> = found.into_iter().filter(|d| !self.allows(d, allowances)).collect();
        if self.deny_warnings {
            for diagnostic in kept.iter_mut().filter(|d| d.level == Level::Warning) {
                diagnostic.level = Level::Error;
            }
        }
        kept
    }

    fn allows(&self, diagnostic: &Diagnostic, allowances: &[Allowance]) -> bool {
        let names = |code: &str| code.eq_ignore_ascii_case(diagnostic.code);
        let covers = |within: Span| within.start <= diagnostic.span().start && diagnostic.span().end <= within.end;
        diagnostic.level != Level::Error
            && (self.allowed.iter().any(|code| names(code))
                || allowances.iter().any(|a| names(&a.code) && a.within.is_none_or(covers)))
    }
}

/// The codes of a comment `# pdec: allow W0301, W0105`; none for any other comment.
pub fn allowed_codes(comment: &str) -> Vec<String> {
    let directive = comment.trim_start_matches('#').trim_start().strip_prefix("pdec:").map(str::trim_start);
    let Some(codes) = directive.and_then(|text| text.strip_prefix("allow")) else { return Vec::new() };
    if !codes.starts_with(|c: char| c.is_whitespace()) {
        return Vec::new();
    }
    codes.split([',', ' ', '\t']).map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Vec<Diagnostic> {
        vec![
            Diagnostic::warning("W0301", "no condition", Span::new(10, 20), ""),
            Diagnostic::error("E0101", "unknown name", Span::new(30, 31), ""),
        ]
    }

    fn codes(found: &[Diagnostic]) -> Vec<&str> {
        found.iter().map(|d| d.code).collect()
    }

    #[test]
    fn a_flag_silences_a_warning_but_never_an_error() {
        let policy = Policy { allowed: vec!["w0301".into(), "E0101".into()], ..Policy::default() };
        assert_eq!(codes(&policy.apply(found(), &[])), ["E0101"]);
    }

    #[test]
    fn an_attribute_silences_its_own_statement_only() {
        let allowance = |start, end| Allowance { code: "W0301".into(), within: Some(Span::new(start, end)) };
        assert_eq!(codes(&Policy::default().apply(found(), &[allowance(5, 25)])), ["E0101"]);
        assert_eq!(codes(&Policy::default().apply(found(), &[allowance(12, 25)])), ["W0301", "E0101"]);
        let everywhere = Allowance { code: "W0301".into(), within: None };
        assert_eq!(codes(&Policy::default().apply(found(), &[everywhere])), ["E0101"]);
    }

    #[test]
    fn denied_warnings_are_errors() {
        let kept = Policy { deny_warnings: true, ..Policy::default() }.apply(found(), &[]);
        assert!(kept.iter().all(|d| d.level == Level::Error));
    }

    #[test]
    fn comments_name_codes() {
        assert_eq!(allowed_codes("# pdec: allow W0301, W0105"), ["W0301", "W0105"]);
        assert_eq!(allowed_codes("#pdec:allow W0301"), ["W0301"]);
        assert!(allowed_codes("# pdec: allowing W0301").is_empty());
        assert!(allowed_codes("# we allow W0301").is_empty());
    }
}
