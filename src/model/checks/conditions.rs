//! Counts of conditions against the orders of the equations.
//!
//! Order m in time takes m initial conditions. Order 2k along a space axis takes k conditions at each end, an odd order
//! one more at one of them; a first-order axis takes its one where characteristics enter. Only warnings: with data, or in
//! a coupled system, another count may be right.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Graph, Jet, MultiIndex, Symbol};
use crate::geometry::Side;

use super::super::elaborate::listed;
use super::super::{AxisKind, Model, TermKind};
use super::counting::{FaceCount, Shortage, boundary_terms, faces, fields_of};
use super::orders::{Orders, equations};
use super::probe::{generic, points_inside, values_at};
use super::wording::{counted, face, ordinal, point};

pub(super) const NOT_UNIQUE: &str =
    "without it the solution is not unique; in an inverse problem with data this may be intended";

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    // Data may stand in for conditions, and counts say nothing of a problem in which coefficients are sought.
    if !model.data.is_empty() {
        return Vec::new();
    }
    let orders = Orders::of(model);
    let mut found = Vec::new();
    // Under an energy conditions are free: where there is none, the natural one holds.
    let free: Vec<usize> = model.energies().flat_map(|energy| fields_of(model, energy)).collect();
    for field in model.declared().filter(|field| !free.contains(field)) {
        found.extend(initial(model, &orders, field));
    }
    let faces = faces(model);
    let mut points = (0..model.axes.len()).filter(|&axis| model.axes[axis].kind != AxisKind::Parameter);
    if let (Some(line), None) = (points.next(), points.next())
        && model.axes[line].kind == AxisKind::Space
        && model.shape.is_none()
    {
        if free.is_empty() {
            found.extend(along_a_line(model, &orders, &faces));
        }
        return found;
    }
    for field in model.declared().filter(|field| !free.contains(field)) {
        let shortages: Vec<Shortage> = faces.iter().filter_map(|f| f.shortage(model, &orders, field)).collect();
        found.extend(too_few(model, &orders, field, &shortages));
        found.extend(super::coverage::check(model, &orders, field));
        for ends in faces.chunks(2) {
            let at_ends = at_both_ends(model, graph, &orders, field, ends, shortages.is_empty());
            // One statement `on boundary` is one mistake, however many faces it has.
            found.extend(at_ends.filter(|new| !found.iter().any(|old| same_places(old, new))));
        }
    }
    found
}

fn same_places(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.code == b.code && a.labels.iter().map(|l| l.span).eq(b.labels.iter().map(|l| l.span))
}

/// `u`, `u_t`, ...: a field differentiated along one axis.
fn derivative_name(model: &Model, field: usize, axis: usize, order: u8) -> String {
    model.names().jet(&Jet::new(field, MultiIndex::zero().raised(axis, order)))
}

// ---- time

fn initial(model: &Model, orders: &Orders, field: usize) -> Option<Diagnostic> {
    let time = model.axes.iter().position(|axis| axis.kind == AxisKind::Time && !axis.periodic)?;
    if !model.fields[field].axes.contains(&time) {
        return None;
    }
    let order = orders.along(field, time);
    let given: Vec<(usize, u8)> = initial_orders(model, field, time);
    let total = model.terms.iter().filter(|term| term.kind == TermKind::Initial).count();
    let at_fixed_times = boundary_terms(model).filter(|&t| {
        let term = &model.terms[t];
        fields_of(model, term).contains(&field) && term.place.iter().all(|p| p.ranges[time][0] == p.ranges[time][1])
    });
    let mut missing: Vec<u8> = (0..order).filter(|k| given.iter().all(|(_, g)| g != k)).collect();
    missing.truncate(missing.len().saturating_sub(at_fixed_times.count()));
    if !missing.is_empty() && total < orders.total(time) {
        return Some(too_few_initial(model, orders, field, time, &given, &missing));
    }
    (given.len() > usize::from(order) && total > orders.total(time))
        .then(|| too_many_initial(model, orders, field, time, &given))
}

