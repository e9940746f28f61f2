//! Every Rust file is compiled. One that no `mod` declares is not: the compiler does not see it, and its tests never run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{files, name, read, root};

/// The folders of the packages, each with its manifest.
const PACKAGES: [&str; 4] = ["", "raster", "fuzz", "tools/bindgen"];

/// Where files are looked for. Most examples are in other languages.
const FOLDERS: [(&str, &[&str]); 7] = [
    ("src", &["rs"]),
    ("raster/src", &["rs"]),
    ("tests", &["rs"]),
    ("benches", &["rs"]),
    ("examples", &["rs", "py"]),
    ("fuzz/fuzz_targets", &["rs"]),
    ("tools/bindgen/src", &["rs"]),
];

/// The first files of what cargo builds: those that a manifest names, and those that need no name.
fn targets() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for package in PACKAGES {
        let folder = root().join(package);
        let manifest = read(&folder.join("Cargo.toml"));
        let named = manifest.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
        let unnamed = ["src/lib.rs", "src/main.rs"];
        found.extend(named.chain(unnamed).map(|path| folder.join(path)).filter(|path| path.is_file()));
    }
    found
}

fn without_visibility(line: &str) -> &str {
    match line.strip_prefix("pub(") {
        Some(rest) => rest.split_once(") ").map_or("", |(_, item)| item),
        None => line.strip_prefix("pub ").unwrap_or(line),
    }
}

/// The modules that a file declares as files: each with its name, and its path where an attribute has one. They stand at the file's top
/// level.
fn declarations(source: &str) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    let mut path = None;
    for line in source.lines() {
        if let Some(attribute) = line.strip_prefix("#[path = \"") {
            path = attribute.strip_suffix("\"]");
        } else if !line.starts_with("#[") {
            if let Some(name) = without_visibility(line).strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                found.push((name, path));
            }
            path = None;
        }
    }
    found
}

/// A source file, and the folder in which its modules are.
type Source = (PathBuf, PathBuf);

/// A file whose modules stand beside it.
fn beside(file: &Path) -> Source {
    (file.to_owned(), file.parent().unwrap().to_owned())
}

/// The file of a module that a file declares; `None` if there is none.
fn module_file((file, folder): &Source, name: &str, path: Option<&str>) -> Option<Source> {
    if let Some(path) = path {
        return Some(beside(&file.parent()?.join(path)));
    }
    let own_folder = folder.join(name);
    let (inside, outside) = (own_folder.join("mod.rs"), own_folder.with_extension("rs"));
    if inside.is_file() { Some(beside(&inside)) } else { outside.is_file().then_some((outside, own_folder)) }
}

/// All files that are compiled, without links and `..`.
fn compiled() -> BTreeSet<PathBuf> {
    let mut sources: Vec<Source> = targets().iter().map(|file| beside(file)).collect();
    let mut seen: BTreeSet<Source> = sources.iter().cloned().collect();
    while let Some(source) = sources.pop() {
        for (name, path) in declarations(&read(&source.0)) {
            sources.extend(module_file(&source, name, path).filter(|found| seen.insert(found.clone())));
        }
    }
    seen.iter().map(|(file, _)| file.canonicalize().unwrap()).collect()
}

#[test]
fn every_rust_file_is_compiled() {
    let compiled = compiled();
    let all = FOLDERS.iter().flat_map(|(folder, extensions)| files(folder, extensions));
    let rust = all.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let orphans: Vec<String> = rust.filter(|path| !compiled.contains(&path.canonicalize().unwrap())).map(|path| name(&path)).collect();
    assert!(orphans.is_empty(), "no `mod` and no Cargo.toml leads to these files, so they are not compiled: {orphans:#?}");
}

#[test]
fn declarations_are_found() {
    let source = "mod a;\npub mod b;\npub(crate) mod c;\npub(in crate::x) mod d;\n// mod no;\n#[cfg(test)]\n#[path = \"e_tests.rs\"]\nmod tests;\n\
                  mod f {\n}\nmod g;\n";
    let expected = [("a", None), ("b", None), ("c", None), ("d", None), ("tests", Some("e_tests.rs")), ("g", None)];
    assert_eq!(declarations(source), expected);
}
