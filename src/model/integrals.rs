//! Integrals inside formulas: `integral(e)`, `integral(e, t)`, `integral(e, over=wall)`, `integral(e, x in 0..x)`.
//!
//! An integral becomes a field of the axes that remain. Its derivative along one of these is the integral of the
//! derivative, and along an axis that its own limit moves with it is what stands under the integral sign. Where nothing
//! needs an unknown, or an axis does not occur, the integral is a number or a factor.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, Jet, MultiIndex, Rational, Symbol};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Name, Range};
use crate::syntax::print_formula;

use super::elaborate::Elaborator;
use super::known_integrals::known_integral;
use super::problem::{Field, FieldSource, Integral, MovingLimit, Over, Piece};
use super::references::References;
use super::scope::Meaning;
use super::terms::constant_normals;
use super::values::Value;

/// The most integrals of a problem.
const MOST_INTEGRALS: usize = 1000;

impl<'a> Elaborator<'a> {
    /// The operator `integral`.
    pub(super) fn integral(&mut self, call: &'a Call) -> Option<Value> {
        let mut formula = None;
        let mut axes: Vec<(usize, Span)> = Vec::new();
        let mut range = None;
        let mut place = None;
        for argument in &call.arguments {
            match argument {
                Argument::Positional(first) if formula.is_none() => formula = Some(first),
                Argument::Positional(axis) => axes.push((self.axis(axis)?, axis.span)),
                Argument::Keyword(name, value) if name.text == "over" && place.is_none() => place = Some(value),
                Argument::Index(name, limits) if range.is_none() => range = Some((name, limits)),
                Argument::Keyword(name, _) | Argument::Index(name, _) => {
                    let diagnostic = Diagnostic::error("E0221", "what the integral is over", name.span, "one too many");
                    self.found.push(
                        diagnostic.help("write `integral(e, x)`, `integral(e, over=wall)` or `integral(e, x in 0..1)`"),
                    );
                    return None;
                }
            }
        }
        let Some(formula) = formula else {
            let diagnostic = Diagnostic::error("E0221", "an integral of nothing", call.span, "no formula");
            self.found.push(diagnostic.help("write `integral(u)`, or `integral(u, t)` for one over time"));
            return None;
        };
        if let (Some((name, limits)), None) = (range, place)
            && self.is_fresh(name)
        {
            return self.variable_of_its_own(name, limits, formula);
        }
        let value = self.formula(formula);
        let over = match (place, range, axes.as_slice()) {
            (Some(place), None, []) => self.over_place(place),
            (None, Some((name, limits)), []) => self.over_range(name, limits),
            (None, None, []) => self.over_space(call.span),
            (None, None, axes) => self.over_axes(axes),
            _ => {
                let message = "an integral is over axes, over a range or over a place";
                let diagnostic = Diagnostic::error("E0221", message, call.span, "over more than one of them");
                self.found.push(diagnostic.help("integrate twice: `integral(integral(e, over=wall), t)`"));
                None
            }
        };
        let (value, over) = (value?, over?);
        if over.axes.is_empty() || over.place.is_empty() {
            return None;
        }
        self.idle_axes(&value, &over, &axes, formula);
        value.try_map(&mut |expr| self.integrate(expr, &over, call.span))
    }

    /// Whether nothing of the problem has this name.
    fn is_fresh(&self, name: &Name) -> bool {
        let is_local = self.locals.iter().any(|(local, _)| *local == name.text);
        self.scope.get(&name.text).is_none() && !is_local && !self.scope.excuses(&name.text)
    }

    /// Reports `integral(k(x, s)*u(s), s in 0..x)`: variables of integration are axes, so that kernels have to separate.
    fn variable_of_its_own<T>(&mut self, name: &Name, limits: &Range, formula: &'a Formula) -> Option<T> {
        let mut names = Vec::new();
        let mut see = |name: &'a str, _| names.push(name);
        References::new(Vec::new(), &mut see).formula(formula);
        let is_axis = |name: &str| self.axes.iter().any(|axis| axis.name == name);
        let ends = [&limits.first, &limits.last].map(print_formula);
        let meets = names.iter().copied().find(|name| is_axis(name));
        let axis = ends.iter().map(String::as_str).find(|end| is_axis(end)).or(meets);
        let axis = axis.or(self.axes.first().map(|axis| axis.name.as_str())).unwrap_or("x");
        let range = format!("{axis} in {}..{}", ends[0], ends[1]);
        let message = format!("`{}` is not an axis: an integral runs over an axis of the problem", name.text);
        let diagnostic = Diagnostic::error("E0221", message, name.span, "a variable of its own");
        let help = if meets.is_some() {
            format!(
                "a kernel of two variables has to separate: `integral(exp({s} - {axis})*u({s}), {s} in {}..{})` is \
                 `exp(-{axis})*integral(exp({axis})*u, {range})`",
                ends[0],
                ends[1],
                s = name.text
            )
        } else {
            format!("write the axis, and unknowns without arguments: `integral(u, {range})`")
        };
        self.found.push(diagnostic.help(help));
        None
    }

