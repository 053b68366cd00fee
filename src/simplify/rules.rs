//! The rewriting rules, as data.
//!
//! A rule has a name, two sides, the facts that must be proven before it fires and what it does to rounding. Sums and
//! products are matched in both orders, and inside longer chains, without rules for commutativity: [`compile`] writes out
//! the orders of a left side. The tests try every rule by itself.

use std::sync::OnceLock;

use egg::{ENodeOrVar, Id, Language, PatternAst, RecExpr, Var};
use rustc_hash::FxHashSet;

use super::analysis::{Classes, Fact};
use super::language::Term;

/// How the two sides of a rule differ in floating-point arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounding {
    /// Not at all, or in the sign of a zero.
    Exact,
    /// By a few units in the last place of the result.
    Relative,
    /// By a few units in the last place of the largest intermediate value.
    Absolute,
}

/// When a rule takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// Always.
    Standard,
    /// Only with [`Effort::Maximal`](super::Effort::Maximal).
    Maximal,
}

/// `left` may be replaced by `right` where all of `facts` are proven.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) left: &'static str,
    pub(super) right: &'static str,
    pub(super) facts: &'static [Fact],
    // Tests alone look at it: it says how closely the two sides must agree.
    #[cfg_attr(not(test), expect(dead_code))]
    pub(super) rounding: Rounding,
    pub(super) tier: Tier,
}

macro_rules! rules {
    ($($name:ident: $left:literal => $right:literal
        $(, when $($fact:ident($($variable:literal),+)),+)?; $rounding:ident $(, $tier:ident)?)*) => {
        &[$(Rule {
            name: stringify!($name),
            left: $left,
            right: $right,
            facts: &[$($(Fact::$fact($($variable),+)),+)?],
            rounding: Rounding::$rounding,
            tier: rules!(@tier $($tier)?),
        }),*]
    };
    (@tier) => { Tier::Standard };
    (@tier $tier:ident) => { Tier::$tier };
}