/// The initial conditions on a field, each with the highest order in time that it fixes.
fn initial_orders(model: &Model, field: usize, time: usize) -> Vec<(usize, u8)> {
    let highest = |term: usize| {
        let jets = model.graph.jets(&[model.terms[term].residual]);
        jets.iter().filter(|jet| usize::from(jet.field) == field).map(|jet| jet.index.along(time)).max()
    };
    let initial = (0..model.terms.len()).filter(|&t| model.terms[t].kind == TermKind::Initial);
    initial.filter_map(|t| highest(t).map(|order| (t, order))).collect()
}

fn too_few_initial(
    model: &Model,
    orders: &Orders,
    field: usize,
    time: usize,
    given: &[(usize, u8)],
    missing: &[u8],
) -> Diagnostic {
    let order = orders.along(field, time);
    let axis = &model.axes[time];
    let start = face(model, time, Side::Lower);
    let quoted = |orders: &mut dyn Iterator<Item = u8>| {
        listed(&orders.map(|k| format!("`{}`", derivative_name(model, field, time, k))).collect::<Vec<_>>())
    };
    let takes = format!("{} order in {}: takes {} at {start}", ordinal(order), axis.name, quoted(&mut (0..order)));
    let message = format!("no initial condition for {}", quoted(&mut missing.iter().copied()));
    let place = orders.place(model, field, time);
    let equations: Vec<String> =
        missing.iter().map(|&k| format!("{} = 0", derivative_name(model, field, time, k))).collect();
    let found = match given.first() {
        Some(&(term, k)) => {
            let only = format!("gives only `{}`", derivative_name(model, field, time, k));
            Diagnostic::warning("W0308", message, model.terms[term].span, only).label(place, takes)
        }
        None => Diagnostic::warning("W0308", message, place, takes),
    };
    found.help(format!("add `ic {}`", equations.join(", "))).note(NOT_UNIQUE)
}

fn too_many_initial(model: &Model, orders: &Orders, field: usize, time: usize, given: &[(usize, u8)]) -> Diagnostic {
    let (axis, name, order) = (&model.axes[time], &model.fields[field].name, orders.along(field, time));
    let surplus = model.terms[given[usize::from(order).min(given.len() - 1)].0].span;
    if order == 0 {
        let message = format!("`{name}` takes no initial condition: no equation differentiates it along {}", axis.name);
        return Diagnostic::warning("W0306", message, surplus, "one condition too many")
            .help("remove it; the equations determine the initial values");
    }
    let takes = counted(order.into(), "initial condition");
    let message = format!("order {order} in {} takes {takes} on `{name}`; there are {}", axis.name, given.len());
    let found = Diagnostic::warning("W0306", message, surplus, "one condition too many");
    found.label(orders.place(model, field, time), format!("{} order in {}", ordinal(order), axis.name))
}

// ---- space: too few

fn too_few(model: &Model, orders: &Orders, field: usize, shortages: &[Shortage]) -> Vec<Diagnostic> {
    let (bare, partial): (Vec<&Shortage>, Vec<&Shortage>) = shortages.iter().partition(|s| s.most == 0);
    let mut found = Vec::new();
    if !bare.is_empty() {
        found.push(bare_faces(model, orders, field, &bare));
    }
    found.extend(partial.into_iter().map(|shortage| thin_face(model, orders, field, shortage)));
    found
}

/// Faces without any condition on the field.
fn bare_faces(model: &Model, orders: &Orders, field: usize, bare: &[&Shortage]) -> Diagnostic {
    let name = &model.fields[field].name;
    let mut names: Vec<String> = bare.iter().map(|s| face(model, s.face.axis, s.face.side)).collect();
    let ends = model.axes.iter().filter(|axis| axis.kind == AxisKind::Space && !axis.periodic).count() * 2;
    let first = bare[0].face;
    let place = orders.place(model, field, first.axis);
    let takes = takes_at_each_end(model, orders, field, first.axis);
    let zeros = vanishing_conditions(name, bare[0].needed);
    let existing = condition_with_place(model, field);
    let message = if bare.len() == ends && existing.is_none() {
        format!("no boundary condition on `{name}`")
    } else {
        if names.len() > 4 {
            let more = names.len() - 3;
            names.truncate(3);
            names.push(format!("{more} more faces"));
        }
        format!("no condition on `{name}` at {}", listed(&names))
    };
    let found = match existing {
        Some((span, covers)) => Diagnostic::warning("W0301", message, span, covers).label(place, takes),
        None => Diagnostic::warning("W0301", message, place, takes),
    };
    let help = match (existing_face(model, field), bare) {
        (false, _) => format!("add `bc {zeros} on boundary`"),
        (true, [only]) => {
            format!("add `bc {zeros} on {}`, or write `on boundary`", face(model, only.face.axis, only.face.side))
        }
        (true, _) => format!("add `bc {zeros} on rest`, or write `on boundary`"),
    };
    found.help(help).note(NOT_UNIQUE)
}

