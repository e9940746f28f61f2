//! The actions of the reader on runs. As with cells, the page changes when the event arrives.

use gloo_net::http::Method;
use leptos::prelude::*;
use serde_json::{Value, json};

use super::state::{Dashboard, Deletion, Toast, ToastKind};
use crate::browser::fetch;
use crate::protocol::{ApiError, RunId};
use crate::routes;

/// Runs of a page of the server.
const MAX_FOUND: usize = 1000;
/// Their ids are as long as an address may be.
const MAX_RUNS_OF_ADDRESS: usize = 200;

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
        let address = self.many_address(&scope);
        let add = async move {
            let runs = runs_without_tag(&address, &tag).await?;
            let (runs, outcome) = self.change_tags("addTags", &tag, runs).await;
            // An error does not undo what was done before it.
            if outcome.is_ok() || !runs.is_empty() {
                self.notify(ToastKind::Tagged { tag, runs });
            }
            outcome
        };
        self.send(add, None);
    }

    /// Removes a tag from the runs that it was added to.
    pub fn untag_runs(self, toast: u32, runs: Vec<RunId>, tag: String) {
        self.dismiss(toast);
        self.send(async move { self.change_tags("removeTags", &tag, runs).await.1 }, None);
    }

    /// Adds or removes a tag, some hundred runs at a time. The runs that have it then, or no longer, and whether these are all.
    async fn change_tags(self, change: &str, tag: &str, runs: Vec<RunId>) -> (Vec<RunId>, Result<(), ApiError>) {
        let mut done = Vec::new();
        for some in runs.chunks(MAX_RUNS_OF_ADDRESS) {
            let address = self.many_address(&RunScope::These(some.to_vec()));
            if let Err(error) = request(Method::PATCH, address, Some(json!({ change: [tag] }))).await {
                return (done, Err(error));
            }
            done.extend_from_slice(some);
        }
        (done, Ok(()))
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

/// Of the runs that are found at an address, those that do not have the tag.
async fn runs_without_tag(address: &str, tag: &str) -> Result<Vec<RunId>, ApiError> {
    let (mut skip, mut without) = (0, Vec::new());
    loop {
        let page = [address, "&$select[]=tags&$skip=", &skip.to_string()].concat();
        let found = fetch::api::<Vec<Value>>(Method::GET, &page, None).await?;
        let has_tag = |run: &&Value| run["tags"].as_array().is_some_and(|tags| tags.iter().any(|known| known.as_str() == Some(tag)));
        without.extend(found.iter().filter(|run| !has_tag(run)).filter_map(|run| RunId::parse(run["_id"].as_str()?)));
        skip += found.len();
        if found.len() < MAX_FOUND {
            return Ok(without);
        }
    }
}

async fn request(method: Method, address: String, body: Option<Value>) -> Result<(), ApiError> {
    fetch::api::<Value>(method, &address, body.as_ref()).await.map(drop)
}