/// All rules.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = rules! {
    // Identities.
    add_zero: "(+ ?a 0)" => "?a"; Exact
    multiply_one: "(* 1 ?a)" => "?a"; Exact
    multiply_zero: "(* 0 ?a)" => "0"; Exact
    add_same: "(+ ?a ?a)" => "(* 2 ?a)"; Exact
    cancel: "(+ ?a (* -1 ?a))" => "0"; Exact
    minus_minus: "(* -1 (* -1 ?a))" => "?a"; Exact

    // Constants outward, where they meet and fold.
    number_first: "(* ?a ?c)" => "(* ?c ?a)", when Constant("?c"); Exact
    constant_out: "(* ?a (* ?c ?b))" => "(* ?c (* ?a ?b))", when Constant("?c"); Relative
    constants_meet: "(* ?c (* ?d ?a))" => "(* (* ?c ?d) ?a)", when Constant("?c"), Constant("?d"); Relative
    constants_add: "(+ ?c (+ ?d ?a))" => "(+ (+ ?c ?d) ?a)", when Constant("?c"), Constant("?d"); Absolute
    sign_out_of_sum: "(+ (* -1 ?a) (* -1 ?b))" => "(* -1 (+ ?a ?b))"; Exact
    constant_out_of_recip: "(recip (* ?c ?a))" => "(* (recip ?c) (recip ?a))", when Constant("?c"), Nonzero("?c"); Relative

    // Factors out of sums, and back.
    factor: "(+ (* ?a ?b) (* ?a ?c))" => "(* ?a (+ ?b ?c))"; Absolute
    factor_one: "(+ ?a (* ?a ?b))" => "(* ?a (+ 1 ?b))"; Absolute
    factor_minus: "(+ (* ?a ?b) (* -1 (* ?a ?c)))" => "(* ?a (+ ?b (* -1 ?c)))"; Absolute
    factor_one_minus: "(+ ?a (* -1 (* ?a ?b)))" => "(* ?a (+ 1 (* -1 ?b)))"; Absolute
    distribute: "(* ?a (+ ?b ?c))" => "(+ (* ?a ?b) (* ?a ?c))"; Absolute, Maximal

    // Reciprocals.
    recip_recip: "(recip (recip ?a))" => "?a"; Relative
    recip_join: "(* (recip ?a) (recip ?b))" => "(recip (* ?a ?b))"; Relative
    recip_split: "(recip (* ?a ?b))" => "(* (recip ?a) (recip ?b))"; Relative
    recip_cancel: "(* ?a (recip ?a))" => "1", when Nonzero("?a"); Relative
    common_denominator: "(+ (recip ?a) (recip ?b))" => "(* (+ ?a ?b) (recip (* ?a ?b)))", when Nonzero("?a"), Nonzero("?b"); Absolute
    fraction_over_sum: "(+ 1 (* ?a (recip ?b)))" => "(* (+ ?a ?b) (recip ?b))", when Nonzero("?b"); Absolute

    // Square roots.
    sqrt_times_sqrt: "(* (sqrt ?a) (sqrt ?a))" => "?a", when Nonnegative("?a"); Relative
    sqrt_of_square: "(sqrt (* ?a ?a))" => "(abs ?a)"; Relative
    sqrt_join: "(* (sqrt ?a) (sqrt ?b))" => "(sqrt (* ?a ?b))", when Nonnegative("?a"), Nonnegative("?b"), Distinct("?a", "?b"); Relative
    sqrt_split: "(sqrt (* ?a ?b))" => "(* (sqrt ?a) (sqrt ?b))", when Nonnegative("?a"), Nonnegative("?b"), Distinct("?a", "?b"); Relative
    sqrt_over_itself: "(* ?a (recip (sqrt ?a)))" => "(sqrt ?a)", when Positive("?a"); Relative
    recip_of_sqrt: "(* (sqrt ?a) (recip ?a))" => "(recip (sqrt ?a))", when Positive("?a"); Relative
    sqrt_of_recip: "(sqrt (recip ?a))" => "(recip (sqrt ?a))", when Positive("?a"); Relative
    square_of_recip_sqrt: "(* (recip (sqrt ?a)) (recip (sqrt ?a)))" => "(recip ?a)", when Positive("?a"); Relative
    recip_as_square: "(recip ?a)" => "(* (recip (sqrt ?a)) (recip (sqrt ?a)))", when Positive("?a"); Relative, Maximal

    // Powers.
    power_zero: "(pow ?a 0)" => "1"; Exact
    power_one: "(pow ?a 1)" => "?a"; Exact
    power_two: "(pow ?a 2)" => "(* ?a ?a)"; Relative
    power_minus_one: "(pow ?a -1)" => "(recip ?a)"; Relative
    power_half: "(pow ?a 1/2)" => "(sqrt ?a)"; Relative
    power_join: "(* (pow ?a ?p) (pow ?a ?q))" => "(pow ?a (+ ?p ?q))", when Positive("?a"); Relative
    power_raise: "(* ?a (pow ?a ?p))" => "(pow ?a (+ ?p 1))", when Positive("?a"); Relative
    power_of_power: "(pow (pow ?a ?p) ?q)" => "(pow ?a (* ?p ?q))", when Positive("?a"); Relative
    recip_of_power: "(recip (pow ?a ?p))" => "(pow ?a (* -1 ?p))", when Positive("?a"); Relative
    power_product: "(* (pow ?a ?p) (pow ?b ?p))" => "(pow (* ?a ?b) ?p)", when Positive("?a"), Positive("?b"); Relative

    // Exponentials and logarithms.
    exp_join: "(* (exp ?a) (exp ?b))" => "(exp (+ ?a ?b))"; Relative
    exp_of_double: "(exp (* 2 ?a))" => "(* (exp ?a) (exp ?a))"; Relative
    exp_of_minus: "(exp (* -1 ?a))" => "(recip (exp ?a))"; Relative
    recip_of_exp: "(recip (exp ?a))" => "(exp (* -1 ?a))"; Relative
    exp_cancel: "(* (exp ?a) (exp (* -1 ?a)))" => "1"; Relative
    exp_of_log: "(exp (* ?p (log ?a)))" => "(pow ?a ?p)", when Positive("?a"); Relative
    log_join: "(+ (log ?a) (log ?b))" => "(log (* ?a ?b))", when Positive("?a"), Positive("?b"); Absolute
    log_of_recip: "(log (recip ?a))" => "(* -1 (log ?a))", when Positive("?a"); Absolute
    log_of_sqrt: "(log (sqrt ?a))" => "(* 1/2 (log ?a))", when Positive("?a"); Absolute
    log_of_square: "(log (* ?a ?a))" => "(* 2 (log ?a))", when Positive("?a"); Absolute
    log_of_power: "(log (pow ?a ?p))" => "(* ?p (log ?a))", when Positive("?a"); Absolute
    log_of_exp: "(log (exp ?a))" => "?a"; Absolute

    // Circular functions.
    pythagoras: "(+ (* (sin ?a) (sin ?a)) (* (cos ?a) (cos ?a)))" => "1"; Absolute
    one_minus_sin_square: "(+ 1 (* -1 (* (sin ?a) (sin ?a))))" => "(* (cos ?a) (cos ?a))"; Absolute
    one_minus_cos_square: "(+ 1 (* -1 (* (cos ?a) (cos ?a))))" => "(* (sin ?a) (sin ?a))"; Absolute
    sin_square_minus_one: "(+ -1 (* (sin ?a) (sin ?a)))" => "(* -1 (* (cos ?a) (cos ?a)))"; Absolute
    cos_square_minus_one: "(+ -1 (* (cos ?a) (cos ?a)))" => "(* -1 (* (sin ?a) (sin ?a)))"; Absolute
    sin_over_cos: "(* (sin ?a) (recip (cos ?a)))" => "(tan ?a)"; Relative
    tan_as_quotient: "(tan ?a)" => "(* (sin ?a) (recip (cos ?a)))"; Relative
    tan_times_cos: "(* (tan ?a) (cos ?a))" => "(sin ?a)", when Nonzero("(cos ?a)"); Relative
    one_plus_tan_square: "(+ 1 (* (tan ?a) (tan ?a)))" => "(recip (* (cos ?a) (cos ?a)))"; Relative
    double_angle: "(* (sin ?a) (cos ?a))" => "(* 1/2 (sin (* 2 ?a)))"; Absolute

    // Hyperbolic functions.
    hyperbolic_pythagoras: "(+ (* (cosh ?a) (cosh ?a)) (* -1 (* (sinh ?a) (sinh ?a))))" => "1"; Absolute
    hyperbolic_pythagoras_turned: "(+ (* (sinh ?a) (sinh ?a)) (* -1 (* (cosh ?a) (cosh ?a))))" => "-1"; Absolute
    one_plus_sinh_square: "(+ 1 (* (sinh ?a) (sinh ?a)))" => "(* (cosh ?a) (cosh ?a))"; Relative
    one_minus_tanh_square: "(+ 1 (* -1 (* (tanh ?a) (tanh ?a))))" => "(* (sech ?a) (sech ?a))"; Absolute
    tanh_square_minus_one: "(+ -1 (* (tanh ?a) (tanh ?a)))" => "(* -1 (* (sech ?a) (sech ?a)))"; Absolute
    sech_square: "(* (sech ?a) (sech ?a))" => "(+ 1 (* -1 (* (tanh ?a) (tanh ?a))))"; Absolute
    recip_of_cosh: "(recip (cosh ?a))" => "(sech ?a)"; Relative
    sech_as_recip: "(sech ?a)" => "(recip (cosh ?a))"; Relative
    sinh_over_cosh: "(* (sinh ?a) (recip (cosh ?a)))" => "(tanh ?a)"; Relative
    tanh_times_cosh: "(* (tanh ?a) (cosh ?a))" => "(sinh ?a)"; Relative
    sinh_times_sech: "(* (sinh ?a) (sech ?a))" => "(tanh ?a)"; Relative
    cosh_plus_sinh: "(+ (cosh ?a) (sinh ?a))" => "(exp ?a)"; Absolute
    cosh_from_exp: "(+ (exp ?a) (exp (* -1 ?a)))" => "(* 2 (cosh ?a))"; Relative
    sinh_from_exp_turned: "(+ (exp (* -1 ?a)) (* -1 (exp ?a)))" => "(* -2 (sinh ?a))"; Absolute
    sinh_from_exp: "(+ (exp ?a) (* -1 (exp (* -1 ?a))))" => "(* 2 (sinh ?a))"; Absolute

    // Magnitudes, signs and extrema.
    abs_of_nonnegative: "(abs ?a)" => "?a", when Nonnegative("?a"); Exact
    abs_of_nonpositive: "(abs ?a)" => "(* -1 ?a)", when Nonpositive("?a"); Exact
    abs_square: "(* (abs ?a) (abs ?a))" => "(* ?a ?a)"; Exact
    abs_join: "(* (abs ?a) (abs ?b))" => "(abs (* ?a ?b))"; Exact
    abs_abs: "(abs (abs ?a))" => "(abs ?a)"; Exact
    sign_times_itself: "(* ?a (sign ?a))" => "(abs ?a)"; Exact
    sign_times_abs: "(* (abs ?a) (sign ?a))" => "?a"; Exact
    sign_of_positive: "(sign ?a)" => "1", when Positive("?a"); Exact
    sign_of_negative: "(sign ?a)" => "-1", when Negative("?a"); Exact
    step_of_nonnegative: "(step ?a)" => "1", when Nonnegative("?a"); Exact
    step_of_negative: "(step ?a)" => "0", when Negative("?a"); Exact
    min_first: "(min ?a ?b)" => "?a", when AtMost("?a", "?b"); Exact
    max_second: "(max ?a ?b)" => "?b", when AtMost("?a", "?b"); Exact
    min_plus_max: "(+ (min ?a ?b) (max ?a ?b))" => "(+ ?a ?b)"; Exact
    min_times_max: "(* (min ?a ?b) (max ?a ?b))" => "(* ?a ?b)"; Exact

    // Conditions.
    less_holds: "(< ?a ?b)" => "1", when Below("?a", "?b"); Exact
    less_fails: "(< ?a ?b)" => "0", when AtMost("?b", "?a"); Exact
    less_equal_holds: "(<= ?a ?b)" => "1", when AtMost("?a", "?b"); Exact
    less_equal_fails: "(<= ?a ?b)" => "0", when Below("?b", "?a"); Exact
    equal_fails: "(= ?a ?b)" => "0", when Below("?a", "?b"); Exact
    if_true: "(if ?c ?a ?b)" => "?a", when Nonzero("?c"); Exact
    if_false: "(if 0 ?a ?b)" => "?b"; Exact
    if_same: "(if ?c ?a ?a)" => "?a"; Exact
    if_again: "(if ?c (if ?c ?a ?b) ?d)" => "(if ?c ?a ?d)"; Exact
    if_not_again: "(if ?c ?a (if ?c ?b ?d))" => "(if ?c ?a ?d)"; Exact
    if_not_less: "(if (+ 1 (* -1 (< ?p ?q))) ?a ?b)" => "(if (< ?p ?q) ?b ?a)"; Exact
    if_not_less_equal: "(if (+ 1 (* -1 (<= ?p ?q))) ?a ?b)" => "(if (<= ?p ?q) ?b ?a)"; Exact
    if_not_equal: "(if (+ 1 (* -1 (= ?p ?q))) ?a ?b)" => "(if (= ?p ?q) ?b ?a)"; Exact
    if_less_as_number: "(if (< ?p ?q) 1 0)" => "(< ?p ?q)"; Exact
    if_less_equal_as_number: "(if (<= ?p ?q) 1 0)" => "(<= ?p ?q)"; Exact
    if_common_term: "(if ?c (+ ?a ?b) (+ ?a ?d))" => "(+ ?a (if ?c ?b ?d))"; Exact
    if_common_factor: "(if ?c (* ?a ?b) (* ?a ?d))" => "(* ?a (if ?c ?b ?d))"; Exact
    if_sum: "(+ (if ?c ?a ?b) (if ?c ?d ?f))" => "(if ?c (+ ?a ?d) (+ ?b ?f))"; Exact

    // General reordering, affordable only with a large budget.
    commute_add: "(+ ?a ?b)" => "(+ ?b ?a)"; Exact, Maximal
    commute_multiply: "(* ?a ?b)" => "(* ?b ?a)"; Exact, Maximal
    associate_add: "(+ ?a (+ ?b ?c))" => "(+ (+ ?a ?b) ?c)"; Absolute, Maximal
    associate_multiply: "(* ?a (* ?b ?c))" => "(* (* ?a ?b) ?c)"; Relative, Maximal
};

