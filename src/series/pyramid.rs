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

    /// The blocks that became full since the last call: these never change again.
    pub fn take_full(&mut self) -> Vec<Block> {
        std::mem::take(&mut self.full)
    }

    /// What must be written so that [`Self::open`] can go on: those, then copies of the open blocks that grew since.
    pub fn take(&mut self) -> Vec<Block> {
        let mut blocks = self.take_full();
        for (number, level) in self.levels.iter_mut().enumerate() {
            if std::mem::take(&mut level.changed) {
                blocks.push(Block { level: number as u8, number: level.full, nodes: level.open.clone() });
            }
        }
        blocks
    }

    /// The open block of a level, where it has that number.
    pub fn block(&self, level: u8, number: u64) -> Option<&[Node]> {
        self.levels.get(level as usize).filter(|level| level.full == number && !level.open.is_empty()).map(|level| &level.open[..])
    }

    /// The nodes of [`roots`], in the same order: siblings are never parted, so that those of an incomplete family are all open.
    pub fn roots(&self) -> impl Iterator<Item = &Node> {
        self.levels.iter().rev().flat_map(|level| &level.open[level.open.len() - level.open.len() % FAN as usize..])
    }

    /// Where the series stands along `axis`; `tail` is what is not sealed.
    pub fn extent(&self, axis: Axis, tail: &Points) -> Extent {
        Extent::of(axis, self.roots().map(|node| *node.along(axis)), tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::points_at;
    use crate::split_mix::SplitMix64;

    fn noise(count: u64) -> Points {
        let mut rng = SplitMix64(count);
        let mut points = Points::default();
        for at in 0..count {
            let y = rng.unit() - 0.5;
            let y = rng.pick(&[y, y, y, y * 1e9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
            points.push(at as f64 + rng.pick(&[0.0, 0.0, 5.0]), y, at as f64 / 7.0);
        }
        points
    }

    /// Equal, with NaN equal to NaN: all that prints alike.
    fn alike(a: &[Node], b: &[Node]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| format!("{a:?}") == format!("{b:?}"))
    }

    #[test]
    fn a_node_says_of_its_children_what_it_says_of_their_points() {
        let points = noise(4 * 4096);
        let leaves: Vec<_> = (0..points.len()).step_by(64).map(|start| Node::of(&points, start, start + 64)).collect();
        for level in 1..5 {
            let (wide, of) = (points_at(level) as usize, 4_usize.pow(u32::from(level)));
            for (number, children) in leaves.chunks_exact(of).enumerate() {
                let mut joined = Node::join(children);
                let direct = Node::of(&points, number * wide, (number + 1) * wide);
                assert!((joined.sum - direct.sum).abs() <= 1e-12 * 1e9 * wide as f64);
                joined.sum = direct.sum;
                assert!(alike(&[joined], &[direct]), "{joined:?} {direct:?}");
            }
        }
        let mut nothing = points.slice(0, 128);
        nothing.y.fill(f64::NAN);
        nothing.y[100] = 2.5;
        let parts = [Node::of(&nothing, 0, 64), Node::of(&nothing, 64, 128)];
        assert!(parts[0].min.is_nan() && parts[0].max.is_nan() && parts[0].finite() == 0);
        assert!(alike(&[Node::join(&parts)], &[Node::of(&nothing, 0, 128)]));
    }

    #[test]
    fn the_edge_goes_on_from_what_was_stored() {
        let chunks = 75;
        let points = noise(chunks * CHUNK);
        let chunk = |number: u64| points.slice((number * CHUNK) as usize, ((number + 1) * CHUNK) as usize);
        let mut whole = Pyramid::default();
        let mut full = 0;
        for number in 0..chunks {
            whole.add_chunk(&chunk(number));
            let sealed = whole.sealed();
            for block in whole.take_full() {
                assert_eq!(block.nodes.len() as u64, BLOCK);
                full += 1;
            }
            assert_eq!(full, (0..9).map(|level| nodes_at(level, sealed) / BLOCK).sum::<u64>());

            let open: Vec<_> = whole.levels.iter().map(|level| level.open.clone()).collect();
            let mut opened = Pyramid::open(sealed, open.clone()).unwrap();
            assert!(Pyramid::open(sealed + CHUNK, open).is_none());
            let last = (sealed / LEAF - 1) / BLOCK;
            assert_eq!(whole.block(0, last).is_some(), !(sealed / LEAF).is_multiple_of(BLOCK));
            assert_eq!(whole.block(0, last + 1), None);
            for level in 0..whole.levels.len().max(opened.levels.len()) {
                assert!(alike(&whole.levels[level].open, &opened.levels[level].open));
                assert_eq!(whole.levels[level].full, opened.levels[level].full);
            }
            opened.add_chunk(&chunk(number));
            assert_eq!(opened.sealed(), sealed + CHUNK);
            let tiled: u64 = whole.roots().map(|node| node.count).sum();
            assert_eq!(tiled, sealed);
            assert_eq!(whole.roots().count(), roots(sealed).len());
        }
        assert_eq!(whole.extent(Axis::Time, &Points::default()), Extent { min: 0.0, max: (chunks * CHUNK - 1) as f64 / 7.0 });
    }
}
