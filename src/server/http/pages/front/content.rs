//! The parts of the front page that change: the number of boards, the list, and the links below it.

use std::time::{SystemTime, UNIX_EPOCH};

use leptos::prelude::*;

use super::boards_table::{NoBoards, boards_table};
use super::query::{FrontQuery, Shelf};
use super::trash::trash_table;
use crate::server::App;
use crate::server::boards::board_trash::TrashPage;
use crate::server::boards::front::{BoardFigures, BoardsPage, ListedBoard};

pub struct Content {
    query: FrontQuery,
    may_write: bool,
    shelf: ShelfContent,
    /// Number of boards in the trash.
    removed: usize,
}

enum ShelfContent {
    Boards { rows: Vec<(ListedBoard, BoardFigures)>, page: BoardsPage },
    Trash(TrashPage),
}

impl Content {
    pub async fn read(app: &App, query: &FrontQuery, may_write: bool) -> Self {
        let query = query.clone();
        if query.show == Shelf::Trash {
            let page = app.boards.trash_page(query.page);
            return Self { query, may_write, removed: page.total, shelf: ShelfContent::Trash(page) };
        }
        let removed = app.boards.removed_board_count();
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let mut page = app.boards.boards_page(&query.boards());
        let mut rows = Vec::with_capacity(page.boards.len());
        for board in std::mem::take(&mut page.boards) {
            let figures = app.boards.board_figures(&board, now_ms).await;
            rows.push((board, figures));
        }
        Self { query, may_write, shelf: ShelfContent::Boards { rows, page }, removed }
    }

    /// `build`: of the server; the script of another one is reloaded.
    #[expect(clippy::disallowed_methods, reason = "markup of this page, in which every text of clients is escaped")]
    pub fn to_html(&self, build: &str) -> String {
        let (heading, count) = match &self.shelf {
            ShelfContent::Boards { page, .. } if self.query.show == Shelf::Archived => ("Archived boards", page.total),
            ShelfContent::Boards { page, .. } => ("Boards", page.total),
            ShelfContent::Trash(page) => ("Trash", page.total),
        };
        let list = match &self.shelf {
            ShelfContent::Boards { rows, page } if rows.is_empty() => {
                NoBoards { query: &self.query, page, may_write: self.may_write }.view().to_html()
            }
            ShelfContent::Boards { rows, .. } => boards_table(rows, self.may_write),
            ShelfContent::Trash(page) => trash_table(&page.boards, self.may_write),
        };
        let heading = view! {
            <h2 id="heading" tabindex="-1">
                {heading} " "
                <span>{count}</span>
            </h2>
        };
        let list = view! { <div id="list" data-build=build.to_owned() inner_html=list></div> };
        [heading.to_html(), list.to_html(), self.pages(), self.shelves()].concat()
    }

    /// The links to the other pages of a long list.
    fn pages(&self) -> String {
        let (page, pages) = match &self.shelf {
            ShelfContent::Boards { page, .. } => (page.page, page.pages),
            ShelfContent::Trash(page) => (page.page, page.pages),
        };
        if pages == 1 {
            return nav("pages", "Pages", String::new());
        }
        let to = |page| FrontQuery { page, ..self.query.clone() }.address();
        let before = (page > 0).then(|| view! { <a href=to(page - 1) rel="prev">"Newer"</a> });
        let after = (page + 1 < pages).then(|| view! { <a href=to(page + 1) rel="next">"Older"</a> });
        let here = format!("Page {} of {pages}", page + 1);
        nav("pages", "Pages", view! { {before} <span>{here}</span> {after} }.to_html())
    }

    /// The links to the other shelves.
    fn shelves(&self) -> String {
        let link = |show: Shelf, text: String| {
            let find = if show == Shelf::Trash { String::new() } else { self.query.find.clone() };
            let address = FrontQuery { find, show, page: 0 }.address();
            view! { <a href=address>{text}</a> }
        };
        let elsewhere = match &self.shelf {
            ShelfContent::Boards { page, .. } => page.elsewhere,
            ShelfContent::Trash(_) => 0,
        };
        let boards = (self.query.show != Shelf::Current).then(|| link(Shelf::Current, "All boards".to_owned()));
        let archived = self.query.show == Shelf::Current && elsewhere > 0;
        let archived = archived.then(|| link(Shelf::Archived, format!("Archived ({elsewhere})")));
        let trash = (self.query.show != Shelf::Trash && self.removed > 0).then(|| link(Shelf::Trash, format!("Trash ({})", self.removed)));
        nav("shelves", "Other boards", view! { {boards} {archived} {trash} }.to_html())
    }
}

#[expect(clippy::disallowed_methods, reason = "markup of this page, in which every text of clients is escaped")]
fn nav(id: &'static str, label: &'static str, links: String) -> String {
    view! { <nav id=id aria-label=label hidden=links.is_empty() inner_html=links></nav> }.to_html()
}
