//! Characters outside the language: what each was most likely meant to be.

use super::token::Token;

/// What to do about a character that the language does not know.
pub(crate) enum Remedy {
    /// It is mathematics with a spelling of its own here.
    Tokens { tokens: &'static [Token<'static>], text: &'static str, meaning: &'static str },
    /// It looks like a Latin letter.
    Letter(char),
    /// Nothing is known about it.
    Unknown,
}

/// Letters of names: ASCII and Greek.
pub(crate) fn is_letter(character: char) -> bool {
    character.is_ascii_alphabetic() || (('\u{370}'..='\u{3ff}').contains(&character) && character.is_alphabetic())
}

/// Marks and overrides that change the direction of the text without being seen.
pub(crate) fn is_direction_control(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The Latin letter that a Greek letter cannot be told from.
pub(crate) fn greek_look_alike(character: char) -> Option<char> {
    look_up(character, "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϳ", "ABEZHIKMNOPTYXoj")
}

/// A character as it may stand in a message: nothing invisible, nothing that commands a terminal.
pub(crate) fn shown(character: char) -> String {
    let code = character as u32;
    let invisible =
        character.is_control() || is_direction_control(character) || matches!(code, 0x200b..=0x200d | 0xfeff);
    if invisible || character == '\u{fffd}' { format!("U+{code:04X}") } else { format!("`{character}`") }
}

/// What a foreign character stands for.
pub(crate) fn remedy(character: char) -> Remedy {
    let (tokens, text, meaning): (&'static [Token<'static>], _, _) = match character {
        '×' | '·' | '∙' | '⋅' | '∗' => (&[Token::Star], "*", "a product is written `*`"),
        '÷' | '∕' => (&[Token::Slash], "/", "a quotient is written `/`"),
        '−' | '–' | '—' => (&[Token::Minus], "-", "this dash is not a minus sign"),
        '≤' | '⩽' => (&[Token::LessEqual], "<=", "at most is written `<=`"),
        '≥' | '⩾' => (&[Token::GreaterEqual], ">=", "at least is written `>=`"),
        '≠' => (&[Token::NotEqual], "!=", "not equal is written `!=`"),
        '∪' => (&[Token::Plus], "+", "two shapes together are `a + b`"),
        '∩' => (&[Token::Star], "*", "what lies in both of two shapes is `a*b`"),
        '∖' => (&[Token::Minus], "-", "a shape without another is `a - b`"),
        '→' => (&[Token::Arrow], "->", "an arrow is written `->`"),
        '²' => (&[Token::Caret, Token::Number("2")], "^2", "a power is written `^`"),
        '³' => (&[Token::Caret, Token::Number("3")], "^3", "a power is written `^`"),
        '⁴' => (&[Token::Caret, Token::Number("4")], "^4", "a power is written `^`"),
        _ => {
            let latin = look_up(character, "асеіорхуАВЕКМНОРСТХ", "aceiopxyABEKMHOPCTX");
            return latin.map_or(Remedy::Unknown, Remedy::Letter);
        }
    };
    Remedy::Tokens { tokens, text, meaning }
}

/// What to write instead of a character, where that takes more than a replacement.
pub(crate) fn advice(character: char) -> Option<&'static str> {
    Some(match character {
        '{' | '}' => "there are no braces: every statement stands on a line of its own",
        '\'' | '′' => "a derivative is written with the axis it is taken along: `u_x`, `u_xx`",
        '∂' => "a derivative is written `u_x`, or `d(expression, x)`",
        '∇' | '∆' => "write `grad(u)`, `div(v)` or `lap(u)`",
        '∫' => "an integral is written `integral(expression)`",
        '√' => "a square root is written `sqrt(expression)`",
        '∞' => "domains are bounded: choose an end far enough away",
        '_' => "a name starts with a letter",
        '%' => "comments start with `#`; half is written `0.5` or `1/2`",
        '!' => "`not` negates a comparison, `!=` is `not equal`",
        '&' => "comparisons are joined by `and`; what lies in both of two shapes is `a*b`",
        '|' => "comparisons are joined by `or`; an absolute value is `abs(expression)`, shapes together are `a + b`",
        '~' => "an equation is written with `=`",
        '“' | '”' | '„' | '«' | '»' => "text stands in plain double quotes: \"file.csv\"",
        '\\' => {
            "a shape without another is `a - b`; a statement goes on in the next line inside brackets and after an \
             operator, without a mark"
        }
        _ if is_direction_control(character) => "it is invisible and changes the direction of the text: remove it",
        _ if character.is_control() => "this does not look like a text file",
        _ => return None,
    })
}

fn look_up(character: char, foreign: &str, latin: &str) -> Option<char> {
    foreign.chars().zip(latin.chars()).find(|&(letter, _)| letter == character).map(|(_, latin)| latin)
}
