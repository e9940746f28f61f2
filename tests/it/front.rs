//! The list of boards: `/`, once there are several, and `/b`.

use std::time::{Duration, Instant};

use crate::access::{locked, token};
use crate::support::{Running, spawn};

async fn page(server: &Running, path: &str) -> String {
    let answer = server.call("GET", path, "").await;
    assert_eq!(answer.status, 200, "{path}");
    answer.text
}

/// The names of the listed boards, in their order.
fn rows(page: &str) -> Vec<&str> {
    page.split("<tr data-key=\"").skip(1).filter_map(|row| row.split('"').next()).collect()
}

#[tokio::test]
async fn the_root_is_the_list_once_there_are_two_boards() {
    let server = spawn().await;
    let is_list = async |path: &str| page(&server, path).await.contains("id=\"heading\"");
    assert!(!is_list("/").await && is_list("/b").await);
    server.create(r#"{"name":"a"}"#).await;
    assert!(!is_list("/").await, "the one board");
    // A board with a document alone counts.
    server.call("PATCH", "/boards/other", r#"{"title":"Other"}"#).await;
    assert!(is_list("/").await && !is_list("/b/main").await && !is_list("/b/other").await);
    server.call("DELETE", "/boards/other", "").await;
    assert!(!is_list("/").await, "the other one is in the trash");
}

#[tokio::test]
async fn the_root_leads_to_the_one_board() {
    let server = spawn().await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let root = async |query: &str| {
        let answer = client.get(server.url(&format!("/{query}"))).send().await.unwrap();
        (answer.status().as_u16(), answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned()))
    };
    assert_eq!(root("").await, (200, None), "no board: the page says how to send the first cell");
    // A board with a run alone counts.
    server.call("POST", "/boards/digits/runs/a/log", r#"{"loss":1}"#).await;
    assert_eq!(root("?filter=loss").await, (303, Some("/b/digits?filter=loss".to_owned())));
    server.create(r#"{"name":"a"}"#).await;
    assert_eq!(root("").await, (200, None), "the list");
    server.call("DELETE", "/boards/digits", "").await;
    assert_eq!(root("").await, (200, None), "main is the one board again");
}

#[tokio::test]
async fn a_reader_is_offered_no_change_and_a_share_no_list() {
    let server = locked().await;
    let [write, read] = [token(&server, &["write"]).await, token(&server, &["read"]).await];
    for board in ["main", "b"] {
        server.put(&write, &format!(r#"{{"_id":"{board}","board":"{board}"}}"#)).await;
    }
    server.with(&write, "DELETE", "/boards/b", "").await;
    server.put(&write, r#"{"_id":"c","board":"c"}"#).await;
    let share = token(&server, &["share", "--board", "main"]).await;
    for path in ["/", "/b", "/b?show=trash"] {
        let [writer, reader] = [server.with(&write, "GET", path, "").await, server.with(&read, "GET", path, "").await];
        assert_eq!([writer.status, reader.status], [200; 2], "{path}");
        let list = |page: &str| page.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned();
        assert!(list(&writer.text).contains("data-act=") && !list(&reader.text).contains("data-act="), "{path}");
        assert_eq!(server.with(&share, "GET", path, "").await.status, if path == "/" { 200 } else { 403 }, "{path}");
    }
    let own = server.with(&share, "GET", "/", "").await.text;
    assert!(own.contains("<title>main ") && !own.contains("id=\"heading\""), "the share's own board");
}

#[tokio::test]
async fn a_row_has_the_figures_of_its_board() {
    let server = spawn().await;
    server.create(r#"{"name":"a","board":"notes"}"#).await;
    for (run, accuracy, status) in [("one", 0.9, "finished"), ("two", 0.971, "failed"), ("three", 0.5, "running")] {
        let log = format!(r#"[{{"step":0,"val/acc":0.1,"loss":3}},{{"step":1,"val/acc":{accuracy},"loss":2}}]"#);
        server.call("POST", &format!("/boards/digits/runs/{run}/log"), log).await;
        server.call("PATCH", &format!("/boards/digits/runs/{run}"), format!(r#"{{"status":"{status}"}}"#)).await;
    }
    server.call("PATCH", "/boards/digits", r##"{"title":"<b>Digits","description":"# One hidden layer\nmore"}"##).await;
    let list = page(&server, "/").await;
    assert_eq!(rows(&list), ["digits", "notes"], "the newest first");
    let row = list.split("<tr data-key=\"digits\"").nth(1).unwrap().split("</tr>").next().unwrap();
    let parts =
        ["href=\"b/digits\"", "&lt;b&gt;Digits", "<small>One hidden layer</small>", ">0.9710</b>", "val/acc max", "3 runs", "<svg", " kB"];
    for part in parts {
        assert!(row.contains(part), "{part}: {row}");
    }
    for state in ["running", "failed"] {
        assert_eq!(row.matches(&format!("class=\"{state}\"")).count(), 1, "{state}");
    }
    assert!(!row.contains("class=\"lost\""));
    // The goal of the document goes before.
    server.call("PATCH", "/boards/digits", r#"{"goal":{"metric":"loss"}}"#).await;
    // Figures are made again a while after a change.
    let begun = Instant::now();
    while !page(&server, "/b").await.contains(">2.000</b>") {
        assert!(begun.elapsed() < Duration::from_secs(30), "the goal has not changed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn long_lists_have_pages_and_are_searched_in_any_normal_form() {
    let server = spawn().await;
    for at in 0..61 {
        server.call("PATCH", &format!("/boards/b{at}"), format!(r#"{{"title":"Gr\u00f6\u00dfe {at}"}}"#)).await;
    }
    server.call("PATCH", "/boards/old", r#"{"title":"Old","archived":true}"#).await;
    let first = page(&server, "/").await;
    assert_eq!((rows(&first).len(), first.contains("Page 1 of 2"), first.contains("Archived (1)")), (50, true, true));
    let second = page(&server, "/b?page=2").await;
    assert_eq!((rows(&second).len(), second.contains("href=\"b\" rel=\"prev\"")), (11, true));
    assert_eq!(rows(&page(&server, "/b?page=999999").await), rows(&second));
    // A decomposed o, and capital letters.
    assert_eq!(rows(&page(&server, "/b?find=GRO%CC%88SSE+60").await), [""; 0], "sharp s is no ss");
    assert_eq!(rows(&page(&server, "/b?find=GRO%CC%88%C3%9FE+60").await), ["b60"]);
    assert_eq!(rows(&page(&server, "/b?show=archived").await), ["old"]);
    let none = page(&server, "/b?find=%3Ci%3Enone").await;
    assert!(rows(&none).is_empty() && none.contains("&lt;i&gt;none") && !none.contains("<i>none"));
}

#[tokio::test]
async fn the_trash_has_its_boards() {
    let server = spawn().await;
    server.create(r#"{"name":"a","board":"x"}"#).await;
    server.call("DELETE", "/boards/x", "").await;
    assert!(page(&server, "/b").await.contains("Trash (1)"));
    let trash = page(&server, "/b?show=trash").await;
    assert!(rows(&trash) == ["x"] && trash.contains("data-act=\"restore\"") && trash.contains("1 cell"));
    server.call("POST", "/purge", "").await;
    assert!(page(&server, "/b?show=trash").await.contains("The trash is empty."));
}

/// The list alone, once it has another tag, with its tag.
async fn changed(server: &Running, tag: &str, seconds: u32) -> (u16, String, String) {
    let wait = format!("wait={seconds}");
    let answer = server.ask("GET", "/b", "", &[("prefer", &wait), ("if-none-match", tag)]).await;
    let tag = answer.headers.get("etag").and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
    (answer.status, tag, answer.text)
}

#[tokio::test]
async fn an_open_list_gets_what_has_changed() {
    let server = spawn().await;
    server.call("POST", "/boards/x/runs/one/log", r#"{"loss":1}"#).await;
    let (status, mut tag, list) = changed(&server, "", 20).await;
    assert!(status == 200 && rows(&list) == ["x"] && !list.contains("<html"), "at once, and the list alone: {list}");
    // Until the summary of the curve is there.
    loop {
        let begun = Instant::now();
        let (status, next, _) = changed(&server, &tag, 1).await;
        if status == 304 {
            assert!(begun.elapsed() >= Duration::from_millis(900));
            break;
        }
        tag = next;
    }
    let (list, ()) = tokio::join!(list_that(&server, &mut tag, |list| rows(list).contains(&"y")), async {
        // The request waits already, as a rule; it answers in any order.
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.create(r#"{"name":"a","board":"y"}"#).await;
    });
    assert!(!list.contains("class=\"failed\""));
    tokio::join!(list_that(&server, &mut tag, |list| list.contains("class=\"failed\"")), async {
        server.call("PATCH", "/boards/x/runs/one", r#"{"status":"failed"}"#).await;
    });
}

/// Follows the list until it is the one that is expected: figures may change it before.
async fn list_that(server: &Running, tag: &mut String, is_expected: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let (status, next, list) = changed(server, tag, 20).await;
        if status == 200 {
            *tag = next;
            if is_expected(&list) {
                return list;
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{status}: {list}");
    }
}