/// One way to match a rule: a left side in one order of its sums and products.
pub(super) struct Spelling {
    /// The number of the rule in [`RULES`].
    pub(super) rule: usize,
    pub(super) left: egg::Pattern<Term>,
    pub(super) right: PatternAst<Term>,
    /// Numbers that must occur for the left side to match.
    pub(super) numbers: Vec<Term>,
    facts: Vec<(Fact, PatternAst<Term>, Option<PatternAst<Term>>)>,
}

impl Spelling {
    /// Whether all facts of the rule are proven for a match.
    pub(super) fn is_allowed(&self, classes: &Classes, matched: &egg::Subst) -> bool {
        self.facts.iter().all(|(fact, a, b)| {
            let Some(a) = look_up(classes, a, matched) else { return false };
            let b = match b {
                None => a,
                Some(b) => match look_up(classes, b, matched) {
                    Some(b) => b,
                    None => return false,
                },
            };
            let (first, second) = (&classes[a].data, &classes[b].data);
            match fact {
                Fact::Constant(_) => first.constant.is_some(),
                Fact::Distinct(..) => classes.find(a) != classes.find(b),
                _ => fact.holds(first.range, second.range),
            }
        })
    }
}

/// The class of a matched pattern, if the e-graph has it.
fn look_up(classes: &Classes, pattern: &PatternAst<Term>, matched: &egg::Subst) -> Option<Id> {
    let mut ids: Vec<Id> = Vec::with_capacity(pattern.len());
    for node in pattern.as_ref() {
        let id = match node {
            ENodeOrVar::Var(variable) => *matched.get(*variable)?,
            ENodeOrVar::ENode(term) => classes.lookup(term.clone().map_children(|c| ids[usize::from(c)]))?,
        };
        ids.push(id);
    }
    ids.last().copied()
}

