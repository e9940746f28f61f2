//! The columns of a window: a descent through the pyramid without I/O. It names the blocks and chunks that it needs next; the caller reads and
//! supplies them.

use std::fmt;
use std::sync::Arc;

use super::pixel_grid::{ColumnWriter, Coverage, PixelGrid, PixelScale};
use super::read_budget::{Candidate, Priority, Read, ReadBudget};
use super::{Axis, BLOCK, CHUNK, Column, Extent, FAN, LEAF, Node, Nodes, Points, Span, nodes_at, points_at, roots};

/// A range of an axis and a number of pixel columns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub axis: Axis,
    /// Inclusive bounds, `from <= to`; an infinite bound is that of the series.
    pub from: f64,
    pub to: f64,
    /// Pixel columns, 1 to 16,384.
    pub width: u32,
    pub scale: PixelScale,
}

/// Reads that a query waits for: blocks as (level, number), chunks by number; both ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingReads {
    pub blocks: Vec<(u8, u64)>,
    pub chunks: Vec<u64>,
}

impl PendingReads {
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.chunks.is_empty()
    }
}

/// A block that was read, with its level and number.
pub type BlockRead = ((u8, u64), Arc<dyn Nodes>);
/// A chunk that was read, with its number.
pub type ChunkRead = (u64, Arc<Points>);

/// A block or chunk that was needed and not supplied, or is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingRead {
    Block(u8, u64),
    Chunk(u64),
}

impl fmt::Display for MissingRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(level, number) => write!(f, "block {number} of level {level} is missing or too short"),
            Self::Chunk(number) => write!(f, "chunk {number} is missing or too short"),
        }
    }
}

impl std::error::Error for MissingRead {}

/// A part of the series, in the order of the points: together they tile it.
#[derive(Clone, Copy)]
enum Piece {
    /// Node `number` of `level`, in `blocks[block]`.
    Node { level: u8, number: u64, block: u32, fit: Coverage, next: Next },
    /// Points `start..end` of `chunks[chunk]`; `inside` of them are in the window.
    Raw { chunk: u32, start: u32, end: u32, inside: u32 },
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    Undecided,
    Open,
    /// Opening it would exceed the read budget.
    Keep,
}

/// A query of one series. While [`Self::pending_reads`] is not empty, read those and [supply](Self::supply) them; then call
/// [`Self::finish`]. There are at most about 2 · levels rounds, each of which can be one batched read.
///
/// The result: columns in the order of the points, which tile all points within the window, and one point on each side of it
/// where a line enters or leaves, or where the series ends before the window or begins after it. At most `2 * width` points
/// are given as they are. Else each column is made of whole nodes and of points, and stands within one pixel column,
/// `floor((place - from) / (to - from) * width)`, unless it is a single node that the read budget did not allow to open; it then
/// still has all its extremes and its true place. A step back is inside a column only where it is inside one node.
/// Where steps go up there are at most `2 * width + 2` columns; else at most about `18 * width + 8192`, beyond which leaves are
/// kept whole.
pub struct PyramidQuery {
    ask: Window,
    sealed: u64,
    grid: Option<PixelGrid>,
    extent: Extent,
    peak: f64,
    pieces: Vec<Piece>,
    pending_reads: PendingReads,
    blocks: Vec<Arc<dyn Nodes>>,
    /// The first one is the tail.
    chunks: Vec<Arc<Points>>,
    budget: ReadBudget,
}

impl PyramidQuery {
    /// `sealed` points are in chunks and nodes, `tail` are the points after them.
    pub fn new(ask: Window, sealed: u64, tail: Arc<Points>) -> Self {
        let mut query = Self {
            ask: Window { width: ask.width.max(1), ..ask },
            sealed,
            grid: None,
            extent: Extent::EMPTY,
            peak: 0.0,
            pieces: Vec::new(),
            pending_reads: PendingReads::default(),
            blocks: Vec::new(),
            chunks: vec![tail],
            budget: ReadBudget::default(),
        };
        query.pending_reads.blocks = roots(sealed).into_iter().map(|(level, number)| (level, number / BLOCK)).collect();
        query.pending_reads.blocks.sort_unstable();
        query.pending_reads.blocks.dedup();
        if query.pending_reads.is_empty() {
            query.begin(&[]);
        }
        query
    }

