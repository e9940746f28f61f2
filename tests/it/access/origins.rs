//! Other names, other origins, proxies and sub-paths; and the page that a browser gets without a token.

use super::{bearer, locked, token};
use crate::support::{Running, spawn_in};

async fn started(flags: &[&str]) -> (Running, String) {
    let server = spawn_in(tempfile::tempdir().unwrap(), flags).await;
    let write = token(&server, &["write"]).await;
    (server, write)
}

#[tokio::test]
async fn a_browser_without_a_token_gets_a_page_without_data() {
    let server = locked().await;
    let write = token(&server, &["write"]).await;
    server.put(&write, r#"{"name":"canary of the board"}"#).await;
    let browser = [
        ("accept", "text/html,*/*;q=0.8"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    for path in ["/", "/b/x", "/b/none"] {
        let gate = server.ask("GET", path, "", &browser).await;
        assert_eq!((gate.status, gate.headers["content-type"].to_str().unwrap()), (401, "text/html; charset=utf-8"));
        assert!(gate.text.contains("<base href=\"/\">") && !gate.text.contains("canary") && !gate.text.contains("{nonce}"), "{path}");
        let policy = gate.headers["content-security-policy"].to_str().unwrap();
        let nonce = policy.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
        assert!(gate.text.contains(&format!("<script nonce=\"{nonce}\">")) && policy.starts_with("default-src 'none'"));
        assert_eq!(gate.headers["cache-control"], "no-store");
    }
    // What the gate itself asks for, and what programs get.
    let page = server.ask("GET", "/", "", &[("accept", "text/html"), ("authorization", &bearer(&write))]).await;
    assert!(page.status == 200 && page.text.contains("canary of the board"));
    let wrong = server.ask("GET", "/", "", &[("accept", "text/html"), ("authorization", "Bearer agz_wrong")]).await;
    assert!(wrong.status == 401 && wrong.json()["message"].as_str().unwrap().contains("agnez token new"));
    let program = server.call("GET", "/values", "").await;
    assert_eq!((program.status, program.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer realm=\"Agnez\""));
    let error = program.json();
    assert_eq!((error["name"].as_str(), error["className"].as_str()), (Some("NotAuthenticated"), Some("not-authenticated")));
    assert!(error["message"].as_str().unwrap().contains("'agnez token new'"));
    // Tools that only know a name and a password.
    let basic = server.ask("GET", "/values", "", &[("authorization", &format!("Basic {}", base64(&format!("x:{write}"))))]).await;
    assert_eq!(basic.status, 200);
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |three: &[u8]| {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        (0..4)
            .map(move |at| (bits >> (18 - 6 * at) & 63) as usize)
            .take(three.len() + 1)
            .map(|at| char::from(LETTERS[at]))
            .collect::<String>()
    };
    let mut out: String = text.as_bytes().chunks(3).map(letters).collect();
    out.push_str(&"==="[..(4 - out.len() % 4) % 4]);
    out
}

#[tokio::test]
async fn allowed_hosts_are_answered_and_everyone_there_needs_a_token() {
    let (server, write) = started(&["--allowed-host", "gpu-box.example", "--allowed-host", "board.example:8443"]).await;
    let authorization = bearer(&write);
    for (host, with, without) in [
        ("gpu-box.example", 200, 401),
        ("gpu-box.example:81", 200, 401),
        ("board.example:8443", 200, 401),
        ("board.example", 403, 403),
        ("xgpu-box.example", 403, 403),
        ("localhost", 200, 401),
    ] {
        assert_eq!(server.status("GET", "/values", &[("host", host), ("authorization", &authorization)]).await, with, "{host}");
        assert_eq!(server.status("GET", "/values", &[("host", host)]).await, without, "{host}");
    }
    let page = server.ask("GET", "/", "", &[("host", "gpu-box.example"), ("authorization", &authorization)]).await;
    assert!(page.text.contains("\"origin\":\"http://gpu-box.example\",\"needs_token\":true"));
    let own = [
        ("host", "gpu-box.example"),
        ("origin", "https://gpu-box.example"),
        ("sec-fetch-site", "same-origin"),
        ("authorization", &authorization),
    ];
    assert_eq!(server.status("POST", "/values", &own).await, 201);
}

#[tokio::test]
async fn pages_of_an_allowed_origin_ask_with_a_token_and_may_read_the_answer() {
    let (server, write) = started(&["--allowed-origin", "https://lab.example"]).await;
    let lab = [("origin", "https://lab.example"), ("sec-fetch-site", "cross-site")];
    let question =
        [&lab[..], &[("access-control-request-method", "PATCH"), ("access-control-request-headers", "authorization,content-type")]]
            .concat();
    let preflight = server.ask("OPTIONS", "/values/x", "", &question).await;
    let header = |name: &str| preflight.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(preflight.status, 204);
    assert_eq!(header("access-control-allow-origin").as_deref(), Some("https://lab.example"));
    assert!(header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert!(header("access-control-allow-headers").unwrap().contains("authorization"));
    assert_eq!(header("access-control-allow-credentials"), None);
    // This machine is trusted, a page of that origin in a browser here is not.
    assert_eq!(server.status("GET", "/values", &[]).await, 200);
    let refused = server.ask("POST", "/values", "{}", &lab).await;
    assert_eq!((refused.status, refused.headers["access-control-allow-origin"].to_str().unwrap()), (401, "https://lab.example"));
    let authorization = bearer(&write);
    let made = server.ask("POST", "/values", "{}", &[&lab[..], &[("authorization", &authorization)]].concat()).await;
    assert_eq!((made.status, made.headers["access-control-allow-origin"].to_str().unwrap()), (201, "https://lab.example"));
    assert!(made.headers.get_all("vary").iter().any(|value| value == "origin"));
    // Every header of an answer that a program may need.
    let exposed = made.headers["access-control-expose-headers"].to_str().unwrap().split(", ").collect::<Vec<_>>();
    assert_eq!(exposed, ["etag", "retry-after", "idempotent-replayed", "agnez-api", "agnez-generation", "agnez-removal"]);
    for origin in ["https://evil.example", "null", "http://lab.example", "https://lab.example.evil.example"] {
        let headers = [("origin", origin), ("authorization", &authorization)];
        let reply = server.ask("GET", "/values", "", &headers).await;
        assert_eq!((reply.status, reply.headers.get("access-control-allow-origin")), (403, None), "{origin}");
        assert_eq!(server.status("OPTIONS", "/values", &[("origin", origin), ("access-control-request-method", "PATCH")]).await, 403);
    }
    let own = server.ask("GET", "/values", "", &[("authorization", &authorization)]).await;
    assert_eq!(own.headers.get("access-control-allow-origin"), None);
}

#[tokio::test]
async fn an_embedder_may_frame_boards_and_show_drawings_as_images() {
    let (server, write) = started(&["--allow-embed", "http://localhost:8888,https://lab.example"]).await;
    server.put(&write, r#"{"_id":"loss","type":"line","value":{"series":{"a":[1,2]}}}"#).await;
    let image = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    let of = |referer| [&image[..], &[("referer", referer)]].concat();
    let drawing = server.ask("GET", "/values/loss.svg", "", &of("http://localhost:8888/")).await;
    assert_eq!((drawing.status, drawing.headers["content-type"].to_str().unwrap()), (200, "image/svg+xml"));
    assert_eq!(drawing.headers["cross-origin-resource-policy"], "cross-origin");
    assert_eq!(drawing.headers.get("access-control-allow-origin"), None, "its scripts cannot read it");
    assert_eq!(server.status("GET", "/values/loss.svg", &of("http://evil.example/")).await, 403);
    assert_eq!(server.status("GET", "/values/loss.csv", &of("http://localhost:8888/")).await, 403);
    let own = server.ask("GET", "/values/loss.svg", "", &[]).await;
    assert_eq!(own.headers["cross-origin-resource-policy"], "same-origin");
    let ancestors = "frame-ancestors http://localhost:8888 https://lab.example";
    let frame = [("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    let framed = [&frame[..], &[("referer", "http://localhost:8888/"), ("accept", "text/html")]].concat();
    for (headers, status) in [(&framed[..], 401), (&[][..], 200)] {
        let page = server.ask("GET", "/b/main", "", headers).await;
        assert_eq!(page.status, status);
        assert!(page.headers["content-security-policy"].to_str().unwrap().ends_with(ancestors), "{status}");
    }
    server.put(&write, r#"{"_id":"fig","type":"html","value":"<p>x</p>"}"#).await;
    let figure = server.ask("GET", "/figure/fig/1", "", &[]).await;
    assert!(figure.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'self' http://localhost:8888 "));
    let (plain, _) = started(&[]).await;
    let page = plain.ask("GET", "/b/main", "", &[]).await;
    assert!(page.headers["content-security-policy"].to_str().unwrap().ends_with("frame-ancestors 'none'"));
    assert_eq!(plain.status("GET", "/b/main", &frame).await, 403);
}

#[tokio::test]
async fn what_comes_through_a_proxy_is_no_local_program() {
    let (server, write) = started(&[]).await;
    let authorization = bearer(&write);
    assert_eq!(server.status("GET", "/values", &[]).await, 200);
    for header in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"] {
        assert_eq!(server.status("POST", "/values", &[(header, "127.0.0.1")]).await, 401, "{header}");
        assert_eq!(server.status("POST", "/values", &[(header, "127.0.0.1"), ("authorization", &authorization)]).await, 201, "{header}");
    }
    // The commands on the page say where a token stands, to those who came in by one.
    let page = server.ask("GET", "/", "", &[]).await;
    assert!(
        page.text.contains(&format!("\"origin\":\"http://localhost:{}\",\"needs_token\":false", server.port))
            && !page.text.contains("TOKEN")
    );
    // What it says of the host counts only from one that is trusted.
    let page = server.ask("GET", "/", "", &[("x-forwarded-host", "localhost:9"), ("authorization", &authorization)]).await;
    assert!(page.text.contains(&format!("\"origin\":\"http://localhost:{}\",\"needs_token\":true", server.port)));
    assert_eq!(server.status("GET", "/values", &[("x-forwarded-host", "evil.example"), ("authorization", &authorization)]).await, 200);
}

#[tokio::test]
async fn behind_a_trusted_proxy_everything_is_below_the_base_path() {
    let flags = ["--base-path", "/agnez", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "::1", "--allowed-host", "board.example"];
    let (server, write) = started(&flags).await;
    let authorization = bearer(&write);
    let proxied = [
        ("x-forwarded-host", "board.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "192.0.2.7"),
        ("authorization", &authorization),
    ];
    let figure = r#"{"_id":"f","type":"html","value":"<script src='https://d3js.org/d3.v5.js'></script>"}"#;
    assert_eq!(server.ask("POST", "/agnez/values", figure, &proxied).await.status, 201);
    let page = server.ask("GET", "/agnez/", "", &proxied).await;
    assert!(page.status == 200 && page.text.contains("\"origin\":\"https://board.example/agnez\",\"needs_token\":true"));
    let base = page.text.split_once("<base href=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert!(base.starts_with("/agnez/~"), "{base}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("wss://board.example") && policy.contains("base-uri 'self'"));
    // What browsers ask for below the page's base carries no header of ours.
    let through = &proxied[..3];
    let drawn = server.ask("GET", &format!("{base}figure/f/1"), "", through).await;
    assert!(drawn.status == 200 && drawn.text.contains("src='../../vendor/d3.v5.min.js'"), "{}", drawn.text);
    assert!(drawn.headers["content-security-policy"].to_str().unwrap().contains("https://board.example/agnez/vendor/"));
    assert_eq!(server.ask("GET", &format!("{base}values"), "", through).await.status, 403);
    let keyed = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let moved = keyed.get(server.url(&format!("{base}b/x"))).header("x-forwarded-host", "board.example").send().await.unwrap();
    assert_eq!((moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()), (303, "/agnez/b/x"));
    let share = server.ask("POST", "/agnez/shares", r#"{"board":"x"}"#, &proxied).await.json();
    assert!(share["link"].as_str().unwrap().starts_with("https://board.example/agnez/b/x#token=agz_"), "{share}");
    for outside in ["/", "/values", "/agnezvalues", "/b/x", "/agnez/../values", "/pkg/agnez.js"] {
        assert_eq!(server.status("GET", outside, &proxied).await, 404, "{outside}");
    }
    assert_eq!(server.status("GET", "/healthz", &[]).await, 200);
    assert_eq!(server.status("GET", "/agnez/healthz", &[]).await, 200);
    for (name, value) in [("x-forwarded-host", "evil.example"), ("origin", "https://evil.example")] {
        let headers = [("authorization", authorization.as_str()), (name, value)];
        assert_eq!(server.status("GET", "/agnez/values", &headers).await, 403, "{name}");
    }
    // A proxy on this machine is no local program, even if it forgets its headers.
    assert_eq!(server.status("GET", "/agnez/values", &[]).await, 401);
}