/// A rule with its left side read, and its spellings, which are written out when they are first needed.
pub(super) struct Compiled {
    /// Operators that must occur for the left side to match.
    pub(super) operators: Vec<<Term as Language>::Discriminant>,
    number: usize,
    spellings: OnceLock<Vec<Spelling>>,
}

impl Compiled {
    pub(super) fn rule(&self) -> &'static Rule {
        &RULES[self.number]
    }

    pub(super) fn spellings(&self) -> &[Spelling] {
        self.spellings.get_or_init(|| spellings(self.number))
    }
}

/// All rules, read once.
pub(super) fn compiled() -> &'static [Compiled] {
    static COMPILED: OnceLock<Vec<Compiled>> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let read = |(number, rule): (usize, &Rule)| Compiled {
            operators: operators(&parse(rule.left)),
            number,
            spellings: OnceLock::new(),
        };
        RULES.iter().enumerate().map(read).collect()
    })
}

fn spellings(number: usize) -> Vec<Spelling> {
    let rule = &RULES[number];
    let (left, right) = (parse(rule.left), parse(rule.right));
    let read_fact = |fact: &Fact| {
        let (a, b) = fact.variables();
        (*fact, parse(a), b.map(parse))
    };
    let facts: Vec<_> = rule.facts.iter().map(read_fact).collect();
    let mut seen = FxHashSet::default();
    let mut spellings = Vec::new();
    // These are about order themselves.
    let fixed = rule.name.starts_with("commute") || rule.name == "number_first";
    for left in if fixed { vec![left] } else { orders(&left) } {
        for (left, right) in inside_chains(&left, &right, rule) {
            if seen.insert(shape(&left, rule.facts)) {
                let numbers = numbers(&left);
                let left = egg::Pattern::new(left);
                spellings.push(Spelling { rule: number, left, right, numbers, facts: facts.clone() });
            }
        }
    }
    spellings
}

