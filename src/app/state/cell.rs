//! The state of one cell. Each part has a signal of its own, so that a patch runs only the views of what it changes.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::charts::NewestNumber;
use crate::app::signals::SetIfChanged;
use crate::protocol::{Cell, CellContent, CellId, CellLayout, LineSettings};

/// A text of a cell that can be edited in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Note,
    /// The Markdown of a text cell.
    Text,
}

/// Selects the component that shows a content. The component stays while only the value changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    Empty,
    Html,
    LineChart,
    Image,
    /// A chart that is drawn from one value. Apart from images: a size that was set for one must not stay for the other.
    Chart,
    Text,
}

impl ContentKind {
    const fn of(content: &CellContent) -> Self {
        match content {
            CellContent::Empty => Self::Empty,
            CellContent::Html { .. } => Self::Html,
            CellContent::LineChart(_) => Self::LineChart,
            CellContent::Image { .. } => Self::Image,
            CellContent::Chart { .. } => Self::Chart,
            CellContent::Text { .. } => Self::Text,
        }
    }
}

/// The signals of a cell. They are reference-counted, because a cell comes and goes with events, outside of every component.
pub struct CellState {
    pub id: CellId,
    /// The section that the cell was drawn in first; empty: the part of the board without a name. The list of that section draws it, also
    /// where it stands in another one by now.
    pub home: String,
    pub name: ArcRwSignal<String>,
    /// `type` on the wire.
    pub cell_type: ArcRwSignal<String>,
    pub description: ArcRwSignal<String>,
    /// Its section and its size.
    pub layout: ArcRwSignal<CellLayout>,
    pub content: ArcRwSignal<CellContent>,
    pub content_kind: ArcRwSignal<ContentKind>,
    /// The height of a drawing in full screen, in CSS pixels; 0 in the grid.
    pub fullscreen_height: ArcRwSignal<u32>,
    /// The newest numbers of a chart.
    pub newest: ArcRwSignal<Vec<NewestNumber>>,
    /// The field that is being edited.
    pub editing: ArcRwSignal<Option<Field>>,
}

/// Stands for U+0000, which no HTML can hold: the parser would drop it, and the page would differ from the server's.
const REPLACED: &str = "\u{fffd}";

impl CellState {
    pub(super) fn new(cell: &Cell, editing: Option<Field>) -> Arc<Self> {
        let content = printable(&cell.content);
        Arc::new(Self {
            id: cell.id.clone(),
            home: cell.layout.section.clone().unwrap_or_default(),
            name: ArcRwSignal::new(cell.name.replace('\0', REPLACED)),
            cell_type: ArcRwSignal::new(cell.cell_type.replace('\0', REPLACED)),
            description: ArcRwSignal::new(cell.description.replace('\0', REPLACED)),
            layout: ArcRwSignal::new(cell.layout.clone()),
            content_kind: ArcRwSignal::new(ContentKind::of(&content)),
            content: ArcRwSignal::new(content),
            fullscreen_height: ArcRwSignal::new(0),
            newest: ArcRwSignal::new(Vec::new()),
            editing: ArcRwSignal::new(editing),
        })
    }

    /// Takes over what an event says of the cell.
    pub(super) fn update(&self, cell: &Cell) {
        let content = printable(&cell.content);
        self.name.set_if_changed(cell.name.replace('\0', REPLACED));
        self.cell_type.set_if_changed(cell.cell_type.replace('\0', REPLACED));
        self.description.set_if_changed(cell.description.replace('\0', REPLACED));
        self.layout.set_if_changed(cell.layout.clone());
        let kind = ContentKind::of(&content);
        self.content.set_if_changed(content);
        self.content_kind.set_if_changed(kind);
    }

    pub fn is_editing(&self, field: Field) -> bool {
        self.editing.get() == Some(field)
    }

    /// Whether it is a Markdown text. Tracks its type.
    pub fn is_text(&self) -> bool {
        *self.cell_type.read() == "text"
    }

    /// How it is drawn, if it is a line chart.
    pub fn line_settings(&self) -> LineSettings {
        self.content.with(|content| match content {
            CellContent::LineChart(settings) => settings.clone(),
            _ => LineSettings::default(),
        })
    }

    /// The name, or a word for a cell without one.
    pub fn title(&self) -> String {
        self.name.with(|name| if name.is_empty() { "untitled".to_owned() } else { name.clone() })
    }
}

fn printable(content: &CellContent) -> CellContent {
    match content {
        CellContent::Text { text, bytes } => CellContent::Text { text: text.replace('\0', REPLACED), bytes: *bytes },
        CellContent::Image { src, rev } => CellContent::Image { src: src.replace('\0', REPLACED), rev: *rev },
        other => other.clone(),
    }
}