/// A face with conditions, but not enough of them everywhere.
fn thin_face(model: &Model, orders: &Orders, field: usize, shortage: &Shortage) -> Diagnostic {
    let name = &model.fields[field].name;
    let axis = shortage.face.axis;
    let at = face(model, axis, shortage.face.side);
    let takes = takes_at_each_end(model, orders, field, axis);
    let place = orders.place(model, field, axis);
    if shortage.most > shortage.least {
        let message = format!("no condition on `{name}` on a part of {at}");
        let primary = condition_on_face(model, field, shortage.face).unwrap_or(place);
        let example = format!("leaves out {}, for one", point(model, shortage.example));
        return Diagnostic::warning("W0301", message, primary, example)
            .label(place, takes)
            .help(format!("add `bc {} on rest`", vanishing_conditions(name, shortage.needed)))
            .note(NOT_UNIQUE);
    }
    let order = orders.along(field, axis);
    let there = if shortage.least == 1 { "is one" } else { "are fewer" };
    let message = format!(
        "the equation for `{name}` is {} order in {}, which needs {} conditions at each end; there {there} at {at}",
        ordinal(order),
        model.axes[axis].name,
        shortage.needed
    );
    let primary = condition_on_face(model, field, shortage.face).unwrap_or(place);
    Diagnostic::warning("W0301", message, primary, format!("the only condition at {at}"))
        .label(place, takes)
        .note(NOT_UNIQUE)
}

fn takes_at_each_end(model: &Model, orders: &Orders, field: usize, axis: usize) -> String {
    let order = orders.along(field, axis);
    let conditions = counted(usize::from(order / 2), "condition");
    format!("{} order in {}: {conditions} at each end", ordinal(order), model.axes[axis].name)
}

/// `u = 0`, `u = 0, dn(u) = 0`: an example of conditions.
pub(super) fn vanishing_conditions(name: &str, count: usize) -> String {
    if count < 2 { format!("{name} = 0") } else { format!("{name} = 0, dn({name}) = 0") }
}

fn existing_face(model: &Model, field: usize) -> bool {
    boundary_terms(model).any(|t| fields_of(model, &model.terms[t]).contains(&field))
}

/// The place of the first condition on a field, and what it covers.
fn condition_with_place(model: &Model, field: usize) -> Option<(Span, String)> {
    let on_field = |t: &usize| fields_of(model, &model.terms[*t]).contains(&field);
    let term = boundary_terms(model).filter(on_field).map(|t| &model.terms[t]).find(|t| t.place_span.is_some())?;
    let mut covered: Vec<String> = Vec::new();
    for piece in &term.place {
        let Some((axis, sign)) = piece.normal else { continue };
        let name = face(model, axis, if sign < 0.0 { Side::Lower } else { Side::Upper });
        if !covered.contains(&name) {
            covered.push(name);
        }
    }
    let text =
        if covered.is_empty() { "covers no face".to_owned() } else { format!("covers only {}", listed(&covered)) };
    Some((term.place_span?, text))
}

fn condition_on_face(model: &Model, field: usize, face: &FaceCount) -> Option<Span> {
    let crowd = face.crowd(|t| fields_of(model, &model.terms[t]).contains(&field));
    crowd.first().map(|&t| model.terms[t].place_span.unwrap_or(model.terms[t].span))
}

// ---- space: both ends of an axis together

