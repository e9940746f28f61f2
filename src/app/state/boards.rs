//! The names of the boards that hold cells.

use gloo_net::http::Method;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;

use super::response_order::ResponseOrder;
use super::{Dashboard, SetIfChanged};
use crate::browser::fetch;
use crate::routes;
use crate::sorting::sort;

/// An item of `/boards`.
#[derive(Deserialize)]
struct BoardName {
    name: String,
}

impl Dashboard {
    /// Requests the names. An error leaves them as they are, and so does a response that a later one has overtaken. Does nothing for a reader
    /// who may see this board only.
    pub fn refresh_boards(self) {
        if !self.may_list_boards() {
            return;
        }
        let Some(request) = self.boards_order.try_update_value(ResponseOrder::begin) else { return };
        spawn_local(async move {
            let Ok(list) = fetch::api::<Vec<BoardName>>(Method::GET, routes::BOARDS, None).await else { return };
            if self.boards_order.try_update_value(|order| order.apply(request)) != Some(true) {
                return;
            }
            let mut names: Vec<String> = list.into_iter().map(|board| board.name).collect();
            let own = &self.page().board;
            if !names.contains(own) {
                names.push(own.clone());
                sort(&mut names);
            }
            self.boards.set_if_changed(names);
        });
    }

    /// The server gives at least the name of this board to a reader who may see all.
    pub fn may_list_boards(self) -> bool {
        self.boards.with_untracked(|boards| !boards.is_empty())
    }
}
