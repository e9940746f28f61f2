//! The units in `docs/deploy.md`, which systemd itself looks at where it is there, and the container file.

use std::path::Path;
use std::process::{Command, Output};

const DOCUMENT: &str = include_str!("../../docs/deploy.md");

const CONTAINER: &str = include_str!("../../Containerfile");

/// The script that makes what the container file copies.
const DIST: &str = include_str!("../../tools/dist.sh");

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
        let output = String::from_utf8_lossy(&found.stderr);
        assert!(found.status.success() && !output.contains("agnez.service:"), "{output}");
        // It looks closely enough to find a word that is none.
        let path = write(&unit.replace("TimeoutStopSec", "TimeoutStopSeconds"), folder.path());
        let output = analyze(&["verify", scope, "--recursive-errors=no", &path]).unwrap();
        assert!(String::from_utf8_lossy(&output.stderr).contains("TimeoutStopSeconds"), "{output:?}");
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
fn the_flags_are_those_of_the_program() {
    use clap::Parser;
    for unit in blocks("ini") {
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        let line: Vec<&str> = start.split(' ').collect();
        assert!(line[0].ends_with("agnez"));
        agnez::server::Args::try_parse_from(&line).unwrap_or_else(|why| panic!("{line:?}: {why}"));
    }
}

/// The number and the arguments of the container file's last line that begins with `instruction`.
fn instruction(instruction: &str) -> (usize, &'static str) {
    let found = CONTAINER.lines().enumerate().filter_map(|(index, line)| Some((index, line.strip_prefix(instruction)?)));
    found.last().unwrap_or_else(|| panic!("no {instruction}"))
}

#[test]
fn the_container_is_not_root_and_checks_its_health() {
    use clap::{CommandFactory, Parser};
    let (folders, user, volume) = (instruction("COPY --chown=1000:1000 "), instruction("USER "), instruction("VOLUME "));
    assert!(folders.0 < volume.0 && user.0 < volume.0, "a volume takes its owner from the folder in the image");
    let (source, target) = folders.1.split_once(' ').unwrap();
    assert_eq!(target, "/");
    // The build makes the folder that is copied, for nobody but the server, and the engine may see it.
    let made = source.strip_prefix("target/dist/").unwrap();
    assert!(
        DIST.contains(&format!("mkdir -p \"$dist\"/{made}/{{data,tmp}}\n")) && DIST.contains(&format!("chmod 700 \"$dist/{made}/data\"\n"))
    );
    assert!(include_str!("../../.dockerignore").lines().any(|line| line == format!("!{source}")));
    // Nothing is downloaded: an image can be built without a network.
    assert!(CONTAINER.lines().filter_map(|line| line.strip_prefix("FROM ")).eq(["scratch"]));
    assert_eq!((user.1, volume.1), ("1000:1000", "/data"));
    let program: Vec<String> = serde_json::from_str(instruction("ENTRYPOINT ").1).unwrap();
    let health: Vec<String> = serde_json::from_str(instruction("HEALTHCHECK ").1.split_once("CMD ").unwrap().1).unwrap();
    assert_eq!(health[0], program[0]);
    let parsed = agnez::server::Args::try_parse_from(&health).unwrap();
    assert!(matches!(parsed.command, Some(agnez::server::Command::Healthcheck { url: None })));
    // Its environment is that of flags: without the token everybody on the machine could write.
    let command = agnez::server::Args::command();
    let known: Vec<&str> = command.get_arguments().filter_map(|flag| flag.get_env()?.to_str()).collect();
    let set: Vec<(&str, &str)> = instruction("ENV ").1.split(' ').map(|pair| pair.split_once('=').unwrap()).collect();
    assert!(set.iter().all(|(name, _)| known.contains(name)), "{set:?} {known:?}");
    assert!(set.contains(&("AGNEZ_REQUIRE_TOKEN", "1")) && set.contains(&("AGNEZ_HOST", "0.0.0.0")));
}
