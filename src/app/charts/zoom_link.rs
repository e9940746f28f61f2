//! Which charts are zoomed together.

/// Which charts follow when one is zoomed: those along the same axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ZoomLink {
    Alone,
    /// Those of its section. Charts without a section stay alone.
    #[default]
    Section,
    Board,
}

impl ZoomLink {
    const ALL: [Self; 3] = [Self::Alone, Self::Section, Self::Board];

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|link| link.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Section => "section",
            Self::Board => "board",
        }
    }
}
