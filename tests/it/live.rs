//! `/live` and `/events`: order, resuming, lag.

use agnez::protocol::{Board, Cell, Event};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;

use crate::support::{event_labels, spawn, spawn_in};

#[tokio::test]
async fn every_change_is_told_once_and_in_order() {
    let server = spawn().await;
    let mut live = server.live("board=main").await;
    let hello = live.next().await.unwrap();
    assert_eq!((&hello["event"], &hello["seq"]), (&json!("hello"), &json!(0)));
    let id = server.create(r#"{"name":"a","value":[1,{"x":"\n"}]}"#).await;
    let path = format!("/values/{id}");
    let patched = server.call("PATCH", &path, r#"{"name":"b"}"#).await.json();
    server.call("PUT", &path, r#"{"name":"c"}"#).await;
    server.call("DELETE", &path, "").await;
    server.create(r#"{"name":"elsewhere","board":"x"}"#).await;
    server.create(r#"{"name":"d"}"#).await;
    let frames = live.take(5).await;
    assert_eq!(event_labels(&frames), ["created 1", "patched 2", "updated 3", "removed 4", "created 5"]);
    assert_eq!(frames[1]["data"], patched);
    assert_eq!(frames[3]["data"]["name"], "c");
}

#[tokio::test]
async fn a_reader_that_was_away_gets_the_newest_of_what_changed() {
    let server = spawn().await;
    let (a, b) = (server.create(r#"{"name":"a"}"#).await, server.create(r#"{"name":"b"}"#).await);
    let hello = server.live("").await.next().await.unwrap();
    let epoch = hello["epoch"].as_str().unwrap();
    for round in 0..5 {
        server.call("PATCH", &format!("/values/{a}"), format!(r#"{{"round":{round}}}"#)).await;
    }
    server.create(r#"{"name":"c"}"#).await;
    server.call("DELETE", &format!("/values/{b}"), "").await;
    let mut live = server.live(&format!("epoch={epoch}&since=2")).await;
    let frames = live.until(9).await;
    assert_eq!(event_labels(&frames), ["hello 9", "patched 7", "created 8", "removed 9"]);
    assert_eq!(frames[1]["data"]["round"], 4);
    server.call("PATCH", &format!("/values/{a}"), r#"{"name":"z"}"#).await;
    assert_eq!(event_labels(&live.take(1).await), ["patched 10"]);
    // Where the newest change of every cell lies before the head, a bookmark says how far the reader is.
    let c = server.create(r#"{"name":"gone"}"#).await;
    server.call("DELETE", &format!("/values/{c}"), "").await;
    assert_eq!(event_labels(&server.live(&format!("epoch={epoch}&since=10")).await.until(12).await), ["hello 12", "removed 12"]);
}

#[tokio::test]
async fn a_past_that_cannot_be_continued_starts_over() {
    let server = spawn().await;
    server.create(r#"{"name":"a"}"#).await;
    server.create(r#"{"name":"b"}"#).await;
    let mut page = server.live("view=page&epoch=other&since=1").await;
    let frames = page.take(2).await;
    assert_eq!(event_labels(&frames), ["hello 2", "snapshot 2"]);
    assert_eq!(frames[1]["cells"].as_array().unwrap().len(), 2);
    let epoch = frames[0]["epoch"].as_str().unwrap().to_owned();
    let documents = server.live("epoch=other&since=1").await.until(2).await;
    assert_eq!(event_labels(&documents), ["hello 2", "snapshot 0", "created 1", "created 2"]);
    let future = server.live(&format!("view=page&epoch={epoch}&since=99")).await.take(2).await;
    assert_eq!(event_labels(&future), ["hello 2", "snapshot 2"]);
    // More removals than are remembered.
    let many: Vec<_> = (0..150).map(|at| json!({"name": format!("n{at}"), "batch": 1})).collect();
    server.call("POST", "/values", json!(many).to_string()).await;
    server.call("DELETE", "/values?batch=1", "").await;
    let late = server.live(&format!("view=page&epoch={epoch}&since=2")).await.take(2).await;
    assert_eq!(event_labels(&late), ["hello 302", "snapshot 302"]);
}

#[tokio::test]
async fn moving_to_another_board_is_a_removal_here_and_a_creation_there() {
    let server = spawn().await;
    let id = server.create(r#"{"name":"a"}"#).await;
    let (mut here, mut there) = (server.live("").await, server.live("board=x").await);
    here.next().await;
    there.next().await;
    server.call("PATCH", &format!("/values/{id}"), r#"{"board":"x"}"#).await;
    assert_eq!(
        (event_labels(&here.take(1).await), event_labels(&there.take(1).await)),
        (vec!["removed 2".into()], vec!["created 1".into()])
    );
}

/// Only changes of the set of boards with cells are sent, and only to pages that may list the boards.
#[tokio::test]
async fn a_page_is_notified_of_the_first_and_the_last_cell_of_another_board() {
    let server = spawn().await;
    let (mut page, mut documents) = (server.live("view=page").await, server.live("").await);
    page.next().await;
    documents.next().await;
    let first = server.create(r#"{"name":"first","board":"other"}"#).await;
    assert_eq!(page.next().await.unwrap(), json!({ "event": "boards" }));
    let second = server.create(r#"{"name":"second","board":"other"}"#).await;
    for path in [format!("/values/{first}"), format!("/values/{second}")] {
        server.call("PATCH", &path, r#"{"name":"x"}"#).await;
        server.call("PUT", &path, r#"{"name":"y","board":"other"}"#).await;
    }
    server.call("DELETE", &format!("/values/{first}"), "").await;
    // Longer than the pause after a notification: one for any of these changes would come before this cell.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    server.create(r#"{"name":"here"}"#).await;
    // The event of a board and the notification about it are apart, so either may come first.
    let (notified, events): (Vec<_>, Vec<_>) = page.take(2).await.into_iter().partition(|frame| frame["event"] == "boards");
    assert_eq!((event_labels(&events), notified.len()), (vec!["created 1".into()], 1), "of this board's own first cell");
    server.call("DELETE", &format!("/values/{second}"), "").await;
    assert_eq!(page.next().await.unwrap()["event"], "boards");
    server.create(r#"{"name":"last"}"#).await;
    assert_eq!(event_labels(&documents.take(2).await), ["created 1", "created 2"]);
    assert_eq!(event_labels(&page.take(1).await), ["created 2"]);
}

/// The page's own reducer, fed by the page's own frames, ends at what the database holds, however slowly it reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_ends_at_the_truth() {
    let server = spawn().await;
    let mut ids = Vec::new();
    for at in 0..20 {
        ids.push(server.create(&format!(r#"{{"name":"c{at}","pos":{at}}}"#)).await);
    }
    let mut live = server.live("view=page&epoch=none&since=0").await;
    let text = "x".repeat(100_000);
    for round in 0..150_u64 {
        let id = &ids[(round * 7 % 20) as usize];
        let body = format!(r#"{{"description":"{round} {text}","pos":{}}}"#, round % 11);
        server.call("PATCH", &format!("/values/{id}"), body).await;
        if round % 40 == 3 {
            server.call("DELETE", &format!("/values/{}", ids[round as usize % 20]), "").await;
            ids[round as usize % 20] = server.create(r#"{"name":"new"}"#).await;
        }
    }
    let truth = server.board("main").await;
    let mut board = Board { name: "main".into(), ..Board::default() };
    let frames = live.until(truth.seq).await;
    // 15 MB were sent, more than the system's buffers hold: most of it was passed over.
    assert!(frames.len() < 150, "{} frames", frames.len());
    for frame in frames {
        board.apply(serde_json::from_value::<Event<Cell>>(frame).unwrap());
    }
    assert_eq!(board, truth);
}

/// Whatever happens, and wherever a reader stopped: resumed, it ends at the truth, and REST shows the same order.
#[tokio::test(flavor = "multi_thread")]
async fn every_resume_ends_at_the_truth() {
    let server = spawn_in(tempfile::tempdir().unwrap(), &["--durability", "normal"]).await;
    let large = "x".repeat(20_000);
    let mut random = 7_u64;
    let mut next = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut stops: Vec<Board> = Vec::new();
    for round in 0..400 {
        let (id, board, pos) = (next(6), ["a", "b"][next(2) as usize], next(3));
        let value = if next(3) == 0 { &*large } else { "small" };
        let path = format!("/values/id{id}");
        match next(6) {
            0 | 1 => server.call("POST", "/values", format!(r#"{{"_id":"id{id}","board":"{board}","pos":{pos},"value":"{value}"}}"#)).await,
            2 => server.call("DELETE", &path, "").await,
            3 => server.call("PATCH", &path, format!(r#"{{"board":"{board}","round":{round}}}"#)).await,
            4 => server.call("PATCH", &path, format!(r#"{{"pos":{pos},"value":"{value}","type":"html"}}"#)).await,
            _ => {
                let headers = [("content-type", "application/json"), ("accept", "application/json")];
                server.ask("POST", "/rpc/cells/restore", format!(r#"{{"id":"id{id}"}}"#), &headers).await
            }
        };
        if round % 9 == 0 {
            stops.push(server.board(board).await);
        }
    }
    for name in ["a", "b"] {
        let truth = server.board(name).await;
        let rest = server.get(&format!("/values?board={name}&$select[]=rev")).await;
        let rest: Vec<_> =
            rest.as_array().unwrap().iter().map(|cell| (cell["_id"].as_str().unwrap(), cell["rev"].as_u64().unwrap())).collect();
        assert_eq!(rest, truth.cells.iter().map(|cell| (cell.id.as_str(), cell.rev)).collect::<Vec<_>>());
        for stop in stops.iter().filter(|stop| stop.name == name && stop.seq < truth.seq) {
            let mut board = stop.clone();
            let mut live = server.live(&format!("view=page&board={name}&epoch={}&since={}", stop.epoch, stop.seq)).await;
            for frame in live.until(truth.seq).await {
                board.apply(serde_json::from_value::<Event<Cell>>(frame).unwrap());
            }
            assert_eq!(board, truth, "from {}", stop.seq);
            let documents = server.live(&format!("board={name}&epoch={}&since={}", stop.epoch, stop.seq)).await.until(truth.seq).await;
            let seqs: Vec<_> = documents[1..].iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
            assert!(seqs.is_sorted(), "{seqs:?}");
        }
    }
}

#[tokio::test]
async fn a_large_cell_that_moves_is_told_with_its_number() {
    let server = spawn().await;
    let id = server.create(&format!(r#"{{"value":"{}"}}"#, "x".repeat(50_000))).await;
    server.create("{}").await;
    let mut live = server.live("").await;
    live.next().await;
    server.call("PATCH", &format!("/values/{id}"), r#"{"board":"x"}"#).await;
    server.create("{}").await;
    assert_eq!(event_labels(&live.take(2).await), ["removed 3", "created 4"]);
}

#[tokio::test]
async fn a_reader_that_never_reads_costs_a_bounded_amount() {
    let server = spawn().await;
    let id = server.create(r#"{"name":"a"}"#).await;
    let mut frozen = server.live("").await;
    let text = "x".repeat(60_000);
    for round in 0..400 {
        let reply = server.call("PATCH", &format!("/values/{id}"), format!(r#"{{"value":"{round} {text}"}}"#)).await;
        assert_eq!(reply.status, 200);
    }
    // 24 MB were sent; what comes now is what the system's buffers held, and then the newest state; or, where all this took longer
    // than the server waits for a reader, the end: then it comes to who goes on from there.
    let mut frames = Vec::new();
    while let Some(frame) = frozen.next().await {
        frames.push(frame);
        if frames.last().is_some_and(|frame| frame["event"] == "patched" && frame["seq"] == 401) {
            break;
        }
    }
    let (epoch, reached) = (frames[0]["epoch"].as_str().unwrap(), frames.last().unwrap()["seq"].as_u64().unwrap());
    if reached < 401 {
        let resumed = server.live(&format!("epoch={epoch}&since={reached}")).await.until(401).await;
        frames.extend(resumed);
    }
    assert!(frames.len() < 401, "{} frames", frames.len());
    let seqs: Vec<_> = frames.iter().filter(|frame| frame["event"] == "patched").map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|before, after| before < after), "{seqs:?}");
    let last = frames.iter().rev().find(|frame| frame["event"] == "patched").unwrap();
    assert!(last["data"]["value"].as_str().unwrap().starts_with("399 "));
}

#[tokio::test]
async fn server_sent_events_are_the_same_stream() {
    let server = spawn().await;
    let mut reply = reqwest::get(server.url("/events?board=main")).await.unwrap();
    assert_eq!(reply.headers()["content-type"], "text/event-stream");
    server.create("{\"name\":\"a\",\"value\":[1,\n\r 2]}").await;
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        text += std::str::from_utf8(&reply.chunk().await.unwrap().unwrap()).unwrap();
    }
    let data: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert!(data[0].starts_with(r#"{"event":"hello""#) && data[1].starts_with(r#"{"event":"created","seq":1"#), "{text}");
    let id = text.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned();
    server.create(r#"{"name":"b"}"#).await;
    let request = reqwest::Client::new().get(server.url("/events")).header("last-event-id", id);
    let mut resumed = request.send().await.unwrap();
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        text += std::str::from_utf8(&resumed.chunk().await.unwrap().unwrap()).unwrap();
    }
    assert!(text.contains(r#"{"event":"created","seq":2"#), "{text}");
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused() {
    let server = spawn().await;
    for query in ["since=3", "epoch=x", "view=all", "board=../x", "epoch=a&since=-1"] {
        let reply = server.call("GET", &format!("/events?{query}"), "").await;
        assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(400)), "{query}: {}", reply.text);
    }
    assert_eq!(server.call("GET", "/live", "").await.json()["code"], 400);
    // A message that is too long ends this connection and nothing else.
    let mut live = server.live("").await;
    live.next().await;
    let _ = live.socket.send("x".repeat(100_000).into()).await;
    while let Some(Ok(_)) = live.socket.next().await {}
    server.create("{}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_frames_come_whole() {
    let server = spawn().await;
    let value = |at: usize| "é".repeat((300 << 10) * at + at);
    server.create(&json!({ "_id": "a", "type": "html", "value": value(4) }).to_string()).await;
    let note = "n".repeat(100 << 10);
    for at in 0..5 {
        server.create(&json!({ "_id": format!("n{at}"), "description": note }).to_string()).await;
    }
    // The page's snapshot, a document that was missed, and one that is news.
    assert_eq!(server.board("main").await.cells.iter().filter(|cell| cell.description == note).count(), 5);
    let mut live = server.live("epoch=none&since=0").await;
    let frames = live.until(6).await;
    assert!(frames.iter().any(|frame| frame["data"]["value"] == json!(value(4))));
    assert_eq!(server.call("PATCH", "/values/a", json!({ "value": value(1) }).to_string()).await.status, 200);
    assert!(live.until(7).await.iter().any(|frame| frame["data"]["value"] == json!(value(1))));
    // A reader that speaks in between is heard, and the next frames come.
    live.socket.send(tokio_tungstenite::tungstenite::Message::Ping(vec![1].into())).await.unwrap();
    assert_eq!(server.call("PATCH", "/values/a", json!({ "value": value(2) }).to_string()).await.status, 200);
    assert!(live.until(8).await.iter().any(|frame| frame["data"]["value"] == json!(value(2))));
}
