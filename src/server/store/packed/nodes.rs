//! Blocks of nodes of which single ones are read where they lie: a query looks at few nodes of each of many blocks.
//!
//! Version 2: the same frame as points, but each column has numbers of one width, counted in bits, so that the place of each is known.
//! Version 1, in which `pco` packed whole columns, is read and no longer written.

use std::sync::Arc;

use super::{Damaged, NODES, Unpacking, nth, regular, same, single, unpack_first_nodes, widened};
use crate::series::{Axis, Node, Nodes, Span};

const VERSION: u8 = 2;
/// Wider numbers would not lie within eight bytes from wherever they begin.
const WIDEST: u32 = 56;
/// Behind the last column: eight bytes are read at a time.
const PAD: [u8; 8] = [0; 8];

/// How a column of doubles is coded: as the first of these, or the narrowest of the last four, that gives back the same bits.
const REGULAR: u8 = 0;
/// A base and multiples of a power of two. Sums of f32, and times as programs read them off a clock, are such.
const DYADIC: u8 = 1;
/// A base and thousandths: times in milliseconds.
const THOUSANDTHS: u8 = 2;
const SINGLE: u8 = 3;
const DOUBLE: u8 = 4;

/// Any number of nodes that fits a u32, of any levels; those of one level, in order, become smallest.
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

/// First and last; then the rest only where points went back, else it says nothing new.
fn pack_spans(bytes: &mut Vec<u8>, nodes: &[Node], span: fn(&Node) -> &Span) {
    let column = |field: fn(&Span) -> f64| nodes.iter().map(|node| field(span(node))).collect::<Vec<_>>();
    pack_doubles(bytes, &column(|span| span.first));
    pack_doubles(bytes, &column(|span| span.last));
    let plain = |span: &Span| span.breaks == 0 && same(span.min, span.first) && same(span.max, span.last);
    let all_plain = nodes.iter().all(|node| plain(span(node)));
    bytes.push(u8::from(!all_plain));
    if !all_plain {
        pack_doubles(bytes, &column(|span| span.min));
        pack_doubles(bytes, &column(|span| span.max));
        pack_counts(bytes, nodes.iter().map(|node| span(node).breaks));
    }
}

fn pack_doubles(bytes: &mut Vec<u8>, values: &[f64]) {
    if let Some((first, step)) = regular(values) {
        bytes.push(REGULAR);
        bytes.extend(first.to_le_bytes());
        bytes.extend(step.to_le_bytes());
        return;
    }
    let fixed = [(DYADIC, dyadic(values)), (THOUSANDTHS, thousandths(values))];
    let fixed = fixed.into_iter().filter_map(|(coding, fixed)| fixed.map(|fixed| (coding, fixed)));
    let narrowest = fixed.min_by_key(|(_, fixed)| fixed.width).filter(|(_, fixed)| fixed.width <= WIDEST);
    let singles = || values.iter().map(|value| single(*value).map(|single| u64::from(single.to_bits()))).collect::<Option<Vec<_>>>();
    match narrowest {
        Some((coding, fixed)) if fixed.width <= 32 => fixed.write(bytes, coding),
        other => match (singles(), other) {
            (Some(singles), _) => {
                bytes.push(SINGLE);
                pack_bits(bytes, singles.into_iter(), 32);
            }
            (None, Some((coding, fixed))) => fixed.write(bytes, coding),
            (None, None) => {
                bytes.push(DOUBLE);
                values.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
            }
        },
    }
}

fn pack_counts(bytes: &mut Vec<u8>, values: impl Iterator<Item = u64> + Clone) {
    let (base, most) = (values.clone().min().unwrap_or(0), values.clone().max().unwrap_or(0));
    let width = u64::BITS - (most - base).leading_zeros();
    debug_assert!(width <= WIDEST, "fewer points than that are counted");
    bytes.extend(base.to_le_bytes());
    bytes.push(width as u8);
    pack_bits(bytes, values.map(|value| value - base), width);
}

/// The lowest bits first, in little-endian bytes.
fn pack_bits(bytes: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    let (mut held, mut bits) = (0_u64, 0);
    for value in values {
        held |= value << bits;
        bits += width;
        while bits >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            bits -= 8;
        }
    }
    if bits > 0 {
        bytes.push(held as u8);
    }
}

/// Whole numbers of some unit.
struct Fixed {
    /// For [`DYADIC`]: the unit is two to its power.
    exponent: i16,
    base: i64,
    width: u32,
    numbers: Vec<i64>,
}