    /// As [`Self::new`], for a series whose places ascend: every column stands within one pixel column, whatever that has to read. Of each
    /// boundary between two pixel columns that is at most one chunk.
    pub fn exact(ask: Window, sealed: u64, tail: Arc<Points>) -> Self {
        // The roots are no part of the budget.
        Self { budget: ReadBudget::unlimited(), ..Self::new(ask, sealed, tail) }
    }

    /// The reads that must be supplied next; empty when the result is known.
    pub fn pending_reads(&self) -> &PendingReads {
        &self.pending_reads
    }

    /// The extent of the whole series along the axis; empty without points, and before the first reads are supplied.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The largest absolute finite value of the series; 0 before the first reads are supplied.
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// Takes the pending reads, in any order. Blocks may have grown meanwhile. After an error the query cannot be continued.
    pub fn supply(&mut self, blocks: &[BlockRead], chunks: &[ChunkRead]) -> Result<(), MissingRead> {
        let (first_block, first_chunk) = (self.blocks.len(), self.chunks.len());
        let pending_reads = std::mem::take(&mut self.pending_reads);
        for key in &pending_reads.blocks {
            let enough = (nodes_at(key.0, self.sealed) - key.1 * BLOCK).min(BLOCK) as usize;
            let block = blocks.iter().find(|(given, block)| given == key && block.count() >= enough);
            self.blocks.push(block.ok_or(MissingRead::Block(key.0, key.1))?.1.clone());
        }
        for key in &pending_reads.chunks {
            let chunk = chunks.iter().find(|(given, chunk)| given == key && chunk.len() as u64 >= CHUNK);
            self.chunks.push(chunk.ok_or(MissingRead::Chunk(*key))?.1.clone());
        }
        let held = |level, number: u64| {
            // Only blocks of the pending reads are looked up.
            let at = pending_reads.blocks.binary_search(&(level, number / BLOCK)).unwrap_or_default();
            (first_block + at) as u32
        };
        if self.grid.is_none() {
            let tiles: Vec<_> = roots(self.sealed).into_iter().map(|(level, number)| (level, number, held(level, number))).collect();
            self.begin(&tiles);
            return Ok(());
        }
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Node { level: 0, number, next: Next::Open, .. } => {
                    let at = pending_reads.chunks.binary_search(&(number * LEAF / CHUNK)).unwrap_or_default();
                    let start = (number * LEAF % CHUNK) as u32;
                    pieces.push(self.raw((first_chunk + at) as u32, start, start + LEAF as u32));
                }
                Piece::Node { level, number, next: Next::Open, .. } => {
                    let block = held(level - 1, number * FAN);
                    pieces.extend((number * FAN..(number + 1) * FAN).map(|child| self.piece(level - 1, child, block)));
                }
                piece => pieces.push(piece),
            }
        }
        self.pieces = pieces;
        self.plan();
        Ok(())
    }

    /// Sets the extent and the grid once the roots are read: (level, number, index of the block).
    fn begin(&mut self, tiles: &[(u8, u64, u32)]) {
        let spans = tiles.iter().map(|(_, number, block)| self.span(*block, *number));
        self.extent = Extent::of(self.ask.axis, spans, &self.chunks[0]);
        if self.extent.is_empty() {
            return;
        }
        let sizes = tiles.iter().map(|(_, number, block)| self.node(*block, *number)).flat_map(|node| [node.min.abs(), node.max.abs()]);
        let tail = self.chunks[0].y.iter().map(|y| y.abs()).filter(|size| size.is_finite());
        // `max` passes over NaN.
        self.peak = sizes.chain(tail).fold(0.0, f64::max);
        let grid = PixelGrid::new(self.ask.from, self.ask.to, self.ask.width, self.extent);
        self.grid = Some(grid.with_scale(self.ask.scale));
        self.pieces = tiles.iter().map(|(level, number, block)| self.piece(*level, *number, *block)).collect();
        self.pieces.push(self.raw(0, 0, self.chunks[0].len() as u32));
        self.plan();
    }

    fn piece(&self, level: u8, number: u64, block: u32) -> Piece {
        let fit = self.grid.map_or(Coverage::Outside, |grid| grid.fit(&self.span(block, number)));
        Piece::Node { level, number, block, fit, next: Next::Undecided }
    }

    fn node(&self, block: u32, number: u64) -> Node {
        self.blocks[block as usize].node((number % BLOCK) as usize)
    }

    fn span(&self, block: u32, number: u64) -> Span {
        self.blocks[block as usize].span((number % BLOCK) as usize, self.ask.axis)
    }

    fn raw(&self, chunk: u32, start: u32, end: u32) -> Piece {
        let places = &self.chunks[chunk as usize].along(self.ask.axis)[start as usize..end as usize];
        let inside = places.iter().filter(|place| self.grid.is_some_and(|grid| grid.holds(**place))).count() as u32;
        Piece::Raw { chunk, start, end, inside }
    }

    /// Points in the window; those of nodes that are partly in it count whole.
    fn inside(&self) -> u64 {
        let of = |piece: &Piece| match piece {
            Piece::Node { fit: Coverage::Outside, .. } => 0,
            Piece::Node { level, .. } => points_at(*level),
            Piece::Raw { inside, .. } => u64::from(*inside),
        };
        self.pieces.iter().map(of).sum()
    }

    fn is_raw(&self) -> bool {
        self.inside() <= 2 * u64::from(self.ask.width)
    }

    /// Limit of the columns: sixteen segments over the whole width, for steps that go back often.
    fn max_columns(&self) -> usize {
        16 * self.ask.width as usize + 4096
    }

    /// Decides which nodes are opened, which determines the pending reads.
    fn plan(&mut self) {
        let is_raw = self.is_raw();
        let [mut across, mut wide, mut edges] = [Vec::new(), Vec::new(), Vec::new()];
        for (at, piece) in self.pieces.iter().enumerate() {
            let Piece::Node { level, number, block, fit, next } = *piece else { continue };
            let wanted = Candidate { at, width: 0.0, read: Read::below(level, number) };
            match fit {
                Coverage::Edge(width) => edges.push(Candidate { width, ..wanted }),
                Coverage::Wide(width) => wide.push(Candidate { width, ..wanted }),
                Coverage::Whole | Coverage::Across if is_raw => wide.push(wanted),
                // Points that alternate between two pixels would each be a column.
                Coverage::Across if next == Next::Undecided && (level > 0 || self.span(block, number).breaks == 0) => across.push(wanted),
                _ => (),
            }
        }
        let mut count = self.pieces.len();
        for (priority, wanted, most) in [
            (Priority::Edge, edges, self.max_columns() + 64),
            (Priority::Wide, wide, self.max_columns()),
            (Priority::Across, across, usize::MAX),
        ] {
            for one in &wanted {
                self.decide(one.at, Next::Keep);
            }
            let mut opened = Vec::new();
            self.budget.open(priority, wanted, &mut count, most, |at| opened.push(at));
            for at in opened {
                self.decide(at, Next::Open);
            }
        }
        (self.pending_reads.blocks, self.pending_reads.chunks) = self.budget.take();
    }

    fn decide(&mut self, at: usize, decision: Next) {
        if let Piece::Node { next, .. } = &mut self.pieces[at] {
            *next = decision;
        }
    }

    /// The columns. No read may be pending.
    pub fn finish(self) -> Vec<Column> {
        self.finish_with_ends().0
    }

    /// The columns, and for each the place in the series behind its last point.
    pub fn finish_with_ends(self) -> (Vec<Column>, Vec<u64>) {
        debug_assert!(self.pending_reads.is_empty(), "finished before its reads were supplied");
        let written = self.write(false);
        if written.0.len() <= self.max_columns() { written } else { self.write(true) }
    }

    /// With `fold` each leaf stays a node, even if its points are known.
    fn write(&self, fold: bool) -> (Vec<Column>, Vec<u64>) {
        let Some(grid) = self.grid else { return Default::default() };
        let axis = self.ask.axis;
        let mut writer = ColumnWriter::new(grid, !self.is_raw());
        for piece in &self.pieces {
            match *piece {
                Piece::Node { number, block, fit, .. } => writer.node(&self.node(block, number), axis, fit),
                Piece::Raw { chunk, start, end, .. } => {
                    let points = &self.chunks[chunk as usize];
                    let (start, end) = (start as usize, end as usize);
                    if fold {
                        for leaf in (start..end).step_by(LEAF as usize) {
                            let node = Node::of(points, leaf, end.min(leaf + LEAF as usize));
                            writer.node(&node, axis, grid.fit(node.along(axis)));
                        }
                    } else {
                        points.along(axis)[start..end].iter().zip(&points.y[start..end]).for_each(|(place, y)| writer.point(*place, *y));
                    }
                }
            }
        }
        writer.finish()
    }
}
