//! The atoms of formulas: coordinates, normals, jet variables.

use smallvec::SmallVec;

/// How often a field is differentiated along each axis: `u_xxy` over axes (t, x, y) is `[0, 2, 1]`.
///
/// Trailing zeros are not stored, so that equal indices are equal values whatever the number of axes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MultiIndex(SmallVec<[u8; 8]>);

impl MultiIndex {
    /// The index of the value itself.
    pub fn zero() -> Self {
        Self::default()
    }

    /// One derivative along `axis`.
    pub fn unit(axis: usize) -> Self {
        Self::zero().raised(axis, 1)
    }

    /// From the orders along axes 0, 1, ...
    pub fn new(orders: &[u8]) -> Self {
        let end = orders.iter().rposition(|&o| o > 0).map_or(0, |i| i + 1);
        Self(SmallVec::from_slice(&orders[..end]))
    }

    /// `by` more derivatives along `axis`.
    ///
    /// # Panics
    /// Beyond order 255 along one axis; the model limits the order of derivatives far below.
    #[must_use]
    pub fn raised(&self, axis: usize, by: u8) -> Self {
        let mut orders = self.0.clone();
        if orders.len() <= axis {
            orders.resize(axis + 1, 0);
        }
        orders[axis] = orders[axis].checked_add(by).expect("derivative orders are limited by the model");
        Self::new(&orders)
    }

    /// One derivative less along `axis`; `None` if there is none.
    pub fn lowered(&self, axis: usize) -> Option<Self> {
        if self.along(axis) == 0 {
            return None;
        }
        let mut orders = self.0.clone();
        orders[axis] -= 1;
        Some(Self::new(&orders))
    }

    /// Order along one axis.
    pub fn along(&self, axis: usize) -> u8 {
        self.0.get(axis).copied().unwrap_or(0)
    }

    /// Total order |α|.
    pub fn order(&self) -> usize {
        self.0.iter().map(|&o| usize::from(o)).sum()
    }

    /// Whether this is the value itself.
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The orders along axes 0, 1, ..., without trailing zeros.
    pub fn orders(&self) -> &[u8] {
        &self.0
    }

    /// The axes, each as often as the index differentiates along it: `u_xxy` gives `[1, 1, 2]` over (t, x, y).
    pub fn axes(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(axis, &order)| std::iter::repeat_n(axis, usize::from(order)))
    }
}

/// A field or one of its derivatives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jet {
    /// Number of the field.
    pub field: u16,
    /// Its derivatives.
    pub index: MultiIndex,
}

impl Jet {
    /// The derivative `index` of `field`.
    pub fn new(field: usize, index: MultiIndex) -> Self {
        Self { field: field as u16, index }
    }
}

/// What a formula depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symbol {
    /// A numbered input whose meaning the owner of the graph knows.
    Slot(u32),
    /// A coordinate of the point, by number of the axis.
    Coordinate(u16),
    /// A component of the outward unit normal, by number of the axis.
    Normal(u16),
    /// A field or one of its derivatives.
    Jet(Jet),
}
