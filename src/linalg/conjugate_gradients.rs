//! Preconditioned conjugate gradients (Hestenes and Stiefel 1952; Nocedal and Wright, Numerical Optimization, algorithm
//! 5.3), for matrices that are known by their products.

use super::dot;

/// A symmetric matrix and a preconditioner of it.
pub trait Symmetric {
    /// `out = A v`
    fn apply(&mut self, v: &[f64], out: &mut [f64]);

    /// `out = M⁻¹ v`
    fn precondition(&self, v: &[f64], out: &mut [f64]);
}

/// When the iteration ends.
#[derive(Clone, Copy, Debug)]
pub struct CgLimits {
    /// The most iterations.
    pub iterations: usize,
    /// The part of the residual that remains, in the norm of M⁻¹.
    pub tolerance: f64,
}

/// Vectors of the iteration, all of one length, for one solution after another.
#[derive(Debug, Default)]
pub struct CgRoom {
    residual: Vec<f64>,
    direction: Vec<f64>,
    image: Vec<f64>,
    preconditioned: Vec<f64>,
}

/// `A x = -g`, from x = 0. Where a direction has no positive curvature the iteration ends with what it has, or with that
/// direction if it is the first one: a direction of descent of `g·x` in any case.
pub fn conjugate_gradients(
    system: &mut impl Symmetric,
    gradient: &[f64],
    limits: CgLimits,
    room: &mut CgRoom,
    x: &mut [f64],
) {
    let CgRoom { residual, direction, image, preconditioned } = room;
    [&mut *direction, &mut *image, &mut *preconditioned].into_iter().for_each(|v| v.resize(gradient.len(), 0.0));
    residual.clear();
    residual.extend(gradient.iter().map(|g| -g));
    x.fill(0.0);
    system.precondition(residual, direction);
    let mut square = dot(residual, direction);
    let enough = square * limits.tolerance * limits.tolerance;
    for iteration in 0..limits.iterations {
        system.apply(direction, image);
        let curvature = dot(direction, image);
        if !(square > enough && curvature > 0.0) {
            if iteration == 0 {
                x.copy_from_slice(direction);
            }
            break;
        }
        let length = square / curvature;
        x.iter_mut().zip(&*direction).for_each(|(x, d)| *x += length * d);
        residual.iter_mut().zip(&*image).for_each(|(r, i)| *r -= length * i);
        system.precondition(residual, preconditioned);
        let next = dot(residual, preconditioned);
        let keep = next / square;
        direction.iter_mut().zip(&*preconditioned).for_each(|(d, z)| *d = z + keep * *d);
        square = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Diagonal([f64; 3]);

    impl Symmetric for Diagonal {
        fn apply(&mut self, v: &[f64], out: &mut [f64]) {
            out.iter_mut().zip(v).zip(self.0).for_each(|((out, v), a)| *out = a * v);
        }

        fn precondition(&self, v: &[f64], out: &mut [f64]) {
            out.copy_from_slice(v);
        }
    }

    #[test]
    fn a_matrix_is_solved_in_as_many_iterations_as_it_has_eigenvalues() {
        let (mut x, limits) = ([0.0; 3], CgLimits { iterations: 3, tolerance: 1e-14 });
        conjugate_gradients(&mut Diagonal([1.0, 4.0, 9.0]), &[1.0, 2.0, 3.0], limits, &mut CgRoom::default(), &mut x);
        for (found, expected) in x.iter().zip([-1.0, -0.5, -1.0 / 3.0]) {
            assert!((found - expected).abs() < 1e-14, "{x:?}");
        }
    }

    #[test]
    fn without_curvature_the_first_direction_goes_down() {
        let (mut x, limits) = ([0.0; 3], CgLimits { iterations: 9, tolerance: 1e-14 });
        conjugate_gradients(&mut Diagonal([-1.0; 3]), &[1.0, -2.0, 3.0], limits, &mut CgRoom::default(), &mut x);
        assert_eq!(x, [-1.0, 2.0, -3.0]);
    }
}
