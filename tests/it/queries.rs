//! Queries over HTTP: bounded with every verb, and what they mean where there is one cell.

use serde_json::{Value, json};

use crate::support::spawn;

fn list(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn every_verb_refuses_what_is_too_large_and_changes_nothing() {
    let server = spawn().await;
    server.create(r#"{"_id":"a","name":"x","value":[1,2]}"#).await;
    let before = server.get("/values").await;
    for (query, named) in [
        (list(101, |at| format!("$or[{at}][value]=x")), "100 conditions"),
        (list(1001, |at| format!("value[$nin][]={at}")), "1000 values"),
        (list(1200, |at| format!("$sort[k{at}]=1")), "16 keys in '$sort'"),
        (list(101, |at| format!("$select[]=k{at}")), "100 keys in '$select'"),
        (list(4598, |at| format!("$sort[{at}]=1")), "1500 pairs"),
        ("$or[0]".to_owned() + &"[$and][0]".repeat(10) + "[a]=1", "nested deeper than 16"),
    ] {
        for (verb, path, body) in [
            ("GET", "/values", ""),
            ("GET", "/values/a", ""),
            ("POST", "/values", r#"{"_id":"b"}"#),
            ("PUT", "/values/a", r#"{"name":"y"}"#),
            ("PATCH", "/values/a", r#"{"name":"y"}"#),
            ("PATCH", "/values", r#"{"name":"y"}"#),
            ("DELETE", "/values/a", ""),
            ("DELETE", "/values", ""),
        ] {
            let reply = server.call(verb, &format!("{path}?{query}"), body).await;
            let body = reply.json();
            assert!(reply.status == 400 && body["message"].as_str().unwrap().contains(named), "{verb} {path} {named}: {body}");
        }
    }
    assert_eq!(server.get("/values").await, before);
}

#[tokio::test]
async fn of_one_cell_sort_limit_and_skip_mean_nothing() {
    let server = spawn().await;
    server.create(r#"{"_id":"a","n":1}"#).await;
    let cut = "$sort[n]=-1&$limit=0&$skip=5&$select[]=n";
    for (verb, body) in [("GET", ""), ("PATCH", r#"{"m":2}"#), ("PUT", r#"{"n":1}"#), ("DELETE", "")] {
        let reply = server.call(verb, &format!("/values/a?{cut}"), body).await;
        assert_eq!((reply.status, reply.json()), (200, json!({"_id": "a", "n": 1})), "{verb}");
    }
}

#[tokio::test]
async fn what_is_created_is_cut_as_everything_else() {
    let server = spawn().await;
    let one = server.call("POST", "/values?$select[]=name&name=other", r#"{"_id":"a","name":"x","age":3}"#).await;
    assert_eq!((one.status, one.json()), (201, json!({"_id": "a", "name": "x"})));
    let two = server.call("POST", "/values?$select[]=age", r#"[{"_id":"b","age":1},{"_id":"c","name":"z","value":"v"}]"#).await;
    assert_eq!((two.status, two.json()), (201, json!([{"_id": "b", "age": 1}, {"_id": "c"}])));
    let made = server.call("PATCH", "/values/d?upsert=true&$select[]=age", r#"{"age":1,"name":"d"}"#).await;
    assert_eq!((made.status, made.json()), (201, json!({"_id": "d", "age": 1})));
    assert_eq!(server.call("POST", "/values?$foo=1", "{}").await.status, 400);
    assert_eq!(server.get("/values").await.as_array().unwrap().len(), 4);
}

/// Cells are looked at before the writer's turn: what has changed since is looked at there.
#[tokio::test(flavor = "multi_thread")]
async fn changes_of_many_meet_what_is_there_at_their_turn() {
    const CELLS: usize = 120;
    let server = spawn().await;
    let cells: Vec<_> =
        (0..CELLS).map(|at| json!({ "_id": format!("c{at}"), "pos": at, "state": "new", "value": vec![at; 300] })).collect();
    assert_eq!(server.call("POST", "/values", json!(cells).to_string()).await.status, 201);
    // Each cell goes from new to seen once, and each of the calls finds some of them, whatever the others do meanwhile.
    let calls: Vec<_> = (0..12).map(|call| format!("/values?state=new&value[$ne]=x&pos[$gte]={}&$select[]=_id", (call % 3) * 40)).collect();
    let asked = calls.iter().map(|path| server.call("PATCH", path, r#"{"state":"seen"}"#));
    let mut found = Vec::new();
    for reply in futures_util::future::join_all(asked).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
        found.extend(reply.json().as_array().unwrap().iter().map(|cell| cell["_id"].as_str().unwrap().to_owned()));
    }
    let count = found.len();
    found.sort();
    found.dedup();
    assert_eq!((count, found.len()), (CELLS, CELLS), "each was changed once");
    assert_eq!(server.get("/values?state=seen").await.as_array().unwrap().len(), CELLS);
    let gone = server.call("DELETE", "/values?state=seen&value=7&value=8", "").await;
    assert_eq!(gone.json(), json!([]));
    let gone: Vec<Value> = server.call("DELETE", "/values?value[$in][]=7&value[$in][]=8", "").await.json().as_array().unwrap().clone();
    assert_eq!(gone.iter().map(|cell| cell["_id"].as_str().unwrap()).collect::<Vec<_>>(), ["c7", "c8"]);
}
