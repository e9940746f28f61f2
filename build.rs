//! The server carries the site: it is built again when `target/site` (made by `make site`) has changed.

use std::path::Path;
use std::process::Command;

const SITE: &str = "target/site";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The browser's half goes into the site: it must not wait for it.
    if std::env::var_os("CARGO_FEATURE_SSR").is_none() {
        return;
    }
    // A fresh clone has no site: its server compiles and serves none. Cargo would take a missing path for a change, always.
    let site = Path::new(SITE);
    if let Err(why) = std::fs::create_dir_all(site) {
        panic!("cannot create {}: {why}", site.display());
    }
    let is_released = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_released && std::env::var_os("CARGO_FEATURE_FUZZING").is_none() && !site.join("pkg").is_dir() {
        build_site();
    }
    // A debug build reads the site from disk at its start.
    if std::env::var("PROFILE").as_deref() != Ok("debug") {
        println!("cargo:rerun-if-changed={}", site.display());
    }
}

/// Runs `make site`, for `cargo install --path .` and `cargo build --release` in a fresh clone. The site is compiled for another
/// target, so that this does not wait for the cargo that runs this script.
fn build_site() {
    let mut make = Command::new("make");
    make.arg("site");
    // Cargo's variables are about this build; those of its settings stay.
    let settings = ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE"];
    for (name, _) in std::env::vars_os() {
        let is_cargos =
            name.to_str().is_some_and(|name| name.starts_with("CARGO") && !settings.contains(&name) && !name.contains("REGISTR"));
        if is_cargos || ["PROFILE", "TARGET", "HOST", "OUT_DIR", "RUSTFLAGS", "RUSTC", "MAKEFLAGS", "MFLAGS"].iter().any(|own| name == *own)
        {
            make.env_remove(name);
        }
    }
    // Standard output is for cargo.
    match make.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stderr);
            let reason = text.lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with("make")).unwrap_or("no reason given");
            println!("cargo:warning=The program is built without its page, because 'make site' failed: {reason}");
        }
        Err(why) => println!("cargo:warning=The program is built without its page, because make cannot be started: {why}"),
    }
}
