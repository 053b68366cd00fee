//! The faces of a box.

use super::rule::{AxisRange, measure};

/// Which end of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The lower end.
    Lower,
    /// The upper end.
    Upper,
}

/// A face of a box: one axis held at one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Face {
    /// Which axis is held.
    pub axis: usize,
    /// At which end.
    pub side: Side,
}

impl Face {
    /// The faces of a box in the order of its axes, lower before upper; periodic axes have none, nor have axes of no width.
    pub fn all(axes: &[AxisRange]) -> Vec<Face> {
        let bounded = (0..axes.len()).filter(|&axis| !axes[axis].periodic && !axes[axis].is_point());
        bounded.flat_map(|axis| [Side::Lower, Side::Upper].map(|side| Face { axis, side })).collect()
    }

    /// The face as a box in the same coordinates: its axis shrinks to a point.
    #[must_use]
    pub fn of(self, axes: &[AxisRange]) -> Vec<AxisRange> {
        let mut face = axes.to_vec();
        if let Some(range) = face.get_mut(self.axis) {
            *range = AxisRange::point(match self.side {
                Side::Lower => range.lower,
                Side::Upper => range.upper,
            });
        }
        face
    }

    /// The unit normal that points out of the box, one component an axis.
    pub fn outward_normal(self, dimension: usize) -> Vec<f64> {
        let mut normal = vec![0.0; dimension];
        if let Some(component) = normal.get_mut(self.axis) {
            *component = match self.side {
                Side::Lower => -1.0,
                Side::Upper => 1.0,
            };
        }
        normal
    }

    /// The measure of the face; 1 where it is a point.
    pub fn measure(self, axes: &[AxisRange]) -> f64 {
        measure(&self.of(axes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_of_a_box_with_a_periodic_axis() {
        let axes = [AxisRange::new(0.0, 2.0), AxisRange::periodic(0.0, 1.0), AxisRange::new(-1.0, 4.0)];
        let faces = Face::all(&axes);
        assert_eq!(faces.len(), 4);
        assert_eq!(faces[0], Face { axis: 0, side: Side::Lower });
        let last = faces[3];
        assert_eq!(last.of(&axes)[2], AxisRange::point(4.0));
        assert_eq!(last.outward_normal(3), [0.0, 0.0, 1.0]);
        assert_eq!(faces[2].outward_normal(3), [0.0, 0.0, -1.0]);
        assert_eq!(faces.iter().map(|f| f.measure(&axes)).collect::<Vec<_>>(), [5.0, 5.0, 2.0, 2.0]);
    }

    #[test]
    fn the_faces_of_an_interval_are_points() {
        let axes = [AxisRange::new(0.0, 2.0)];
        assert!(Face::all(&axes).iter().all(|face| face.measure(&axes) == 1.0));
    }
}
