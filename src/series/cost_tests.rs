//! Tests of what queries cost, on series longer than a test could hold.

use std::sync::Arc;

use super::*;
use crate::split_mix::SplitMix64;

/// A series of which nodes are known by formula, as long as one likes: only what it costs can be learnt from it.
struct Formula {
    sealed: u64,
    place: fn(u64) -> f64,
    /// Whether its places are spread over everything, as `span` says then.
    spread: bool,
}

impl Formula {
    fn node(&self, level: u8, number: u64) -> Node {
        let (start, end) = (number * points_at(level), (number + 1) * points_at(level));
        let mut points = Points::default();
        for at in [start, end - 1] {
            points.push((self.place)(at), at as f64, at as f64);
        }
        let mut node = Node::of(&points, 0, 2);
        node.count = end - start;
        if self.spread {
            (node.x.min, node.x.max, node.x.breaks) = (0.0, self.sealed as f64, node.count / 2);
        }
        node
    }

    /// The columns, and how many rounds it took, how many blocks and chunks were read.
    fn ask(&self, ask: Window) -> (Vec<Column>, [usize; 3]) {
        let mut query = PyramidQuery::new(ask, self.sealed, Arc::default());
        let mut cost = [0; 3];
        while !query.pending_reads().is_empty() {
            let PendingReads { blocks, chunks } = query.pending_reads().clone();
            cost = [cost[0] + 1, cost[1] + blocks.len(), cost[2] + chunks.len()];
            let block = |(level, number): (u8, u64)| {
                let nodes = number * BLOCK..nodes_at(level, self.sealed).min((number + 1) * BLOCK);
                let nodes: Arc<dyn Nodes> = Arc::new(nodes.map(|number| self.node(level, number)).collect::<Vec<_>>());
                ((level, number), nodes)
            };
            let chunk = |number: u64| {
                let mut points = Points::default();
                (number * CHUNK..(number + 1) * CHUNK).for_each(|at| points.push((self.place)(at), at as f64, at as f64));
                (number, Arc::new(points))
            };
            let blocks: Vec<_> = blocks.into_iter().map(block).collect();
            let chunks: Vec<_> = chunks.into_iter().map(chunk).collect();
            query.supply(&blocks, &chunks).unwrap();
        }
        (query.finish(), cost)
    }
}

#[test]
fn what_a_view_reads_does_not_depend_on_the_number_of_points() {
    let mut rng = SplitMix64(5);
    let scattered = |at: u64| SplitMix64(at).unit() * 1e8;
    type Place = fn(u64) -> f64;
    let kinds: [(Place, bool, usize); 4] = [
        (|at| at as f64, false, 400),
        (|at| at as f64 + 0.4 * (at as f64).sin(), false, 400),
        (|at| (at / 70_000 * 1_000_000 + at % 70_000) as f64, false, 534),
        (scattered, true, 534),
    ];
    for (place, spread, limit) in kinds {
        for sealed in [100_000_000 / CHUNK * CHUNK, 10_000_003 / CHUNK * CHUNK, 200_000 / CHUNK * CHUNK] {
            let series = Formula { sealed, place, spread };
            let end = if spread { 1e8 } else { place(sealed - 1) };
            for _ in 0..6 {
                let size = end * 10_f64.powf(-6.0 * rng.unit());
                let part = rng.unit();
                let from = rng.pick(&[0.0, (end - size) * part, end - size]);
                let ask =
                    Window { axis: Axis::Step, from, to: from + size, width: rng.pick(&[300, 2000, 16_384]), scale: PixelScale::Linear };
                let (columns, [rounds, blocks, chunks]) = series.ask(ask);
                assert!(blocks + chunks <= limit, "{blocks} blocks and {chunks} chunks of {sealed} points for {ask:?}");
                assert!(rounds <= 28, "{rounds} rounds for {ask:?}");
                let most = if spread { 18 * ask.width as usize + 8192 } else { 2 * ask.width as usize + 2 };
                assert!(columns.len() <= most, "{} columns for {ask:?}", columns.len());
                // Where so little suffices, nothing is wider than a pixel.
                let pixel = size / f64::from(ask.width) * (1.0 + 1e-9);
                assert!(limit > 400 || columns.iter().all(|column| column.x_max - column.x_min <= pixel), "too wide for {ask:?}");
            }
        }
    }
}
