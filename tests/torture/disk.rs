//! Power cuts, a full disk and failing flushes: `disk/shim.c` replaces the program's calls for its files.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::harness::{Row, Share};
use crate::load::{Refused, Writer};
use crate::server::Server;

#[path = "../it/disk/image.rs"]
#[expect(dead_code, reason = "a cut is at the end of the record here, and not where an answer came")]
mod image;

use image::{Image, SplitMix64, read_log};

const WRITERS: usize = 3;
/// Images of what one power cut may leave.
const IMAGES: u64 = 4;
const GOAL: u64 = 1000;
/// The longest that a server lives before its disk fails, and after.
const LIFE_MS: u64 = 500;
const BALLAST: u64 = 8 << 20;
const EIO: u8 = 5;
const ENOSPC: u8 = 28;

pub async fn run(share: &mut Share) -> Row {
    let mut row = Row::of("failures of a disk");
    let tools = tempfile::tempdir().unwrap();
    let shim = tools.path().join("shim.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/disk/shim.c");
    let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&shim).arg(source).arg("-ldl").status();
    assert!(built.is_ok_and(|status| status.success()), "the shim is compiled by cc");
    let (mut cuts, mut full, mut failed, mut acknowledged) = (0, 0, 0, 0);
    while row.tried < GOAL && (row.tried < 3 || !share.is_over()) {
        let disk = Disk::new(share, &shim, row.tried.is_multiple_of(3)).await;
        let (attempt, before) = (row.tried, row.lost.len());
        acknowledged += match row.tried % 3 {
            0 => disk.power_cut(share, &mut row, &mut cuts).await,
            1 => disk.full(share, &mut row, &mut full).await,
            _ => disk.failing_flush(share, &mut row, &mut failed).await,
        };
        for lost in &mut row.lost[before..] {
            *lost = format!("disk {attempt}: {lost}");
        }
        row.tried += 1;
    }
    row.figures.push(format!("{cuts} images of power cuts"));
    row.figures.push(format!("{full} changes refused on full disks, {failed} after failed flushes, {acknowledged} acknowledged"));
    row
}

struct Disk {
    server: Server,
    writers: Vec<Writer>,
    /// Who looks at what a change came to.
    http: reqwest::Client,
}

impl Disk {
    /// A server whose disk is well, with the cells of its writers.
    async fn new(share: &mut Share, shim: &Path, records: bool) -> Self {
        let mut server = Server::on(&share.program, tempfile::tempdir().unwrap());
        let at = |name: &str| -> PathBuf { server.folder.path().join(name) };
        std::fs::create_dir(server.data()).unwrap();
        let mut environment = vec![("LD_PRELOAD", shim.to_owned()), ("SHIM_FOLDER", server.data()), ("SHIM_ORDERS", at("orders"))];
        environment.extend(records.then(|| ("SHIM_LOG", at("log"))));
        server.environment = environment;
        server.again().await;
        let mut writers: Vec<_> = (0..WRITERS).map(|at| Writer::new(at, share.rng.branch(), 70)).collect();
        for writer in &mut writers {
            writer.refused = Some(Refused::default());
            writer.open(&server).await;
        }
        Self { server, writers, http: reqwest::Client::new() }
    }

    /// As the shim reads it.
    fn order(&self, order: &str) {
        let new = self.server.folder.path().join("orders.new");
        std::fs::write(&new, order).unwrap();
        std::fs::rename(new, self.server.folder.path().join("orders")).unwrap();
    }

    /// So much more is there than all files have now.
    fn leave(&self, bytes: u64) {
        let sizes = std::fs::read_dir(self.server.data()).unwrap().map(|file| file.unwrap().metadata().map_or(0, |file| file.len()));
        self.order(&format!("quota {ENOSPC} {}", sizes.sum::<u64>() + bytes));
    }

    /// All write for a time; what happens meanwhile is `meanwhile`, after so long.
    async fn write(&mut self, life: Duration, meanwhile: impl AsyncFnOnce(&mut Self)) {
        let until = Instant::now() + 2 * life;
        let mut tasks = Vec::new();
        for mut writer in self.writers.drain(..) {
            let base = self.server.url("");
            tasks.push(tokio::spawn(async move {
                writer.write(&base, until).await;
                writer
            }));
        }
        tokio::time::sleep(life).await;
        meanwhile(self).await;
        for task in tasks {
            self.writers.push(task.await.unwrap());
        }
    }

    /// Starts it again and holds what is there against what was acknowledged. Answers how many changes that were.
    async fn end(mut self, row: &mut Row) -> u64 {
        self.server.kill();
        row.took("ready again", self.server.again().await);
        compare(&self.server, &mut self.writers, row).await;
        self.writers.iter().map(|writer| writer.acknowledged).sum()
    }

