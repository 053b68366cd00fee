//! A compiler for partial differential equations.
//!
//! A `.pde` file states a problem in a dozen lines. The stages of [`pipeline`] check it, simplify its residuals, and
//! compile them with their Jacobians to machine code; [`train`] fits a network to it by energy natural gradients.
//!
//! ```
//! use pdec::diagnostic::Source;
//! use pdec::model::Overrides;
//! use pdec::pipeline::{self, Backend, Times};
//! use pdec::simplify::Effort;
//! use pdec::train::{Limits, Session, Silent};
//!
//! let text = "
//!     problem decay
//!     time t in [0, 1]
//!     unknown u
//!     eq u_t = -u
//!     ic u = 1
//!     exact u = exp(-t)
//!     network mlp(8)
//!     train engd(steps=40)
//! ";
//! let mut times = Times::default();
//! let (model, found) = pipeline::check(&Source::new("decay.pde", text), &Overrides::default(), &mut times);
//! assert!(found.is_empty());
//!
//! let lowered = pipeline::lower(model.unwrap(), Effort::Standard, &mut times).unwrap();
//! let compiled = pipeline::assemble(lowered, 0, Backend::Jit, &mut times).unwrap();
//! let mut session = Session::new(compiled, 0).unwrap();
//! session.run(Limits::default(), &mut Silent).unwrap();
//! assert!(session.errors()[0].relative_l2 < 1e-4);
//! ```

#![warn(missing_docs)]

pub mod cli;
pub mod codegen;
pub mod dataset;
pub mod diagnostic;
pub mod emit;
pub mod expr;
pub mod geometry;
pub mod kernel;
pub mod linalg;
pub mod model;
pub mod network;
pub mod optim;
pub mod pipeline;
pub mod report;
pub mod routine;
pub mod sample;
pub mod simplify;
pub mod syntax;
pub mod tape;
pub mod train;
pub mod vmath;
