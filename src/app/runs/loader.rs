//! Loads the rows in sight: at once where they are missing, and at most twice a second where they are out of date; less often where the
//! server needs long for them.

use std::time::Duration;

use futures::future::join_all;
use gloo_timers::future::TimeoutFuture;
use js_sys::Date;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;

use super::addresses::{colours_address, counts_address, linked_address, members_address, rule_address};
use super::loaded_part::{Part, section};
use super::requests::RowQuery;
use super::search_error::{SearchError, read_error};
use crate::app::pace::pause_after;
use crate::app::signals::SetIfChanged;
use crate::app::state::{Dashboard, LoadedPage, RowSection, RunColours, RunRows, RunsState};
use crate::browser::fetch::{self, VersionedReply};
use crate::protocol::{RunGroups, RunTable, parse_json};

/// Minimum time between two requests for what has changed.
const INTERVAL_MS: f64 = 500.0;
/// Delay of the next attempt when the server cannot be reached or is busy; twice as long after each further failure, up to the maximum.
const RETRY_DELAY: Duration = Duration::from_secs(2);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

/// A handle to the loading of rows.
#[derive(Clone, Copy)]
pub struct RowLoader {
    /// The indices of the rows in the document.
    pub window: RwSignal<std::ops::Range<usize>>,
    pub error: RwSignal<Option<SearchError>>,
    progress: StoredValue<Progress>,
}

#[derive(Default)]
struct Progress {
    /// The addresses that are being loaded.
    loading: Vec<String>,
    is_refreshing: bool,
    /// Something has changed since the last refresh began.
    is_due: bool,
    /// All parts that failed are requested together.
    is_retry_due: bool,
    /// Attempts since the last answer.
    failures: u32,
    /// What is loaded apart from rows.
    counts: LoadedPage,
    groups: LoadedPage,
    rule: LoadedPage,
    linked: LoadedPage,
    colours: LoadedPage,
    /// The requests of this query that were refused: they are not repeated before something changes.
    refused: Vec<LoadedPage>,
}

impl RowLoader {
    /// Loads while the current owner lives.
    pub fn start(dashboard: Dashboard) -> Self {
        let window = RwSignal::new(0..RowSection::PAGE);
        let loader = Self { window, error: RwSignal::new(None), progress: StoredValue::default() };
        let runs = dashboard.runs;
        Effect::new(move |before: Option<RowQuery>| {
            let query = runs.comparison.with(RowQuery::of);
            // The reader may have changed it before the code of the panel was there.
            let before = before.unwrap_or_else(|| runs.first_comparison.with_value(RowQuery::of));
            if before != query {
                loader.progress.update_value(|progress| progress.refused.clear());
                runs.rows.update(|rows| rows.expire(!before.finds_same_runs(&query)));
                runs.mark_changed();
                loader.load(dashboard, true);
            }
            query
        });
        // A longer window, an opened group, or another rule.
        Effect::new(move |_| {
            window.track();
            runs.rows.track();
            if runs.comparison.with(RunsState::rule_limit).is_none() {
                runs.found.set_if_changed(None);
            }
            runs.drawn.track();
            if runs.comparison.with(|comparison| comparison.colour_by.is_none()) {
                runs.colours.set_if_changed(RunColours::default());
            }
            loader.load(dashboard, false);
        });
        Effect::new(move |_| {
            runs.changes.track();
            loader.refresh_soon(dashboard);
        });
        Effect::new(move |_| {
            let visible = window_event_listener(ev::visibilitychange, move |_| loader.refresh_soon(dashboard));
            on_cleanup(move || visible.remove());
        });
        loader
    }

