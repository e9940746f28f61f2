//! The limits of a query's reads, and which nodes it opens within them.

use std::collections::BTreeSet;

use super::{BLOCK, CHUNK, FAN, LEAF};

/// The reason to open a node, the least important first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Priority {
    /// It is narrower than a pixel, but covers parts of two.
    Across,
    /// It is wider than a pixel.
    Wide,
    /// It is partly inside the window.
    Edge,
}

/// Blocks that a query may read in all, besides those of the roots, by [`Priority`]. Regular steps need 180 at the greatest width.
const BLOCKS: [usize; 3] = [160, 224, 256];
/// The same for chunks. Regular steps need 257: 16,384 pixels of 64 points, and one chunk more.
const CHUNKS: [usize; 3] = [32, 257, 265];
/// Blocks read in one round if nodes across a pixel boundary need some of them. At 1000 pixels the nodes that stay across are then at most a
/// quarter of a pixel wide. Twice the limit would give a sixteenth in half of the cases, and double the cost of views of 1e8 points.
const BLOCKS_AT_ONCE: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    Block(u8, u64),
    Chunk(u64),
}

impl Read {
    /// The read with the children of a node, or with its points.
    pub fn below(level: u8, number: u64) -> Self {
        if level == 0 { Self::Chunk(number * LEAF / CHUNK) } else { Self::Block(level - 1, number * FAN / BLOCK) }
    }
}

/// A node that would be opened if the budget allows.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Index of the query's piece.
    pub at: usize,
    /// In pixels.
    pub width: f64,
    pub read: Read,
}

impl Candidate {
    /// Number of additional pieces after opening it.
    fn growth(&self) -> usize {
        if matches!(self.read, Read::Chunk(_)) { 0 } else { FAN as usize - 1 }
    }
}

/// Reads so far, and those of the next round.
#[derive(Debug, Default)]
pub struct ReadBudget {
    /// Whether every read is allowed.
    is_unlimited: bool,
    blocks: usize,
    chunks: usize,
    next: BTreeSet<Read>,
    blocks_next: usize,
    chunks_next: usize,
}

impl ReadBudget {
    pub fn unlimited() -> Self {
        Self { is_unlimited: true, ..Self::default() }
    }

    /// Calls `open` for every candidate if the budget allows all of them. Otherwise for the widest first, within the budget; of nodes across a
    /// pixel boundary only for those without additional reads, so that the resolution is the same everywhere. `pieces` is the number of pieces
    /// of the query, which must not exceed `most`.
    pub fn open(&mut self, priority: Priority, mut wanted: Vec<Candidate>, pieces: &mut usize, most: usize, mut open: impl FnMut(usize)) {
        let missing: BTreeSet<Read> = wanted.iter().map(|one| one.read).filter(|read| !self.next.contains(read)).collect();
        let chunks = missing.range(Read::Chunk(0)..).count();
        let all = self.room(priority, missing.len() - chunks, chunks);
        if !all || *pieces + wanted.iter().map(Candidate::growth).sum::<usize>() > most {
            wanted.sort_by(|a, b| b.width.total_cmp(&a.width));
        }
        for one in wanted {
            let known = self.next.contains(&one.read);
            let chunk = usize::from(matches!(one.read, Read::Chunk(_)));
            let room = known || all || (priority != Priority::Across && self.room(priority, 1 - chunk, chunk));
            if !room || *pieces + one.growth() > most {
                continue;
            }
            if !known {
                self.next.insert(one.read);
                self.chunks_next += chunk;
                self.blocks_next += 1 - chunk;
            }
            *pieces += one.growth();
            open(one.at);
        }
    }

    fn room(&self, priority: Priority, blocks: usize, chunks: usize) -> bool {
        if self.is_unlimited {
            return true;
        }
        let (blocks, chunks) = (self.blocks_next + blocks, self.chunks_next + chunks);
        let at_once = priority != Priority::Across || blocks <= BLOCKS_AT_ONCE;
        at_once && self.blocks + blocks <= BLOCKS[priority as usize] && self.chunks + chunks <= CHUNKS[priority as usize]
    }

    /// The reads of the next round, in order; they count as read from now on.
    pub fn take(&mut self) -> (Vec<(u8, u64)>, Vec<u64>) {
        let (mut blocks, mut chunks) = (Vec::new(), Vec::new());
        for read in std::mem::take(&mut self.next) {
            match read {
                Read::Block(level, number) => blocks.push((level, number)),
                Read::Chunk(number) => chunks.push(number),
            }
        }
        self.blocks += std::mem::take(&mut self.blocks_next);
        self.chunks += std::mem::take(&mut self.chunks_next);
        (blocks, chunks)
    }
}
