//! The page reaches its elements by `NodeRef` and holds its state in signals and contexts.

use super::{files, name, read};

/// What `src/app` does without: searches of the document, and state of a module.
const FORBIDDEN: [&str; 4] = ["query_selector", "get_element_by_id", "thread_local!", "static mut"];

/// How often they may still stand below `src/app`. The count only goes down.
const REMAINING: usize = 0;

fn faults(source: &str) -> usize {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.map(|line| FORBIDDEN.iter().map(|forbidden| line.matches(forbidden).count()).sum::<usize>()).sum()
}

#[test]
fn the_page_neither_searches_the_document_nor_has_state_of_modules() {
    let found: Vec<_> =
        files("src/app", &["rs"]).iter().map(|path| (faults(&read(path)), name(path))).filter(|(count, _)| *count > 0).collect();
    let count: usize = found.iter().map(|(count, _)| count).sum();
    assert!(count == REMAINING, "{count} uses of {FORBIDDEN:?}, at most {REMAINING} are allowed: {found:#?}");
}

/// `into_any` of the framework brings code that hydrates in steps, which this page never does.
#[test]
fn views_lose_their_type_by_erase_only() {
    let calls: Vec<_> = files("src/app", &["rs"]).iter().filter(|path| read(path).contains(".into_any()")).map(|path| name(path)).collect();
    assert_eq!(calls, ["src/app/erased.rs"]);
}

#[test]
fn the_check_finds_what_it_looks_for() {
    let source = "// query_selector\nrow.query_selector(class);\nthread_local! { static A: u8 = 0; }\nstatic mut B: u8 = 0;";
    assert_eq!(faults(source), 3);
}
