//! The surface of a shape as patches with measure-true maps and outward normals.
//!
//! Every patch comes from the surface of one primitive. A point of it belongs to the surface of the whole if it makes a
//! difference there whether one is just inside or just outside of that primitive: the tree of the shape is evaluated for
//! both. Where surfaces of several primitives coincide, the first of them has the patch.
//!
//! In the plane the patches are arcs, cut exactly where they begin and end to belong to the surface. In space a patch is
//! the surface of a primitive, and its points are rejected where they do not belong.

use std::sync::Arc;

use super::curve::constant_parts;
use super::patch::Patch;
use super::solid::Solid;
use super::surface::{COINCIDE, Surface, surfaces};

/// How far beside a surface it is asked which side is which, as a part of the size of the shape.
const STEP: f64 = 1e-6;

/// Points that the measure of what can't be integrated is estimated from.
const MEASURE_POINTS: u64 = 1 << 16;

/// Points that an empty patch is looked for with.
const PROBES: u64 = 1 << 12;

/// The surroundings of the surface of a primitive.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clip {
    solid: Arc<Solid>,
    /// The primitive whose surface it is.
    leaf: usize,
    /// The other primitives that may reach the surface; it lies outside of all others.
    near: Vec<usize>,
}

/// How the surface of a primitive lies in the shape at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Role {
    /// On both sides is the same.
    None,
    /// The shape lies on the side of the primitive.
    Outer,
    /// The shape lies on the other side.
    Inner,
}

impl Solid {
    /// All patches of the surface.
    pub fn surface(&self) -> Vec<Patch> {
        let shared = Arc::new(self.clone());
        let mut patches = Vec::new();
        for (leaf, primitive) in self.leaves().iter().enumerate() {
            for (surface, group) in surfaces(primitive) {
                shared.patches_of(leaf, surface, group, &mut patches);
            }
        }
        patches
    }

    fn patches_of(self: &Arc<Self>, leaf: usize, surface: Surface, group: Option<String>, patches: &mut Vec<Patch>) {
        let alone = self.leaves().len() == 1;
        let mut patch =
            Patch { measure: surface.measure(), surface, orientation: 1.0, range: [0.0, 1.0], clip: None, group, leaf };
        if alone {
            return patches.push(patch);
        }
        let clip = Clip { solid: Arc::clone(self), leaf, near: self.near(leaf, &patch.surface) };
        match &patch.surface {
            Surface::Curve(curve) => {
                let state = |t: f64| {
                    let (p, n) = curve.at(t);
                    clip.role(&p, &n)
                };
                for (range, role) in joined(constant_parts(curve.length(), [0.0, 1.0], &state), curve.is_closed()) {
                    if role == Role::None || range[1] - range[0] <= COINCIDE {
                        continue;
                    }
                    let measure = patch.surface.measure() * (range[1] - range[0]);
                    let orientation = if role == Role::Outer { 1.0 } else { -1.0 };
                    patches.push(Patch { range, measure, orientation, ..patch.clone() });
                }
            }
            Surface::End { at, sign } => {
                let role = clip.role(&[*at], &[*sign]).0;
                if role != Role::None {
                    patch.orientation = if role == Role::Outer { 1.0 } else { -1.0 };
                    patches.push(patch);
                }
            }
            _ => {
                // A primitive may be on different sides in different places: one patch each.
                let shares = |count| patch.shares(count, &|p, n| clip.role(p, n).0);
                // Where nothing is near, the surface is the same everywhere.
                let few = shares(if clip.near.is_empty() { 1 } else { PROBES });
                let many = if clip.near.is_empty() || few == [0.0; 2] { few } else { shares(MEASURE_POINTS) };
                for ((seen, share), orientation) in few.into_iter().zip(many).zip([1.0, -1.0]) {
                    if seen > 0.0 {
                        let clip = (share < 1.0).then(|| clip.clone());
                        let measure = patch.surface.measure() * share;
                        patches.push(Patch { orientation, clip, measure, ..patch.clone() });
                    }
                }
            }
        }
    }

    /// The primitives that may reach the surface of a leaf, by boxes around both.
    fn near(&self, leaf: usize, surface: &Surface) -> Vec<usize> {
        let mut around = self.leaves()[leaf].bounds();
        if let Surface::Face { low, high, axis, sign } = surface {
            around[*axis] = [if *sign < 0.0 { low[*axis] } else { high[*axis] }; 2];
        }
        let slack = 10.0 * STEP * self.size();
        let reaches = |other: &usize| {
            let bounds = self.leaves()[*other].bounds();
            around.iter().zip(bounds).all(|(a, b)| a[0] - slack <= b[1] && b[0] <= a[1] + slack)
        };
        (0..self.leaves().len()).filter(|&other| other != leaf).filter(reaches).collect()
    }
}

impl Clip {
    /// What the surface is at one of its points, and how far away this may change.
    pub(super) fn role(&self, p: &[f64], normal: &[f64]) -> (Role, f64) {
        let (leaf, leaves, size) = (self.leaf, self.solid.leaves(), self.solid.size());
        let mut safe = f64::INFINITY;
        let mut values = vec![f64::INFINITY; leaves.len()];
        values[leaf] = 0.0;
        for &number in &self.near {
            let primitive = &leaves[number];
            let mut value = primitive.signed_distance(p);
            safe = safe.min(value.abs());
            if value.abs() <= COINCIDE * size {
                if number < leaf {
                    return (Role::None, 0.0);
                }
                // The same surface: on which side does it have its inside?
                let step = STEP * size;
                let before: Vec<f64> = p.iter().zip(normal).map(|(x, n)| x - step * n).collect();
                value = if primitive.signed_distance(&before) < 0.0 { 0.0 } else { f64::NAN };
            }
            values[number] = value;
        }
        // 0 stands for this side of the surface, NaN for the other one.
        let inside = |of_leaf: f64| {
            let at = |number: usize| match values[number] {
                0.0 => of_leaf,
                value if value.is_nan() => -of_leaf,
                value => value,
            };
            self.solid.tree().value(&at) < 0.0
        };
        let role = match (inside(-1.0), inside(1.0)) {
            (true, false) => Role::Outer,
            (false, true) => Role::Inner,
            _ => Role::None,
        };
        (role, safe)
    }
}

/// Joins the first and the last part of a closed curve where they are alike, by letting the last run beyond 1.
fn joined(mut parts: Vec<([f64; 2], Role)>, closed: bool) -> Vec<([f64; 2], Role)> {
    if let [first, .., last] = parts.as_mut_slice()
        && closed
        && first.1 == last.1
    {
        last.0[1] += first.0[1];
        parts.remove(0);
    }
    parts
}
