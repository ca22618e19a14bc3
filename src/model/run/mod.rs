//! Running a forward pass: its observers and changes, the key/value cache, tensor operations, memory.

pub mod cache;
pub mod device;
pub mod edit;
mod gradient;
pub mod memory;
pub mod numbers;
pub mod ops;
pub mod probe;
pub mod translation;