fn at_both_ends(
    model: &Model,
    graph: &mut Graph,
    orders: &Orders,
    field: usize,
    ends: &[FaceCount],
    sound: bool,
) -> Option<Diagnostic> {
    let [lower, upper] = ends else { return None };
    let axis = lower.axis;
    let order = usize::from(orders.along(field, axis));
    if order == 1 && model.declared().len() == 1 {
        return at_inflow(model, graph, field, ends);
    }
    let alone = |t: usize| fields_of(model, &model.terms[t]) == [field];
    let (at_lower, at_upper) = (lower.crowd(alone), upper.crowd(alone));
    let total = at_lower.len() + at_upper.len();
    let anyone = |end: &FaceCount| end.crowd(|_| true).len();
    let together = orders.total(axis).max(order);
    if order > 1 && total > order && anyone(lower) + anyone(upper) > together {
        let (crowd, end) = if at_lower.len() > order / 2 { (at_lower, lower) } else { (at_upper, upper) };
        return Some(too_many(model, orders, field, &crowd, end));
    }
    let least = |end: &FaceCount| end.on_field(model, field).min().unwrap_or(0);
    if sound && order % 2 == 1 && order > 1 && model.declared().len() == 1 && least(lower) + least(upper) < order {
        return Some(odd_order_lacks_one(model, orders, field, axis, least(lower) + least(upper)));
    }
    None
}

fn too_many(model: &Model, orders: &Orders, field: usize, crowd: &[usize], end: &FaceCount) -> Diagnostic {
    let (name, order, axis) = (&model.fields[field].name, orders.along(field, end.axis), &model.axes[end.axis]);
    let at = face(model, end.axis, end.side);
    let each = order / 2;
    let needs = match (order % 2, each) {
        (0, 1) => "takes one condition at each end".to_owned(),
        (0, _) => format!("takes {each} conditions at each end"),
        _ => format!("takes {order} conditions at both ends together"),
    };
    let message = format!(
        "the equation for `{name}` is {} order in {}, which {needs}; there are {} at {at}",
        ordinal(order),
        axis.name,
        crowd.len()
    );
    let surplus = crowd.last().map_or(model.fields[field].span, |&t| model.terms[t].span);
    let mut found = Diagnostic::warning("W0306", message, surplus, format!("one condition too many at {at}"));
    for &t in crowd.iter().rev().skip(1).rev() {
        found = found.label(model.terms[t].span, format!("also at {at}"));
    }
    found.help("remove one of them; `on rest` covers only what earlier conditions leave")
}

fn odd_order_lacks_one(model: &Model, orders: &Orders, field: usize, axis: usize, there: usize) -> Diagnostic {
    let (name, order) = (&model.fields[field].name, orders.along(field, axis));
    let axis_name = &model.axes[axis].name;
    let message = format!(
        "the equation for `{name}` is {} order in {axis_name}, which needs {order} conditions at both ends together; \
         there are {there}",
        ordinal(order)
    );
    let label = format!("{} order in {axis_name}", ordinal(order));
    Diagnostic::warning("W0301", message, orders.place(model, field, axis), label).note(NOT_UNIQUE)
}

/// A first-order axis: one condition, where the characteristics enter.
fn at_inflow(model: &Model, graph: &mut Graph, field: usize, ends: &[FaceCount]) -> Option<Diagnostic> {
    let [lower, upper] = ends else { return None };
    let (axis, name) = (lower.axis, &model.fields[field].name);
    let least = |end: &FaceCount| end.on_field(model, field).min().unwrap_or(0);
    let slope = Jet::new(field, MultiIndex::unit(axis));
    let place = super::orders::place_of(model, |jet| *jet == slope)?;
    let Some(inflow) = inflow_side(model, graph, field, axis)? else {
        let none = least(lower) + least(upper) == 0;
        let at = format!("{} or {}", face(model, axis, Side::Lower), face(model, axis, Side::Upper));
        let message = format!("no condition on `{name}` at {at}");
        let takes = format!("1st order in {}: one condition", model.axes[axis].name);
        return none.then(|| Diagnostic::warning("W0301", message, place, takes).note(NOT_UNIQUE));
    };
    let (enters, leaves) = if inflow == Side::Lower { (lower, upper) } else { (upper, lower) };
    let at = face(model, axis, inflow);
    let takes = format!("1st order in {}: one condition, where it flows in, at {at}", model.axes[axis].name);
    if least(enters) == 0 {
        let message = format!("no condition on `{name}` at {at}, where it flows in");
        let found = Diagnostic::warning("W0301", message, place, takes);
        return Some(found.help(format!("add `bc {name} = 0 on {at}`")).note(NOT_UNIQUE));
    }
    let surplus = leaves.crowd(|_| true);
    let term = &model.terms[*surplus.first()?];
    let out = face(model, axis, leaves.side);
    let message = format!("order 1 in {} takes one condition, on the inflow side, {at}", model.axes[axis].name);
    Some(
        Diagnostic::warning(
            "W0306",
            message,
            term.place_span.unwrap_or(term.span),
            format!("{out} is where it flows out"),
        )
        .label(place, takes)
        .help(format!("write the condition `on {at}` only")),
    )
}

