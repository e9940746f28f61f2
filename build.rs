//! A release build of the server carries the page, `target/site`. It runs `make site` where that is missing or older than its sources,
//! for `cargo install --path .` and `cargo build --release`; after `make site` it does not. A debug build reads the page from disk at
//! its start. Two variables stop a release build from making the page: AGNEZ_SITE_GIVEN=1 embeds `target/site` as it is, and
//! AGNEZ_WITHOUT_PAGE=1 empties it.

use std::env::{var, var_os, vars_os};
use std::fs::{File, create_dir_all, metadata, read_dir, remove_dir_all, remove_file};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, exit};
use std::time::SystemTime;

const SITE: &str = "target/site";
/// Its content changes with that of any file of the site.
const MANIFEST: &str = "target/site/manifest.json";
/// What `make site` touches at its end, wherever CARGO_TARGET_DIR is.
const STAMP: &str = "target/site.stamp";
/// What the page is made of, the files and folders of `src` besides: SITE_SOURCES in the Makefile.
const SOURCES: [&str; 7] = ["raster", "style", "public", "Cargo.toml", "Cargo.lock", "tools/site.mjs", "tools/budget.json"];
const SERVER: [&str; 2] = ["src/server", "src/main.rs"];
/// How many lines of a failed `make site` are repeated.
const LAST_LINES: usize = 20;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        // The relocations, by which the build of the site divides the code into parts.
        println!("cargo:rustc-link-arg-cdylib=--emit-relocs");
    }
    // The browser's half goes into the site: it must not wait for it.
    if var_os("CARGO_FEATURE_SSR").is_none() {
        return;
    }
    // A fresh clone has no site: its debug server compiles and serves none.
    let is_embedded = var("PROFILE").is_ok_and(|profile| profile != "debug") && var_os("CARGO_FEATURE_FUZZING").is_none();
    let done = create_dir_all(SITE).and_then(|()| if is_embedded { embed() } else { Ok(()) });
    if let Err(why) = done {
        eprintln!("The page cannot be embedded: {why}");
        exit(1);
    }
}

fn embed() -> Result<()> {
    for variable in ["AGNEZ_SITE_GIVEN", "AGNEZ_WITHOUT_PAGE"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    if is_set("AGNEZ_WITHOUT_PAGE") {
        remove_dir_all(SITE)?;
        create_dir_all(SITE)?;
        return remove_stamp();
    }
    if !is_set("AGNEZ_SITE_GIVEN") {
        let newest = newest_source()?;
        let is_fresh = metadata(STAMP).and_then(|stamp| stamp.modified()).is_ok_and(|made| made >= newest);
        if !is_fresh || !Path::new(MANIFEST).is_file() {
            remove_stamp()?;
            make_site()?;
            // Cargo takes what was written since this script's start for a change, and would compile the program again.
            File::options().write(true).open(MANIFEST)?.set_modified(newest)?;
        }
    }
    if !Path::new(MANIFEST).is_file() {
        return Err(Error::other(format!("{MANIFEST} is missing. Run 'make site', or set AGNEZ_WITHOUT_PAGE=1.")));
    }
    println!("cargo:rerun-if-changed={MANIFEST}");
    Ok(())
}

fn remove_stamp() -> Result<()> {
    remove_file(STAMP).or_else(|why| if why.kind() == ErrorKind::NotFound { Ok(()) } else { Err(why) })
}

fn is_set(variable: &str) -> bool {
    var(variable).is_ok_and(|value| value == "1")
}

/// When a source of the page was changed last. Cargo runs this script again after such a change.
fn newest_source() -> Result<SystemTime> {
    let mut sources: Vec<PathBuf> = SOURCES.iter().map(PathBuf::from).collect();
    for entry in read_dir("src")? {
        sources.push(entry?.path());
    }
    sources.retain(|path| !SERVER.iter().any(|own| path == Path::new(own)));
    for source in &sources {
        println!("cargo:rerun-if-changed={}", source.display());
    }
    let mut newest = SystemTime::UNIX_EPOCH;
    while let Some(path) = sources.pop() {
        let found = metadata(&path)?;
        newest = newest.max(found.modified()?);
        if found.is_dir() {
            for entry in read_dir(&path)? {
                sources.push(entry?.path());
            }
        }
    }
    Ok(newest)
}

/// Runs `make site`. The site is compiled for another target, so that this does not wait for the cargo that runs this script.
fn make_site() -> Result<()> {
    let mut make = Command::new("make");
    make.arg("site");
    // Cargo's variables are about this build; those of its settings stay.
    let settings = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE"];
    for (name, _) in vars_os() {
        let is_cargos =
            name.to_str().is_some_and(|name| name.starts_with("CARGO") && !settings.contains(&name) && !name.contains("REGISTR"));
        if is_cargos || ["PROFILE", "TARGET", "HOST", "OUT_DIR", "RUSTFLAGS", "RUSTC", "MAKEFLAGS", "MFLAGS"].iter().any(|own| name == *own)
        {
            make.env_remove(name);
        }
    }
    let advice = "Run 'make site', or set AGNEZ_WITHOUT_PAGE=1.";
    // Standard output is for cargo.
    let output = make.output().map_err(|why| Error::other(format!("make cannot be started: {why}. {advice}")))?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
    Err(Error::other(format!("'make site' failed. {advice}\n{last}")))
}
