//! The newest lines of a run's console output.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use serde_json::Value;

use super::run_state::RunState;
use crate::app::signals::SetIfChanged;
use crate::app::state::use_dashboard;
use crate::browser::fetch::{self, VersionedReply};
use crate::protocol::{RunId, parse_json};
use crate::routes;

/// Older lines are not shown.
const MAX_LINES: usize = 500;

/// Delay of the next attempt when the server is busy.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Loads when it is opened, and as long as the run runs again whenever the clock of the page advances.
#[component]
pub fn Console(id: RunId) -> impl IntoView {
    let dashboard = use_dashboard();
    let runs = dashboard.runs;
    let address = routes::run_console(&dashboard.page().board, &id);
    let output = NodeRef::<html::Pre>::new();
    let (is_open, text) = (RwSignal::new(false), RwSignal::new(String::new()));
    let is_running = Memo::new(move |_| {
        let now_ms = runs.now_ms.get();
        runs.run(&id).is_some_and(|run| matches!(RunState::of(&run, now_ms), RunState::Running | RunState::Silent))
    });
    let attempt = RwSignal::new(0_u32);
    Effect::new(move |_| {
        attempt.track();
        if !is_open.get() {
            return;
        }
        if is_running.get() {
            runs.now_ms.track();
        }
        let address = address.clone();
        spawn_local(async move {
            let shown = match fetch::newer_than(&address, None).await {
                VersionedReply::Changed { text, .. } if text.is_empty() => "No output.".to_owned(),
                VersionedReply::Changed { text, .. } => newest_lines(&text).to_owned(),
                VersionedReply::Refused(body) => refusal(&body),
                VersionedReply::Later(body) => {
                    set_timeout(move || attempt.try_update(|attempt| *attempt += 1).unwrap_or_default(), RETRY_DELAY);
                    // What was read stays.
                    match body.filter(|_| text.try_with_untracked(String::is_empty) == Some(true)) {
                        Some(body) => refusal(&body),
                        None => return,
                    }
                }
                VersionedReply::Unchanged => return,
            };
            // A reader who has scrolled up reads there.
            let is_at_end = output
                .try_get_untracked()
                .flatten()
                .is_none_or(|output| output.scroll_height() - output.scroll_top() - output.client_height() < 30);
            if text.is_disposed() {
                return;
            }
            text.set_if_changed(shown);
            tick().await;
            if let Some(output) = output.try_get_untracked().flatten().filter(|_| is_at_end) {
                output.set_scroll_top(output.scroll_height());
            }
        });
    });
    view! {
        <details class="run-console" on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)>
            <summary>"Console"</summary>
            <pre tabindex="0" aria-label="Console" node_ref=output>
                {text}
            </pre>
        </details>
    }
}

/// The message of a refusal.
fn refusal(body: &str) -> String {
    let error = parse_json::<Value>(body).unwrap_or_default();
    error["message"].as_str().unwrap_or("The console could not be read.").to_owned()
}

/// The last lines of a text.
fn newest_lines(text: &str) -> &str {
    let text = text.trim_end_matches('\n');
    text.rmatch_indices('\n').nth(MAX_LINES - 1).map_or(text, |(at, _)| &text[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_shown() {
        let lines = |count: usize| (0..count).map(|line| format!("{line}\n")).collect::<String>();
        assert_eq!(newest_lines(&lines(3)), "0\n1\n2");
        assert!(newest_lines(&lines(MAX_LINES)).starts_with("0\n"));
        let newest = lines(MAX_LINES + 7);
        assert_eq!(newest_lines(&newest).lines().count(), MAX_LINES);
        assert!(newest_lines(&newest).starts_with("7\n"));
    }
}
