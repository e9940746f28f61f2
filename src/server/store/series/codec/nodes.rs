//! Blocks of nodes, of which single nodes are read without decoding the block: a query reads few nodes of each of many blocks.
//!
//! Columns, each with one number per node: the span of the steps, the span of the wall times, the values `first`, `last`, `min`, `max` and
//! `sum`, and the counts `count`, `at_min`, `at_max`, `nan`, `pos_inf` and `neg_inf`; then eight bytes of padding. A span is `first` and `last`,
//! a byte, and if that is 1 also `min`, `max` and `breaks`; if it is 0 they follow from the ends. The fields are those of
//! [`crate::series::Node`].

use std::sync::Arc;

use super::bitpack::{Column, ColumnLocator, Counts, PAD, pack_counts, pack_doubles};
use super::{DecodeError, Decoder, NODES, same_bits};
use crate::series::{Axis, Node, Nodes, Span};

const VERSION: u8 = 2;

/// Encodes at most 2^20 nodes; consecutive nodes of one level compress best.
pub fn pack_nodes(nodes: &[Node]) -> Vec<u8> {
    let mut bytes = vec![VERSION, NODES];
    bytes.extend((nodes.len() as u32).to_le_bytes());
    pack_spans(&mut bytes, nodes, |node| &node.x);
    pack_spans(&mut bytes, nodes, |node| &node.t);
    let doubles: [fn(&Node) -> f64; 5] = [|node| node.first, |node| node.last, |node| node.min, |node| node.max, |node| node.sum];
    for field in doubles {
        pack_doubles(&mut bytes, &nodes.iter().map(field).collect::<Vec<_>>());
    }
    let counts: [fn(&Node) -> u64; 6] =
        [|node| node.count, |node| node.at_min, |node| node.at_max, |node| node.nan, |node| node.pos_inf, |node| node.neg_inf];
    for field in counts {
        pack_counts(&mut bytes, nodes.iter().map(field));
    }
    bytes.extend(PAD);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

/// Writes a span; `min`, `max` and `breaks` only if some points go back.
fn pack_spans(bytes: &mut Vec<u8>, nodes: &[Node], span: fn(&Node) -> &Span) {
    let column = |field: fn(&Span) -> f64| nodes.iter().map(|node| field(span(node))).collect::<Vec<_>>();
    pack_doubles(bytes, &column(|span| span.first));
    pack_doubles(bytes, &column(|span| span.last));
    let plain = |span: &Span| span.breaks == 0 && same_bits(span.min, span.first) && same_bits(span.max, span.last);
    let all_plain = nodes.iter().all(|node| plain(span(node)));
    bytes.push(u8::from(!all_plain));
    if !all_plain {
        pack_doubles(bytes, &column(|span| span.min));
        pack_doubles(bytes, &column(|span| span.max));
        pack_counts(bytes, nodes.iter().map(|node| span(node).breaks));
    }
}

/// An encoded block, and the positions of its columns.
struct PackedNodes {
    bytes: Vec<u8>,
    count: usize,
    x: SpanColumns,
    t: SpanColumns,
    doubles: [Column; 5],
    counts: [Counts; 6],
}

struct SpanColumns {
    first: Column,
    last: Column,
    /// `min`, `max` and `breaks`, unless they follow from the ends.
    rest: Option<(Column, Column, Counts)>,
}

impl SpanColumns {
    fn get(&self, bytes: &[u8], at: usize) -> Span {
        let (first, last) = (self.first.get(bytes, at), self.last.get(bytes, at));
        let (min, max, breaks) = match &self.rest {
            None => (first, last, 0),
            Some((min, max, breaks)) => (min.get(bytes, at), max.get(bytes, at), breaks.get(bytes, at)),
        };
        Span { first, last, min, max, breaks }
    }
}

impl Nodes for PackedNodes {
    fn count(&self) -> usize {
        self.count
    }

    fn node(&self, at: usize) -> Node {
        let bytes = &self.bytes[..];
        let [first, last, min, max, sum] = self.doubles.map(|column| column.get(bytes, at));
        let [count, at_min, at_max, nan, pos_inf, neg_inf] = self.counts.map(|column| column.get(bytes, at));
        let (x, t) = (self.x.get(bytes, at), self.t.get(bytes, at));
        Node { count, x, t, first, last, min, max, at_min, at_max, sum, nan, pos_inf, neg_inf }
    }

    fn span(&self, at: usize, axis: Axis) -> Span {
        match axis {
            Axis::Step => self.x.get(&self.bytes, at),
            Axis::Time => self.t.get(&self.bytes, at),
        }
    }
}

fn spans(locator: &mut ColumnLocator) -> Result<SpanColumns, DecodeError> {
    let (first, last) = (locator.column()?, locator.column()?);
    let rest = match locator.decoder.u8()? {
        0 => None,
        _ => Some((locator.column()?, locator.column()?, locator.counts()?)),
    };
    Ok(SpanColumns { first, last, rest })
}

/// Opens a block after verifying its checksum and columns. Returns it with its size in memory, in bytes.
pub fn open_nodes(bytes: Vec<u8>) -> Result<(Arc<dyn Nodes>, usize), DecodeError> {
    let decoder = Decoder::new(NODES, VERSION, &bytes)?;
    let (count, length) = (decoder.count, bytes.len() - 4);
    let mut locator = ColumnLocator { decoder, length };
    let (x, t) = (spans(&mut locator)?, spans(&mut locator)?);
    let doubles = [locator.column()?, locator.column()?, locator.column()?, locator.column()?, locator.column()?];
    let mut counts = || locator.counts();
    let counts = [counts()?, counts()?, counts()?, counts()?, counts()?, counts()?];
    if locator.decoder.rest != PAD {
        return Err(DecodeError::Invalid);
    }
    let size = size_of::<PackedNodes>() + bytes.len();
    Ok((Arc::new(PackedNodes { bytes, count, x, t, doubles, counts }), size))
}

pub fn unpack_nodes(bytes: Vec<u8>) -> Result<Vec<Node>, DecodeError> {
    let (nodes, _) = open_nodes(bytes)?;
    Ok((0..nodes.count()).map(|at| nodes.node(at)).collect())
}
