//! kill -9 at random moments while clients write all kinds of changes.

use std::time::{Duration, Instant};

use crate::harness::{Row, Share};
use crate::load::Writer;
use crate::server::Server;

const WRITERS: usize = 4;
const GOAL: u64 = 1000;
/// The longest that a server lives.
const LIFE_MS: u64 = 500;
/// All data are read as a whole after so many kills.
const CHECK_EVERY: u64 = 10;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("kills");
    let mut server = Server::start(&share.program, &[]).await;
    let mut writers: Vec<_> = (0..WRITERS).map(|at| Writer::new(at, share.rng.branch(), 70)).collect();
    for writer in &writers {
        writer.open(&server).await;
    }
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
        for writer in &mut writers {
            writer.compare(&server, false).await;
            for wrong in writer.wrong.drain(..) {
                row.lose(format!("kill {}: {wrong}", row.tried));
            }
        }
    }
    // What is still under way is repeated, then all is read from the beginning.
    for writer in &mut writers {
        writer.once(&server.url("")).await;
        writer.compare(&server, true).await;
        writer.wrong.drain(..).for_each(|wrong| row.lose(wrong));
    }
    if let Err(why) = server.check().await {
        row.lose(why);
    }
    let points: u64 = writers.iter().map(|writer| writer.points.certain).sum();
    row.figures.push(format!("{points} points and {} answers acknowledged", writers.iter().map(|writer| writer.acknowledged).sum::<u64>()));
    row
}
