//! The actions of the reader on runs. As with cells, the page changes when the event arrives.

use gloo_net::http::Method;
use leptos::prelude::*;
use serde_json::{Value, json};

use super::state::{Dashboard, ToastKind};
use crate::browser::fetch;
use crate::protocol::{ApiError, RunId};
use crate::routes;

impl Dashboard {
    /// Hides a run in every chart and for everyone, or shows it; with read-only access only in this tab.
    pub fn toggle_run(self, id: RunId) {
        let runs = self.runs;
        let is_drawn = runs.drawn.with_untracked(|drawn| drawn.contains(&id));
        let choose = |is_shown: Option<bool>| {
            runs.choices.update(|choices| {
                choices.retain(|(known, _)| *known != id);
                choices.extend(is_shown.map(|is_shown| (id.clone(), is_shown)));
            });
        };
        if !self.may_write() {
            return choose(Some(!is_drawn));
        }
        // A run that is not among the newest is shown in this tab only; hiding it again is for everyone.
        choose((!is_drawn).then_some(true));
        let is_hidden = runs.list.with_untracked(|list| list.get(&id).is_some_and(|run| run.hidden));
        if is_drawn || is_hidden {
            self.send(self.patch_run(id, json!({ "hidden": is_drawn })), None);
        }
    }

    pub fn rename_run(self, id: RunId, name: String) {
        self.send(self.patch_run(id, json!({ "name": name })), None);
    }

    /// Removes a run and its points. The toast has an undo button.
    pub fn remove_run(self, id: RunId) {
        let name = self.runs.list.with_untracked(|list| list.get(&id).map(|run| run.name.clone())).unwrap_or_default();
        let address = routes::run(&self.page().board, &id);
        self.send(request(Method::DELETE, address, None), Some(ToastKind::DeletedRun { id, name }));
    }

    pub fn restore_run(self, toast: u32, id: RunId) {
        self.dismiss(toast);
        self.send(request(Method::POST, routes::restore_run(&self.page().board, &id), None), None);
    }

    fn patch_run(self, id: RunId, patch: Value) -> impl Future<Output = Result<(), ApiError>> + 'static {
        request(Method::PATCH, routes::run(&self.page().board, &id), Some(patch))
    }
}

async fn request(method: Method, address: String, body: Option<Value>) -> Result<(), ApiError> {
    fetch::api::<Value>(method, &address, body.as_ref()).await.map(drop)
}
