//! A value of an unknown type, shown as text.

use std::sync::Arc;

use leptos::prelude::*;

use crate::app::state::CellState;
use crate::charts::text_metrics::group_digits;
use crate::protocol::CellContent;

#[component]
pub fn Text(cell: Arc<CellState>) -> impl IntoView {
    let content = RwSignal::from(cell.content.clone());
    let text = move || match &*content.read() {
        CellContent::Text { text, .. } => text.clone(),
        _ => String::new(),
    };
    let caption = move || match &*content.read() {
        CellContent::Text { text, bytes } => caption(&cell.cell_type.read(), text.len() as u64, *bytes),
        _ => String::new(),
    };
    // The browser drops a line break right after <pre>; <code> between them keeps the text as it
    // is.
    view! {
        <figure class="text">
            <pre tabindex="0">
                <code>{text}</code>
            </pre>
            <figcaption>{caption}</figcaption>
        </figure>
    }
}

fn caption(kind: &str, shown: u64, bytes: u64) -> String {
    let kind = if kind.is_empty() { "no type".to_owned() } else { ["type ", kind].concat() };
    let unit = if bytes == 1 { " byte" } else { " bytes" };
    [kind.as_str(), ", ", &group_digits(&bytes.to_string()), unit, if shown < bytes { " (beginning)" } else { "" }].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captions_have_type_size_and_whether_the_text_is_cut() {
        assert_eq!(caption("foo", 10, 12345), "type foo, 12\u{202f}345 bytes (beginning)");
        assert_eq!(caption("", 1, 1), "no type, 1 byte");
    }
}
