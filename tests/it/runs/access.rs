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
    // The page shows readers the notes as Markdown, too, in which HTML is text.
    let notes = r##"{"notes":"# Why\n- **lower** rate\n\n<script>x</script>"}"##;
    assert_eq!(server.ask("PATCH", "/boards/a/runs/first", notes, &[("authorization", &write)]).await.status, 200);
    for authorization in [&share, &read] {
        let html: Value = get("/rpc/boards/a/runs/first/notes", authorization).await.json();
        let html = html.as_str().unwrap();
        assert!(html.contains("<strong>lower</strong> rate") && !html.contains("<script"), "{html}");
    }
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
        "/rpc/boards/b/runs/first/notes",
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
    assert_eq!(get("/boards/a/runs/first", &write).await.json()["rev"], 2, "its notes");
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

/// All forms in which a share reads runs, of the board `a` with the run `first`.
const FORMS: [&str; 14] = [
    "/b/a",
    "/boards/a/runs",
    "/boards/a/runs/first",
    "/boards/a/runs?$page=true",
    "/boards/a/run-keys",
    "/boards/a/run-table",
    "/boards/a/run-table?columns=run.host",
    "/boards/a/run-table.csv",
    "/boards/a/run-table.csv?columns=run.command,run.host",
    "/boards/a/run-groups?by=run.host",
    "/boards/a/run-groups.csv?by=run.host",
    "/boards/a/run-diff?runs=first,second",
    "/boards/a/runs/first/console",
    "/boards/a/export.html",
];

#[tokio::test]
async fn a_share_shows_how_a_script_ran_only_if_it_was_made_to() {
    let server = locked().await;
    let write = bearer(&token(&server, &["write"]).await);
    let ask = async |method: &'static str, path: &str, body: String, authorization: &str| {
        server.ask(method, path, body, &[("authorization", authorization)]).await
    };
    for run in ["first", "second"] {
        let keys = json!({"command": format!("train.py --at cmd-{run}"), "host": format!("gpu-{run}"), "status": "failed",
            "exit": {"code": 1, "traceback": format!("trace-{run}")}, "env": {"HOME": format!("home-{run}")},
            "config": {"lr": 1, "api_key": "sk-hidden"}});
        assert_eq!(ask("PATCH", &format!("/boards/a/runs/{run}?upsert=true"), keys.to_string(), &write).await.status, 201);
        let printed = ask("POST", &format!("/boards/a/runs/{run}/console"), format!("printed-{run}\n"), &write).await;
        assert_eq!(printed.status, 200, "{}", printed.text);
        assert_eq!(ask("POST", &format!("/boards/a/runs/{run}/log"), r#"{"loss":1}"#.into(), &write).await.status, 201);
    }
    let made = async |body: Value| {
        let made = ask("POST", "/shares", body.to_string(), &write).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()
    };
    let (plain, detailed) = (made(json!({"board": "a"})).await, made(json!({"board": "a", "details": true})).await);
    assert_eq!((&plain["details"], &detailed["details"]), (&json!(false), &json!(true)));
    let listed = ask("GET", "/shares?board=a", String::new(), &write).await.json();
    assert_eq!((&listed[0]["details"], &listed[1]["details"]), (&json!(false), &json!(true)));
    let by = |share: &Value| bearer(share["token"].as_str().unwrap());
    let by_command = bearer(&token(&server, &["share", "--board", "a", "--details"]).await);
    let key = |page: &str| page.split_once("<base href=\"").unwrap().1.split_once('"').unwrap().0.trim_end_matches('/').to_owned();

    let private = ["cmd-", "gpu-", "trace-", "home-", "printed-"];
    let page = ask("GET", "/b/a", String::new(), &by(&plain)).await.text;
    for path in FORMS {
        let mut replies = vec![ask("GET", path, String::new(), &by(&plain)).await];
        // The address of the page itself never holds the key.
        if path != "/b/a" {
            replies.push(server.call("GET", &format!("{}{path}", key(&page)), "").await);
        }
        for reply in replies {
            assert!(matches!(reply.status, 200 | 400 | 403), "{path}: {}", reply.status);
            // A refusal repeats a name that was asked for, and no value.
            assert!(private.iter().all(|word| !reply.text.contains(word)), "{path}: {}", reply.text);
        }
    }
    // So is the key of a page that was opened with a token which sees all: addresses are copied.
    let (of_writer, console) = (key(&ask("GET", "/b/a", String::new(), &write).await.text), "/boards/a/runs/first/console");
    let (refused, whole) =
        (server.call("GET", &format!("{of_writer}{console}"), "").await, ask("GET", console, String::new(), &write).await);
    assert!(refused.status == 403 && refused.text.contains("and so does a read or write token in a header"), "{}", refused.text);
    assert_eq!((whole.status, whole.text.as_str()), (200, "printed-first\n"));
    assert_eq!(server.call("GET", &format!("{of_writer}/boards/a/runs/first"), "").await.json()["host"], Value::Null);
    assert_eq!(ask("GET", console, String::new(), &by(&plain)).await.status, 403);
    let (mut live, _) = server.connect(&format!("{}/live?board=a&view=page", key(&page)), None).await.unwrap();
    live.next().await.unwrap();
    assert_eq!(ask("PATCH", "/boards/a/runs/first", r#"{"host":"gpu-first-2"}"#.into(), &write).await.status, 200);
    loop {
        let event = live.next().await.unwrap().to_string();
        assert!(!event.contains("gpu-"), "{event}");
        if event.contains("\"rev\":2") {
            break;
        }
    }

    for share in [by(&detailed), by_command] {
        let get = async |path: &str| ask("GET", path, String::new(), &share).await;
        let run = get("/boards/a/runs/first").await.json();
        assert_eq!((&run["command"], &run["host"]), (&json!("train.py --at cmd-first"), &json!("gpu-first-2")));
        assert_eq!((&run["exit"]["traceback"], &run["env"]["HOME"]), (&json!("trace-first"), &json!("home-first")));
        assert_eq!(run["config"]["api_key"], "[redacted]");
        assert_eq!(get("/boards/a/runs/first/console").await.text, "printed-first\n");
        assert_eq!(get("/boards/a/runs?q=host:gpu-second").await.json().as_array().unwrap().len(), 1);
        for path in
            ["/boards/a/run-table?columns=run.host", "/boards/a/run-table.csv?columns=run.host", "/boards/a/run-diff?runs=first,second"]
        {
            assert!(get(path).await.text.contains("gpu-second"), "{path}");
        }
        for path in FORMS {
            assert!(!get(path).await.text.contains("sk-hidden"), "{path}");
        }
        // It reads one board still, and changes nothing.
        for path in ["/boards/b/runs/first/console", "/boards/b/runs", "/events?board=a&of=runs", "/values"] {
            assert_eq!(get(path).await.status, 403, "{path}");
        }
        assert_eq!(ask("POST", "/boards/a/runs/first/console", "x".into(), &share).await.status, 403);
        assert_eq!(ask("POST", "/shares", r#"{"board":"a"}"#.into(), &share).await.status, 403);
        // The addresses of its page show the same.
        let page = get("/b/a").await.text;
        assert_eq!(server.call("GET", &format!("{}/boards/a/runs/first", key(&page)), "").await.json()["host"], "gpu-first-2");
    }
}
