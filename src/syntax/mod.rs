//! Text to [`Ast`](ast::Ast): lexer, grammar, recovery, formatter.
pub mod ast;
