//! What is bounded: numbers that no clock tells, drawings and answers of very many series, and what one change may write.

use agnez::protocol::columns;
use agnez::protocol::{CellContent, LineSettings};
use serde_json::{Map, Value, json};

use crate::support::{Running, spawn};

async fn line(server: &Running, id: &str) {
    server.create(&json!({ "_id": id, "type": "line" }).to_string()).await;
}

async fn send(server: &Running, id: &str, body: impl Into<reqwest::Body>) -> u16 {
    server.call("POST", &format!("/values/{id}/points"), body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_doubles_are_drawn_and_no_time_is_beyond_a_clock() {
    let server = spawn().await;
    line(&server, "a").await;
    for body in [
        r#"{"l":[[-1.7976931348623157e308,-1.7976931348623157e308],[0,5e-324],[1.7976931348623157e308,1.7976931348623157e308]]}"#,
        r#"{"m":{"x":[0,1],"y":[1,2],"t":[-1e11,1e11]},"n":[[9007199254740993,NaN],[9007199254740994,Infinity]]}"#,
    ] {
        assert_eq!(send(&server, "a", body).await, 201);
    }
    assert_eq!(send(&server, "a", r#"{"m":{"y":[1,2],"t":[-1.7e308,1.7e308]}}"#).await, 400);
    for chart in [r#"{"x":"step"}"#, r#"{"x":"wall"}"#, r#"{"x":"relative","smooth":0.9}"#, r#"{"y":"log"}"#] {
        server.call("PATCH", "/values/a", format!(r#"{{"chart":{chart}}}"#)).await;
        for query in ["", "?width=100", "?from=-1.79e308&to=1.79e308", "?from=0&to=5e-324", "?from=1e308&to=1.1e308"] {
            let drawing = server.call("GET", &format!("/values/a.svg{query}"), "").await;
            assert!(drawing.status == 200 && drawing.text.ends_with("</svg>"), "{chart} {query}");
        }
        assert_eq!(server.call("GET", "/", "").await.status, 200, "{chart}");
    }
}

#[tokio::test]
async fn a_setting_that_is_null_is_the_default_and_the_others_stay() {
    let server = spawn().await;
    line(&server, "a").await;
    assert_eq!(server.call("PATCH", "/values/a", r#"{"chart":{"y":null,"smooth":0.6,"unit":"%"}}"#).await.status, 200);
    let settings = LineSettings { smooth: 0.6, unit: "%".into(), ..LineSettings::default() };
    assert_eq!(server.content("a").await, CellContent::LineChart(settings));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_series_are_drawn_in_part_and_their_columns_are_bounded() {
    let server = spawn().await;
    line(&server, "a").await;
    let y: Vec<u32> = (0..1000).map(|at| at * 7919 % 1000).collect();
    let all: Map<String, Value> = (0..1000).map(|at| (format!("s{at}"), json!(y))).collect();
    assert_eq!(send(&server, "a", Value::Object(all).to_string()).await, 201);
    for query in ["", "?width=4000&height=400"] {
        let drawing = server.call("GET", &format!("/values/a.svg{query}"), "").await.text;
        assert!(drawing.len() < 700_000 && drawing.contains("50 of 1000 series are drawn."), "{query}: {} bytes", drawing.len());
    }
    let page = server.call("GET", "/", "").await.text;
    assert!(page.len() < 100_000 && page.contains("\"values/a.svg?height=240"), "{} bytes", page.len());
    let widest = async |cells: &str| {
        let frame = columns::read(&server.http_bytes(&format!("/columns?width=16384&cells={cells}")).await).unwrap();
        frame.cells.iter().flat_map(|cell| &cell.series).map(|series| series.columns.len()).max()
    };
    assert_eq!(widest("a").await, Some(1000), "one thousand pixels for each: all points");
    assert!(widest("a,a,a,a,a").await < Some(450), "two hundred pixels for each");
}

#[tokio::test]
async fn the_names_of_series_are_read_without_scripts() {
    let server = spawn().await;
    line(&server, "a").await;
    send(&server, "a", r#"{"train":[1,2],"<b>":[2,1]}"#).await;
    let page = server.call("GET", "/", "").await.text;
    let lines = page.split("<div class=\"prerendered\">").nth(1).unwrap().split("</div>").next().unwrap();
    // No document of its own, which browsers are slow to make by the hundred.
    assert!(lines.starts_with("<svg class=\"static-chart\" ") && !page.contains("data:image"), "{lines}");
    let (_, legend) = lines.split_once("<div class=\"legend\"").unwrap();
    assert!(legend.contains(">train</bdi>") && legend.contains(">&lt;b&gt;</bdi>") && !legend.contains("<b>"), "{legend}");
}

#[tokio::test(flavor = "multi_thread")]
async fn points_for_many_lines_count_as_much_as_they_hold() {
    let server = spawn().await;
    for id in ["a", "b", "c"] {
        line(&server, id).await;
    }
    let body = format!(r#"{{"value":{{"series":{{"l":[{}1]}}}}}}"#, "1,".repeat((1 << 20) - 1));
    let refused = server.call("PATCH", "/values?board=main", body).await;
    assert!(refused.status == 413 && refused.text.contains("64 MiB"), "{} {}", refused.status, refused.text);
    let array: Vec<Value> = (0..6).map(|_| json!({ "type": "line", "value": { "series": { "l": vec![1; 500_000] } } })).collect();
    assert_eq!(server.call("POST", "/values", json!(array).to_string()).await.status, 413);
    let patched = server.call("PATCH", "/values?board=main", r#"{"value":{"series":{"l":[1,2,3]}}}"#).await.json();
    assert_eq!(patched.as_array().unwrap().len(), 3, "nothing was created");
    assert!(patched.as_array().unwrap().iter().all(|cell| cell["value"]["series"]["l"]["points"] == 3), "{patched}");
    let wrong = server.call("PATCH", "/values?board=main", r#"{"value":"text"}"#).await;
    assert!(wrong.status == 400 && wrong.text.contains("'value' must be an object"), "{}", wrong.text);
}

#[tokio::test]
async fn a_line_that_becomes_something_else_has_no_points() {
    let server = spawn().await;
    for id in ["a", "b", "c"] {
        line(&server, id).await;
        send(&server, id, r#"{"l":[1,2]}"#).await;
    }
    let put = server.call("PUT", "/values/a", r#"{"type":"html","value":"<p>1"}"#).await;
    let patch = server.call("PATCH", "/values/b", r#"{"type":"html","value":"<p>2"}"#).await;
    assert_eq!((put.status, patch.status), (200, 200), "{} {}", put.text, patch.text);
    for path in ["/values/a/points", "/values/a/points?series=l", "/values/b/columns"] {
        let reply = server.call("GET", path, "").await;
        assert!(reply.status == 404 && reply.text.contains("is of type 'html' and has no points"), "{path}: {}", reply.text);
    }
    let frame = columns::read(&server.http_bytes("/columns?cells=none,a,b,c").await).unwrap();
    assert_eq!((frame.seq, frame.cells.len(), frame.cells[0].cell.as_str()), (server.board("main").await.seq, 1, "c"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_are_removed_in_great_number_tell_their_points() {
    let server = spawn().await;
    let cells: Vec<Value> = (0..105).map(|_| json!({ "type": "line", "value": { "series": { "l": [1, 2] } } })).collect();
    assert_eq!(server.call("POST", "/values", json!(cells).to_string()).await.status, 201);
    let removed = server.call("DELETE", "/values?board=main", "").await.json();
    let listed = removed.as_array().unwrap().iter().filter(|cell| cell["value"]["series"]["l"]["points"] == 2).count();
    assert_eq!(listed, 105);
}

#[tokio::test]
async fn settings_by_a_person_are_no_larger_than_by_a_program() {
    let server = spawn().await;
    line(&server, "a").await;
    let hidden =
        |length: usize| json!({ "changes": [{ "charts": ["a"], "settings": { "hidden": vec!["ä".repeat(length); 1000] } }] }).to_string();
    let set = async |length| server.ask("POST", "/rpc/cells/charts", hidden(length), &[("content-type", "application/json")]).await;
    let refused = set(200).await;
    assert!(refused.status != 200 && refused.text.contains("256 KiB"), "{} {}", refused.status, refused.text);
    assert_eq!(server.content("a").await, CellContent::LineChart(LineSettings::default()));
    assert_eq!(set(100).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_values_is_bounded() {
    let server = spawn().await;
    let picture = format!("data:image/png;base64,{}", "A".repeat(13 << 20));
    let ids = ["a", "b", "c", "d", "e"];
    for id in ids {
        server.create(&json!({ "_id": id, "type": "img", "value": picture }).to_string()).await;
    }
    for (method, body) in [("PATCH", r#"{"description":"x"}"#), ("PATCH", r#"{"type":"note"}"#), ("DELETE", "")] {
        let refused = server.call(method, "/values?board=main", body).await;
        assert!(refused.status == 413 && refused.text.contains("64 MiB"), "{method} {body}: {} {:.300}", refused.status, refused.text);
    }
    let cells = async || server.call("GET", "/values?$select[]=rev&$select[]=type", "").await.json();
    assert!(cells().await.as_array().unwrap().iter().all(|cell| cell["rev"] == 1 && cell["type"] == "img"), "nothing was changed");
    // Four of them are within the bound, and without values any number.
    let four = server.call("PATCH", "/values?_id[$ne]=e", r#"{"description":"x"}"#).await.json();
    assert!(four.as_array().unwrap().iter().all(|cell| cell["value"] == *picture) && four.as_array().unwrap().len() == 4);
    let brief = server.call("PATCH", "/values?board=main&$select[]=rev", r#"{"description":"y"}"#).await;
    assert_eq!(brief.json(), json!(ids.map(|id| json!({ "_id": id, "rev": if id == "e" { 2 } else { 3 } }))));
    let removed = server.call("DELETE", "/values?board=main&$select[]=_id", "").await;
    assert_eq!(removed.json(), json!(ids.map(|id| json!({ "_id": id }))));
    assert_eq!(cells().await, json!([]));
}