    fn refresh_soon(self, dashboard: Dashboard) {
        if document().hidden() {
            return;
        }
        let is_first = self.progress.try_update_value(|progress| {
            progress.is_due = true;
            !std::mem::replace(&mut progress.is_refreshing, true)
        });
        if is_first != Some(true) {
            return;
        }
        spawn_local(async move {
            // Whether something has changed meanwhile; the panel may be removed by now.
            while self.progress.try_update_value(|progress| std::mem::take(&mut progress.is_due)) == Some(true) {
                let began = Date::now();
                join_all(self.due_requests(dashboard, true)).await;
                let took = Date::now() - began;
                TimeoutFuture::new(pause_after(took).max(INTERVAL_MS - took) as u32).await;
            }
            self.progress.try_update_value(|progress| progress.is_refreshing = false);
        });
    }

    /// Requests what is missing in sight; with `is_refresh` also what is out of date.
    fn load(self, dashboard: Dashboard, is_refresh: bool) {
        let requests = self.due_requests(dashboard, is_refresh);
        if !requests.is_empty() {
            spawn_local(async move {
                join_all(requests).await;
            });
        }
    }

    /// The requests of [`RowLoader::load`], which begin when they are awaited.
    fn due_requests(self, dashboard: Dashboard, is_refresh: bool) -> Vec<impl Future<Output = ()>> {
        let (runs, board) = (dashboard.runs, dashboard.page().board.clone());
        let changes = runs.changes.get_untracked();
        let query = runs.comparison.with_untracked(RowQuery::of);
        let window = self.window.get_untracked();
        let parts = runs.rows.with_untracked(|rows| self.due_parts(rows, &query, (runs, &board), window, is_refresh.then_some(changes)));
        let parts: Vec<_> = parts.into_iter().filter_map(|part| Some((self.address((runs, &board), &part, &query)?, part))).collect();
        if is_refresh {
            // What was refused of other rows or columns is no longer asked for.
            let is_due = |refused: &LoadedPage| parts.iter().any(|(address, _)| *address == refused.address);
            let is_any_left = self.progress.try_update_value(|progress| {
                let count = progress.refused.len();
                progress.refused.retain(is_due);
                !progress.refused.is_empty() || count == 0
            });
            if is_any_left == Some(false) {
                self.error.set_if_changed(None);
            }
        }
        let requests = parts.into_iter().filter_map(move |(address, part)| {
            let is_new = self.progress.try_update_value(|progress| {
                let is_same = |refused: &LoadedPage| refused.address == address && (!is_refresh || refused.changes == changes);
                let is_refused = progress.refused.iter().any(is_same);
                let is_new = !is_refused && !progress.loading.contains(&address);
                if is_new {
                    progress.loading.push(address.clone());
                }
                is_new
            })?;
            is_new.then(|| self.request(dashboard, part, address, query.clone(), changes))
        });
        requests.collect()
    }

    /// Where a part is loaded from. `None`: there is nothing to load.
    fn address(self, (runs, board): (RunsState, &str), part: &Part, query: &RowQuery) -> Option<String> {
        match part {
            Part::Rows(page) => Some(query.table(board, None, "", page * RowSection::PAGE, RowSection::PAGE)),
            Part::Counts => Some(counts_address(board, query)),
            Part::Groups => Some(query.groups(board)),
            Part::Members(id, page) => runs.rows.with_untracked(|rows| members_address(board, rows, query, *id, *page)),
            Part::Rule => rule_address(board, runs, query),
            Part::Linked => linked_address(board, runs),
            Part::Colours => runs.rows.with_untracked(|rows| colours_address(board, runs, rows, self.window.get_untracked())),
        }
    }

