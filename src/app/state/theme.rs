//! Light, dark, or as the system has it. The shell applies the stored choice before the first paint; here it is changed.

use leptos::prelude::*;

use super::Dashboard;
use crate::browser::dom;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    System,
    Light,
    Dark,
}

/// The key of the local storage. The script in the shell reads it, too.
const KEY: &str = "agnez-theme";

impl Theme {
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }
}

impl Dashboard {
    /// Shows the stored choice. Browser only.
    pub fn load_theme(self) {
        let stored = dom::local_storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
        if let Some(theme) = [Theme::Light, Theme::Dark].into_iter().find(|theme| stored.as_deref() == Some(theme.name())) {
            self.theme.set(theme);
        }
    }

    /// Changes to the next theme and stores it.
    pub fn next_theme(self) {
        let theme = self.theme.get_untracked().next();
        let chosen = (theme != Theme::System).then(|| theme.name());
        self.theme.set(theme);
        dom::set_root_attribute("data-theme", chosen);
        self.charts.repaint();
        if let Some(storage) = dom::local_storage() {
            let _ = match chosen {
                Some(name) => storage.set_item(KEY, name),
                None => storage.remove_item(KEY),
            };
        }
    }
}
