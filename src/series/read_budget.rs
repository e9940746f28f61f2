//! How much a query may read, and which nodes it opens when not all can be.

use std::collections::BTreeSet;

use super::{BLOCK, CHUNK, FAN, LEAF};

/// Why a node should be opened, the least urgent first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Priority {
    /// It is narrower than a pixel, but stands in two.
    Across,
    /// It is wider than a pixel.
    Wide,
    /// It stands inside and outside of the window.
    Edge,
}

/// How many blocks beyond those of the roots a query reads in all, before nodes of each [`Priority`] are no longer opened. Regular
/// steps need 180 at the greatest width.
const BLOCKS: [usize; 3] = [160, 224, 256];
/// The same for chunks. Regular steps need 257: 16,384 pixels of 64 points, and one chunk more.
const CHUNKS: [usize; 3] = [32, 257, 265];
/// Blocks read at once, should nodes across a boundary want some of them: enough for 1000 pixels, that what stays across is at most
/// a quarter of a pixel wide. With twice as many it would be a sixteenth half of the time, and views of 1e8 points cost twice as much.
const BLOCKS_AT_ONCE: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    Block(u8, u64),
    Chunk(u64),
}

impl Read {
    /// Where the children of a node are, or its points.
    pub fn below(level: u8, number: u64) -> Self {
        if level == 0 { Self::Chunk(number * LEAF / CHUNK) } else { Self::Block(level - 1, number * FAN / BLOCK) }
    }
}

/// A node that should be opened.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Which piece of the query.
    pub at: usize,
    /// In pixels.
    pub width: f64,
    pub read: Read,
}

impl Wanted {
    /// How many pieces more there are when it is open.
    fn growth(&self) -> usize {
        if matches!(self.read, Read::Chunk(_)) { 0 } else { FAN as usize - 1 }
    }
}

/// What has been read, and what is to be read next.
#[derive(Debug, Default)]
pub struct Budget {
    blocks: usize,
    chunks: usize,
    next: BTreeSet<Read>,
    blocks_next: usize,
    chunks_next: usize,
}

impl Budget {
    /// Opens what `wanted` asks for, if there is room for all of it, and tells `open`. Else the widest first while there is room;
    /// of nodes across a boundary only those that cost nothing, so that a view is equally fine everywhere. `pieces` is how many
    /// the query has, which must not exceed `most`.
    pub fn open(&mut self, urge: Priority, mut wanted: Vec<Wanted>, pieces: &mut usize, most: usize, mut open: impl FnMut(usize)) {
        let missing: BTreeSet<Read> = wanted.iter().map(|one| one.read).filter(|read| !self.next.contains(read)).collect();
        let chunks = missing.range(Read::Chunk(0)..).count();
        let all = self.room(urge, missing.len() - chunks, chunks);
        if !all || *pieces + wanted.iter().map(Wanted::growth).sum::<usize>() > most {
            wanted.sort_by(|a, b| b.width.total_cmp(&a.width));
        }
        for one in wanted {
            let known = self.next.contains(&one.read);
            let chunk = usize::from(matches!(one.read, Read::Chunk(_)));
            let room = known || all || (urge != Priority::Across && self.room(urge, 1 - chunk, chunk));
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

    fn room(&self, urge: Priority, blocks: usize, chunks: usize) -> bool {
        let (blocks, chunks) = (self.blocks_next + blocks, self.chunks_next + chunks);
        let at_once = urge != Priority::Across || blocks <= BLOCKS_AT_ONCE;
        at_once && self.blocks + blocks <= BLOCKS[urge as usize] && self.chunks + chunks <= CHUNKS[urge as usize]
    }

    /// What is to be read, in order; from now on it is counted as read.
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