    /// `newer_than`: what contains fewer changes is out of date; `None`: only what was never loaded is due.
    fn due_parts(
        self,
        rows: &RunRows,
        query: &RowQuery,
        (runs, board): (RunsState, &str),
        window: std::ops::Range<usize>,
        newer_than: Option<u64>,
    ) -> Vec<Part> {
        let is_old = |page: Option<&LoadedPage>| page.is_none_or(|page| newer_than.is_some_and(|changes| page.changes < changes));
        let mut due = Vec::new();
        let [counts, groups, rule, linked, colours] = self
            .progress
            .with_value(|Progress { counts, groups, rule, linked, colours, .. }| [counts, groups, rule, linked, colours].map(Clone::clone));
        if query.has_groups() {
            if rows.groups.is_none() || is_old(Some(&groups)) {
                due.push(Part::Groups);
            }
            // By their own age: they come long before the groups.
            if counts.address != counts_address(board, query) || is_old(Some(&counts)) {
                due.push(Part::Counts);
            }
        } else if rows.groups.is_some() || rows.sections.is_empty() {
            due.push(Part::Rows(0));
        }
        if query.has_groups() == rows.groups.is_some() {
            let mut last = None;
            for index in window.clone() {
                let Some((section, row)) = rows.place(index).and_then(|place| Some((place.section, place.row?))) else { continue };
                let page = row / RowSection::PAGE;
                if last.replace((section, page)) == Some((section, page)) || !is_old(rows.sections[section].pages.get(&page)) {
                    continue;
                }
                due.push(match &rows.sections[section].group {
                    Some(group) => Part::Members(group.id, page),
                    None => Part::Rows(page),
                });
            }
            if let Some(address) = colours_address(board, runs, rows, window.clone())
                && (colours.address != address || is_old(Some(&colours)))
            {
                due.push(Part::Colours);
            }
            // An empty table has no row in sight.
            if rows.count() == 0 && !query.has_groups() && is_old(rows.sections.first().and_then(|section| section.pages.get(&0))) {
                due.push(Part::Rows(0));
            }
        }
        if let Some(address) = rule_address(board, runs, query)
            && (rule.address != address || is_old(Some(&rule)))
        {
            due.push(Part::Rule);
        }
        if let Some(address) = linked_address(board, runs)
            && (linked.address != address || is_old(Some(&linked)))
        {
            due.push(Part::Linked);
        }
        due
    }

    async fn request(self, dashboard: Dashboard, part: Part, address: String, query: RowQuery, changes: u64) {
        let runs = dashboard.runs;
        let known = self.known(runs, &part).filter(|known| known.address == address);
        let reply = fetch::newer_than(&address, known.as_ref().and_then(|known| known.etag.as_deref())).await;
        let is_open = self.progress.try_update_value(|progress| progress.loading.retain(|loading| *loading != address));
        // The answer to an earlier search.
        if is_open.is_none() || runs.comparison.with_untracked(RowQuery::of) != query {
            return;
        }
        if !matches!(reply, VersionedReply::Later(_)) {
            self.progress.update_value(|progress| progress.failures = 0);
        }
        let loaded = |etag| LoadedPage { address: address.clone(), etag, changes };
        self.progress.update_value(|progress| progress.refused.retain(|refused| refused.address != address));
        match reply {
            VersionedReply::Later(body) => {
                let unreachable =
                    || SearchError { message: "The server cannot be reached; trying again.".to_owned(), ..Default::default() };
                self.error.set_if_changed(Some(body.as_deref().and_then(read_error).unwrap_or_else(unreachable)));
                self.retry_soon(dashboard);
            }
            // The answer for earlier columns, colours or runs.
            _ if self.address((runs, &dashboard.page().board), &part, &query).as_ref() != Some(&address) => self.load(dashboard, false),
            VersionedReply::Unchanged => self.apply_unchanged(runs, &part, changes),
            VersionedReply::Changed { text, etag } => self.apply(runs, part, &text, loaded(etag)),
            VersionedReply::Refused(body) if part == Part::Colours => {
                self.progress.update_value(|progress| progress.colours = loaded(None));
                let error = read_error(&body).unwrap_or_default().message;
                runs.colours.set_if_changed(RunColours::refused(error));
            }
            VersionedReply::Refused(body) => {
                self.progress.update_value(|progress| progress.refused.push(loaded(None)));
                self.error.set_if_changed(Some(read_error(&body).unwrap_or_default()));
            }
        }
    }

