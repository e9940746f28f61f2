//! The commands that send the first cell to a board, for the address under which the page is open.

use crate::app::state::PageInfo;
use crate::routes;

/// Where the Python client and `agnez demo` send without an address.
const DEFAULT_ORIGIN: &str = "http://localhost:3000";

/// The name of a board as a literal of JSON, which is one of Python, too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A hundred points make a curve; one would be a dot.
pub fn python(page: &PageInfo) -> String {
    let url = if page.needs_token || page.origin != DEFAULT_ORIGIN { format!(", url={}", quoted(&page.origin)) } else { String::new() };
    let token = if page.needs_token { r#", token="TOKEN""# } else { "" };
    let board = quoted(&page.board);
    format!("import agnez\n\nboard = agnez.Board({board}{url}{token})\nfor step in range(100):\n    board.log(loss=0.97**step, step=step)")
}

pub fn curl(page: &PageInfo) -> String {
    let key = if page.board == routes::MAIN { String::new() } else { format!(r#","board":{}"#, quoted(&page.board)) };
    let body = format!(r#"{{"name":"hello","type":"html","value":"<h1>It works</h1>","pos":0{key}}}"#);
    format!("curl {}/values -d {}", page.curl_origin(), shell_quoted(&body))
}

pub fn demo(PageInfo { board, origin, needs_token, .. }: &PageInfo) -> String {
    let link = if *needs_token { shell_quoted(&format!("{origin}/#token=TOKEN")) } else { origin.clone() };
    format!("agnez demo --url {link} --board {board}")
}

/// Inside single quotes a shell takes every character but a single quote as it is.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(origin: &str, board: &str, needs_token: bool) -> PageInfo {
        let (board, origin, build) = (board.to_owned(), origin.to_owned(), String::new());
        PageInfo { board, origin, needs_token, durable: true, build, may_write: true }
    }

    #[test]
    fn python_names_the_server_unless_it_is_the_default() {
        assert!(python(&page("http://localhost:3000", "main", false)).contains("\nboard = agnez.Board(\"main\")\n"));
        let elsewhere = python(&page("https://gpu.example/agnez", "a", false));
        assert!(elsewhere.contains(r#"agnez.Board("a", url="https://gpu.example/agnez")"#));
        let with_token = python(&page("http://localhost:3000", "a", true));
        assert!(with_token.contains(r#"agnez.Board("a", url="http://localhost:3000", token="TOKEN")"#));
    }

    #[test]
    fn curl_names_the_board_unless_it_is_main() {
        let main = r#"curl http://localhost:3000/values -d '{"name":"hello","type":"html","value":"<h1>It works</h1>","pos":0}'"#;
        assert_eq!(curl(&page("http://localhost:3000", "main", false)), main);
        assert!(curl(&page("http://h", "it's", false)).ends_with(r#""pos":0,"board":"it'\''s"}'"#));
        assert!(curl(&page("http://h", "main", true)).starts_with("curl http://any:TOKEN@h/values "));
    }

    #[test]
    fn the_demo_sends_to_this_board() {
        assert_eq!(demo(&page("http://h:8080", "a", false)), "agnez demo --url http://h:8080 --board a");
        assert_eq!(demo(&page("http://h", "a", true)), "agnez demo --url 'http://h/#token=TOKEN' --board a");
    }
}
