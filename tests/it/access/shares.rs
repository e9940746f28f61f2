//! Shares and keys: one board, only to read, and only as long as the token is there.

use super::{bearer, command, locked, token};
use crate::support::Running;

/// Boards `a` and `b` with a cell of each kind that has addresses of its own; their ids end with the board's name.
async fn two_boards() -> (Running, String) {
    let server = locked().await;
    let write = token(&server, &["write"]).await;
    for board in ["a", "b"] {
        let cells = [
            format!(r#"{{"_id":"line-{board}","board":"{board}","type":"line","value":{{"series":{{"s":[1,2]}}}}}}"#),
            format!(r#"{{"_id":"bar-{board}","board":"{board}","type":"bar","value":{{"x":1}}}}"#),
            format!(r#"{{"_id":"figure-{board}","board":"{board}","type":"html","value":"<p>secret of {board}</p>"}}"#),
            format!(r#"{{"_id":"media-{board}","board":"{board}","type":"img","value":"data:image/gif;base64,R0lGODlh"}}"#),
            format!(r#"{{"_id":"image-{board}","board":"{board}","type":"img","value":"./images/of%20{board}.gif?x"}}"#),
        ];
        for cell in cells {
            server.put(&write, &cell).await;
        }
        std::fs::create_dir_all(server.folder.path().join("images")).unwrap();
        std::fs::write(server.folder.path().join(format!("images/of {board}.gif")), "GIF89a").unwrap();
    }
    (server, write)
}

/// All that a page of the board asks for.
fn addresses(board: &str) -> Vec<String> {
    let mut list = vec![format!("/images/of%20{board}.gif"), format!("/media/media-{board}/1"), format!("/figure/figure-{board}/1")];
    for values in ["/values", "/api/v1/values"] {
        for rest in
            ["line-@/points", "line-@/columns", "line-@.svg", "line-@.pdf", "line-@.csv", "bar-@.svg?height=240", "bar-@.json", "bar-@.csv"]
        {
            list.push(format!("{values}/{}", rest.replace('@', board)));
        }
    }
    list
}

#[tokio::test]
async fn a_share_sees_one_board_only() {
    let (server, write) = two_boards().await;
    let share = token(&server, &["share", "--board", "a"]).await;
    let key = server.key(&share, "/b/a").await;
    let media = addresses("a").iter().chain(&addresses("b")).map(|path| path.contains("/media/")).filter(|is| *is).count();
    assert_eq!(media, 2);
    for path in addresses("a") {
        let versioned = if path.starts_with("/media") { path.replace("/1", "/4") } else { path.clone() };
        assert_eq!(server.with(&share, "GET", &versioned, "").await.status, 200, "{path}");
        assert_eq!(server.call("GET", &format!("{key}{versioned}"), "").await.status, 200, "{path}");
    }
    for path in addresses("b") {
        let missing = path.replace("-b", "-none").replace("of%20b", "none");
        for (path, expected) in [(&path, 404), (&missing, 404)] {
            assert_eq!(server.with(&share, "GET", path, "").await.status, expected, "{path}");
            assert_eq!(server.call("GET", &format!("{key}{path}"), "").await.status, expected, "{path}");
        }
        assert_eq!(server.with(&write, "GET", &path, "").await.status, 200, "{path}");
    }
    // Its own page and feed, and no other; two boards at once are neither.
    assert_eq!(server.with(&share, "GET", "/b/a", "").await.status, 200);
    let feed = |query: &str| format!("{key}/live?{query}");
    let (mut page, _) = server.connect(&feed("board=a&view=page"), None).await.unwrap();
    assert_eq!(page.next().await.unwrap()["event"], "hello");
    for query in
        ["board=b&view=page", "view=page", "board=a&board=b&view=page", "board=b&board=a&view=page", "board=a", "board=a&view=document"]
    {
        assert_eq!(server.connect(&feed(query), None).await.err(), Some(403), "{query}");
    }
    for path in ["/", "/b/b", "/b/main", "/b/%61%00"] {
        assert!(matches!(server.with(&share, "GET", path, "").await.status, 403 | 404), "{path}");
    }
    // No word of other boards, whose first cells pages of readers of all boards are notified of.
    server.with(&write, "POST", "/values", r#"{"name":"first","board":"c"}"#).await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    server.with(&write, "POST", "/values", r#"{"name":"here","board":"a"}"#).await;
    assert_eq!(page.next().await.unwrap()["event"], "created");
    let columns = server.call("GET", &format!("{key}/columns?cells=line-b,line-a,bar-b"), "").await.json();
    assert_eq!(columns["cells"].as_object().unwrap().keys().collect::<Vec<_>>(), ["line-a"]);
    // A cell that went to another board is no longer seen.
    assert_eq!(server.with(&write, "PATCH", "/values/line-a", r#"{"board":"b"}"#).await.status, 200);
    assert_eq!(server.with(&share, "GET", "/values/line-a/points", "").await.status, 404);
}

#[tokio::test]
async fn the_page_of_a_share_names_no_other_board_and_may_not_write() {
    let (server, write) = two_boards().await;
    let page = async |token: &str| {
        let text = server.with(token, "GET", "/b/a", "").await.text;
        let data = text.split_once("id=\"agnez-page\">").unwrap().1.split_once("</script>").unwrap().0.to_owned();
        serde_json::from_str::<serde_json::Value>(&data).unwrap()
    };
    let shared = page(&token(&server, &["share", "--board", "a"]).await).await;
    assert_eq!((&shared["boards"], &shared["may_write"]), (&serde_json::json!([]), &false.into()));
    assert!(!shared.to_string().contains("of b"));
    let reading = page(&token(&server, &["read"]).await).await;
    assert_eq!((reading["boards"].as_array().unwrap().len(), &reading["may_write"]), (2, &false.into()));
    assert_eq!(page(&write).await["may_write"], true);
}

#[tokio::test]
async fn a_key_never_writes_and_a_header_beside_it_does() {
    let (server, write) = two_boards().await;
    let key = server.key(&write, "/b/a").await;
    let attempts = [
        ("POST", "/values", r#"{"board":"a"}"#),
        ("PUT", "/values/bar-a", "{}"),
        ("PATCH", "/values/bar-a", "{}"),
        ("PATCH", "/values?board=a", "{}"),
        ("DELETE", "/values/bar-a", ""),
        ("DELETE", "/values?board=a", ""),
        ("POST", "/values/line-a/points", r#"{"s":1}"#),
        ("POST", "/points", r#"{"cells":{"line-a":{"s":1}}}"#),
        ("POST", "/rpc/cells/remove", r#"{"id":"bar-a"}"#),
        ("POST", "/rpc/cells/charts", r#"{"changes":[{"charts":["line-a"],"settings":{"smooth":0.5}}]}"#),
        ("POST", "/publish/epoch/end/", r#"{"epoch":1,"loss":1}"#),
        ("POST", "/shares", r#"{"board":"a"}"#),
        ("DELETE", "/shares/x", ""),
        ("GET", "/shares", ""),
        ("GET", "/values", ""),
        ("GET", "/values/bar-a", ""),
        ("GET", "/events?board=a", ""),
        ("GET", "/metrics", ""),
    ];
    let before = server.with(&write, "GET", "/values", "").await.text;
    for (method, path, body) in attempts {
        let reply = server.call(method, &format!("{key}{path}"), body).await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text);
    }
    assert_eq!(server.with(&write, "GET", "/values", "").await.text, before);
    assert_eq!(server.with(&write, "POST", &format!("{key}/values"), r#"{"board":"a"}"#).await.status, 201);
    // A key within a key, a key changed in one place, and one cut short open nothing.
    let changed = format!("{}{}", &key[..key.len() - 1], if key.ends_with('A') { "B" } else { "A" });
    for wrong in [format!("{key}{key}"), changed, key[..key.len() - 1].to_owned(), key.to_uppercase()] {
        assert!(matches!(server.call("GET", &format!("{wrong}/values/bar-a.svg"), "").await.status, 401 | 403 | 404), "{wrong}");
    }
    // On this machine too, where nothing needs to be shown, a key gives no more than it says.
    let open = crate::support::spawn().await;
    let write = token(&open, &["write"]).await;
    let key = open.key(&write, "/b/a").await;
    assert_eq!(open.call("POST", &format!("{key}/values"), "{}").await.status, 403);
    assert_eq!(open.call("POST", "/values", "{}").await.status, 201);
}

#[tokio::test]
async fn a_figures_signature_opens_that_figure_alone() {
    let (server, write) = two_boards().await;
    let share = token(&server, &["share", "--board", "a"]).await;
    let key = server.key(&share, "/b/a").await;
    let (mut live, _) = server.connect(&format!("{key}/live?board=a&view=page&epoch=x&since=0"), None).await.unwrap();
    let frames = live.take(2).await;
    let cells = frames[1]["cells"].as_array().unwrap().clone();
    let stage = |cells: &[serde_json::Value], id: &str| cells.iter().find(|cell| cell["id"] == id).unwrap()["content"]["Html"].clone();
    let sig = stage(&cells, "figure-a")["sig"].as_str().unwrap().to_owned();
    // As the page says it, and as a change over the live feed says it.
    assert!(server.with(&share, "GET", "/b/a", "").await.text.contains(&sig));
    server.with(&write, "PATCH", "/values/figure-a", r#"{"value":"<p>again</p>"}"#).await;
    let event = live.next().await.unwrap();
    assert_eq!(event["data"]["content"]["Html"]["sig"], sig.as_str(), "{event}");
    let status = async |path: &str| server.call("GET", path, "").await.status;
    assert_eq!(status(&format!("/figure/figure-a/1?sig={sig}")).await, 200);
    assert_eq!(status(&format!("/figure/figure-a/99?sig={sig}")).await, 200);
    let wrong = [
        "/figure/figure-b/1?sig=@",
        "/figure/figure-a/1",
        "/figure/figure-a/1?sig=",
        "/figure/figure-a/1?sig=@A",
        "/figure/figure-a/1?sig=x&sig=@",
        "/figure/figure-a/1?sig=@&sig=x",
        "/figure/bar-a/1?sig=@",
        "/values/figure-a.svg?sig=@",
        "/values/figure-a?sig=@",
        "/media/media-a/4?sig=@",
        "/images/of%20a.gif?sig=@",
        "/values?sig=@",
        "/b/a?sig=@",
        "/live?board=a&view=page&sig=@",
    ];
    for path in wrong {
        assert_eq!(status(&path.replace('@', &sig)).await, 401, "{path}");
    }
    assert_eq!(server.with(&sig, "GET", "/figure/figure-a/1", "").await.status, 401);
    // It may have been kept by a reader who is sent away: then it ends.
    let id = command(&server, &["list"]).await.lines().find(|line| line.contains("share")).unwrap()[..6].to_owned();
    command(&server, &["revoke", &id]).await;
    while status(&format!("/figure/figure-a/1?sig={sig}")).await != 401 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let again = server.with(&write, "GET", "/b/a", "").await.text;
    assert!(again.contains("\"sig\":\"") && !again.contains(&sig));
}

#[tokio::test]
async fn without_tokens_nothing_is_signed() {
    let server = crate::support::spawn().await;
    server.create(r#"{"_id":"f","type":"html","value":"<p>"}"#).await;
    let page = server.call("GET", "/", "").await.text;
    assert!(page.contains("<base href=\"/\"") && !page.contains("\"sig\"") && page.contains("\"may_write\":true"));
    assert_eq!(server.call("GET", "/figure/f/1?sig=AAAAAAAAAAAAAAAAAAAAAA", "").await.status, 200);
}

#[tokio::test]
async fn a_share_may_open_with_a_view() {
    let (server, write) = two_boards().await;
    for (id, query) in [("best", "q=a"), ("plain", "")] {
        let view = format!(r#"{{"_id":"{id}","name":"Best","query":"{query}"}}"#);
        assert_eq!(server.with(&write, "POST", "/boards/a/views", &view).await.status, 201);
        let made = server.with(&write, "POST", "/shares", &format!(r#"{{"board":"a","view":"{id}"}}"#)).await.json();
        let address = if query.is_empty() { "view=plain" } else { "q=a&view=best" };
        let token = made["token"].as_str().unwrap();
        assert_eq!(made["link"], format!("http://localhost:{}/b/a?{address}#token={token}", server.port));
        assert_eq!(server.with(token, "GET", &format!("/boards/a/views/{id}"), "").await.status, 200);
        assert_eq!(server.with(token, "DELETE", &format!("/boards/a/views/{id}"), "").await.status, 403);
        assert_eq!(server.with(token, "GET", "/boards/b/views", "").await.status, 403);
    }
    let before = server.with(&write, "GET", "/shares", "").await.json();
    assert_eq!(server.with(&write, "POST", "/shares", r#"{"board":"b","view":"best"}"#).await.status, 404, "of another board");
    assert_eq!(server.with(&write, "GET", "/shares", "").await.json(), before);
}

#[tokio::test]
async fn who_may_write_shares_a_board_and_ends_it() {
    let (server, write) = two_boards().await;
    let reply = server.with(&write, "POST", "/shares", r#"{"board":"a","name":"for ann"}"#).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    let made = reply.json();
    let (id, share) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert_eq!(made["link"], format!("http://localhost:{}/b/a#token={share}", server.port));
    let other = server.with(&write, "POST", "/shares", r#"{"board":"b"}"#).await.json();
    let list = server.with(&write, "GET", "/shares?board=a", "").await;
    assert_eq!((list.json().as_array().unwrap().len(), &list.json()[0]["name"]), (1, &"for ann".into()));
    assert!(!list.text.contains("agz_"));
    assert_eq!(server.with(&write, "GET", "/shares", "").await.json().as_array().unwrap().len(), 2);
    // A page that is open by its key, and a program by its token as a subprotocol.
    let key = server.key(share, "/b/a").await;
    let (mut page, _) = server.connect(&format!("{key}/live?board=a&view=page"), None).await.unwrap();
    let protocols = format!("agnez, agnez.token.{share}");
    let (mut program, chosen) = server.connect("/live?board=a&view=page", Some(&protocols)).await.unwrap();
    assert_eq!(chosen.as_deref(), Some("agnez"));
    let (mut another, _) =
        server.connect("/live?board=b&view=page", Some(&format!("agnez, agnez.token.{}", other["token"].as_str().unwrap()))).await.unwrap();
    another.next().await.unwrap();
    let gone = server.with(&write, "DELETE", &format!("/shares/{id}"), "").await;
    assert_eq!((gone.status, gone.json()["id"].as_str()), (200, Some(id)));
    for line in [&mut page, &mut program] {
        assert_eq!(line.closed().await, (1008, "The token was revoked.".to_owned()));
    }
    for path in ["/b/a", "/values/bar-a.svg"] {
        assert_eq!(server.with(share, "GET", path, "").await.status, 401);
    }
    assert_eq!(server.call("GET", &format!("{key}/values/bar-a.svg"), "").await.status, 401);
    // Browsers tell no page why it was refused: it is let in to receive the reason, and is sent nothing else.
    let (mut late, _) = server.connect("/live?board=a&view=page", Some(&protocols)).await.unwrap();
    assert!(late.next().await.is_none());
    let (mut late, _) = server.connect(&format!("{key}/live?board=a&view=page"), None).await.unwrap();
    assert_eq!(late.closed().await, (1008, "The token was revoked.".to_owned()));
    // Others stay where they are.
    server.with(&write, "PATCH", "/values/bar-b", r#"{"name":"still here"}"#).await;
    assert_eq!(another.next().await.unwrap()["event"], "patched");
    // Only shares are ended here, and what is wrong is said.
    let first = command(&server, &["list"]).await.lines().find(|line| line.contains("write")).unwrap()[..6].to_owned();
    assert_eq!(server.with(&write, "DELETE", &format!("/shares/{first}"), "").await.status, 404);
    for body in [r#"{"board":"a b"}"#, r#"{"need":"write"}"#, "[", r#"{"name":"a\nb"}"#] {
        assert_eq!(server.with(&write, "POST", "/shares", body).await.status, 400, "{body}");
    }
    assert_eq!(server.with(&write, "GET", "/shares?x=1", "").await.status, 400);
}

#[tokio::test]
async fn the_most_tokens_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let list: Vec<_> = (0..9_998)
        .map(|at| serde_json::json!({ "id": format!("x{at}"), "need": "share", "board": "a", "name": "", "hash": format!("{at:064x}"), "created": 0 }))
        .collect();
    std::fs::write(data.join("access.json"), serde_json::json!({ "tokens": list }).to_string()).unwrap();
    let server = crate::support::spawn_in(folder, &[]).await;
    let write = token(&server, &["write"]).await;
    let share = async || server.with(&write, "POST", "/shares", r#"{"board":"a"}"#).await;
    let last = share().await;
    assert_eq!(last.status, 201, "{}", last.text);
    let refused = share().await;
    assert_eq!((refused.status, refused.json()["name"].as_str()), (409, Some("Conflict")), "{}", refused.text);
    assert!(refused.text.contains("There are 10000 tokens, which is the most; end some of them first"), "{}", refused.text);
    assert_eq!(server.with(&write, "DELETE", "/shares/x0", "").await.status, 200);
    assert_eq!(share().await.status, 201);
    assert_eq!(server.with(last.json()["token"].as_str().unwrap(), "GET", "/b/a", "").await.status, 200);
}

#[tokio::test]
async fn what_is_revoked_on_the_command_line_ends_streams_too() {
    let (server, _) = two_boards().await;
    let read = token(&server, &["read", "--name", "watcher"]).await;
    let id = command(&server, &["list"]).await.lines().find(|line| line.ends_with("watcher")).unwrap()[..6].to_owned();
    let events = reqwest::Client::new().get(server.url("/events?board=a")).header("authorization", bearer(&read)).send().await.unwrap();
    assert_eq!(events.status(), 200);
    let (mut live, _) = server.connect("/live?board=a", Some(&format!("agnez, agnez.token.{read}"))).await.unwrap();
    assert!(command(&server, &["revoke", &id]).await.contains("revoked"));
    assert_eq!(live.closed().await.0, 1008);
    // The stream ends: its whole text can be read.
    let text = tokio::time::timeout(std::time::Duration::from_secs(20), events.text()).await.expect("the stream ends").unwrap();
    assert!(text.contains("hello"));
    assert_eq!(server.with(&read, "GET", "/values", "").await.status, 401);
}
