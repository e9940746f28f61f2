//! The names of keys and metrics of the board, which the search completes and menus list. They are loaded when one of them opens.

use gloo_net::http::Method;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;

use super::suggestions::{SUMMARY, SearchName, quoted, read_names};
use crate::app::state::Dashboard;
use crate::browser::fetch;
use crate::protocol::ColumnKind;
use crate::routes;

/// Keys of documents that have a column if a reader wants one.
const DOCUMENT_COLUMNS: [&str; 6] = ["group", "job_type", "tags", "status", "took", "createdAt"];

/// A handle to the names.
#[derive(Clone, Copy)]
pub struct KeyNames {
    dashboard: Dashboard,
    pub list: RwSignal<Vec<SearchName>>,
}

impl KeyNames {
    pub fn new(dashboard: Dashboard) -> Self {
        Self { dashboard, list: RwSignal::new(Vec::new()) }
    }

    /// Loads them again. Browser only.
    pub fn load(self) {
        let address = routes::of_runs(&self.dashboard.page().board, "run-keys", "");
        spawn_local(async move {
            if let Ok(keys) = fetch::api::<Value>(Method::GET, &address, None).await {
                self.list.try_set(read_names(&keys));
            }
        });
    }

    /// The names of the metrics, which are loaded.
    pub fn metrics(self) -> Signal<Vec<String>> {
        self.load();
        let names = move |names: &Vec<SearchName>| {
            let metrics = names.iter().filter(|name| name.kind == ColumnKind::Metric);
            metrics.map(|name| name.name.clone()).collect()
        };
        Signal::derive(move || self.list.with(names))
    }

    /// Keys of the configuration in which runs differ, as `by` takes them.
    pub fn differing(self) -> Vec<String> {
        self.list.with(|names| {
            let differing = names.iter().filter(|name| name.kind == ColumnKind::Config && name.is_differing);
            differing.map(column_key).collect()
        })
    }

    /// All keys and metrics, as `columns` takes them.
    pub fn columns(self) -> Vec<String> {
        let has_column = |name: &&SearchName| name.kind != ColumnKind::Document || name.name.starts_with(SUMMARY);
        let named = self.list.with(|names| names.iter().filter(has_column).map(column_key).collect::<Vec<_>>());
        named.into_iter().chain(DOCUMENT_COLUMNS.map(|key| ["run.", key].concat())).collect()
    }
}

fn column_key(name: &SearchName) -> String {
    match name.kind {
        ColumnKind::Metric => ["metrics.", &quoted(&name.name), ".last"].concat(),
        ColumnKind::Document => ["run.", &quoted(&name.name)].concat(),
        _ => ["config.", &quoted(&name.name)].concat(),
    }
}
