//! The actions of the reader on runs. As with cells, the page changes when the event arrives.

use gloo_net::http::Method;
use leptos::prelude::*;
use serde_json::{Value, json};

use super::state::{Dashboard, Deletion, Toast, ToastKind};
use crate::browser::fetch;
use crate::protocol::{ApiError, RunId};
use crate::routes;

/// The runs that an action on many is about.
pub enum RunScope {
    These(Vec<RunId>),
    /// All that a search finds among the archived runs, or among the others.
    Found {
        q: String,
        is_archived: bool,
    },
}

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
        let run = runs.run_untracked(&id);
        let is_hidden = run.as_ref().is_some_and(|run| run.hidden);
        if is_drawn || is_hidden {
            let name = run.map(|run| run.name).unwrap_or_default();
            let done = is_drawn.then(|| ToastKind::HiddenRun { id: id.clone(), name });
            self.send(self.patch_run(id, json!({ "hidden": is_drawn })), done);
        }
    }

    /// Shows a run again that was hidden for everyone.
    pub fn show_run(self, toast: u32, id: RunId) {
        self.dismiss(toast);
        self.send(self.patch_run(id, json!({ "hidden": false })), None);
    }

    pub fn rename_run(self, id: RunId, name: String) {
        self.send(self.patch_run(id, json!({ "name": name })), None);
    }

    pub fn describe_run(self, id: RunId, tags: Vec<String>, notes: String) {
        self.send(self.patch_run(id, json!({ "tags": tags, "notes": notes })), None);
    }

    /// Removes a run and its points. The toast and the panel have an undo button.
    pub fn remove_run(self, id: RunId) {
        let name = self.runs.run_untracked(&id).map(|run| run.name).unwrap_or_default();
        let board = self.page().board.clone();
        let deletion = Deletion { name: ["‘", &name, "’"].concat(), restore: routes::restore_run(&board, &id) };
        self.runs.deletions.update(|list| list.push(deletion));
        let address = routes::run(&board, &id);
        self.send(request(Method::DELETE, address, None), Some(ToastKind::DeletedRun { id, name }));
    }

    pub fn restore_run(self, toast: u32, id: RunId) {
        self.dismiss(toast);
        let restore = routes::restore_run(&self.page().board, &id);
        self.runs.deletions.update(|list| list.retain(|deletion| deletion.restore != restore));
        self.send(request(Method::POST, restore, None), None);
    }

    /// Brings back what was deleted here, also when its toast has ended.
    pub fn restore_runs(self, deletion: &Deletion) {
        self.runs.deletions.update(|list| list.retain(|known| known != deletion));
        let board = &self.page().board;
        let is_of_deletion =
            |toast: &Toast| matches!(&toast.kind, ToastKind::DeletedRun { id, .. } if routes::restore_run(board, id) == deletion.restore);
        self.toasts.update(|toasts| toasts.retain(|toast| !is_of_deletion(toast)));
        self.send(request(Method::POST, deletion.restore.clone(), None), None);
    }

    /// Archives runs, or brings archived ones back.
    pub fn archive_runs(self, scope: &RunScope, is_archived: bool) {
        self.send(request(Method::PATCH, self.many_address(scope), Some(json!({ "archived": is_archived }))), None);
    }

    /// Adds a tag to the tags that each of the runs has. The toast has an undo button.
    pub fn tag_runs(self, scope: RunScope, tag: String) {
        let change = self.change_tags(&scope, tag.clone(), true);
        let add = async move {
            let runs = change.await?;
            self.notify(ToastKind::Tagged { tag, runs });
            Ok(())
        };
        self.send(add, None);
    }

    /// Removes a tag from the runs that it was added to.
    pub fn untag_runs(self, toast: u32, runs: Vec<RunId>, tag: String) {
        self.dismiss(toast);
        if !runs.is_empty() {
            let change = self.change_tags(&RunScope::These(runs), tag, false);
            self.send(async move { change.await.map(drop) }, None);
        }
    }

    /// Adds or removes a tag. The runs whose tags have changed.
    fn change_tags(self, scope: &RunScope, tag: String, is_added: bool) -> impl Future<Output = Result<Vec<RunId>, ApiError>> + use<> {
        let address = self.many_address(scope);
        let board = self.page().board.clone();
        async move {
            let found = fetch::api::<Vec<Value>>(Method::GET, &[&address, "&$limit=1000&$select[]=tags"].concat(), None).await?;
            let mut changed = Vec::new();
            for run in found {
                let Some(id) = run["_id"].as_str().and_then(RunId::parse) else { continue };
                let mut tags: Vec<Value> = run["tags"].as_array().cloned().unwrap_or_default();
                let count = tags.len();
                tags.retain(|known| known.as_str() != Some(&tag));
                if (tags.len() < count) == is_added {
                    continue;
                }
                tags.extend(is_added.then(|| tag.as_str().into()));
                request(Method::PATCH, routes::run(&board, &id), Some(json!({ "tags": tags }))).await?;
                changed.push(id);
            }
            Ok(changed)
        }
    }

    /// Removes runs in one change. The panel has an undo button.
    pub fn delete_runs(self, scope: RunScope) {
        let address = self.many_address(&scope);
        let board = self.page().board.clone();
        let delete = async move {
            let reply = fetch::api_reply(Method::DELETE, &address, None).await?;
            let count = reply.json::<Vec<Value>>()?.len();
            let name = if count == 1 { "1 run".to_owned() } else { [&count.to_string(), " runs"].concat() };
            // Without a change there is no number, and nothing to undo.
            if let Some(removal) = reply.headers.get("agnez-removal") {
                let restore = routes::of_runs(&board, "run-restore", &["removal=", &removal].concat());
                self.runs.deletions.update(|list| list.push(Deletion { name, restore }));
            }
            Ok(())
        };
        self.send(delete, None);
    }

    fn many_address(self, scope: &RunScope) -> String {
        let query = match scope {
            RunScope::These(runs) => ["runs=", &runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(",")].concat(),
            RunScope::Found { q, is_archived } => {
                let archived = if *is_archived { "archived=true" } else { "archived[$ne]=true" };
                if q.is_empty() { archived.to_owned() } else { [archived, "&q=", &routes::encoded(q)].concat() }
            }
        };
        routes::of_runs(&self.page().board, "runs", &query)
    }

    fn patch_run(self, id: RunId, patch: Value) -> impl Future<Output = Result<(), ApiError>> + 'static {
        request(Method::PATCH, routes::run(&self.page().board, &id), Some(patch))
    }
}

async fn request(method: Method, address: String, body: Option<Value>) -> Result<(), ApiError> {
    fetch::api::<Value>(method, &address, body.as_ref()).await.map(drop)
}