impl Fixed {
    fn of(exponent: i16, numbers: Vec<i64>) -> Option<Self> {
        let (base, most) = (*numbers.iter().min()?, *numbers.iter().max()?);
        let width = u64::BITS - most.abs_diff(base).leading_zeros();
        Some(Self { exponent, base, width, numbers })
    }

    fn write(self, bytes: &mut Vec<u8>, coding: u8) {
        bytes.push(coding);
        bytes.extend(self.base.to_le_bytes());
        bytes.extend(self.exponent.to_le_bytes());
        bytes.push(self.width as u8);
        pack_bits(bytes, self.numbers.into_iter().map(|number| number.abs_diff(self.base)), self.width);
    }
}

/// The values as multiples of the greatest power of two of which all are, where they are below 2^62 of those.
fn dyadic(values: &[f64]) -> Option<Fixed> {
    let mut exponent = i32::MAX;
    for value in values.iter().filter(|value| **value != 0.0) {
        let bits = value.to_bits();
        let power = (bits >> 52 & 0x7FF) as i32;
        // Neither subnormal nor infinite nor NaN.
        if power == 0 || power == 0x7FF {
            return None;
        }
        exponent = exponent.min(power - 1075 + (bits | 1 << 52).trailing_zeros() as i32);
    }
    let exponent = if exponent == i32::MAX { 0 } else { exponent };
    if !(-1000..=900).contains(&exponent) {
        return None;
    }
    let (unit, scale) = (power_of_two(exponent), power_of_two(-exponent));
    let one = |value: &f64| {
        let number = value * scale;
        // Not -0, which is no whole number.
        (number.abs() < (1_u64 << 62) as f64 && same(number as i64 as f64 * unit, *value)).then_some(number as i64)
    };
    Fixed::of(exponent as i16, values.iter().map(one).collect::<Option<_>>()?)
}

fn thousandths(values: &[f64]) -> Option<Fixed> {
    let one = |value: &f64| {
        let number = (value * 1e3).round();
        (number.abs() < (1_u64 << 53) as f64 && same(number as i64 as f64 / 1e3, *value)).then_some(number as i64)
    };
    Fixed::of(0, values.iter().map(one).collect::<Option<_>>()?)
}

/// `exponent` from -1022 to 1023.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// A block as it is stored.
struct Packed {
    bytes: Vec<u8>,
    count: usize,
    x: Spans,
    t: Spans,
    doubles: [Column; 5],
    counts: [Counts; 6],
}

struct Spans {
    first: Column,
    last: Column,
    /// Lowest, highest and breaks, where the ends do not say them.
    rest: Option<(Column, Column, Counts)>,
}

#[derive(Clone, Copy)]
enum Column {
    Regular { first: f64, step: f64 },
    Dyadic { unit: f64, base: i64, bits: Bits },
    Thousandths { base: i64, bits: Bits },
    Single { bits: Bits },
    Double { start: usize },
}

#[derive(Clone, Copy)]
struct Counts {
    base: u64,
    bits: Bits,
}

/// Numbers of `width` bits each, from the byte `start` on.
#[derive(Clone, Copy)]
struct Bits {
    start: usize,
    width: u32,
}

impl Bits {
    fn get(self, bytes: &[u8], at: usize) -> u64 {
        let bit = at * self.width as usize;
        let start = self.start + bit / 8;
        // The checks of the start hold for all numbers, and behind the last are at least eight bytes.
        let word = bytes[start..].first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word));
        word >> (bit % 8) & ((1 << self.width) - 1)
    }
}

impl Counts {
    fn get(self, bytes: &[u8], at: usize) -> u64 {
        self.base.wrapping_add(self.bits.get(bytes, at))
    }
}

impl Column {
    fn get(self, bytes: &[u8], at: usize) -> f64 {
        let whole = |base: i64, bits: Bits| base.wrapping_add_unsigned(bits.get(bytes, at)) as f64;
        match self {
            Self::Regular { first, step } => nth(first, step, at),
            Self::Dyadic { unit, base, bits } => whole(base, bits) * unit,
            Self::Thousandths { base, bits } => whole(base, bits) / 1e3,
            Self::Single { bits } => widened(f32::from_bits(bits.get(bytes, at) as u32)),
            Self::Double { start } => bytes[start + 8 * at..].first_chunk::<8>().map_or(0.0, |word| f64::from_le_bytes(*word)),
        }
    }
}

