//! SQLite's log, read before SQLite does: it takes a damaged log for one that ends before the damage, and says nothing of what came after.
//!
//! After a power cut the last commit may be there by halves. A commit that was flushed has others after it, whose frames fit together: where
//! such frames follow what does not fit, the log is damaged. The format: <https://www.sqlite.org/fileformat2.html#walformat>.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEAD: usize = 32;
const FRAME: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// Of a database that this program makes: where the log's head does not say it.
const PAGE: usize = 4096;
/// More than SQLite allows is damage too.
const LARGEST_PAGE: usize = 65_536;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Of the file.
    pub length: u64,
    /// Where SQLite stops reading.
    pub end: u64,
    /// Whether commits that were flushed come after that.
    pub is_damaged: bool,
    pub commits: u64,
}

/// Two words that go through all bytes of the log, each frame on top of those before it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sum(u32, u32);

impl Sum {
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
    /// The last of a commit.
    ends: bool,
    salts: (u32, u32),
    /// As it is stored.
    sum: Sum,
}

/// The log `file`; as an empty one when there is none.
pub fn scan(file: &Path) -> io::Result<Scan> {
    let opened = match File::open(file) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Scan::default()),
        opened => opened?,
    };
    let length = opened.metadata()?.len();
    read(BufReader::with_capacity(1 << 20, opened), length)
}

fn read(mut log: impl Read, length: u64) -> io::Result<Scan> {
    let mut scan = Scan { length, ..Scan::default() };
    let mut head = [0; HEAD];
    if !fill(&mut log, &mut head)? {
        return Ok(scan);
    }
    let word: fn([u8; 4]) -> u32 = if number(&head, 0) & 1 == 0 { u32::from_le_bytes } else { u32::from_be_bytes };
    let mut known = Sum(0, 0).add(&head[..24], word);
    let size = number(&head, 8) as usize;
    let is_whole = number(&head, 0) & !1 == MAGIC
        && known == Sum(number(&head, 24), number(&head, 28))
        && size.is_power_of_two()
        && (512..=LARGEST_PAGE).contains(&size);
    let (mut salts, size) = if is_whole { (Some((number(&head, 16), number(&head, 20))), size) } else { (None, PAGE) };
    // Without a head, what its frames say of each other is all there is.
    let word = if is_whole { word } else { u32::from_le_bytes };
    let mut bytes = vec![0; FRAME + size];
    let (mut at, mut is_over, mut ended) = (HEAD as u64, !is_whole, false);
    let mut before: Option<Sum> = None;
    if is_whole {
        scan.end = at;
    }
    while fill(&mut log, &mut bytes)? {
        let frame = Frame {
            page: number(&bytes, 0),
            ends: number(&bytes, 4) != 0,
            salts: (number(&bytes, 8), number(&bytes, 12)),
            sum: Sum(number(&bytes, 16), number(&bytes, 20)),
        };
        let after = |sum: Sum| sum.add(&bytes[..8], word).add(&bytes[FRAME..], word) == frame.sum && frame.page != 0;
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
        if !is_whole {
            // Any two frames that fit were written under a head that was flushed before them.
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

/// False at the end of the log.
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

    /// A log of `commits` commits, as a killed process leaves it.
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

    fn look(log: &[u8]) -> Scan {
        read(log, log.len() as u64).unwrap()
    }

    #[tokio::test]
    async fn damage_is_told_from_a_torn_end() {
        let whole = log(6).await;
        let scan = look(&whole);
        assert_eq!((scan.end, scan.is_damaged, scan.commits), (whole.len() as u64, false, 6));
        let frames = (whole.len() - HEAD) / (FRAME + PAGE);
        let last = HEAD + (frames - 1) * (FRAME + PAGE);
        // Whatever is cut off: an earlier moment.
        for cut in (0..whole.len()).step_by(97) {
            let scan = look(&whole[..cut]);
            assert!(!scan.is_damaged && scan.end <= cut as u64, "cut at {cut}");
        }
        for at in (0..whole.len()).step_by(61).chain(0..HEAD) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            let scan = look(&flipped);
            // The last commit may have been torn; the one before it cannot be told from it where its end is what is damaged.
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
    fn what_is_no_log_is_none() {
        assert_eq!(look(&[]), Scan::default());
        assert!(!look(&[0; 20_000]).is_damaged && !look(&[7; 20_000]).is_damaged);
    }
}
