//! REST: one file a resource.

pub mod values;