/// Reads one side of a rule.
pub(super) fn parse(text: &str) -> PatternAst<Term> {
    text.parse().expect("the sides of the rules in the table are well formed")
}

fn operators(pattern: &PatternAst<Term>) -> Vec<<Term as Language>::Discriminant> {
    let mut found = Vec::new();
    for node in pattern.as_ref() {
        if let ENodeOrVar::ENode(term) = node
            && !found.contains(&term.discriminant())
        {
            found.push(term.discriminant());
        }
    }
    found
}

fn numbers(pattern: &PatternAst<Term>) -> Vec<Term> {
    let number = |node: &ENodeOrVar<Term>| match node {
        ENodeOrVar::ENode(term @ Term::Number(_)) => Some(term.clone()),
        _ => None,
    };
    pattern.as_ref().iter().filter_map(number).collect()
}

/// The pattern with the operands of its sums and products in every combination of orders.
fn orders(pattern: &PatternAst<Term>) -> Vec<PatternAst<Term>> {
    let nodes = pattern.as_ref();
    // A number is the first factor: the lowering and `number_first` put it there.
    let is_number = |id: &Id| matches!(&nodes[usize::from(*id)], ENodeOrVar::ENode(Term::Number(_)));
    let commutes = |node: &ENodeOrVar<Term>| match node {
        ENodeOrVar::ENode(Term::Multiply([a, b])) => a != b && !is_number(a),
        ENodeOrVar::ENode(Term::Add([a, b]) | Term::Extremum(_, [a, b])) => a != b,
        _ => false,
    };
    let places: Vec<usize> = (0..nodes.len()).filter(|&i| commutes(&nodes[i])).collect();
    let mut found = Vec::with_capacity(1 << places.len());
    for choice in 0..1_u32 << places.len() {
        let mut turned: Vec<ENodeOrVar<Term>> = nodes.to_vec();
        for (bit, &place) in places.iter().enumerate() {
            if choice >> bit & 1 == 1
                && let ENodeOrVar::ENode(term) = &mut turned[place]
            {
                term.children_mut().swap(0, 1);
            }
        }
        found.push(RecExpr::from(turned));
    }
    found
}

