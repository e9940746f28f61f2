//! `/boards/:board/marks` and `/boards/:board/views`.

use serde_json::{Value, json};

use crate::support::{Running, spawn};

async fn post(server: &Running, path: &str, body: Value) -> Value {
    let reply = server.call("POST", path, body.to_string()).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

async fn refused(server: &Running, method: &str, path: &str, body: &str) -> (u16, String) {
    let reply = server.call(method, path, body.to_owned()).await;
    (reply.status, reply.json()["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn marks_are_added_listed_and_removed_and_pages_hear_of_them() {
    let mut server = spawn().await;
    server.create(r#"{"_id":"a","board":"b"}"#).await;
    let mut page = server.live("board=b&view=page").await;
    assert_eq!(page.next().await.unwrap()["event"], "hello");
    let mark = post(&server, "/boards/b/marks", json!({ "run": "first", "step": 30, "text": "new rate", "colour": 2 })).await;
    let id = mark["_id"].as_str().unwrap().to_owned();
    assert_eq!(mark, json!({ "_id": id, "run": "first", "step": 30, "text": "new rate", "colour": 2 }));
    let heard = page.next().await.unwrap()["settings"]["marks"].clone();
    assert_eq!((&heard[0]["_id"], heard[0]["step"].as_f64(), heard.as_array().unwrap().len()), (&mark["_id"], Some(30.0), 1));
    let keyed = async |body: &'static str| server.ask("POST", "/boards/b/marks", body, &[("idempotency-key", "k")]).await;
    let body = r#"{"_id":"m2","time":1.5e9,"text":"disk full"}"#;
    let (first, again) = (keyed(body).await, keyed(body).await);
    assert_eq!((first.status, again.status, &first.text), (201, 201, &again.text));
    server.restart(&[]).await;
    assert_eq!(server.get("/boards/b/marks").await, json!([mark, { "_id": "m2", "time": 1.5e9, "text": "disk full" }]));
    let twice = refused(&server, "POST", "/boards/b/marks", body).await;
    assert_eq!(twice, (409, "The board 'b' has a mark with the id \"m2\" already; nothing was added.".into()));
    assert_eq!(server.call("DELETE", &format!("/boards/b/marks/{id}"), "").await.json(), mark);
    let none = refused(&server, "DELETE", &format!("/boards/b/marks/{id}"), "").await;
    assert_eq!(none, (404, format!("The board 'b' has no mark '{id}'.")));
    assert_eq!(server.get("/boards/b/marks").await.as_array().unwrap().len(), 1);
    for (body, why) in [
        (r#"{"text":"x"}"#, "'step' or 'time' is needed, one of them; nothing was changed."),
        (r#"{"text":"x","step":1,"run":"a b"}"#, "'run' must be the id of a run; nothing was changed."),
        ("[]", "The body must be a JSON object, not an array; nothing was changed."),
    ] {
        assert_eq!(refused(&server, "POST", "/boards/b/marks", body).await, (400, why.to_owned()), "{body}");
    }
    assert_eq!(server.call("GET", "/boards/none/marks", "").await.status, 404);
}

#[tokio::test]
async fn a_board_has_a_bounded_number_of_marks() {
    let server = spawn().await;
    let marks: Vec<Value> = (0..500).map(|at| json!({ "_id": format!("m{at}"), "step": at, "text": "x" })).collect();
    assert_eq!(server.call("PATCH", "/boards/b", json!({ "marks": marks }).to_string()).await.status, 200);
    let full = refused(&server, "POST", "/boards/b/marks", r#"{"step":1,"text":"x"}"#).await;
    assert_eq!(full, (413, "A board may have 500 marks; nothing was added. Delete one first.".into()));
    for (marks, why) in [
        (json!([{ "step": 1, "text": "x" }]), "'_id' must be 1 to 64 letters, digits, '-' or '_'; nothing was changed."),
        (json!({}), "'marks' must be an array, not an object; nothing was changed."),
        (
            json!([{ "_id": "a", "step": 1, "text": "x" }, { "_id": "a", "step": 2, "text": "y" }]),
            "'marks' has an '_id' twice; nothing was changed.",
        ),
    ] {
        assert_eq!(refused(&server, "PATCH", "/boards/b", &json!({ "marks": marks }).to_string()).await, (400, why.to_owned()));
    }
}

#[tokio::test]
async fn views_are_documents_of_a_board() {
    let mut server = spawn().await;
    server.create(r#"{"board":"b"}"#).await;
    let view = json!({ "name": "Best", "query": "q=lr%3C0.1&by=lr", "folded": ["train"], "layout": { "density": 4 } });
    let made = post(&server, "/boards/b/views", view.clone()).await;
    let id = made["_id"].as_str().unwrap().to_owned();
    let path = format!("/boards/b/views/{id}");
    server.restart(&[]).await;
    assert_eq!((server.get(&path).await, server.get("/boards/b/views").await), (made.clone(), json!([made])));
    let page = server.call("GET", "/b/b", "").await.text;
    assert!(page.contains(r#""name":"Best","query":"q=lr%3C0.1&by=lr""#), "the page has it");
    // By its name, by its id, and by neither.
    for (named, comparison) in
        [("Best", format!("q=lr%3C0.1&by=lr&view={id}")), (&*id, format!("q=lr%3C0.1&by=lr&view={id}")), ("none", "view=none".into())]
    {
        let page = server.call("GET", &format!("/b/b?view={named}"), "").await.text;
        assert!(page.contains(&format!(r#""comparison":"{comparison}""#)), "{named}");
    }
    let replaced = server.call("PUT", &path, r#"{"name":"Worst","query":""}"#).await;
    assert_eq!((replaced.status, replaced.json()), (200, json!({ "_id": id, "name": "Worst", "query": "" })));
    let missing = refused(&server, "PUT", "/boards/b/views/none", r#"{"name":"a","query":""}"#).await;
    assert_eq!(missing, (404, "The board 'b' has no view 'none'.".into()));
    let wrong = refused(&server, "PUT", &path, r#"{"name":"a","query":"","layout":{"density":5}}"#).await;
    assert_eq!(wrong, (400, "'density' must be 2, 3, 4 or 6; nothing was changed.".into()));
    assert_eq!(server.call("DELETE", &path, "").await.status, 200);
    assert_eq!((server.call("GET", &path, "").await.status, server.get("/boards/b/views").await), (404, json!([])));
}

#[tokio::test]
async fn marks_of_purged_runs_make_room_and_those_of_deleted_ones_do_not() {
    let server = spawn().await;
    for run in ["first", "second"] {
        assert_eq!(server.call("POST", &format!("/boards/b/runs/{run}/log"), r#"{"loss":1}"#).await.status, 201);
    }
    let mark = |at: usize| json!({ "_id": format!("m{at}"), "run": if at < 10 { "first" } else { "second" }, "step": at, "text": "x" });
    let marks: Vec<Value> = (0..500).map(mark).collect();
    assert_eq!(server.call("PATCH", "/boards/b", json!({ "marks": marks }).to_string()).await.status, 200);
    server.call("DELETE", "/boards/b/runs/first", "").await;
    let full = server.call("POST", "/boards/b/marks", mark(500).to_string()).await;
    assert_eq!(full.status, 413, "the run can be restored");
    server.call("POST", "/purge", "").await;
    assert_eq!(server.call("POST", "/boards/b/marks", mark(500).to_string()).await.status, 201);
    let ids = server.get("/boards/b/marks").await;
    assert_eq!((ids.as_array().unwrap().len(), &ids[0]["_id"], &ids[490]["_id"]), (491, &json!("m10"), &json!("m500")));
}

#[tokio::test]
async fn a_mark_of_a_deleted_run_is_drawn_again_once_the_run_is_restored() {
    let server = spawn().await;
    for run in ["first", "second"] {
        let log = json!([{ "step": 1, "loss": 1 }, { "step": 100, "loss": 2 }]).to_string();
        assert_eq!(server.call("POST", &format!("/boards/b/runs/{run}/log"), log).await.status, 201);
    }
    post(&server, "/boards/b/marks", json!({ "run": "first", "step": 50, "text": "new rate" })).await;
    let has_mark = async |path: &str| server.call("GET", path, "").await.text.contains("new rate");
    assert!(has_mark("/values/b-loss.svg").await);
    server.call("DELETE", "/boards/b/runs/first", "").await;
    assert!(!has_mark("/values/b-loss.svg").await);
    assert!(has_mark("/b/b").await, "for pages that are open while the run is restored");
    assert_eq!(server.call("POST", "/boards/b/runs/first/restore", "").await.status, 200);
    assert!(has_mark("/values/b-loss.svg").await);
}
