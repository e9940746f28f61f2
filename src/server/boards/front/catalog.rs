//! The list of all boards: the newest first, searched, in pages.

use std::cmp::Reverse;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::protocol::MAIN_BOARD;
use crate::server::boards::Boards;
use crate::server::boards::board_document::is_there;
use crate::server::cells::first_paragraph;
use crate::server::limits::MAX_BOARDS_PER_PAGE;
use crate::server::store::{BoardDocument, BoardIndex};

/// Boards that have changed within the same minute do not change places while they do: they stand in the order of their newest runs.
const ORDER_MS: u64 = 60_000;
/// Characters of the first paragraph of a description.
const MAX_SUMMARY_CHARS: usize = 160;

#[derive(Clone, Debug, Default, Hash, PartialEq)]
pub struct ListedBoardsQuery {
    /// Words that the name, the title or the description has; in any case and any normal form of Unicode.
    pub find: String,
    /// The archived boards instead of the others.
    pub archived: bool,
    /// From 0. One behind the last page is the last page.
    pub page: usize,
}

#[derive(Clone, Debug, Hash, PartialEq)]
pub struct ListedBoard {
    pub name: Arc<str>,
    /// The title of its document, or its name.
    pub title: String,
    /// How its description begins, as text.
    pub summary: String,
    /// When the last event happened: Unix time, ms.
    pub changed_ms: u64,
    pub cells: usize,
    pub runs: usize,
    pub failed: usize,
}

/// One page of the list.
pub struct BoardsPage {
    pub boards: Vec<ListedBoard>,
    /// From 0.
    pub page: usize,
    pub pages: usize,
    /// Number of boards that match.
    pub total: usize,
    /// Number of boards that match among the archived ones, or among the others where the page has the archived ones.
    pub elsewhere: usize,
    /// Number of all boards.
    pub all: usize,
}

/// A board while the list is made.
struct Entry {
    name: Arc<str>,
    document: Option<Arc<BoardDocument>>,
    changed_ms: u64,
    newest_run: u64,
    cells: usize,
    runs: usize,
    failed: usize,
}

impl Entry {
    fn new(name: &Arc<str>, board: &BoardIndex) -> Self {
        Self {
            name: name.clone(),
            document: board.document.clone(),
            changed_ms: board.changed_ms,
            newest_run: board.runs.iter().next_back().map_or(0, |run| run.created_order),
            cells: board.cells.len(),
            runs: board.runs.len(),
            failed: board.runs.failed(),
        }
    }

    fn text(&self, key: &str) -> &str {
        self.document.as_deref().and_then(|document| document.keys.get(key)?.as_str()).unwrap_or_default()
    }

    fn is_archived(&self) -> bool {
        self.document.as_deref().is_some_and(|document| document.keys.get("archived") == Some(&true.into()))
    }

    fn matches(&self, words: &[String]) -> bool {
        if words.is_empty() {
            return true;
        }
        let text = folded(&[&*self.name, self.text("title"), self.text("description")].join("\n"));
        words.iter().all(|word| text.contains(word))
    }

    fn listed(self) -> ListedBoard {
        let title = Some(self.text("title")).filter(|title| !title.is_empty()).unwrap_or(&self.name).to_owned();
        let summary = first_paragraph(self.text("description")).chars().take(MAX_SUMMARY_CHARS).collect();
        let Self { name, changed_ms, cells, runs, failed, .. } = self;
        ListedBoard { name, title, summary, changed_ms, cells, runs, failed }
    }
}

/// The text without differences of case and of normal forms.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// What stands at the address `/`: the one board, or the list of several.
pub enum Root {
    Board(String),
    List,
}

impl Boards {
    /// What the address `/` shows.
    pub fn root(&self) -> Root {
        let index = self.store.index();
        let mut names = index.boards().filter(|(_, board)| is_there(board)).map(|(name, _)| name.to_string());
        match (names.next(), names.next()) {
            (None, _) => Root::Board(MAIN_BOARD.to_owned()),
            (Some(name), None) => Root::Board(name),
            _ => Root::List,
        }
    }

    /// A page of the boards, without those in the trash.
    pub fn boards_page(&self, query: &ListedBoardsQuery) -> BoardsPage {
        let all: Vec<Entry> = {
            let index = self.store.index();
            index.boards().filter(|(_, board)| is_there(board)).map(|(name, board)| Entry::new(name, board)).collect()
        };
        let (count, words) = (all.len(), folded(&query.find).split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        let matching = all.into_iter().filter(|entry| entry.matches(&words));
        let (mut here, elsewhere): (Vec<_>, Vec<_>) = matching.partition(|entry| entry.is_archived() == query.archived);
        let key = |entry: &Entry| (Reverse((entry.changed_ms / ORDER_MS, entry.newest_run)), entry.name.clone());
        here.sort_by_cached_key(key);
        let (total, pages) = (here.len(), here.len().div_ceil(MAX_BOARDS_PER_PAGE).max(1));
        let page = query.page.min(pages - 1);
        let boards = here.into_iter().skip(page * MAX_BOARDS_PER_PAGE).take(MAX_BOARDS_PER_PAGE).map(Entry::listed).collect();
        BoardsPage { boards, page, pages, total, elsewhere: elsewhere.len(), all: count }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(name: &str, keys: serde_json::Value) -> Entry {
        let serde_json::Value::Object(keys) = keys else { panic!("the keys of a document are an object") };
        let document = BoardDocument::of_row(keys, 1, 0, 0);
        Entry { name: name.into(), document: Some(document.into()), changed_ms: 0, newest_run: 0, cells: 0, runs: 0, failed: 0 }
    }

    #[test]
    fn words_are_found_in_any_case_and_any_normal_form() {
        let board = entry("run-7", json!({ "title": "Stra\u{df}e im Gro\u{308}\u{df}enwahn \u{fb01}t", "description": "Z\u{fc}rich" }));
        for find in ["gr\u{f6}\u{df}enwahn", "RUN im", "zu\u{308}rich", "Z\u{dc}RICH", "fit", "", "  "] {
            let words: Vec<_> = folded(find).split_whitespace().map(str::to_owned).collect();
            assert!(board.matches(&words), "{find}");
        }
        assert!(!board.matches(&["berlin".to_owned()]) && !board.matches(&["run".to_owned(), "8".to_owned()]));
    }

    #[test]
    fn a_board_without_a_title_is_called_by_its_name() {
        let listed = entry("a", json!({ "title": "", "description": "\n## Random search \n\nmore" })).listed();
        assert_eq!((listed.title.as_str(), listed.summary.as_str()), ("a", "Random search"));
        assert_eq!(entry("a", json!({ "title": "B" })).listed().title, "B");
        let of = |description: &str| entry("a", json!({ "description": description })).listed().summary;
        assert_eq!(
            of("**NaN** in *layer 7*, see\n[the note](https://a.b) of `g`: $g_7$ > 1\n\nmore"),
            "NaN in layer 7, see the note of g: g_7 > 1"
        );
        assert_eq!(
            [of("> ## Quoted\n\nx"), of("- [x] first\n- second"), of("---\n\n<b>x</b>"), of("")],
            ["Quoted", "first", "<b>x</b>", ""]
        );
        assert_eq!(of(&"x".repeat(999)).len(), MAX_SUMMARY_CHARS);
        let behind = |lines: usize| format!("{}Größe {}", "---\n".repeat(lines), "[[ä".repeat(20_000));
        assert!(of(&behind(400)).starts_with("Größe [[ä"), "{}", of(&behind(400)));
        assert_eq!(of(&behind(1000)), "", "a long description is not parsed to its end");
    }
}
