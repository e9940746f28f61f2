//! What a disk may hold after a power cut, made from the record of what was written to it and what was flushed.
//!
//! What a finished fsync covers is there. Of what was written later each sector may be there or not, in any of its versions, and a file may
//! have any of its lengths. A name that was made or taken away is certain only after an fsync of the folder.

use std::collections::BTreeMap;
use std::path::Path;

#[path = "../../../src/split_mix.rs"]
#[expect(dead_code, reason = "not every kind of random number is needed here")]
mod split_mix;

pub use split_mix::SplitMix64;

/// One entry of the shim's log, and the length of the log with it.
pub struct Done {
    what: u8,
    inode: u64,
    offset: u64,
    bytes: Vec<u8>,
    pub end: u64,
}

pub fn read_log(mut log: &[u8]) -> Vec<Done> {
    let (mut all, whole) = (Vec::new(), log.len());
    while let Some((head, rest)) = log.split_first_chunk::<21>() {
        let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().unwrap());
        let len = u32::from_le_bytes(head[17..].try_into().unwrap()) as usize;
        // A killed server may have left half an entry.
        let Some((bytes, rest)) = rest.split_at_checked(len) else { break };
        let end = (whole - rest.len()) as u64;
        all.push(Done { what: head[0], inode: number(1), offset: number(9), bytes: bytes.to_vec(), end });
        log = rest;
    }
    all
}

#[derive(Clone)]
enum Pending {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Clone)]
enum Naming {
    Made(String, usize),
    Gone(String),
    Moved(String, String),
}

/// The disk at one moment of the record.
#[derive(Default)]
pub struct Image {
    files: Vec<File>,
    by_inode: BTreeMap<u64, usize>,
    names: BTreeMap<String, usize>,
    namings: Vec<Naming>,
}

impl Image {
    pub fn apply(&mut self, done: &Done) {
        let name = || String::from_utf8(done.bytes.clone()).unwrap();
        match done.what {
            b'C' => {
                self.files.push(File::default());
                self.by_inode.insert(done.inode, self.files.len() - 1);
                self.namings.push(Naming::Made(name(), self.files.len() - 1));
            }
            b'U' => self.namings.push(Naming::Gone(name())),
            b'R' => {
                let both = name();
                let (from, to) = both.split_once('/').unwrap();
                self.namings.push(Naming::Moved(from.into(), to.into()));
            }
            b'L' => {
                let both = name();
                self.namings.push(Naming::Made(both.split_once('/').unwrap().1.into(), self.by_inode[&done.inode]));
            }
            b'D' => {
                for naming in std::mem::take(&mut self.namings) {
                    rename(&mut self.names, &naming);
                }
            }
            b'W' => self.file(done).pending.push(Pending::Write(done.offset, done.bytes.clone())),
            b'T' => self.file(done).pending.push(Pending::Length(done.offset)),
            b'S' => {
                let file = self.file(done);
                for pending in std::mem::take(&mut file.pending) {
                    match pending {
                        Pending::Write(offset, bytes) => write(&mut file.durable, offset, &bytes, true),
                        Pending::Length(length) => file.durable.resize(length as usize, 0),
                    }
                }
            }
            other => panic!("the log has an entry {other}"),
        }
    }

    fn file(&mut self, done: &Done) -> &mut File {
        &mut self.files[self.by_inode[&done.inode]]
    }

    /// Writes into `folder` what may be left when the power goes now.
    pub fn cut(&self, folder: &Path, rng: &mut SplitMix64) {
        let mut names = self.names.clone();
        let kept = [0, 50, 100][rng.below(3) as usize];
        for naming in &self.namings {
            if rng.below(100) < kept {
                rename(&mut names, naming);
            }
        }
        for (name, file) in names {
            std::fs::write(folder.join(name), self.files[file].cut(rng)).unwrap();
        }
    }
}

impl File {
    fn cut(&self, rng: &mut SplitMix64) -> Vec<u8> {
        let sector = [512, 4096][rng.below(2) as usize];
        let kept = [0, 10, 50, 90, 100][rng.below(5) as usize];
        let (mut left, mut lengths) = (self.durable.clone(), vec![self.durable.len() as u64]);
        for pending in &self.pending {
            let longest = lengths.last().copied().unwrap_or(0);
            lengths.push(match pending {
                Pending::Write(offset, bytes) => longest.max(offset + bytes.len() as u64),
                Pending::Length(length) => *length,
            });
        }
        let at = if rng.below(100) < 50 { lengths.len() - 1 } else { rng.below(lengths.len() as u64) as usize };
        left.resize(lengths[at] as usize, 0);
        let mut order: Vec<&Pending> = self.pending.iter().collect();
        if rng.below(100) < 50 {
            (1..order.len()).rev().for_each(|at| order.swap(at, rng.below(at as u64 + 1) as usize));
        }
        for pending in order {
            let Pending::Write(offset, bytes) = pending else { continue };
            let mut from = 0;
            while from < bytes.len() {
                let place = offset + from as u64;
                let to = bytes.len().min(from + (sector - place % sector) as usize);
                if rng.below(100) < kept {
                    write(&mut left, place, &bytes[from..to], false);
                }
                from = to;
            }
        }
        left
    }
}

fn write(file: &mut Vec<u8>, offset: u64, bytes: &[u8], grows: bool) {
    let (from, end) = (offset as usize, offset as usize + bytes.len());
    if grows && file.len() < end {
        file.resize(end, 0);
    }
    // Beyond the length that the file has after the cut there is nothing.
    let end = end.min(file.len());
    if from < end {
        file[from..end].copy_from_slice(&bytes[..end - from]);
    }
}

fn rename(names: &mut BTreeMap<String, usize>, naming: &Naming) {
    match naming {
        Naming::Made(name, file) => drop(names.insert(name.clone(), *file)),
        Naming::Gone(name) => drop(names.remove(name)),
        Naming::Moved(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
    }
}