    /// Requests again what has failed, once for all parts.
    fn retry_soon(self, dashboard: Dashboard) {
        let delay = self.progress.try_update_value(|progress| {
            let is_first = !std::mem::replace(&mut progress.is_retry_due, true);
            let delay = RETRY_DELAY.saturating_mul(1 << progress.failures.min(4)).min(MAX_RETRY_DELAY);
            progress.failures += u32::from(is_first);
            is_first.then_some(delay)
        });
        let retry = move || {
            self.progress.try_update_value(|progress| progress.is_retry_due = false);
            self.refresh_soon(dashboard);
        };
        if let Some(delay) = delay.flatten() {
            set_timeout(retry, delay);
        }
    }

    /// What is loaded of a part.
    fn known(self, runs: RunsState, part: &Part) -> Option<LoadedPage> {
        match part {
            Part::Counts => self.progress.try_with_value(|progress| progress.counts.clone()),
            Part::Groups => self.progress.try_with_value(|progress| progress.groups.clone()),
            Part::Rule => self.progress.try_with_value(|progress| progress.rule.clone()),
            Part::Linked => self.progress.try_with_value(|progress| progress.linked.clone()),
            Part::Colours => self.progress.try_with_value(|progress| progress.colours.clone()),
            Part::Rows(page) | Part::Members(_, page) => {
                runs.rows.with_untracked(|rows| section(rows, part).and_then(|at| rows.sections[at].pages.get(page).cloned()))
            }
        }
    }

    fn apply_unchanged(self, runs: RunsState, part: &Part, changes: u64) {
        self.progress.update_value(|progress| match part {
            Part::Counts => progress.counts.changes = changes,
            Part::Groups => progress.groups.changes = changes,
            Part::Rule => progress.rule.changes = changes,
            Part::Linked => progress.linked.changes = changes,
            Part::Colours => progress.colours.changes = changes,
            _ => {}
        });
        if let Part::Rows(page) | Part::Members(_, page) = part {
            // Nothing that is shown changes.
            runs.rows.update_untracked(|rows| {
                if let Some(page) = section(rows, part).and_then(|at| rows.sections[at].pages.get_mut(page)) {
                    page.changes = changes;
                }
            });
        }
    }

    fn apply(self, runs: RunsState, part: Part, text: &str, loaded: LoadedPage) {
        match part {
            Part::Groups => {
                let Some(groups) = read::<RunGroups>(text) else { return };
                self.progress.update_value(|progress| progress.groups = loaded);
                runs.rows.update(|rows| rows.set_groups(groups));
            }
            Part::Rule => {
                let Some(table) = read::<RunTable>(text) else { return };
                self.progress.update_value(|progress| progress.rule = loaded);
                let found = table.rows.into_iter().map(|row| row.run).collect();
                runs.found.set_if_changed(Some(found));
            }
            Part::Linked => {
                let Some(mut table) = read::<RunTable>(text) else { return };
                self.progress.update_value(|progress| progress.linked = loaded);
                runs.linked.set_if_changed(table.rows.pop().map(|row| row.run));
            }
            Part::Colours => {
                let Some(by) = runs.comparison.with_untracked(|comparison| comparison.colour_by.clone()) else { return };
                let Some(colours) = RunColours::read(&by, text) else { return };
                self.progress.update_value(|progress| progress.colours = loaded);
                runs.colours.set_if_changed(colours);
                return;
            }
            Part::Counts => {
                let Some(table) = read::<RunTable>(text) else { return };
                self.progress.update_value(|progress| progress.counts = loaded);
                runs.rows.update(|rows| rows.set_counts(table));
            }
            Part::Rows(page) => {
                let Some(table) = read::<RunTable>(text) else { return };
                runs.rows.update(|rows| rows.set_table(table, loaded, page));
            }
            Part::Members(_, page) => {
                let Some(table) = read::<RunTable>(text) else { return };
                runs.rows.update(|rows| {
                    if let Some(at) = section(rows, &part) {
                        rows.sections[at].set_page(page, table.total as usize, table.rows, loaded);
                    }
                });
            }
        }
        // The reason for what is missing stays.
        if self.progress.with_value(|progress| progress.refused.is_empty()) {
            self.error.set_if_changed(None);
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    parse_json(text).ok()
}