    async fn status(&self, method: &str, path: &str, body: String) -> u16 {
        let send = self.http.request(method.parse().unwrap(), self.server.url(path)).body(body).send();
        send.await.map_or(0, |reply| reply.status().as_u16())
    }

    /// The power goes while everybody writes: whatever the disk has kept of what was not flushed, all that was acknowledged is there.
    async fn power_cut(mut self, share: &mut Share, row: &mut Row, cuts: &mut u64) -> u64 {
        let life = Duration::from_millis(share.rng.below(LIFE_MS));
        self.write(life, async |disk| disk.server.kill()).await;
        let mut image = Image::default();
        read_log(&std::fs::read(self.server.folder.path().join("log")).unwrap()).iter().for_each(|done| image.apply(done));
        let mut rng = SplitMix64(share.rng.branch().below(u64::MAX));
        for _ in 0..IMAGES {
            let folder: TempDir = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("data")).unwrap();
            image.cut(&folder.path().join("data"), &mut rng);
            let mut server = Server::on(&share.program, folder);
            *cuts += 1;
            if let Err(why) = server.check().await {
                row.lose(why);
                continue;
            }
            server.again().await;
            compare(&server, &mut self.writers.clone(), row).await;
        }
        self.writers.iter().map(|writer| writer.acknowledged).sum()
    }

    /// The disk is full while everybody writes; cells are removed, the server is killed in the middle, and starts without any room.
    async fn full(mut self, share: &mut Share, row: &mut Row, refused: &mut u64) -> u64 {
        for name in ["f0", "f1"] {
            assert_eq!(self.status("POST", "/values", json!({"_id": name, "type": "line"}).to_string()).await, 201);
            for _ in 0..10 {
                let y: Vec<f64> = (0..4000).map(|_| share.rng.below(1 << 50) as f64 / 1e9).collect();
                assert_eq!(self.status("POST", &format!("/values/{name}/points"), json!({"l": y}).to_string()).await, 201);
            }
        }
        self.leave(share.rng.below(300_000));
        let (life, kill) = (Duration::from_millis(share.rng.below(LIFE_MS)), Duration::from_millis(share.rng.below(60)));
        self.write(life, async |disk| {
            tokio::select! {
                _ = disk.status("DELETE", "/values/f0", String::new()) => {}
                () = tokio::time::sleep(kill) => {}
            }
            disk.server.kill();
        })
        .await;
        // What the ballast had lent when the server was killed: nobody else has taken it.
        let ballast = std::fs::metadata(self.server.data().join("ballast")).map_or(0, |file| file.len());
        self.leave(BALLAST.saturating_sub(ballast));
        row.took("ready again", self.server.again().await);
        compare(&self.server, &mut self.writers, row).await;
        let removed = self.status("DELETE", "/values/f1", String::new()).await;
        let y = json!({"l": (0..4000).map(f64::from).collect::<Vec<_>>()}).to_string();
        let written = self.status("POST", "/values/w0/points", y.clone()).await;
        if (removed, written) != (200, 201) {
            row.lose(format!(
                "on a full disk a removal is answered {removed}, and points after it {written}; the ballast had {ballast} bytes"
            ));
        }
        *refused += self.writers.iter().filter_map(|writer| writer.refused).map(|refused| refused.full).sum::<u64>();
        self.order("");
        self.end(row).await
    }

    /// From some moment on nothing can be flushed: no more changes are taken, even when flushes go again.
    async fn failing_flush(mut self, share: &mut Share, row: &mut Row, refused: &mut u64) -> u64 {
        let (life, what) = (Duration::from_millis(share.rng.below(LIFE_MS)), ["sync", "sync-main"][share.rng.below(2) as usize]);
        let order = format!("{what} {EIO} {}", share.rng.below(4));
        self.write(life, async |disk| disk.order(&order)).await;
        let failures = self.writers.iter().filter_map(|writer| writer.refused).map(|refused| refused.failed).sum::<u64>();
        *refused += failures;
        self.order("");
        let after = self.status("POST", "/values", json!({"value": 1}).to_string()).await;
        if failures > 0 && after != 500 {
            row.lose(format!("after a failed flush a change is answered {after}"));
        }
        self.end(row).await
    }
}

async fn compare(server: &Server, writers: &mut [Writer], row: &mut Row) {
    for writer in writers {
        writer.compare(server, true).await;
        writer.wrong.drain(..).for_each(|wrong| row.lose(wrong));
    }
    if let Err(why) = server.check().await {
        row.lose(why);
    }
}
