//! kill -9 at random moments while clients log to runs, change, end, delete and restore them.

use std::time::{Duration, Instant};

use crate::harness::{Row, Share};
use crate::run_writer::RunWriter;
use crate::server::Server;

const WRITERS: usize = 4;
const GOAL: u64 = 500;
/// The longest that a server lives.
const LIFE_MS: u64 = 500;
/// All data are read as a whole after so many kills.
const CHECK_EVERY: u64 = 10;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("kills");
    let mut server = Server::start(&share.program, &[]).await;
    let mut writers: Vec<_> = (0..WRITERS).map(|at| RunWriter::new(at, share.rng.branch())).collect();
    while row.tried < GOAL && !share.is_over() {
        let life = Duration::from_millis(share.rng.below(LIFE_MS));
        let base = server.url("");
        let mut tasks = Vec::new();
        for mut writer in writers.drain(..) {
            let base = base.clone();
            tasks.push(tokio::spawn(async move {
                // It ends when nothing answers any more.
                writer.write(&base, Instant::now() + Duration::from_secs(60)).await;
                writer
            }));
        }
        tokio::time::sleep(life).await;
        server.kill();
        for task in tasks {
            writers.push(task.await.unwrap());
        }
        row.tried += 1;
        if row.tried % CHECK_EVERY == 1
            && let Err(why) = server.check().await
        {
            row.lose(format!("kill {}: {why}", row.tried));
        }
        row.took("ready again", server.again().await);
        compare(&mut writers, &server, false, &mut row).await;
    }
    // What is still under way is repeated, then all is read from the beginning.
    for writer in &mut writers {
        writer.once(&server.url("")).await;
    }
    compare(&mut writers, &server, true, &mut row).await;
    if let Err(why) = server.check().await {
        row.lose(why);
    }
    let points: u64 = writers.iter().flat_map(|writer| writer.states).map(|state| state.points).sum();
    row.figures.push(format!("{points} points and {} answers acknowledged", writers.iter().map(|writer| writer.acknowledged).sum::<u64>()));
    row
}

/// Each run, and the list of all of them.
async fn compare(writers: &mut [RunWriter], server: &Server, from_the_start: bool, row: &mut Row) {
    let list = writers[0].list(server).await;
    for writer in writers.iter_mut() {
        writer.compare(server, from_the_start).await;
        for wrong in writer.wrong.drain(..) {
            row.lose(format!("kill {}: {wrong}", row.tried));
        }
    }
    let mut expected: Vec<String> = writers.iter().flat_map(|writer| writer.live().into_iter().map(|slot| writer.run(slot))).collect();
    expected.sort();
    // A change with a key that is not answered yet may be stored: it is repeated, and compared, later.
    if writers.iter().all(RunWriter::is_settled) && list != expected {
        row.lose(format!("kill {}: the board lists {list:?}, and has {expected:?}", row.tried));
    }
}
