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

/// Each ends the page where the view that owned the value is gone. While a future waits for an answer, a reader may close anything.
const OWNED_READS: [&str; 6] =
    [".get_untracked()", ".with_untracked(", ".get_value()", ".with_value(", ".read_untracked()", ".read_value()"];

/// Signals of the page itself, which end with it; and those of cells, which last as long as somebody holds them.
const LASTING: [&str; 6] = ["dashboard.", "runs.comparison", "self.editing", "cell.cell_type", "self.shown.failed", "active.target.name"];

/// The lines of futures that read a signal or a stored value behind their first `.await`.
fn reads_behind_await(source: &str) -> Vec<&str> {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    let (mut found, mut depth, mut futures) = (Vec::new(), 0_usize, Vec::<(usize, bool)>::new());
    for line in source.lines().filter(code) {
        let begins = ["async move {", "async {", "async fn ", "async ||", "async move |"].iter().any(|begin| line.contains(begin));
        if begins {
            futures.push((depth, false));
        }
        let is_behind = futures.iter().any(|(_, has_waited)| *has_waited);
        let receiver = |at: usize| line[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').next().unwrap_or_default();
        let is_owned =
            |at: usize| !LASTING.iter().any(|lasting| receiver(at).contains(lasting) || [receiver(at), "."].concat() == *lasting);
        if is_behind && OWNED_READS.iter().any(|read| line.match_indices(read).any(|(at, _)| is_owned(at))) {
            found.push(line.trim());
        }
        if let Some((_, has_waited)) = futures.last_mut() {
            *has_waited |= line.contains(".await");
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        while futures.last().is_some_and(|(begun, _)| depth <= *begun) {
            futures.pop();
        }
    }
    found
}

/// `try_get_untracked` and its like answer `None` instead.
#[test]
fn nothing_that_a_view_owns_is_read_behind_an_await() {
    let found: Vec<_> = files("src/app", &["rs"])
        .iter()
        .flat_map(|path| reads_behind_await(&read(path)).into_iter().map(|line| [&name(path), ": ", line].concat()).collect::<Vec<_>>())
        .collect();
    assert!(found.is_empty(), "read before the '.await', or by 'try_…': {found:#?}");
}

#[test]
fn reads_behind_an_await_are_found() {
    let source = "fn a(self) {\n    let before = self.list.get_untracked();\n    spawn_local(async move {\n        let first = list.get_value();\n\
                  let got = call.await;\n        if let Ok(got) = got {\n            created.with_untracked(|one| one == got);\n        }\n\
                  dashboard.filter.get_untracked();\n        field.try_get_untracked();\n    });\n    self.list.get_untracked();\n}";
    assert_eq!(reads_behind_await(source), ["created.with_untracked(|one| one == got);"]);
}
