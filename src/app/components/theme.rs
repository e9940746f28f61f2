//! Light, dark, or as the system has it. The shell sets a kept choice before the first paint; here it is changed.

use leptos::prelude::*;

use crate::app::state::{Dashboard, use_dashboard};
use crate::browser::dom;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// Known to the script in the shell, too.
const KEY: &str = "agnez-theme";

impl Theme {
    const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Shows the choice that was kept.
pub fn recall(dashboard: Dashboard) {
    let kept = dom::local_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    match kept.as_deref() {
        Some("light") => dashboard.theme.set(Theme::Light),
        Some("dark") => dashboard.theme.set(Theme::Dark),
        _ => {}
    }
}

pub fn next(dashboard: Dashboard) {
    let theme = match dashboard.theme.get_untracked() {
        Theme::System => Theme::Light,
        Theme::Light => Theme::Dark,
        Theme::Dark => Theme::System,
    };
    let chosen = (theme != Theme::System).then(|| theme.word());
    dashboard.theme.set(theme);
    dom::mark_root("data-theme", chosen);
    dashboard.charts.repaint();
    if let Some(storage) = dom::local_storage() {
        let _ = match chosen {
            Some(word) => storage.set_item(KEY, word),
            None => storage.remove_item(KEY),
        };
    }
}

/// The icon is drawn by the style sheet from `data-theme`, so it is right before the page wakes.
#[component]
pub fn ThemeButton() -> impl IntoView {
    let dashboard = use_dashboard();
    let label = move || ["Theme: ", dashboard.theme.get().word()].concat();
    view! {
        <button type="button" class="icon" aria-label=label title="Theme (t)" on:click=move |_| next(dashboard)>
            <span class="theme-icon" aria-hidden="true"></span>
        </button>
    }
}