    fn over_space(&mut self, span: Span) -> Option<Over> {
        let space = self.space();
        if space.is_empty() {
            if !self.unsure && !self.scope.incomplete {
                let message = "an integral over space in a problem without axes in space";
                let diagnostic = Diagnostic::error("E0221", message, span, "there is only time");
                let time = self.axes.first().map_or("t", |axis| &axis.name);
                self.found.push(diagnostic.help(format!("write `integral(e, {time})` for an integral over time")));
            }
            return None;
        }
        Some(self.over_box(space))
    }

    fn over_axes(&mut self, axes: &[(usize, Span)]) -> Option<Over> {
        let mut numbers: Vec<usize> = axes.iter().map(|(axis, _)| *axis).collect();
        numbers.sort_unstable();
        if let Some(twice) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
            let name = self.axes[twice[0]].name.clone();
            let span = axes.iter().rev().find(|(axis, _)| *axis == twice[0]).map(|(_, span)| *span)?;
            return self.error("E0221", format!("an integral over {name} twice"), span, "again here");
        }
        self.whole_shape_or_none(&numbers, axes.first().map_or(Span::default(), |(_, span)| *span))?;
        Some(self.over_box(numbers))
    }

    /// How an integral over axes is written, behind what is integrated.
    fn text_of_axes(&self, axes: &[usize]) -> String {
        if axes == self.space() {
            return String::new();
        }
        axes.iter().map(|&axis| format!(", {}", self.axes[axis].name)).collect()
    }

    /// The axes of a shape are integrated over together.
    fn whole_shape_or_none(&mut self, axes: &[usize], span: Span) -> Option<()> {
        let Some(shape) = &self.shape else { return Some(()) };
        let count = axes.iter().filter(|&axis| shape.axes().contains(axis)).count();
        if count == 0 || count == shape.axes().len() {
            return Some(());
        }
        let names: Vec<&str> = self.axes[shape.axes()].iter().map(|axis| axis.name.as_str()).collect();
        let message = format!("{} range over a shape together", names.join(", "));
        self.error("E0222", message, span, "an integral along one of them")
    }

    fn over_box(&self, axes: Vec<usize>) -> Over {
        let range = |axis: usize| {
            let (lower, upper) = (self.axes[axis].lower, self.axes[axis].upper);
            if axes.contains(&axis) { [lower, upper] } else { [lower; 2] }
        };
        let ranges = (0..self.axes.len()).map(range).collect();
        let lengths = axes.iter().map(|&axis| self.axes[axis].ends).collect();
        let text = self.text_of_axes(&axes);
        let mut piece = Piece::plain(ranges);
        let mut ends = Some(lengths);
        if let Some(shape) = &self.shape
            && shape.axes().all(|axis| axes.contains(&axis))
        {
            piece.part = Some(shape.interior());
            ends = None;
        }
        Over { axes, place: vec![piece], moving: None, ends, text }
    }

    /// `x in 0..1`, `x in 0..x`
    fn over_range(&mut self, name: &'a Name, limits: &'a Range) -> Option<Over> {
        let Some(axis) = self.axes.iter().position(|axis| axis.name == name.text) else {
            if self.scope.incomplete || self.unsure {
                return None;
            }
            let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
            let label = format!("axes are {}", names.join(", "));
            return self.error("E0201", format!("`{}` is not an axis", name.text), name.span, label);
        };
        self.whole_shape_or_none(&[axis], name.span)?;
        let (first, last) = (self.root_number(&limits.first), self.root_number(&limits.last));
        let (first, last) = (first?, last?);
        let here = self.graph.coordinate(axis);
        let text = format!(", {} in {}..{}", name.text, print_formula(&limits.first), print_formula(&limits.last));
        let mut over = Over { text, ..self.over_box(vec![axis]) };
        match (first == here, last == here) {
            (true, true) => return self.error("E0222", "a range of no length", limits.span, "from a point to itself"),
            (false, false) => {
                let lower = self.limit(axis, first, &limits.first)?;
                let upper = self.limit(axis, last, &limits.last)?;
                if lower >= upper {
                    let label = format!("{lower} is not below {upper}");
                    return self.error("E0222", "the lower limit of an integral comes first", limits.span, label);
                }
                over.place[0].ranges[axis] = [lower, upper];
                over.ends = Some(vec![[first, last]]);
            }
            (_, upper) => {
                let fixed =
                    if upper { self.limit(axis, first, &limits.first) } else { self.limit(axis, last, &limits.last) };
                over.moving = Some(MovingLimit { axis, fixed: fixed?, upper });
                over.place[0].ranges[axis] = [0.0, 1.0];
                over.ends = Some(vec![[first, last]]);
            }
        }
        Some(over)
    }

    fn limit(&mut self, axis: usize, limit: Expr, formula: &'a Formula) -> Option<f64> {
        let (name, lower, upper) = (self.axes[axis].name.clone(), self.axes[axis].lower, self.axes[axis].upper);
        let Some(value) = self.graph.constant_value(limit) else {
            let message = "a limit of an integral is a number, or the axis itself";
            let diagnostic = Diagnostic::error("E0222", message, formula.span, "neither");
            self.found.push(
                diagnostic.help(format!("write `{name} in {lower}..{name}` for a limit that moves with the point")),
            );
            return None;
        };
        if !(lower..=upper).contains(&value) {
            let message = format!("{name} = {value} is outside the domain [{lower}, {upper}]");
            return self.error("E0222", message, formula.span, "no values there");
        }
        Some(value)
    }

    /// `over=wall`
    fn over_place(&mut self, place: &'a Formula) -> Option<Over> {
        let axes = self.space();
        let mut pieces = self.pieces_over(place)?;
        if self.unsure {
            return None;
        }
        if pieces.is_empty() {
            return self.error("E0305", "an integral over nothing", place.span, "no point lies here");
        }
        for piece in &mut pieces {
            for (number, axis) in self.axes.iter().enumerate() {
                if axes.contains(&number) {
                    continue;
                }
                let moves = piece
                    .keep
                    .is_some_and(|keep| self.graph.symbols(&[keep]).contains(&Symbol::Coordinate(number as u16)));
                if moves || piece.ranges[number] != [axis.lower, axis.upper] {
                    let message = format!("the place of an integral does not depend on {}", axis.name);
                    self.found.push(Diagnostic::error("E0222", message, place.span, "this one does"));
                    return None;
                }
                piece.ranges[number] = [axis.lower; 2];
            }
        }
        let text = format!(", over={}", print_formula(place));
        Some(Over { axes, place: pieces, moving: None, ends: None, text })
    }

    /// Whether a place is a part of the inside: declared by `region`.
    pub(super) fn is_region(&self, place: &Formula) -> bool {
        match &place.kind {
            FormulaKind::Parenthesized(inner) => self.is_region(inner),
            FormulaKind::Name(name) => {
                matches!(self.scope.get(name), Some(Meaning::Place(_))) && self.scope.is_region(name)
            }
            _ => false,
        }
    }

    /// Warns of an axis that is named although nothing depends on it.
    fn idle_axes(&mut self, value: &Value, over: &Over, named: &[(usize, Span)], formula: &'a Formula) {
        let roots = value.components();
        if self.graph.symbols(&roots).is_empty() || over.moving.is_some() {
            return;
        }
        for &(axis, span) in named {
            if !roots.iter().any(|&root| self.depends(root, axis)) {
                let (name, text) = (self.axes[axis].name.clone(), print_formula(formula));
                let message = format!("`{text}` does not depend on {name}: the integral is a product with a length");
                self.found.push(Diagnostic::warning("W0224", message, span, format!("an integral over {name}")));
            }
        }
    }

    /// Whether a formula depends on an axis: by the coordinate, a normal, or a field.
    pub(super) fn depends(&self, expr: Expr, axis: usize) -> bool {
        self.graph.symbols(&[expr]).iter().any(|symbol| match symbol {
            Symbol::Coordinate(a) => usize::from(*a) == axis,
            Symbol::Normal(_) => self.axes[axis].kind == super::AxisKind::Space,
            Symbol::Jet(jet) => self.fields.get(usize::from(jet.field)).is_some_and(|f| f.axes.contains(&axis)),
            Symbol::Slot(_) => false,
        })
    }

    /// The integral of a formula.
    fn integrate(&mut self, expr: Expr, over: &Over, span: Span) -> Option<Expr> {
        let normals = constant_normals(&over.place);
        let has_normal = |graph: &Graph, e| graph.symbols(&[e]).iter().any(|s| matches!(s, Symbol::Normal(_)));
        if has_normal(&self.graph, expr) && !over.place.iter().all(Piece::has_normal) {
            let message = "the normal exists only on the boundary";
            let diagnostic = Diagnostic::error("E0309", message, span, "needs the normal");
            self.found.push(diagnostic.help("integrate over a part of the boundary: `integral(dn(u), over=boundary)`"));
            return None;
        }
        let expr = self.with_known_normals(expr, normals.as_deref());
        let (factor, over) = self.without_idle_axes(expr, over);
        if over.axes.is_empty() {
            return Some(self.graph.mul(factor, expr));
        }
        let depends = over.axes.iter().any(|&axis| self.depends(expr, axis));
        let value = if self.graph.is_zero(expr) {
            Graph::ZERO
        } else if !depends && over.moving.is_none() {
            let measure = self.value_of_known(Graph::ONE, &over, span)?;
            self.graph.mul(measure, expr)
        } else if self.is_known(expr, &over) {
            self.value_of_known(expr, &over, span)?
        } else {
            let (expr, over) = self.flattened(expr, over);
            self.integral_field(expr, over, span)?
        };
        Some(self.graph.mul(factor, value))
    }

    /// Axes of a box on which nothing depends are a factor.
    fn without_idle_axes(&mut self, expr: Expr, over: &Over) -> (Expr, Over) {
        let mut kept = over.clone();
        let mut factor = Graph::ONE;
        let (Some(ends), [piece]) = (&over.ends, over.place.as_slice()) else { return (factor, kept) };
        let mut left = Vec::new();
        for (&axis, &[lower, upper]) in over.axes.iter().zip(ends) {
            if self.depends(expr, axis) {
                left.push((axis, [lower, upper]));
                continue;
            }
            let length = self.graph.sub(upper, lower);
            factor = self.graph.mul(factor, length);
            kept.place[0].ranges[axis] = [piece.ranges[axis][0]; 2];
            kept.moving = kept.moving.filter(|moving| moving.axis != axis);
        }
        kept.axes = left.iter().map(|(axis, _)| *axis).collect();
        kept.ends = Some(left.into_iter().map(|(_, ends)| ends).collect());
        (factor, kept)
    }

    /// Whether an integral is a number that needs no training.
    fn is_known(&self, expr: Expr, over: &Over) -> bool {
        over.moving.is_none()
            && self.graph.symbols(&[expr]).iter().all(|symbol| match symbol {
                Symbol::Coordinate(axis) => over.axes.contains(&usize::from(*axis)),
                Symbol::Normal(_) => true,
                Symbol::Jet(_) | Symbol::Slot(_) => false,
            })
    }

    /// The value of an integral of coordinates alone; warns where it is not known to a few digits.
    fn value_of_known(&mut self, expr: Expr, over: &Over, span: Span) -> Option<Expr> {
        let estimate = match known_integral(&self.graph, &self.axes, over, expr) {
            Ok(estimate) => estimate,
            Err(error) => return self.error("E0305", error.to_string(), span, "an integral over nothing"),
        };
        let value = estimate.value();
        if value.is_finite() && estimate.is_rough() {
            let message = "the value of this integral is not known well";
            let label = format!("{:.6} by one rule, {:.6} by another", value, estimate.other());
            let found = Diagnostic::warning("W0225", message, span, label);
            self.found.push(found.help("integrate over the parts where the formula is smooth, one by one"));
        }
        match simple_fraction(value).or_else(|| Rational::from_float(value)) {
            Some(value) => Some(self.graph.rational(value)),
            None => self.error("E0404", "an integral that is not finite", span, format!("its value is {value}")),
        }
    }

    /// An integral over a box of an integral over another box is one over both.
    fn flattened(&self, expr: Expr, mut over: Over) -> (Expr, Over) {
        let crate::expr::Node::Symbol(Symbol::Jet(jet)) = self.graph.node(expr) else { return (expr, over) };
        let Some(inner) = self.integral_of(jet.field.into()) else { return (expr, over) };
        let whole = |axis: &usize, range: [f64; 2]| range == [self.axes[*axis].lower, self.axes[*axis].upper];
        let plain = |over: &Over| {
            over.ends.is_some()
                && over.moving.is_none()
                && over.axes.iter().all(|axis| whole(axis, over.place[0].ranges[*axis]))
        };
        if !plain(&over) || !plain(&inner.over) {
            return (expr, over);
        }
        let mut ends: Vec<(usize, [Expr; 2])> = Vec::new();
        for part in [&over, &inner.over] {
            ends.extend(part.axes.iter().copied().zip(part.ends.iter().flatten().copied()));
        }
        ends.sort_by_key(|(axis, _)| *axis);
        for &axis in &inner.over.axes {
            over.place[0].ranges[axis] = inner.over.place[0].ranges[axis];
        }
        over.axes = ends.iter().map(|(axis, _)| *axis).collect();
        over.ends = Some(ends.into_iter().map(|(_, ends)| ends).collect());
        over.text = self.text_of_axes(&over.axes);
        (inner.integrand, over)
    }

    /// The integral that a field is.
    pub(super) fn integral_of(&self, field: usize) -> Option<&Integral> {
        self.integrals.get(self.fields.get(field)?.source.integral()?)
    }

    /// The jets in some formulas, also those under integral signs.
    pub(super) fn jets_inside(&self, roots: &[Expr]) -> Vec<Jet> {
        let mut roots = roots.to_vec();
        let mut read = 0;
        while read < roots.len() {
            let jets = self.graph.jets(&roots[read..]);
            read = roots.len();
            let integrands = jets.iter().filter_map(|jet| self.integral_of(jet.field.into())).map(|i| i.integrand);
            let new: Vec<Expr> = integrands.filter(|integrand| !roots.contains(integrand)).collect();
            roots.extend(new);
        }
        self.graph.jets(&roots)
    }

    fn integral_field(&mut self, integrand: Expr, over: Over, span: Span) -> Option<Expr> {
        let known = self.integrals.iter().find(|i| i.integrand == integrand && i.over.same_points(&over));
        if let Some(known) = known {
            return Some(self.graph.jet(known.field, MultiIndex::zero()));
        }
        if self.integrals.len() >= MOST_INTEGRALS {
            if !std::mem::replace(&mut self.told_too_large, true) {
                self.found.push(Diagnostic::error(
                    "E0212",
                    format!("more than {MOST_INTEGRALS} integrals"),
                    span,
                    "one too many",
                ));
            }
            return None;
        }
        let moving = over.moving.map(|moving| moving.axis);
        let remains =
            |axis: &usize| moving == Some(*axis) || !over.axes.contains(axis) && self.depends(integrand, *axis);
        let axes: Vec<usize> = (0..self.axes.len()).filter(remains).collect();
        let (field, number) = (self.fields.len(), self.integrals.len());
        let name = format!("integral({}{})", self.graph.display(integrand, &self.names()), over.text);
        self.fields.push(Field { name, axes, source: FieldSource::Integral(number), span });
        self.integrals.push(Integral { field, integrand, over, sampling: None, span });
        Some(self.graph.jet(field, MultiIndex::zero()))
    }

    /// The total derivative along an axis: coordinates, unknowns and integrals all move.
    pub(super) fn total_derivative(&mut self, expr: Expr, axis: usize, span: Span) -> Option<Expr> {
        let mut known = Vec::new();
        for jet in self.graph.jets(&[expr]) {
            let field = usize::from(jet.field);
            let moves = self.fields.get(field).is_some_and(|f| f.axes.contains(&axis));
            if !moves {
                continue;
            }
            let derivative = match self.integral_of(field) {
                Some(integral) => {
                    let integral = integral.clone();
                    self.derivative_of_integral(&integral, axis, span)?
                }
                None => self.graph.jet(field, jet.index.raised(axis, 1)),
            };
            known.push((jet, derivative));
        }
        let of_jet =
            |jet: &Jet| known.iter().find(|(j, _)| j == jet).map_or(Graph::ZERO, |(_, derivative)| *derivative);
        Some(self.graph.derivation(expr, |_, symbol| match symbol {
            Symbol::Coordinate(a) if usize::from(*a) == axis => Graph::ONE,
            Symbol::Jet(jet) => of_jet(jet),
            _ => Graph::ZERO,
        }))
    }

    fn derivative_of_integral(&mut self, integral: &Integral, axis: usize, span: Span) -> Option<Expr> {
        if let Some(moving) = integral.over.moving.filter(|moving| moving.axis == axis) {
            let integrand = integral.integrand;
            return Some(if moving.upper { integrand } else { self.graph.neg(integrand) });
        }
        let derivative = self.derivative(integral.integrand, axis, span)?;
        self.integrate(derivative, &integral.over, span)
    }
}

/// The fraction with a small denominator that a number is up to rounding: quadrature is exact for polynomials but for
/// that.
fn simple_fraction(value: f64) -> Option<Rational> {
    const LARGEST: i64 = 1000;
    const ROUNDING: f64 = 4e-15;
    let fits = |&denominator: &i64| {
        let scaled = value * denominator as f64;
        (scaled - scaled.round()).abs() <= ROUNDING * scaled.abs() && scaled.abs() < 1e9
    };
    let denominator = (1..=LARGEST).find(fits)?;
    Some(Rational::new(((value * denominator as f64).round() as i64).into(), denominator.into()))
}
