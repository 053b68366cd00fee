//! Reads formulas for tests: the operators, functions and jet variables of the language, nothing else of it.

use pdec::expr::{Expr, Function, Graph, MultiIndex, Names, Rational, Relation};

/// The formula that `text` says; names are axes, fields of `names` and their derivatives (`u_xy`).
///
/// # Panics
/// If the text is not a formula.
pub fn read(graph: &mut Graph, names: &Names, text: &str) -> Expr {
    let tokens = tokens(text);
    let mut reader = Reader { graph, names, tokens: &tokens, at: 0 };
    let formula = reader.comparison();
    assert_eq!(reader.at, tokens.len(), "trailing text in {text}: {:?}", &tokens[reader.at..]);
    formula
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut joins = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '_' || c == '.';
        match tokens.last_mut() {
            Some(last) if word && joins => last.push(c),
            Some(last) if c == '=' && last == "<" => last.push(c),
            _ if !c.is_whitespace() => tokens.push(c.to_string()),
            _ => {}
        }
        joins = word;
    }
    tokens
}

struct Reader<'a> {
    graph: &'a mut Graph,
    names: &'a Names,
    tokens: &'a [String],
    at: usize,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|t| t == token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &str) {
        assert!(self.takes(token), "expected {token} at {:?}", &self.tokens[self.at..]);
    }

    fn comparison(&mut self) -> Expr {
        let left = self.sum();
        for relation in [Relation::LessEqual, Relation::Less, Relation::Equal] {
            if self.takes(relation.symbol()) {
                let right = self.sum();
                return self.graph.compare(relation, left, right);
            }
        }
        left
    }

    fn sum(&mut self) -> Expr {
        let mut sum = self.product();
        loop {
            if self.takes("+") {
                let next = self.product();
                sum = self.graph.add(sum, next);
            } else if self.takes("-") {
                let next = self.product();
                sum = self.graph.sub(sum, next);
            } else {
                return sum;
            }
        }
    }

    fn product(&mut self) -> Expr {
        let mut product = self.unary();
        loop {
            if self.takes("*") {
                let next = self.unary();
                product = self.graph.mul(product, next);
            } else if self.takes("/") {
                let next = self.unary();
                product = self.graph.div(product, next);
            } else {
                return product;
            }
        }
    }

    fn unary(&mut self) -> Expr {
        if self.takes("-") {
            let operand = self.unary();
            return self.graph.neg(operand);
        }
        let base = self.atom();
        if self.takes("^") {
            let exponent = self.unary();
            return self.graph.pow(base, exponent);
        }
        base
    }

    fn atom(&mut self) -> Expr {
        if self.takes("(") {
            let inside = self.comparison();
            self.expect(")");
            return inside;
        }
        if self.takes("if") {
            let condition = self.comparison();
            self.expect("then");
            let first = self.comparison();
            self.expect("else");
            let second = self.comparison();
            return self.graph.select(condition, first, second);
        }
        let word = self.tokens[self.at].clone();
        self.at += 1;
        if self.takes("(") {
            let mut arguments = vec![self.comparison()];
            while self.takes(",") {
                arguments.push(self.comparison());
            }
            self.expect(")");
            if word == "sqrt" {
                return self.graph.sqrt(arguments[0]);
            }
            let function = Function::from_name(&word).unwrap_or_else(|| panic!("no function {word}"));
            return self.graph.call(function, &arguments);
        }
        self.name(&word)
    }

    fn name(&mut self, word: &str) -> Expr {
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let digits: String = word.chars().filter(|c| *c != '.').collect();
            let decimals = word.split_once('.').map_or(0, |(_, d)| d.len() as i32);
            let value: Rational = digits.parse().expect("a number");
            return self.graph.rational(value / Rational::from_integer(10.into()).pow(decimals));
        }
        if word == "pi" {
            return self.graph.pi();
        }
        if let Some(axis) = self.names.axes.iter().position(|a| a == word) {
            return self.graph.coordinate(axis);
        }
        let (field, derivative) = word.split_once('_').unwrap_or((word, ""));
        let field = self.names.fields.iter().position(|f| f == field).unwrap_or_else(|| panic!("no name {word}"));
        let mut index = MultiIndex::default();
        for axis in derivative.chars() {
            let axis = self.names.axes.iter().position(|a| *a == axis.to_string()).expect("an axis");
            index = index.raised(axis, 1);
        }
        self.graph.jet(field, index)
    }
}
