//! Imports point in one direction: at each level of the tree, the modules of one folder use each other without a cycle, and some
//! layers must not know some others at all.
//!
//! An edge is a path in the code, in a `use` or in an expression, followed through `pub use`. A folder's own file (`mod.rs`) belongs to
//! the folder and not to a level inside it: it may use its modules, and they may use its items. Tests are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{files, name, read, root};

/// A module's path within the crate: `["server", "store"]`; the crate itself is the empty one.
type Module = Vec<String>;

/// In a folder, from one of its modules to another one: the files that make the edge.
type Edges = BTreeMap<(Module, String, String), BTreeSet<String>>;

/// What must not be used, and where: the first column is a module with all below it, the second a module of this crate or the name of
/// another one.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("series", &["app", "browser", "charts", "protocol", "routes", "server", "server_functions", "leptos", "web_sys"]),
    ("protocol", &["app", "browser", "charts", "routes", "server", "server_functions", "web_sys"]),
    ("charts", &["app", "browser", "routes", "server", "server_functions", "leptos", "web_sys"]),
    ("browser", &["app", "server"]),
    ("app", &["server"]),
    ("server::store", &["charts", "axum", "leptos", "server::auth", "server::boards", "server::cells", "server::http", "server::live"]),
    ("server::boards", &["server::auth", "server::http"]),
    ("server::auth", &["server::boards", "server::store", "server::http"]),
    ("server::live", &["server::http"]),
    ("server::http", &["server::store"]),
    // Only the store has SQL.
    ("server", &["sqlx"]),
];

/// Modules, with all below them, that may use what [`FORBIDDEN`] forbids to the folder around them. `data_dir` has the options of
/// read-only connections, and limits the size of the database while the reserve of disk space is not full.
const EXCEPTIONS: &[(&str, &str)] = &[("server::store", "sqlx"), ("server::data_dir", "sqlx")];

/// Edges that cannot be otherwise: the bodies of server functions are compiled for the server only.
const ALLOWED: &[(&str, &str)] = &[("server_functions", "server")];

/// Folders, and layers of [`FORBIDDEN`], that do not follow the rules yet, with the number of faults in each: it may only fall.
const REMAINING: &[(&str, usize)] = &[];

/// Files for tests only.
const TESTS: &[&str] = &["tests", "testing", "test_store", "fuzz_targets"];

#[test]
fn imports_point_in_one_direction() {
    let tree = Tree::read();
    let mut faults: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let edges = tree.edges();
    for ((folder, from, to), places) in &edges {
        if let Some(way) = way_back(&edges, folder, to, from) {
            let places: Vec<&str> = places.iter().map(String::as_str).take(2).collect();
            let fault = format!("{from} -> {to} ({}), and back by {}", places.join(", "), way.join(" -> "));
            faults.entry(shown(folder)).or_default().push(fault);
        }
    }
    for (module, paths) in &tree.paths {
        for path in paths {
            if let Some((layer, fault)) = forbidden(module, path) {
                faults.entry(layer.to_owned()).or_default().push(fault);
            }
        }
    }
    let allowed = |place: &str| REMAINING.iter().find(|(known, _)| *known == place).map_or(0, |(_, count)| *count);
    let report: Vec<String> = faults
        .iter()
        .filter(|(place, list)| list.len() > allowed(place))
        .map(|(place, list)| format!("{place}: {} faults, {} allowed\n  {}", list.len(), allowed(place), list.join("\n  ")))
        .collect();
    assert!(report.is_empty(), "imports against the rules:\n{}", report.join("\n"));
}

/// The layer, and what is wrong.
fn forbidden(module: &Module, path: &Module) -> Option<(&'static str, String)> {
    let (module, path) = (module.join("::"), path.join("::"));
    let is_in = |place: &str, path: &str| path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with("::"));
    let is_exception = |name: &str| EXCEPTIONS.iter().any(|(place, used)| *used == name && is_in(place, &module));
    FORBIDDEN.iter().filter(|(layer, _)| is_in(layer, &module)).find_map(|(layer, names)| {
        let name = names.iter().find(|name| is_in(name, &path) && !is_exception(name))?;
        Some((*layer, format!("{module} must not use {name}: {path}")))
    })
}

fn shown(folder: &Module) -> String {
    if folder.is_empty() { "src".to_owned() } else { format!("src/{}", folder.join("/")) }
}

#[derive(Default)]
struct Tree {
    /// What each module uses: modules of this crate and their items, or paths of other crates.
    paths: BTreeMap<Module, BTreeSet<Module>>,
    modules: BTreeSet<Module>,
}

impl Tree {
    fn read() -> Self {
        let mut sources = BTreeMap::new();
        for file in files("src", &["rs"]) {
            let module = module_of(&file);
            if module != ["main"] && !module.iter().any(|part| TESTS.contains(&part.as_str())) {
                sources.insert(module, tokens(&without_tests(&read(&file))));
            }
        }
        let modules: BTreeSet<Module> = sources.keys().cloned().collect();
        let uses: BTreeMap<Module, Vec<Use>> = sources.iter().map(|(module, tokens)| (module.clone(), uses(tokens))).collect();
        let mut exports: BTreeMap<Module, Module> = BTreeMap::new();
        for (module, list) in &uses {
            for Use { path, alias, is_public } in list {
                if let (true, Some(last), Some(path)) = (is_public, path.last(), absolute(path, module, &modules)) {
                    exports.insert([module.as_slice(), &[alias.clone().unwrap_or_else(|| last.clone())]].concat(), path);
                }
            }
        }
        let mut paths: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, list) in uses {
            let used = list.iter().map(|Use { path, .. }| match absolute(path, &module, &modules) {
                Some(path) => followed(path, &exports, &modules),
                None => path.clone(),
            });
            paths.insert(module.clone(), used.collect());
        }
        Self { paths, modules }
    }

    /// For each folder: which of its modules uses which other one, and in which files.
    fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (from, paths) in &self.paths {
            for to in paths.iter().filter_map(|path| longest(path, &self.modules)) {
                let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if let (Some(one), Some(other)) = (from.get(common), to.get(common))
                    && !(common == 0 && ALLOWED.contains(&(one, other)))
                {
                    let place = format!("{} uses {}", from.join("::"), to.join("::"));
                    edges.entry((from[..common].to_vec(), one.clone(), other.clone())).or_default().insert(place);
                }
            }
        }
        edges
    }
}

