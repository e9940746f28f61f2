//! Check of SQLite's write-ahead log before SQLite opens it: SQLite takes damage for the end of the log, without an error.
//!
//! A power cut may leave the last commit incomplete. Later commits with valid frames show that a commit before them had been flushed: if such
//! frames follow an invalid one, the log is damaged. The format: <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Bytes of the log's header and of a frame's header.
const HEADER: usize = 32;
const FRAME: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// Page size of a database that this program creates, used if the log's header is invalid.
const PAGE: usize = 4096;
/// SQLite's limit.
const MAX_PAGE: usize = 65_536;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
/// The result of a check; offsets in bytes.
pub struct WalScan {
    /// Length of the file.
    pub length: u64,
    /// The end of the last commit that SQLite reads.
    pub end: u64,
    /// Whether flushed commits follow.
    pub is_damaged: bool,
    /// Number of commits up to `end`.
    pub commits: u64,
}

/// SQLite's checksum, which runs through all frames of the log.
#[derive(Clone, Copy, PartialEq, Eq)]
struct WalChecksum(u32, u32);

impl WalChecksum {
    fn add(mut self, bytes: &[u8], word: fn([u8; 4]) -> u32) -> Self {
        for pair in bytes.as_chunks::<8>().0 {
            let [a, b, c, d, e, f, g, h] = *pair;
            self.0 = self.0.wrapping_add(word([a, b, c, d])).wrapping_add(self.1);
            self.1 = self.1.wrapping_add(word([e, f, g, h])).wrapping_add(self.0);
        }
        self
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes)
}

struct Frame {
    page: u32,
    /// Whether it is the last frame of a commit.
    ends: bool,
    salts: (u32, u32),
    /// The stored checksum.
    sum: WalChecksum,
}

/// Checks the log `file`. A missing file is an empty log.
pub fn scan(file: &Path) -> io::Result<WalScan> {
    let opened = match File::open(file) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(WalScan::default()),
        opened => opened?,
    };
    let length = opened.metadata()?.len();
    read(BufReader::with_capacity(1 << 20, opened), length)
}

fn read(mut log: impl Read, length: u64) -> io::Result<WalScan> {
    let mut scan = WalScan { length, ..WalScan::default() };
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? {
        return Ok(scan);
    }
    let word: fn([u8; 4]) -> u32 = if number(&header, 0) & 1 == 0 { u32::from_le_bytes } else { u32::from_be_bytes };
    let mut known = WalChecksum(0, 0).add(&header[..24], word);
    let size = number(&header, 8) as usize;
    let is_valid_header = number(&header, 0) & !1 == MAGIC
        && known == WalChecksum(number(&header, 24), number(&header, 28))
        && size.is_power_of_two()
        && (512..=MAX_PAGE).contains(&size);
    let (mut salts, size) = if is_valid_header { (Some((number(&header, 16), number(&header, 20))), size) } else { (None, PAGE) };
    // Without a valid header only pairs of frames can be checked.
    let word = if is_valid_header { word } else { u32::from_le_bytes };
    let mut bytes = vec![0; FRAME + size];
    let (mut at, mut is_over, mut ended) = (HEADER as u64, !is_valid_header, false);
    let mut before: Option<WalChecksum> = None;
    if is_valid_header {
        scan.end = at;
    }
    while fill(&mut log, &mut bytes)? {
        let frame = Frame {
            page: number(&bytes, 0),
            ends: number(&bytes, 4) != 0,
            salts: (number(&bytes, 8), number(&bytes, 12)),
            sum: WalChecksum(number(&bytes, 16), number(&bytes, 20)),
        };
        let after = |sum: WalChecksum| sum.add(&bytes[..8], word).add(&bytes[FRAME..], word) == frame.sum && frame.page != 0;
        at += bytes.len() as u64;
        if !is_over && salts == Some(frame.salts) && after(known) {
            known = frame.sum;
            before = Some(frame.sum);
            if frame.ends {
                (scan.end, scan.commits) = (at, scan.commits + 1);
            }
            continue;
        }
        is_over = true;
        if !is_valid_header {
            // Two consecutive valid frames were written after the header had been flushed.
            let fits = salts == Some(frame.salts) && before.is_some_and(after);
            (salts, before) = (Some(frame.salts), Some(frame.sum));
            scan.is_damaged |= fits;
            continue;
        }
        let is_ours = salts == Some(frame.salts);
        scan.is_damaged |= is_ours && ended && before.is_some_and(after);
        ended |= is_ours && frame.ends;
        before = Some(frame.sum);
    }
    Ok(scan)
}

/// Reads `bytes`; false at the end of the log.
fn fill(log: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(bytes) {
        Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        done => done.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
    use sqlx::{ConnectOptions, Connection};

    use super::*;

    /// The log of a killed process, with this number of commits.
    async fn log(commits: i64) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let mut connection = options.connect().await.unwrap();
        sqlx::query("CREATE TABLE a (b)").execute(&mut connection).await.unwrap();
        for number in 1..commits {
            sqlx::query("INSERT INTO a VALUES (?)").bind(number).execute(&mut connection).await.unwrap();
        }
        let log = std::fs::read(folder.path().join("db-wal")).unwrap();
        connection.close().await.unwrap();
        log
    }

    fn scan_bytes(log: &[u8]) -> WalScan {
        read(log, log.len() as u64).unwrap()
    }

    #[tokio::test]
    async fn damage_is_distinguished_from_an_incomplete_end() {
        let whole = log(6).await;
        let scan = scan_bytes(&whole);
        assert_eq!((scan.end, scan.is_damaged, scan.commits), (whole.len() as u64, false, 6));
        let frames = (whole.len() - HEADER) / (FRAME + PAGE);
        let last = HEADER + (frames - 1) * (FRAME + PAGE);
        // A truncated log is an earlier state.
        for cut in (0..whole.len()).step_by(97) {
            let scan = scan_bytes(&whole[..cut]);
            assert!(!scan.is_damaged && scan.end <= cut as u64, "cut at {cut}");
        }
        for at in (0..whole.len()).step_by(61).chain(0..HEADER) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            let scan = scan_bytes(&flipped);
            // The last commit may be incomplete; damage at the end of the commit before it cannot be distinguished from that.
            let before_last = last - (FRAME + PAGE);
            match at {
                _ if at < before_last => assert!(scan.is_damaged, "byte {at} of {}", whole.len()),
                _ if at >= last => assert!(!scan.is_damaged, "byte {at}"),
                _ => {}
            }
            assert!(scan.end <= at as u64, "byte {at}");
        }
    }

    #[test]
    fn other_bytes_are_no_log() {
        assert_eq!(scan_bytes(&[]), WalScan::default());
        assert!(!scan_bytes(&[0; 20_000]).is_damaged && !scan_bytes(&[7; 20_000]).is_damaged);
    }
}