impl Spans {
    fn get(&self, bytes: &[u8], at: usize) -> Span {
        let (first, last) = (self.first.get(bytes, at), self.last.get(bytes, at));
        let (min, max, breaks) = match &self.rest {
            None => (first, last, 0),
            Some((min, max, breaks)) => (min.get(bytes, at), max.get(bytes, at), breaks.get(bytes, at)),
        };
        Span { first, last, min, max, breaks }
    }
}

impl Nodes for Packed {
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

/// Where the columns of a block begin.
struct Finding<'a> {
    unpacking: Unpacking<'a>,
    /// Of the bytes without the checksum.
    length: usize,
}

impl Finding<'_> {
    fn bits(&mut self, width: u32) -> Result<Bits, Damaged> {
        let start = self.length - self.unpacking.rest.len();
        let bytes = (self.unpacking.count as u64 * u64::from(width)).div_ceil(8) as usize;
        self.unpacking.rest = self.unpacking.rest.get(bytes..).ok_or(Damaged::Short)?;
        Ok(Bits { start, width })
    }

    fn column(&mut self) -> Result<Column, Damaged> {
        let coding = self.unpacking.u8()?;
        match coding {
            REGULAR => {
                let (first, step) = (self.unpacking.take()?, self.unpacking.take()?);
                Ok(Column::Regular { first: f64::from_le_bytes(first), step: f64::from_le_bytes(step) })
            }
            DYADIC | THOUSANDTHS => {
                let base = i64::from_le_bytes(self.unpacking.take()?);
                let exponent = i32::from(i16::from_le_bytes(self.unpacking.take()?));
                let width = u32::from(self.unpacking.u8()?);
                if width > WIDEST || !(-1022..=1023).contains(&exponent) {
                    return Err(Damaged::Content);
                }
                let bits = self.bits(width)?;
                Ok(match coding {
                    DYADIC => Column::Dyadic { unit: power_of_two(exponent), base, bits },
                    _ => Column::Thousandths { base, bits },
                })
            }
            SINGLE => Ok(Column::Single { bits: self.bits(32)? }),
            DOUBLE => Ok(Column::Double { start: self.bits(64)?.start }),
            _ => Err(Damaged::Content),
        }
    }

    fn counts(&mut self) -> Result<Counts, Damaged> {
        let base = u64::from_le_bytes(self.unpacking.take()?);
        let width = u32::from(self.unpacking.u8()?);
        if width > WIDEST { Err(Damaged::Content) } else { Ok(Counts { base, bits: self.bits(width)? }) }
    }

    fn spans(&mut self) -> Result<Spans, Damaged> {
        let (first, last) = (self.column()?, self.column()?);
        let rest = match self.unpacking.u8()? {
            0 => None,
            _ => Some((self.column()?, self.column()?, self.counts()?)),
        };
        Ok(Spans { first, last, rest })
    }
}

/// The block, and about how many bytes it holds. Its checksum is right, and all its columns are there.
pub fn open_nodes(bytes: Vec<u8>) -> Result<(Arc<dyn Nodes>, usize), Damaged> {
    if bytes.first() == Some(&super::VERSION) {
        let nodes = unpack_first_nodes(&bytes)?;
        let size = nodes.len() * size_of::<Node>();
        return Ok((Arc::new(nodes), size));
    }
    let unpacking = Unpacking::new(NODES, VERSION, &bytes)?;
    let (count, length) = (unpacking.count, bytes.len() - 4);
    let mut finding = Finding { unpacking, length };
    let (x, t) = (finding.spans()?, finding.spans()?);
    let doubles = [finding.column()?, finding.column()?, finding.column()?, finding.column()?, finding.column()?];
    let mut counts = || finding.counts();
    let counts = [counts()?, counts()?, counts()?, counts()?, counts()?, counts()?];
    if finding.unpacking.rest != PAD {
        return Err(Damaged::Content);
    }
    let size = size_of::<Packed>() + bytes.len();
    Ok((Arc::new(Packed { bytes, count, x, t, doubles, counts }), size))
}

pub fn unpack_nodes(bytes: Vec<u8>) -> Result<Vec<Node>, Damaged> {
    let (nodes, _) = open_nodes(bytes)?;
    Ok((0..nodes.count()).map(|at| nodes.node(at)).collect())
}