/// The end at which `field` flows in along a first-order axis: the inner `None` where that cannot be told from the
/// coordinates alone, the outer where it differs from point to point.
fn inflow_side(model: &Model, graph: &mut Graph, field: usize, axis: usize) -> Option<Option<Side>> {
    let equation = equations(model).next()?.residual;
    let along = |graph: &mut Graph, a| graph.derivative(equation, &Symbol::Jet(Jet::new(field, MultiIndex::unit(a))));
    let slope = along(graph, axis);
    let Some(time) = model.axes.iter().position(|axis| axis.kind == AxisKind::Time) else { return Some(None) };
    let rate = along(graph, time);
    if !graph.jets(&[slope, rate]).is_empty() {
        return Some(None);
    }
    let speeds = points_inside(model).into_iter().map(|p| {
        let values = values_at(graph, &[slope, rate], &p, None, generic);
        values[0] / values[1]
    });
    let speeds: Vec<f64> = speeds.collect();
    if speeds.iter().all(|c| *c > 0.0) {
        Some(Some(Side::Lower))
    } else if speeds.iter().all(|c| *c < 0.0) {
        Some(Some(Side::Upper))
    } else {
        None
    }
}

// ---- ordinary differential equations on an interval in space

/// Whether the value of a field occurs in one place only: a condition that fixes what the others leave free.
fn one_fixes_a_constant(model: &Model) -> bool {
    model.declared().any(|field| {
        let value = Jet::new(field, MultiIndex::zero());
        let mut speaking = model.terms.iter().filter(|term| model.graph.jets(&[term.residual]).contains(&value));
        let (Some(only), None) = (speaking.next(), speaking.next()) else { return false };
        only.kind == TermKind::Boundary && only.place.len() == 1
    })
}

/// One axis: any conditions will do, as long as there are as many as the orders add up to.
fn along_a_line(model: &Model, orders: &Orders, faces: &[FaceCount]) -> Vec<Diagnostic> {
    let needed = orders.total(0);
    let there: usize = boundary_terms(model).map(|t| model.terms[t].place.len()).sum();
    let there = there - usize::from(there > needed && one_fixes_a_constant(model));
    if there == needed || model.axes[0].periodic {
        return Vec::new();
    }
    if there > needed {
        let Some(&last) = boundary_terms(model).collect::<Vec<_>>().last() else { return Vec::new() };
        let axis = &model.axes[0].name;
        let message = format!("order {needed} in {axis} takes {}; there are {there}", counted(needed, "condition"));
        let found = Diagnostic::warning("W0306", message, model.terms[last].span, "one condition too many");
        let place = orders.place(model, 0, 0);
        return vec![found.label(place, format!("{} order in {axis}", ordinal(orders.along(0, 0))))];
    }
    let mut found = Vec::new();
    for field in model.declared() {
        let shortages: Vec<Shortage> = faces.iter().filter_map(|f| f.shortage(model, orders, field)).collect();
        found.extend(too_few(model, orders, field, &shortages));
    }
    if found.is_empty() {
        let axis = &model.axes[0].name;
        let message = format!("order {needed} in {axis} needs {}; there are {there}", counted(needed, "condition"));
        let label = format!("{} order in {axis}", ordinal(orders.along(0, 0)));
        found.push(Diagnostic::warning("W0301", message, orders.place(model, 0, 0), label).note(NOT_UNIQUE));
    }
    found
}
