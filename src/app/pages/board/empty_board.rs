//! What an empty board shows: how to send the first cell.

use leptos::prelude::*;

use crate::app::components::copyable_code::Command;
use crate::app::state::use_dashboard;
use crate::routes;

#[component]
pub fn EmptyBoard() -> impl IntoView {
    let page = use_dashboard().page();
    let title = if page.may_write { "Send the first cell" } else { "Nothing here yet" };
    view! {
        <section class="hero" aria-labelledby="hero-title">
            <h2 id="hero-title">{title}</h2>
            {page.may_write.then(|| view! { <FirstCommands /> })}
        </section>
    }
}

#[component]
fn FirstCommands() -> impl IntoView {
    let page = use_dashboard().page();
    let board = if page.board == routes::MAIN {
        String::new()
    } else {
        // As JSON writes it, which Python reads the same way.
        serde_json::to_string(&page.board).unwrap_or_default()
    };
    view! {
        <p>"It appears here as soon as it is sent, without a reload."</p>
        <h3>"Shell"</h3>
        <Command text=curl(&page.origin, &board) label="Copy the curl command" />
        <h3>"Python"</h3>
        <Command text=python(&page.origin, &board) label="Copy the Python code" />
    }
}

fn curl(origin: &str, board: &str) -> String {
    let (key, end) = if board.is_empty() { ("", "") } else { (r#","board":"#, board) };
    // Inside single quotes a shell takes everything but a single quote as it is.
    let end = end.replace('\'', r"'\''");
    [r"curl ", origin, r#"/values -d '{"name":"hello","type":"html","value":"<h1>It works</h1>","pos":0"#, key, &end, "}'"].concat()
}

fn python(origin: &str, board: &str) -> String {
    let key = if board.is_empty() { "" } else { r#", "board": "# };
    let fields = r#"{"name": "hello", "type": "html", "value": "<h1>It works</h1>", "pos": 0"#;
    ["import requests\n\nrequests.post(\"", origin, "/values\", json=", fields, key, board, "})"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_board_only_when_it_is_not_main() {
        let main = r#"curl http://localhost:3000/values -d '{"name":"hello","type":"html","value":"<h1>It works</h1>","pos":0}'"#;
        assert_eq!(curl("http://localhost:3000", ""), main);
        assert!(curl("http://h", r#""it's""#).ends_with(r#""pos":0,"board":"it'\''s"}'"#));
        assert!(python("http://h", r#""b""#).ends_with(r#""pos": 0, "board": "b"})"#));
    }
}