/// The rule itself, and, where its left side is a sum or product of two, the rule at the end of a longer chain:
/// `(rest + a) + b` for `a + b`.
fn inside_chains(
    left: &PatternAst<Term>,
    right: &PatternAst<Term>,
    rule: &Rule,
) -> Vec<(PatternAst<Term>, PatternAst<Term>)> {
    let mut found = vec![(left.clone(), right.clone())];
    type Chain = fn([Id; 2]) -> Term;
    let (chain, [a, b]) = match left.as_ref().last() {
        Some(ENodeOrVar::ENode(Term::Add(operands))) => (Term::Add as Chain, *operands),
        Some(ENodeOrVar::ENode(Term::Multiply(operands))) => (Term::Multiply as Chain, *operands),
        _ => return found,
    };
    // Single operands need no partner, and distribution inside chains would only repeat itself.
    let closed = [
        "number_first",
        "add_zero",
        "multiply_one",
        "multiply_zero",
        "constant_out",
        "constants_meet",
        "constants_add",
    ];
    if closed.contains(&rule.name) || rule.tier == Tier::Maximal {
        return found;
    }
    let rest: Var = "?rest".parse().expect("a variable");
    let mut longer: Vec<ENodeOrVar<Term>> = left.as_ref()[..left.len() - 1].to_vec();
    let rest_of_left = push(&mut longer, ENodeOrVar::Var(rest));
    let inner = push(&mut longer, ENodeOrVar::ENode(chain([rest_of_left, a])));
    push(&mut longer, ENodeOrVar::ENode(chain([inner, b])));
    let mut replaced: Vec<ENodeOrVar<Term>> = right.as_ref().to_vec();
    let result = Id::from(replaced.len() - 1);
    let rest_of_right = push(&mut replaced, ENodeOrVar::Var(rest));
    push(&mut replaced, ENodeOrVar::ENode(chain([rest_of_right, result])));
    found.push((RecExpr::from(longer), RecExpr::from(replaced)));
    found
}

fn push(nodes: &mut Vec<ENodeOrVar<Term>>, node: ENodeOrVar<Term>) -> Id {
    nodes.push(node);
    Id::from(nodes.len() - 1)
}

/// A text that two spellings share where they differ only in the names of variables.
fn shape(left: &PatternAst<Term>, facts: &[Fact]) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut number = |name: String| {
        let known = names.iter().position(|n| *n == name);
        known.unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    for node in left.as_ref() {
        match node {
            ENodeOrVar::Var(variable) => text += &format!("?{} ", number(variable.to_string())),
            ENodeOrVar::ENode(term) => text += &format!("{term}{:?} ", term.children()),
        }
    }
    let mut stated: Vec<String> = facts
        .iter()
        .map(|fact| {
            let (a, b) = fact.variables();
            let b = b.map(|b| number(b.to_owned()));
            format!("{:?} {} {b:?} ", std::mem::discriminant(fact), number(a.to_owned()))
        })
        .collect();
    stated.sort();
    text + &stated.concat()
}
