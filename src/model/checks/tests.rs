//! The checks on models built by hand; whole files are in `tests/check`.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Graph, Jet, MultiIndex, Rational};
use crate::geometry::Rule;
use crate::model::{
    Axis, AxisKind, Component, Field, FieldSource, Method, Model, NetworkPlan, Piece, Sampling, Settings, Stage, Term,
    TermKind, Unknown, UnknownKind,
};
use crate::network::{Activation, Architecture};

/// A model in the making: every statement gets a span of its own, ten bytes a statement.
struct Draft {
    model: Model,
    statements: usize,
}

impl Draft {
    /// `x` and `y` in [0, 1], after `t` in [0, 1] if asked for.
    fn new(kinds: &[AxisKind], fields: &[&str]) -> Self {
        let mut names = ["x", "y", "z"].into_iter();
        let axes = kinds.iter().map(|&kind| Axis {
            name: if kind == AxisKind::Time { "t" } else { names.next().unwrap() }.to_owned(),
            kind,
            lower: 0.0,
            upper: 1.0,
            ends: [Graph::ZERO, Graph::ONE],
            periodic: false,
            value: None,
            span: Span::new(0, 1),
        });
        let fields = fields.iter().enumerate().map(|(output, name)| Field {
            name: (*name).to_owned(),
            axes: (0..kinds.len()).collect(),
            source: FieldSource::Network { network: 0, output },
            span: Span::new(2, 3),
        });
        let fields: Vec<Field> = fields.collect();
        let plan = NetworkPlan {
            architecture: Architecture::mlp(vec![8], Activation::Tanh),
            inputs: (0..kinds.len()).collect(),
            fields: (0..fields.len()).collect(),
            default: true,
            span: Some(Span::new(4, 5)),
        };
        let mut graph = Graph::new();
        let unknowns = fields.iter().enumerate().map(|(number, field)| {
            let value = graph.jet(number, MultiIndex::zero());
            let component = Component {
                name: field.name.clone(),
                field: number,
                value,
                exact: None,
                exact_span: Some(Span::new(6, 7)),
            };
            Unknown {
                name: field.name.clone(),
                kind: UnknownKind::Number,
                complex: false,
                axes: field.axes.clone(),
                components: vec![component],
                ansatz: None,
                span: field.span,
            }
        });
        let unknowns = unknowns.collect();
        let model = Model {
            name: "draft".to_owned(),
            graph,
            axes: axes.collect(),
            shape: None,
            unknowns,
            fields,
            integrals: Vec::new(),
            parameters: Vec::new(),
            numbers: Vec::new(),
            tables: Vec::new(),
            data: Vec::new(),
            references: Vec::new(),
            terms: Vec::new(),
            satisfied: Vec::new(),
            mentions: Vec::new(),
            networks: vec![plan],
            sums: Vec::new(),
            stages: vec![Stage::of(Method::Engd)],
            windows: 1,
            outputs: Vec::new(),
            reports: Vec::new(),
            settings: Settings::default(),
        };
        Self { model, statements: 1 }
    }

    fn steady(axes: usize) -> Self {
        Self::new(&vec![AxisKind::Space; axes], &["u"])
    }

    /// Axes t, x.
    fn evolving() -> Self {
        Self::new(&[AxisKind::Time, AxisKind::Space], &["u"])
    }

    fn graph(&mut self) -> &mut Graph {
        &mut self.model.graph
    }

    fn jet(&mut self, orders: &[u8]) -> Expr {
        self.graph().jet(0, MultiIndex::new(orders))
    }

    fn sine(&mut self, axis: usize) -> Expr {
        let (pi, x) = (self.graph().pi(), self.graph().coordinate(axis));
        let angle = self.graph().mul(pi, x);
        self.graph().call(Function::Sin, &[angle])
    }

    fn term(&mut self, kind: TermKind, left: Expr, right: Expr, place: Vec<Piece>) -> Span {
        let span = Span::new(10 * self.statements, 10 * self.statements + 5);
        let residual = self.graph().sub(left, right);
        let rule = Rule::Grid { counts: vec![9] };
        let sampling = Sampling {
            pieces: vec![rule.clone(); place.len()],
            rule,
            resample: None,
            margin: 0.0,
            adapt: None,
            default: true,
        };
        let (weight, place_span) = (None, Some(Span::new(10 * self.statements + 6, 10 * self.statements + 9)));
        let label = format!("s{}", self.statements);
        self.model.terms.push(Term {
            label,
            kind,
            left,
            right,
            residual,
            place,
            weight,
            hard: false,
            sampling,
            span,
            place_span,
        });
        self.statements += 1;
        span
    }

    fn eq(&mut self, left: Expr, right: Expr) -> Span {
        let place = vec![Piece { ranges: self.box_ranges(), normal: None, keep: None, part: None }];
        self.term(TermKind::Equation, left, right, place)
    }

