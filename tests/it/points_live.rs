//! Numbers as readers hear of them: as they come, when a series is replaced or removed, and beside the columns that they asked for.

use agnez::protocol::columns;
use agnez::protocol::points::{self, SeriesPart};
use serde_json::{Value, json};

use crate::points::{line, number, points_of, send};
use crate::support::{Live, spawn};

#[tokio::test]
async fn points_are_told_as_they_come() {
    let server = spawn().await;
    line(&server, "a").await;
    let (mut page, mut documents) = (server.live("view=page").await, server.live("").await);
    let epoch = page.next().await.unwrap()["epoch"].as_str().unwrap().to_owned();
    documents.next().await;
    send(&server, "a", r#"{"l":[[3,0.5],[4,NaN]]}"#).await;
    let frame = points::read(&page.binary().await).unwrap();
    let part = &frame.parts[0];
    assert_eq!((frame.seq, part.cell.as_str(), part.series.as_str(), part.start, part.n), (2, "a", "l", Some(0), 2));
    assert_eq!(part.numbers.as_ref().unwrap().x.as_deref(), Some(&[3.0, 4.0][..]));
    let event = documents.next().await.unwrap();
    assert_eq!((&event["event"], &event["first"], &event["seq"]), (&json!("appended"), &json!(2), &json!(2)));
    let series = &event["data"]["a"]["l"];
    assert_eq!((&series["start"], &series["y"]), (&json!(0), &json!([0.5, "NaN"])));
    // Very many at once are sent as a count.
    let many: Vec<u32> = (0..5000).collect();
    send(&server, "a", &json!({ "l": many }).to_string()).await;
    let part = points::read(&page.binary().await).unwrap().parts.remove(0);
    assert_eq!((part.start, part.n, part.numbers), (Some(2), 5000, None));
    // Who was away hears how many there are now, and asks for columns.
    let mut back = server.live(&format!("view=page&epoch={epoch}&since=1")).await;
    back.next().await;
    let over = |start| ("l".to_owned(), Some(start), 0, None);
    assert_eq!(parts(&mut back).await, [over(0), over(5002)], "it may know another series of that name");
    let mut back = server.live(&format!("epoch={epoch}&since=1")).await;
    let frames = back.take(3).await;
    assert_eq!(crate::support::event_labels(&frames)[1], "patched 1");
    assert_eq!(frames[1]["data"]["value"]["series"]["l"]["points"], 5002);
    assert_eq!((&frames[2]["event"], &frames[2]["seq"]), (&json!("bookmark"), &json!(3)));
}

/// The parts of the next frame: series, start, count, how many numbers.
async fn parts(live: &mut Live) -> Vec<(String, Option<u64>, u32, Option<usize>)> {
    let parts = points::read(&live.binary().await).unwrap().parts.into_iter();
    parts.map(|SeriesPart { series, start, n, numbers, .. }| (series, start, n, numbers.map(|numbers| numbers.y.len()))).collect()
}

/// `data` and `removed` of the next event.
async fn appended(live: &mut Live) -> (Value, Value) {
    loop {
        let mut frame = live.next().await.expect("the line stays open");
        if frame["event"] == "appended" {
            return (frame["data"].take(), frame["removed"].take());
        }
    }
}

#[tokio::test]
async fn series_that_are_replaced_or_removed_are_announced() {
    let mut server = spawn().await;
    line(&server, "a").await;
    send(&server, "a", r#"{"l":[1,2,3,4,5,6],"m":[1]}"#).await;
    let (mut page, mut documents) = (server.live("view=page").await, server.live("").await);
    let epoch = page.next().await.unwrap()["epoch"].as_str().unwrap().to_owned();
    documents.next().await;
    // Fewer points than before, and more of another that was not there.
    server.call("PATCH", "/values/a", r#"{"value":{"series":{"l":{"y":[9,9,9],"t":[7,7,7]},"n":[5]}}}"#).await;
    let over = |name: &str| (name.to_owned(), Some(0), 0, None);
    assert_eq!(parts(&mut page).await, [over("m"), over("l"), ("n".to_owned(), Some(0), 1, Some(1))]);
    let (mut data, removed) = appended(&mut documents).await;
    let list = json!({"start": 0, "points": 3, "reset": true, "x": [0.0, 1.0, 2.0], "y": [9.0, 9.0, 9.0], "t": [7.0, 7.0, 7.0]});
    assert_eq!((data["a"]["l"].take(), &data["a"]["n"]["reset"], removed), (list, &Value::Null, json!({"a": ["m"]})));
    // A page that was away drops the lines that it knows by these names, and one that was not keeps them, also after a restart.
    send(&server, "a", r#"{"l":[9]}"#).await;
    let count = |name: &str, points| (name.to_owned(), Some(points), 0, None);
    for restart in [false, true] {
        if restart {
            server.restart(&[]).await;
        }
        for (since, expected) in [(2, vec![over("l"), count("l", 4), over("n"), count("n", 1)]), (4, vec![count("l", 4), count("n", 1)])] {
            let mut back = server.live(&format!("view=page&epoch={epoch}&since={since}")).await;
            assert_eq!(back.next().await.unwrap()["event"], "hello");
            assert_eq!(parts(&mut back).await, expected, "since {since}");
        }
    }
    let (mut page, mut documents) = (server.live("view=page").await, server.live("").await);
    page.next().await;
    documents.next().await;
    // Nothing of it is left.
    server.call("PATCH", "/values/a", r#"{"value":[]}"#).await;
    let mut received = parts(&mut page).await;
    received.sort();
    assert_eq!(received, [over("l"), over("n")]);
    assert_eq!(appended(&mut documents).await, (json!({}), json!({"a": ["l", "n"]})));
    // Where no series changes, no event names a series.
    let before = server.live("").await.next().await.unwrap()["seq"].as_u64().unwrap();
    server.call("PATCH", "/values/a", r#"{"value":[]}"#).await;
    assert_eq!(documents.next().await.unwrap()["seq"], before + 1);
    assert_eq!(server.live("").await.next().await.unwrap()["seq"], before + 1);
    // A page that was away, or that lagged, hears that the line is empty.
    let mut back = server.live(&format!("view=page&epoch={epoch}&since=3")).await;
    back.next().await;
    assert_eq!(parts(&mut back).await, [over("")]);
}

/// What a page holds after columns and the frames that follow is what the server says in the end.
#[tokio::test(flavor = "multi_thread")]
async fn columns_and_the_frames_after_them_are_the_whole_series() {
    let server = spawn().await;
    line(&server, "a").await;
    let mut live = server.live("view=page").await;
    live.next().await;
    let write = async |rounds: std::ops::Range<usize>| {
        for round in rounds {
            let y: Vec<usize> = (0..round % 7 + 1).collect();
            send(&server, "a", &json!({ "l": y }).to_string()).await;
        }
    };
    write(0..10).await;
    while points::read(&live.binary().await).unwrap().seq < 1 + 10 {}
    // The frames of these are sent already when the columns are asked for, and read after them; some of those may be in the answer; none of the last is.
    write(10..20).await;
    let (reply, ()) = tokio::join!(server.http_bytes("/columns?cells=a&width=16384"), write(20..30));
    write(30..40).await;
    let frame = columns::read(&reply).unwrap();
    let series = &frame.cells[0].series[0];
    let mut held: Vec<f64> = series.columns.iter().map(|column| column.first).collect();
    assert_eq!(series.points, held.len() as u64);
    let (mut twice, mut new) = (0, 0);
    loop {
        let frame = points::read(&live.binary().await).unwrap();
        for part in frame.parts {
            let (start, numbers) = (part.start.unwrap() as usize, part.numbers.unwrap());
            assert!(start <= held.len(), "a gap: {start} after {}", held.len());
            let known = (held.len() - start).min(numbers.y.len());
            held.extend(&numbers.y[known..]);
            (twice, new) = (twice + known, new + numbers.y.len() - known);
        }
        if frame.seq > 40 {
            break;
        }
    }
    assert!(twice >= 43 && new >= 40, "{twice} points came twice, {new} once: the answer was no race");
    let stored: Vec<f64> = points_of(&server, "a", "l").await.iter().map(|point| number(&point[1])).collect();
    assert_eq!(held, stored);
}
