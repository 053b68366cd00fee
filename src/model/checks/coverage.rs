//! Which conditions hold on the surface of a shape.

use crate::diagnostic::Diagnostic;

use super::super::{Model, Shape};
use super::conditions::{NOT_UNIQUE, vanishing_conditions};
use super::counting::{boundary_terms, fields_of};
use super::orders::Orders;
use super::probe::{contains, points_of, whole};
use super::wording::{counted, ordinal, point};

/// Points on each patch of the surface.
const SAMPLES: usize = 16;

/// A point of the surface and the boundary conditions that hold there.
struct Witness {
    point: Vec<f64>,
    holding: Vec<usize>,
}

/// Counts the conditions on a field against its order along the axes of the shape: half of it everywhere. An order of one is
/// not judged, since the inflow side of a curved boundary is not known from the equation alone.
pub(super) fn check(model: &Model, orders: &Orders, field: usize) -> Vec<Diagnostic> {
    let Some(shape) = &model.shape else { return Vec::new() };
    let Some(axis) = shape.axes().max_by_key(|&axis| (orders.along(field, axis), std::cmp::Reverse(axis))) else {
        return Vec::new();
    };
    let needed = usize::from(orders.along(field, axis) / 2);
    if needed == 0 || !shape.axes().all(|axis| model.fields[field].axes.contains(&axis)) {
        return Vec::new();
    }
    let of_axes = |f: usize| shape.axes().map(|axis| usize::from(orders.along(f, axis) / 2)).max().unwrap_or(0);
    let together: usize = model.declared().map(of_axes).sum();
    let witnesses = witnesses(model, shape);
    let speaks = |term: &usize| fields_of(model, &model.terms[*term]).contains(&field);
    let on_field = |witness: &Witness| witness.holding.iter().filter(|term| speaks(term)).count();
    let short = |witness: &&Witness| on_field(witness) < needed && witness.holding.len() < together.max(needed);
    let mut found = Vec::new();
    if let Some(bare) = witnesses.iter().find(short) {
        found.push(too_few(model, orders, field, axis, needed, bare));
    }
    let alone = |term: &&usize| fields_of(model, &model.terms[**term]) == [field];
    let crowd = |witness: &Witness| witness.holding.iter().filter(alone).count();
    let crowded = |witness: &&Witness| crowd(witness) > needed && witness.holding.len() > together;
    if let Some(witness) = witnesses.iter().find(crowded) {
        let name = &model.fields[field].name;
        let message = format!(
            "the equation for `{name}` is {} order in {}, which takes {} on the boundary; there are {}",
            ordinal(orders.along(field, axis)),
            model.axes[axis].name,
            counted(needed, "condition"),
            crowd(witness)
        );
        let mut there = witness.holding.iter().filter(alone).rev().map(|&t| model.terms[t].span);
        let surplus = there.next().unwrap_or(model.fields[field].span);
        let label = format!("one condition too many at {}", point(model, &witness.point));
        let diagnostic = Diagnostic::warning("W0306", message, surplus, label);
        let diagnostic = there.fold(diagnostic, |d, span| d.label(span, "also there"));
        found.push(diagnostic.help("remove one of them; `on rest` covers only what earlier conditions leave"));
    }
    found
}

fn too_few(model: &Model, orders: &Orders, field: usize, axis: usize, needed: usize, bare: &Witness) -> Diagnostic {
    let name = &model.fields[field].name;
    let place = orders.place(model, field, axis);
    let conditions = counted(needed, "condition");
    let order = ordinal(orders.along(field, axis));
    let takes = format!("{order} order in {}: {conditions} on the whole boundary", model.axes[axis].name);
    let zeros = vanishing_conditions(name, needed);
    let existing = boundary_terms(model).find(|&t| fields_of(model, &model.terms[t]).contains(&field));
    let found = match existing.map(|t| &model.terms[t]) {
        None => {
            let found = Diagnostic::warning("W0301", format!("no boundary condition on `{name}`"), place, takes);
            found.help(format!("add `bc {zeros} on boundary`"))
        }
        Some(term) => {
            let message = if bare.holding.is_empty() {
                format!("no condition on `{name}` on a part of the boundary")
            } else {
                format!("too few conditions on `{name}` on a part of the boundary")
            };
            let example = format!("leaves out {}, for one", point(model, &bare.point));
            let primary = term.place_span.unwrap_or(term.span);
            let found = Diagnostic::warning("W0301", message, primary, example).label(place, takes);
            found.help(format!("add `bc {zeros} on rest`, or write `on boundary`"))
        }
    };
    found.note(NOT_UNIQUE)
}

/// Points spread over the surface, at different places of the other axes.
fn witnesses(model: &Model, shape: &Shape) -> Vec<Witness> {
    let others = points_of(&whole(model));
    let mut found = Vec::new();
    for patch in &shape.surface {
        for ((on_surface, _), mut point) in patch.samples(SAMPLES).into_iter().zip(others.iter().cloned()) {
            point[shape.axes()].copy_from_slice(&on_surface);
            let holds = |term: &usize| model.terms[*term].place.iter().any(|piece| contains(model, piece, &point));
            let holding = boundary_terms(model).filter(holds).collect();
            found.push(Witness { point, holding });
        }
    }
    found
}
