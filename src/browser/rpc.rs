//! Calls the server functions of [`crate::server_functions`] at their own addresses, with the arguments written here.
//!
//! The half that `#[server]` makes for the browser does the same; its codecs for each call would make the page 25 KB larger.
//! The tests hold what is written here against the arguments that the server reads.

use std::pin::Pin;

use js_sys::{JSON, Reflect};
use leptos::server_fn::ServerFn;
use wasm_bindgen::JsValue;
use web_sys::RequestCache;

use super::http;
use crate::protocol::CellId;
use crate::server_functions::{CreateCell, EditCell, MoveCell, RemoveCell, RestoreCell, SetChart, SetCharts};

/// What the server answered, or the sentence that says what went wrong. Boxed, so that what follows it is compiled once.
pub type Answer = Pin<Box<dyn Future<Output = Result<JsValue, String>>>>;

pub async fn create_cell(board: &str, name: &str) -> Result<CellId, String> {
    let made = call(CreateCell::PATH, object(&[("board", text(board)), ("name", text(name))])).await?;
    made.as_string().and_then(|id| CellId::parse(&id)).ok_or_else(|| unreadable(200))
}

pub fn edit_cell(id: &CellId, name: Option<&str>, note: Option<&str>) -> Answer {
    call(EditCell::PATH, edit(id, name, note))
}

pub fn move_cell(id: &CellId, before: Option<&CellId>) -> Answer {
    call(MoveCell::PATH, arrangement(id, before))
}

pub fn remove_cell(id: &CellId) -> Answer {
    call(RemoveCell::PATH, only(id))
}

pub fn restore_cell(id: &CellId) -> Answer {
    call(RestoreCell::PATH, only(id))
}

/// The values of `settings` are written JSON: numbers, [`text`] and [`texts`]; the server knows the names ([`crate::protocol::LineSettingsPatch`]).
pub fn set_chart(id: &CellId, settings: &[(&str, String)]) -> Answer {
    call(SetChart::PATH, object(&[("id", text(id.as_str())), ("settings", object(settings))]))
}

pub fn set_charts(board: &str, settings: &[(&str, String)]) -> Answer {
    call(SetCharts::PATH, object(&[("board", text(board)), ("settings", object(settings))]))
}

/// A list of texts in JSON.
pub fn texts(values: &[String]) -> String {
    let mut json = String::from("[");
    for value in values {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&text(value));
    }
    json.push(']');
    json
}

fn edit(id: &CellId, name: Option<&str>, note: Option<&str>) -> String {
    object(&[("id", text(id.as_str())), ("name", optional(name)), ("note", optional(note))])
}

fn arrangement(id: &CellId, before: Option<&CellId>) -> String {
    object(&[("id", text(id.as_str())), ("before", optional(before.map(CellId::as_str)))])
}

fn only(id: &CellId) -> String {
    object(&[("id", text(id.as_str()))])
}

/// `path` begins with a slash, as the server knows it.
fn call(path: &'static str, body: String) -> Answer {
    Box::pin(async move {
        let unreachable = || "The server could not be reached; nothing was changed.".to_owned();
        let reply =
            http::request("POST", path.strip_prefix('/').unwrap_or_default(), "application/json", Some(body), RequestCache::Default)
                .await
                .ok_or_else(unreachable)?;
        let text = reply.text().await.map_err(|_| unreachable())?;
        let told = JSON::parse(&text).unwrap_or(JsValue::UNDEFINED);
        if reply.ok() {
            return Ok(told);
        }
        let message = Reflect::get(&told, &JsValue::from_str("message")).ok().and_then(|message| message.as_string());
        Err(message.unwrap_or_else(|| unreadable(reply.status())))
    })
}

fn unreadable(status: u16) -> String {
    ["The server's answer (", &status.to_string(), ") could not be read; reload the page to see what holds."].concat()
}

fn object(fields: &[(&str, String)]) -> String {
    let mut json = String::from("{");
    for (name, value) in fields {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&text(name));
        json.push(':');
        json.push_str(value);
    }
    json.push('}');
    json
}

fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), text)
}

/// A text in JSON (RFC 8259, section 7).
pub fn text(value: &str) -> String {
    let mut json = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\0'..='\x1f' => {
                let digit = |of: u32| char::from_digit(of, 16).unwrap_or('0');
                json.push_str("\\u00");
                json.extend([digit(c as u32 >> 4), digit(c as u32 & 15)]);
            }
            _ => json.push(c),
        }
    }
    json.push('"');
    json
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{XAxis, YScale};

    #[test]
    fn the_server_reads_what_is_written() {
        let id = CellId::parse("a").unwrap();
        let all: String = (0..0x300).filter_map(char::from_u32).chain(['\u{2028}', '😀']).collect();
        let read: EditCell = serde_json::from_str(&edit(&id, Some(&all), None)).unwrap();
        assert_eq!((read.id, read.name.as_deref(), read.note), (id.clone(), Some(all.as_str()), None));
        let read: MoveCell = serde_json::from_str(&arrangement(&id, Some(&id))).unwrap();
        assert_eq!((read.id, read.before), (id.clone(), Some(id.clone())));
        assert_eq!(serde_json::from_str::<MoveCell>(&arrangement(&id, None)).unwrap().before, None);
        assert_eq!(serde_json::from_str::<RemoveCell>(&only(&id)).unwrap().id, id);
        assert_eq!(serde_json::from_str::<RestoreCell>(&only(&id)).unwrap().id, id);
        let read: CreateCell = serde_json::from_str(&object(&[("board", text("b")), ("name", text(""))])).unwrap();
        assert_eq!((read.board.as_str(), read.name.as_str()), ("b", ""));
    }

    #[test]
    fn the_server_reads_settings() {
        let settings = object(&[
            ("x", text("wall")),
            ("y", text("log")),
            ("smooth", "0.9".to_owned()),
            ("hidden", texts(&["a\"".into(), "b".into()])),
        ]);
        let read: crate::protocol::LineSettingsPatch = serde_json::from_str(&settings).unwrap();
        assert_eq!((read.x, read.y, read.smooth, read.unit), (Some(XAxis::Wall), Some(YScale::Log), Some(0.9), None));
        assert_eq!(read.hidden.unwrap(), ["a\"", "b"]);
        assert_eq!(texts(&[]), "[]");
    }

    #[test]
    fn the_addresses_are_the_servers() {
        assert_eq!(EditCell::PATH, "/rpc/cells/edit");
        assert_eq!(CreateCell::PATH, "/rpc/cells/create");
    }
}