/// A way from one module of a folder to another one of it.
fn way_back(edges: &Edges, folder: &Module, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::from([from.to_owned()]);
    while let Some(way) = ways.pop() {
        let last = way.last()?.clone();
        if last == to {
            return Some(way);
        }
        for (_, _, next) in edges.keys().filter(|(within, one, _)| within == folder && *one == last) {
            if seen.insert(next.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

fn module_of(file: &Path) -> Module {
    let path = name(file);
    let path = path.trim_start_matches("src/").trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// The source up to its tests, which stand at the end of a file.
fn without_tests(source: &str) -> String {
    source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

/// Names, `::` and the signs that matter for a `use`; without comments and texts.
fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let is_end = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                is_end
            });
            end.map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("'\"'") {
            3
        } else if first.is_alphabetic() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        if !token.trim().is_empty() && !token.starts_with("//") && !token.starts_with('"') {
            tokens.push(token.to_owned());
        }
        rest = after;
    }
    tokens
}

struct Use {
    path: Module,
    alias: Option<String>,
    is_public: bool,
}

/// The paths of a file: those of `use`, and those in expressions and types.
fn uses(tokens: &[String]) -> Vec<Use> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at] == "use" {
            let before = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
            let is_public = before == "pub" || before == ")";
            at = tree(tokens, at + 1, &[], is_public, &mut found);
        } else if tokens.get(at + 1).is_some_and(|next| next == "::") {
            let mut path = vec![tokens[at].clone()];
            while tokens.get(at + 1).is_some_and(|next| next == "::") && tokens.get(at + 2).is_some_and(|next| is_name(next)) {
                path.push(tokens[at + 2].clone());
                at += 2;
            }
            if path.len() > 1 {
                found.push(Use { path, alias: None, is_public: false });
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads a tree of `use` from `at`, and says where it ends.
fn tree(tokens: &[String], mut at: usize, prefix: &[String], is_public: bool, found: &mut Vec<Use>) -> usize {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut is_group = false;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => at += 1,
            "{" => {
                is_group = true;
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = tree(tokens, at, &path, is_public, found);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                at += 1;
            }
            "as" => {
                alias = tokens.get(at + 1).cloned();
                at += 2;
            }
            "self" if !prefix.is_empty() => at += 1,
            "*" => at += 1,
            name if is_name(name) => {
                path.push(name.to_owned());
                at += 1;
            }
            _ => break,
        }
    }
    if !is_group && !path.is_empty() {
        found.push(Use { path, alias, is_public });
    }
    at
}

/// The path from the crate's root; `None` for paths of other crates and of names that were imported.
fn absolute(path: &[String], module: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut base = module.clone();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "self" => rest = &path[1..],
        "super" => {}
        first => {
            let child = [module.as_slice(), &[first.to_owned()]].concat();
            return modules.contains(&child).then(|| [module.as_slice(), path].concat());
        }
    }
    while rest.first().is_some_and(|first| first == "super") {
        base.pop()?;
        rest = &rest[1..];
    }
    Some([base.as_slice(), rest].concat())
}

fn longest(path: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|module| modules.contains(module))
}

/// Where a path leads when the names that modules give on are followed.
fn followed(mut path: Module, exports: &BTreeMap<Module, Module>, modules: &BTreeSet<Module>) -> Module {
    for _ in 0..8 {
        let length = longest(&path, modules).map_or(0, |module| module.len());
        let Some(given_on) = path.get(..=length).and_then(|name| exports.get(name)) else { break };
        path = [given_on.as_slice(), &path[length + 1..]].concat();
    }
    path
}

#[test]
fn a_cycle_and_a_forbidden_import_are_found() {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let modules: BTreeSet<Module> = ["a", "a::b", "a::c", "d"].map(module).into();
    let list = uses(&tokens("use super::{c::X as Y, self}; pub use crate::d::Z; fn f() { super::c::g(\"crate::d\") } // crate::a"));
    let paths: Vec<Module> = list.iter().filter_map(|found| absolute(&found.path, &module("a::b"), &modules)).collect();
    assert_eq!(paths, ["a::c::X", "a", "d::Z", "a::c::g"].map(module));
    let exports = BTreeMap::from([(module("a::T"), module("a::c::T"))]);
    assert_eq!(followed(module("a::T::new"), &exports, &modules), module("a::c::T::new"));
    let tree = Tree { paths: [("a::b", "a::c"), ("a::c", "a::b")].map(|(from, to)| (module(from), [module(to)].into())).into(), modules };
    assert_eq!(way_back(&tree.edges(), &module("a"), "c", "b").unwrap(), ["c", "b"]);
    assert!(forbidden(&module("series::query"), &module("server::store::Store")).is_some());
    assert!(forbidden(&module("series_of"), &module("server")).is_none() && root().is_dir());
    assert!(forbidden(&module("server::boards::read"), &module("sqlx::query")).is_some());
    assert!(forbidden(&module("server::data_dir::disk_reserve"), &module("sqlx::query")).is_none());
}
