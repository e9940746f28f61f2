//! Words that hide the noun, and lines that are too long to read.

use std::path::PathBuf;

use super::{files, name, read, root};

/// Words that are not used, neither as names nor in prose. A reader who searches for the subject does not find it
/// behind them: `told` stands for respond, log, notify or print; `anew` for again or replaced; `whoever` for the
/// reader, the client or the token. All are compared without case, `_` parts words.
const BANNED: [&str; 8] = ["told", "untold", "anew", "whoever", "whomever", "heed", "heeds", "heeded"];

/// Identifiers that are not used: a type is a noun, such as `ColumnQuery`.
const BANNED_TYPES: [&str; 1] = ["Asked"];

/// How often banned words may still stand in each folder. A count only goes down; at 0 the entry stays.
const REMAINING: [(&str, &[&str], usize); 5] = [
    ("src", &["rs", "js", "html", "json"], 0),
    ("raster", &["rs"], 0),
    ("python/src", &["py"], 0),
    ("examples", &["py", "sh", "mjs", "lua", "R", "cpp"], 0),
    (".github", &["yml"], 0),
];

const MAX_COLUMNS: usize = 100;

fn banned_words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| BANNED.iter().any(|banned| word.eq_ignore_ascii_case(banned)));
    let types = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| BANNED_TYPES.contains(word));
    words.chain(types).map(str::to_owned).collect()
}

/// A Markdown text without its code, which quotes names of the wire and of other programs.
fn without_code(markdown: &str) -> String {
    let mut is_fenced = false;
    let mut text = String::new();
    for line in markdown.lines() {
        if line.trim_start().starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.split('`').step_by(2).collect()
}

fn documents() -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    found.sort();
    found.extend(files("docs", &["md"]));
    found.extend(files("examples", &["md"]));
    found.push(root().join("python/README.md"));
    found
}

#[test]
fn banned_words_in_sources_only_get_fewer() {
    for (folder, extensions, most) in REMAINING {
        let found: Vec<_> = files(folder, extensions)
            .iter()
            .map(|path| (banned_words(&read(path)).len(), name(path)))
            .filter(|(count, _)| *count > 0)
            .collect();
        let count: usize = found.iter().map(|(count, _)| count).sum();
        assert!(count <= most, "{folder} has {count} banned words ({BANNED:?}, {BANNED_TYPES:?}), at most {most} are allowed: {found:#?}");
    }
}

#[test]
fn documents_have_no_banned_words() {
    for path in documents() {
        let text = without_code(&read(&path));
        assert_eq!(banned_words(&text), [""; 0], "in {}", name(&path));
    }
}

#[test]
fn lines_of_documents_have_at_most_100_columns() {
    let mut long = Vec::new();
    for path in documents() {
        let text = read(&path);
        let lines = text.lines().enumerate().filter(|(_, line)| line.chars().count() > MAX_COLUMNS);
        long.extend(lines.map(|(index, _)| format!("{}:{}", name(&path), index + 1)));
    }
    assert!(long.is_empty(), "more than {MAX_COLUMNS} columns: {long:#?}");
}

/// The heading's anchor, as hosts of repositories make it.
fn anchor(heading: &str) -> String {
    let dashed = heading.to_lowercase().replace(' ', "-");
    dashed.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn links_between_documents_lead_somewhere() {
    let documents = documents();
    let mut broken = Vec::new();
    for path in &documents {
        let text = without_code(&read(path));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, section) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let headings =
                |text: String| text.lines().any(|line| line.starts_with('#') && anchor(line.trim_start_matches('#').trim()) == section);
            if !target.exists() || (!section.is_empty() && !headings(read(&target))) {
                broken.push(format!("{}: {link}", name(path)));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}

#[test]
fn paths_that_documents_name_exist() {
    const FOLDERS: [&str; 13] = [
        ".github/",
        "benches/",
        "docs/",
        "end2end/",
        "examples/",
        "fuzz/",
        "migrations/",
        "python/",
        "raster/",
        "src/",
        "style/",
        "tests/",
        "tools/",
    ];
    let mut missing = Vec::new();
    // The changelog also names what is no longer there.
    for path in documents().iter().filter(|path| name(path) != "CHANGELOG.md") {
        for span in read(path).split('`').skip(1).step_by(2) {
            let is_path = FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*', '{', '\n']);
            if is_path && !root().join(span.split('#').next().unwrap()).exists() {
                missing.push(format!("{}: {span}", name(path)));
            }
        }
    }
    assert!(missing.is_empty(), "paths that are not there: {missing:#?}");
}

/// Paths of files and folders among the code of a Markdown text.
fn places(markdown: &str) -> Vec<&str> {
    markdown.split('`').skip(1).step_by(2).filter(|span| span.contains('/') || span.ends_with(".rs")).collect()
}

#[test]
fn places_that_the_map_names_exist() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let (_, after) = text.split_once("Paths without `src` begin in `src/server`.").expect("the list of places");
    let list = after.split("\n## ").next().unwrap();
    let is_missing = |place: &&str| !root().join(place).exists() && !root().join("src/server").join(place).exists();
    let missing: Vec<&str> = places(list).into_iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "places of ARCHITECTURE.md that are not there: {missing:#?}");
}

#[test]
fn the_checks_find_what_they_look_for() {
    assert_eq!(banned_words("fn bins_told() -> Asked; // Anew, untold"), ["told", "Anew", "untold", "Asked"]);
    assert_eq!(banned_words("// asked, renew, foretold"), [""; 0]);
    assert_eq!(without_code("a `told` b\n```sh\nanew\n```\nc"), "a  b\nc\n");
    assert_eq!(anchor("As SVG and CSV"), "as-svg-and-csv");
    assert_eq!(places("`readout.rs` and `http/api/`, by `find`"), ["readout.rs", "http/api/"]);
}
