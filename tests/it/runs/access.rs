use serde_json::{Value, json};

use crate::access::{bearer, locked, token};

#[tokio::test]
async fn a_share_reads_the_runs_of_its_board_and_nothing_else() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    let keys = r#"{"command":"train.py --key s","host":"gpu-1","config":{"lr":1},"notes":"n"}"#;
    for board in ["a", "b"] {
        let path = format!("/boards/{board}/runs/first?upsert=true");
        assert_eq!(server.ask("PATCH", &path, keys, &[("authorization", &write)]).await.status, 201);
    }
    let share = bearer(&token(&server, &["share", "--board", "a"]).await);
    let read = bearer(&token(&server, &["read"]).await);
    let get = async |path: &str, authorization: &str| server.ask("GET", path, "", &[("authorization", authorization)]).await;
    let shown = get("/boards/a/runs/first", &share).await;
    let run: Value = shown.json();
    assert_eq!((shown.status, &run["notes"], &run["command"], &run["host"]), (200, &json!("n"), &Value::Null, &Value::Null));
    assert_eq!(get("/boards/a/runs/first", &read).await.json()["host"], "gpu-1");
    // Nor can it be found by what it does not show.
    assert_eq!(get("/boards/a/runs?host=gpu-1", &share).await.json(), json!([]));
    assert_eq!(get("/boards/a/runs?host=gpu-1", &read).await.json().as_array().unwrap().len(), 1);
    assert_eq!(get("/boards/a/runs?q=host:gpu-1", &share).await.status, 400);
    assert_eq!(get("/boards/a/runs?$select[]=host", &share).await.json(), json!([{"_id": "first"}]));
    for path in [
        "/boards/a/run-table",
        "/boards/a/run-table.csv",
        "/boards/a/run-groups?by=lr",
        "/boards/a/run-groups.tex?by=lr",
        "/boards/a/run-colours?by=lr&runs=first",
    ] {
        assert_eq!(get(path, &share).await.status, 200, "{path}");
    }
    for path in ["/boards/a", "/boards/a/run-keys", "/boards/a/run-diff?runs=first,first2"] {
        assert!(matches!(get(path, &share).await.status, 200 | 404), "{path}");
    }
    for path in [
        "/boards/b",
        "/boards/b/runs",
        "/boards/b/runs/first",
        "/boards/b/run-keys",
        "/boards/b/run-table",
        "/boards/b/run-table.csv",
        "/boards/b/run-groups",
        "/boards/b/run-colours?by=lr&runs=first",
        "/boards/b/runs/first/history?metric=loss",
        "/boards/b/runs/first/value?name=x",
        "/boards/a/runs/first/console",
    ] {
        assert_eq!(get(path, &share).await.status, 403, "{path}");
    }
    for (method, path) in [
        ("PATCH", "/boards/a/runs/first"),
        ("DELETE", "/boards/a/runs/first"),
        ("POST", "/boards/a/runs/first/log"),
        ("POST", "/boards/a/runs/first/heartbeat"),
        ("POST", "/boards/a/runs/first/restore"),
        ("POST", "/boards/a/run-restore?removal=1"),
        ("POST", "/boards/a/runs"),
        ("PATCH", "/boards/a/runs?q=lr<2"),
        ("DELETE", "/boards/a/runs?q=lr<2"),
    ] {
        for authorization in [&share, &read] {
            assert_eq!(server.ask(method, path, "{}", &[("authorization", authorization)]).await.status, 403, "{method} {path}");
        }
    }
    assert_eq!(get("/boards/a/runs/first", &write).await.json()["rev"], 1);
}

#[tokio::test]
async fn a_share_sees_no_traceback_and_no_key_that_a_client_made_up() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    let keys = r#"{"status":"failed","exit":{"code":1,"traceback":"KeyError: 'sk-1'"},"env":{"HOME":"/home/ann"}}"#;
    assert_eq!(server.ask("PATCH", "/boards/a/runs/first?upsert=true", keys, &[("authorization", &write)]).await.status, 201);
    let share = bearer(&token(&server, &["share", "--board", "a"]).await);
    let get = async |path: &str, authorization: &str| server.ask("GET", path, "", &[("authorization", authorization)]).await;
    let (shown, whole) = (get("/boards/a/runs/first", &share).await.json(), get("/boards/a/runs/first", &write).await.json());
    assert_eq!((&shown["exit"], &shown["env"], &shown["status"]), (&json!({"code": 1}), &Value::Null, &json!("failed")));
    assert_eq!((&whole["exit"]["traceback"], &whole["env"]["HOME"]), (&json!("KeyError: 'sk-1'"), &json!("/home/ann")));
    // Nor can it be found by them.
    for query in ["q=exit.traceback:*sk*", "q=env.HOME:*ann*"] {
        assert_eq!(get(&format!("/boards/a/runs?{query}"), &share).await.status, 400, "{query}");
        assert_eq!(get(&format!("/boards/a/runs?{query}"), &write).await.json().as_array().unwrap().len(), 1, "{query}");
    }
    assert_eq!(get("/boards/a/runs?exit.traceback=KeyError:%20'sk-1'", &share).await.json(), json!([]));
    assert_eq!(get("/boards/a/runs?exit.code=1", &share).await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn no_form_of_a_document_shows_a_share_what_it_must_not_see() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    let patch =
        async |keys: &'static str| server.ask("PATCH", "/boards/a/runs/first?upsert=true", keys, &[("authorization", &write)]).await;
    for (keys, rule) in [
        (r#"{"exit":"KeyError: 'sk-1'"}"#, "'exit' must be an object, not 'KeyError: 'sk-1''; nothing was changed."),
        (r#"{"exit":["KeyError: 'sk-1'"]}"#, "'exit' must be an object, not an array; nothing was changed."),
        (
            r#"{"git.token":"sk-1"}"#,
            "'git.token' must be a key within the object, without a dot in its name, not 'sk-1'; nothing was changed.",
        ),
    ] {
        let reply = patch(keys).await;
        assert_eq!((reply.status, reply.json()["message"].as_str().unwrap()), (400, rule), "{keys}");
    }
    let keys = r#"{"status":"failed","exit":{"code":1,"traceback":"KeyError: 'sk-1'"},"git":{"commit":"c1"},"env.HOME":"sk-1"}"#;
    assert_eq!(patch(keys).await.status, 201);
    let share = bearer(&token(&server, &["share", "--board", "a"]).await);
    for path in ["run-keys", "run-keys?key=exit", "run-keys?key=env.HOME", "run-table?columns=run.exit", "runs", "run-table.csv"] {
        let reply = server.ask("GET", &format!("/boards/a/{path}"), "", &[("authorization", &share)]).await;
        assert!(matches!(reply.status, 200 | 400) && !reply.text.contains("sk-1"), "{path}: {}", reply.text);
    }
}
