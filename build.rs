//! The server carries the site: it is built again when `target/site` (made by `make site`) has changed.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The browser's half goes into the site: it must not wait for it.
    if std::env::var_os("CARGO_FEATURE_SSR").is_none() {
        return;
    }
    // A fresh clone has no site: its server compiles and serves none. Cargo would take a missing path for a change, always.
    let site = std::path::Path::new("target/site");
    if let Err(why) = std::fs::create_dir_all(site) {
        panic!("cannot create {}: {why}", site.display());
    }
    // A debug build reads the site from disk at its start.
    if std::env::var("PROFILE").as_deref() != Ok("debug") {
        println!("cargo:rerun-if-changed={}", site.display());
    }
}
