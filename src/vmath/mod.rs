//! Math on blocks of numbers.
mod channels;
pub use channels::channel_products;
