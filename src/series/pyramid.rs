//! The growing edge of a pyramid: of each level the block that is not yet full, which is all that appending needs.

use super::{Axis, BLOCK, CHUNK, Extent, FAN, LEAF, Node, Points, nodes_at};

/// Which nodes tile what is sealed with the fewest of them, in order, as (level, number in that level): at most three of
/// each level. `sealed` is a number of points, a multiple of [`CHUNK`].
pub fn roots(sealed: u64) -> Vec<(u8, u64)> {
    let mut levels = 0;
    while nodes_at(levels, sealed) > 0 {
        levels += 1;
    }
    let rest = |level| (nodes_at(level + 1, sealed) * FAN..nodes_at(level, sealed)).map(move |number| (level, number));
    (0..levels).rev().flat_map(rest).collect()
}

/// Consecutive nodes of one level that are stored together: those from `number * BLOCK` on, [`BLOCK`] of them when it is full.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub level: u8,
    pub number: u64,
    pub nodes: Vec<Node>,
}

struct Level {
    /// Full blocks so far, hence the number of the open one.
    full: u64,
    open: Vec<Node>,
    /// Whether the open block has nodes that were not taken yet.
    changed: bool,
}

/// Holds at most [`BLOCK`] nodes of each level, of which there are 13 at 1e9 points.
#[derive(Default)]
pub struct Pyramid {
    sealed: u64,
    levels: Vec<Level>,
    full: Vec<Block>,
}

impl Pyramid {
    /// Goes on with what is stored: `blocks` holds the nodes of each level's last, not full block, from level 0 on; empty where
    /// the last block is full. `None` when they are not what `sealed` points must have left: then something was lost.
    pub fn open(sealed: u64, blocks: Vec<Vec<Node>>) -> Option<Self> {
        let complete = sealed.is_multiple_of(CHUNK) && nodes_at(blocks.len() as u8, sealed) == 0;
        let mut levels = Vec::new();
        for (level, open) in (0..).zip(blocks) {
            let nodes = nodes_at(level, sealed);
            if nodes == 0 || open.len() as u64 != nodes % BLOCK {
                return None;
            }
            levels.push(Level { full: nodes / BLOCK, open, changed: false });
        }
        complete.then_some(Self { sealed, levels, full: Vec::new() })
    }

    /// How many points it stands for.
    pub fn sealed(&self) -> u64 {
        self.sealed
    }

    /// Takes the next [`CHUNK`] points, exactly as many: 64 leaves, and each node above them that is now complete.
    pub fn add_chunk(&mut self, points: &Points) {
        debug_assert_eq!(points.len() as u64, CHUNK);
        for start in (0..points.len()).step_by(LEAF as usize) {
            self.add(0, Node::of(points, start, start + LEAF as usize));
        }
        self.sealed += CHUNK;
    }

    fn add(&mut self, number: usize, node: Node) {
        if number == self.levels.len() {
            self.levels.push(Level { full: 0, open: Vec::new(), changed: false });
        }
        let level = &mut self.levels[number];
        level.open.push(node);
        level.changed = true;
        let fan = FAN as usize;
        let parent = level.open.len().is_multiple_of(fan).then(|| Node::join(&level.open[level.open.len() - fan..]));
        if level.open.len() as u64 == BLOCK {
            self.full.push(Block { level: number as u8, number: level.full, nodes: std::mem::take(&mut level.open) });
            level.full += 1;
            level.changed = false;
        }
        if let Some(parent) = parent {
            self.add(number + 1, parent);
        }
    }

    /// What must be written so that everything so far is stored: the blocks that became full since the last call, then copies
    /// of the open blocks that grew since.
    pub fn take(&mut self) -> Vec<Block> {
        let mut blocks = std::mem::take(&mut self.full);
        for (number, level) in self.levels.iter_mut().enumerate() {
            if std::mem::take(&mut level.changed) {
                blocks.push(Block { level: number as u8, number: level.full, nodes: level.open.clone() });
            }
        }
        blocks
    }

    /// The nodes of [`roots`], in the same order: siblings are never parted, so that those of an incomplete family are all open.
    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        self.levels.iter().rev().flat_map(|level| &level.open[level.open.len() - level.open.len() % FAN as usize..])
    }

    /// Where the series stands along `axis`; `tail` is what is not sealed.
    pub fn extent(&self, axis: Axis, tail: &Points) -> Extent {
        Extent::of(axis, self.roots(), tail)
    }
}