    /// A condition on faces, each given by axis and sign of its normal.
    fn bc(&mut self, left: Expr, right: Expr, faces: &[(usize, f64)]) -> Span {
        let place = faces.iter().map(|&(axis, sign)| self.face(axis, sign)).collect();
        self.term(TermKind::Boundary, left, right, place)
    }

    fn ic(&mut self, left: Expr, right: Expr) -> Span {
        let mut ranges = self.box_ranges();
        ranges[0] = [0.0; 2];
        self.term(TermKind::Initial, left, right, vec![Piece { ranges, normal: None, keep: None, part: None }])
    }

    fn face(&self, axis: usize, sign: f64) -> Piece {
        let mut ranges = self.box_ranges();
        ranges[axis] = if sign < 0.0 { [0.0; 2] } else { [1.0; 2] };
        Piece { ranges, normal: Some((axis, sign)), keep: None, part: None }
    }

    fn box_ranges(&self) -> Vec<[f64; 2]> {
        vec![[0.0, 1.0]; self.model.axes.len()]
    }

    fn found(&self) -> Vec<Diagnostic> {
        super::all(&self.model, super::Read::Whole)
    }

    fn codes(&self) -> Vec<&'static str> {
        self.found().iter().map(|d| d.code).collect()
    }
}

const ENDS: [(usize, f64); 2] = [(1, -1.0), (1, 1.0)];

/// `u_t = u_xx` with `ic u = sin(pi*x)`, without boundary conditions.
fn heat() -> Draft {
    let mut draft = Draft::evolving();
    let (ut, uxx, u, sine) = (draft.jet(&[1]), draft.jet(&[0, 2]), draft.jet(&[]), draft.sine(1));
    draft.eq(ut, uxx);
    draft.ic(u, sine);
    draft
}

#[test]
fn a_determined_problem_has_nothing_to_report() {
    let mut draft = heat();
    let u = draft.jet(&[]);
    draft.bc(u, Graph::ZERO, &ENDS);
    assert_eq!(draft.found(), []);
}

#[test]
fn a_bare_face_is_named() {
    let mut draft = heat();
    let u = draft.jet(&[]);
    draft.bc(u, Graph::ZERO, &ENDS[..1]);
    let found = draft.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "no condition on `u` at x = 1");
    assert_eq!(found[0].labels[0].text, "covers only x = 0");
    assert_eq!(found[0].helps, ["add `bc u = 0 on x = 1`, or write `on boundary`"]);
}

#[test]
fn a_face_that_is_covered_in_part_is_not_covered() {
    let mut draft = heat();
    let u = draft.jet(&[]);
    draft.bc(u, Graph::ZERO, &ENDS);
    let half = draft.graph().rational(Rational::new(1.into(), 2.into()));
    let t = draft.graph().coordinate(0);
    let early = draft.graph().compare(crate::expr::Relation::Less, t, half);
    draft.model.terms.last_mut().unwrap().place[1].keep = Some(early);
    let found = draft.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "no condition on `u` on a part of x = 1");
}

#[test]
fn conditions_are_counted_on_each_face() {
    let mut draft = heat();
    let (u, ux) = (draft.jet(&[]), draft.jet(&[0, 1]));
    draft.bc(u, Graph::ZERO, &ENDS);
    draft.bc(ux, Graph::ZERO, &ENDS[..1]);
    assert_eq!(draft.codes(), ["W0306"]);
}

#[test]
fn a_wave_needs_two_initial_conditions() {
    let mut draft = Draft::evolving();
    let (utt, uxx, u, sine) = (draft.jet(&[2]), draft.jet(&[0, 2]), draft.jet(&[]), draft.sine(1));
    draft.eq(utt, uxx);
    draft.ic(u, sine);
    draft.bc(u, Graph::ZERO, &ENDS);
    let found = draft.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].code, found[0].helps[0].as_str()), ("W0308", "add `ic u_t = 0`"));
}

#[test]
fn advection_takes_its_condition_where_it_flows_in() {
    let mut advection = Draft::evolving();
    let (ut, ux, u, sine) = (advection.jet(&[1]), advection.jet(&[0, 1]), advection.jet(&[]), advection.sine(1));
    let minus = advection.graph().neg(ux);
    advection.eq(ut, minus);
    advection.ic(u, sine);
    let mut wrong_end = Draft { model: advection.model.clone(), statements: advection.statements };
    advection.bc(u, Graph::ZERO, &ENDS[..1]);
    assert_eq!(advection.found(), []);
    wrong_end.bc(u, Graph::ZERO, &ENDS[1..]);
    assert_eq!(wrong_end.found()[0].message, "no condition on `u` at x = 0, where it flows in");
    wrong_end.bc(u, Graph::ZERO, &ENDS[..1]);
    assert_eq!(wrong_end.codes(), ["W0306"]);
}

