//! What `docs/deploy.md` gives for systemd and containers, looked at by systemd itself where it is there.

use std::path::Path;
use std::process::{Command, Output};

const DOCUMENT: &str = include_str!("../../docs/deploy.md");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    DOCUMENT.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// What systemd-analyze says; `None` where it is not installed.
fn analyze(arguments: &[&str]) -> Option<Output> {
    // That of a person is asked for this folder, whoever runs the test.
    match Command::new("systemd-analyze").args(arguments).env("XDG_RUNTIME_DIR", std::env::temp_dir()).output() {
        Ok(output) => Some(output),
        Err(why) => {
            eprintln!("not looked at by systemd-analyze: {why}");
            None
        }
    }
}

/// A unit as in the document, with a program that is there.
fn write(unit: &str, folder: &Path) -> String {
    let path = folder.join("agnez.service");
    let start = unit.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let (_, flags) = start.split_once(' ').unwrap();
    std::fs::write(&path, unit.replace(start, &format!("ExecStart={} {flags}", env!("CARGO_BIN_EXE_agnez")))).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let units = blocks("ini");
    assert_eq!(units.len(), 2);
    for (unit, scope) in units.iter().zip(["--user", "--system"]) {
        let folder = tempfile::tempdir().unwrap();
        let path = write(unit, folder.path());
        let Some(found) = analyze(&["verify", scope, "--recursive-errors=no", &path]) else { return };
        let told = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success() && !told.contains("agnez.service:"), "{told}");
        // It looks closely enough to find a word that is none.
        let path = write(&unit.replace("TimeoutStopSec", "TimeoutStopSeconds"), folder.path());
        let told = analyze(&["verify", scope, "--recursive-errors=no", &path]).unwrap();
        assert!(String::from_utf8_lossy(&told.stderr).contains("TimeoutStopSeconds"), "{told:?}");
    }
}

#[test]
fn the_machines_service_may_do_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(blocks("ini")[1], folder.path());
    // 0 is nothing at all, 100 anything: what is left is the network, and a file system to read.
    let Some(found) = analyze(&["security", "--offline=yes", "--threshold=20", "--no-pager", &path]) else { return };
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stdout));
}

#[test]
fn the_flags_are_those_of_the_program_and_the_container_is_not_root() {
    use clap::Parser;
    let [file] = blocks("dockerfile")[..] else { panic!("one container file") };
    let command = file.lines().find_map(|line| line.strip_prefix("CMD ")).unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    let starts = blocks("ini").into_iter().map(|unit| {
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        start.split(' ').map(str::to_owned).collect::<Vec<_>>()
    });
    for line in starts.chain([command]) {
        assert!(line[0].ends_with("agnez"));
        agnez::server::Args::try_parse_from(&line).unwrap_or_else(|why| panic!("{line:?}: {why}"));
    }
    let (owner, user, volume) = (file.find("chown 1000").unwrap(), file.find("USER 1000").unwrap(), file.find("VOLUME").unwrap());
    assert!(owner < user && user < volume, "a volume takes its owner from the folder in the image");
}
