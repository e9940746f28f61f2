//! Temporary.
use crate::series::{Node, Points};
#[derive(Debug, thiserror::Error)]
#[error("damaged")]
pub struct Damaged;
pub fn pack_points(_: &Points) -> Vec<u8> {
    todo!()
}
pub fn unpack_points(_: &[u8]) -> Result<Points, Damaged> {
    todo!()
}
pub fn pack_nodes(_: &[Node]) -> Vec<u8> {
    todo!()
}
pub fn unpack_nodes(_: &[u8]) -> Result<Vec<Node>, Damaged> {
    todo!()
}