#[test]
fn a_beam_takes_two_conditions_at_each_end() {
    let mut beam = Draft::steady(1);
    let [u, ux, uxx, uxxxx] = [0, 1, 2, 4].map(|k| beam.jet(&[k]));
    beam.eq(uxxxx, Graph::ONE);
    beam.bc(u, Graph::ZERO, &[(0, -1.0), (0, 1.0)]);
    beam.bc(ux, Graph::ZERO, &[(0, -1.0)]);
    assert_eq!(beam.codes(), ["W0301"]);
    beam.bc(uxx, Graph::ZERO, &[(0, 1.0)]);
    assert_eq!(beam.found(), []);
}

#[test]
fn values_must_agree_in_corners() {
    let mut cavity = Draft::steady(2);
    let (uxx, uyy, u) = (cavity.jet(&[2]), cavity.jet(&[0, 2]), cavity.jet(&[]));
    let laplacian = cavity.graph().add(uxx, uyy);
    cavity.eq(laplacian, Graph::ZERO);
    cavity.bc(u, Graph::ONE, &[(1, 1.0)]);
    cavity.bc(u, Graph::ZERO, &[(0, -1.0), (0, 1.0), (1, -1.0)]);
    let found = cavity.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].labels[0].text, "u = 1 at (x = 0, y = 1) and (x = 1, y = 1)");
    assert_eq!(found[0].labels[1].text, "u = 0 at the same points");
}

#[test]
fn exact_solutions_are_held_to_every_term() {
    let mut draft = heat();
    let u = draft.jet(&[]);
    draft.bc(u, Graph::ZERO, &ENDS);
    let (pi, t, sine) = (draft.graph().pi(), draft.graph().coordinate(0), draft.sine(1));
    let square = draft.graph().powi(pi, 2);
    let rate = draft.graph().mul(square, t);
    let rate = draft.graph().neg(rate);
    let decay = draft.graph().call(Function::Exp, &[rate]);
    let exact = draft.graph().mul(decay, sine);
    draft.model.unknowns[0].components[0].exact = Some(exact);
    assert_eq!(draft.found(), []);
    let half = draft.graph().scale(Rational::new(1.into(), 2.into()), exact);
    draft.model.unknowns[0].components[0].exact = Some(half);
    let found = draft.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "`exact` does not satisfy initial condition `s2`");
    draft.model.unknowns[0].components[0].exact = Some(sine);
    assert_eq!(draft.found()[0].message, "`exact` does not satisfy equation `s1`");
}

#[test]
fn seams_of_periodic_axes_are_looked_at() {
    let mut draft = Draft::evolving();
    draft.model.axes[1].periodic = true;
    let (ut, uxx, u, x) = (draft.jet(&[1]), draft.jet(&[0, 2]), draft.jet(&[]), draft.graph().coordinate(1));
    draft.eq(ut, uxx);
    draft.ic(u, x);
    let found = draft.found();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "the initial condition jumps by 1 between x = 0 and x = 1");
}

#[test]
fn neumann_problems_have_a_gauge_and_a_balance() {
    let mut draft = Draft::steady(2);
    let (uxx, uyy) = (draft.jet(&[2]), draft.jet(&[0, 2]));
    let laplacian = draft.graph().add(uxx, uyy);
    let source = draft.graph().integer(2);
    draft.eq(laplacian, source);
    let (ux, uy) = (draft.jet(&[1]), draft.jet(&[0, 1]));
    let normals = [draft.graph().normal(0), draft.graph().normal(1)];
    let [a, b] = [(normals[0], ux), (normals[1], uy)].map(|(n, slope)| draft.graph().mul(n, slope));
    let flux = draft.graph().add(a, b);
    let faces = [(0, -1.0), (0, 1.0), (1, -1.0), (1, 1.0)];
    let half = draft.graph().rational(Rational::new(1.into(), 2.into()));
    draft.bc(flux, half, &faces);
    assert_eq!(draft.codes(), ["W0312"]);
    draft.model.terms.pop();
    draft.bc(flux, Graph::ONE, &faces);
    assert_eq!(draft.codes(), ["W0312", "W0313"]);
}

#[test]
fn rough_activations_and_empty_equations_are_errors() {
    let mut draft = heat();
    draft.model.networks[0].architecture = Architecture::mlp(vec![8], Activation::Relu);
    assert_eq!(draft.codes(), ["W0301", "E0402"]);
    let mut draft = heat();
    let x = draft.graph().coordinate(1);
    draft.eq(x, Graph::ONE);
    assert_eq!(draft.codes(), ["E0205"]);
    assert_eq!(Draft::steady(1).codes(), ["E0206"]);
    let mut draft = Draft::new(&[AxisKind::Space], &["u", "v"]);
    let uxx = draft.jet(&[2]);
    draft.eq(uxx, Graph::ONE);
    assert_eq!(draft.codes(), ["E0204"]);
}

#[test]
fn labels_point_at_derivatives_where_their_place_is_known() {
    let mut draft = heat();
    draft.model.mentions.push((Jet::new(0, MultiIndex::new(&[0, 2])), Span::new(13, 14)));
    assert_eq!(draft.found()[0].span(), Span::new(13, 14));
}
