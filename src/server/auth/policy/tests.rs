//! Who is let through the policy, and who counts as a program of this machine.

use super::*;

const LOCAL: &str = "127.0.0.1:50000";

/// The status of what is sent away, 200 for what is trusted as local, 401 for what needs a token.
fn ask(method: &str, path: &str, headers: &[(&str, &str)], peer: &str) -> u16 {
    check(&AccessPolicy { origins: vec!["https://lab.example".into()], ..AccessPolicy::default() }, method, path, headers, peer)
}

fn check(policy: &AccessPolicy, method: &str, path: &str, headers: &[(&str, &str)], peer: &str) -> u16 {
    by_version(Version::HTTP_11, policy, method, path, headers, peer)
}

fn by_version(version: Version, policy: &AccessPolicy, method: &str, path: &str, headers: &[(&str, &str)], peer: &str) -> u16 {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    let peer = Peer { address: peer.parse().ok(), local: "127.0.0.1:3000".parse().ok(), is_same_user: true };
    match policy.check_request((&method, &path.parse().unwrap(), version), &map, &peer) {
        Ok(verified) => {
            if verified.is_local {
                200
            } else {
                401
            }
        }
        Err(error) => error.code,
    }
}

#[test]
fn exactly_one_host_is_named() {
    assert_eq!(ask("GET", "/", &[("host", "localhost")], LOCAL), 200);
    assert_eq!(ask("GET", "/", &[("host", "evil.example")], LOCAL), 403);
    assert_eq!(ask("GET", "/", &[], LOCAL), 400);
    assert_eq!(ask("GET", "/", &[("host", "localhost"), ("host", "evil.example")], LOCAL), 400);
    assert_eq!(ask("GET", "http://evil.example/", &[("host", "localhost")], LOCAL), 403);
    assert_eq!(ask("GET", "http://localhost/", &[("host", "localhost")], LOCAL), 200);
}

#[test]
fn pages_of_other_origins_are_kept_out() {
    let host = ("host", "localhost:3000");
    assert_eq!(ask("POST", "/values", &[host, ("origin", "http://localhost:3000")], LOCAL), 200);
    for origin in
        ["null", "http://evil.example", "http://localhost:8888", "http://localhost", "http://localhost:3000.evil.example", "file://"]
    {
        for (method, path) in [("POST", "/values"), ("GET", "/values"), ("GET", "/live"), ("OPTIONS", "/values"), ("DELETE", "/values/a")] {
            assert_eq!(ask(method, path, &[host, ("origin", origin)], LOCAL), 403, "{origin} {method} {path}");
        }
    }
    // An allowed one may ask, and is not trusted as a program of this machine is.
    let allowed = [host, ("origin", "https://lab.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask("POST", "/values", &allowed, LOCAL), 401);
    for near in
        ["http://lab.example", "https://lab.example:444", "https://lab.example.evil.example", "https://LAB.example", "https://lab.example/"]
    {
        assert_eq!(ask("GET", "/values", &[host, ("origin", near)], LOCAL), 403, "{near}");
    }
}

#[test]
fn what_the_browser_says_of_the_sender_counts() {
    let host = ("host", "localhost:3000");
    let site = |method, path, site| ask(method, path, &[host, ("sec-fetch-site", site)], LOCAL);
    assert_eq!(site("POST", "/values", "same-origin"), 200);
    assert_eq!(site("GET", "/values", "none"), 200);
    assert_eq!(site("POST", "/values", "none"), 403);
    assert_eq!(site("GET", "/values", "same-site"), 403);
    assert_eq!(site("GET", "/images/a.png", "cross-site"), 403);
    let navigation = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
    assert_eq!(ask("GET", "/", &navigation, LOCAL), 200);
    assert_eq!(ask("GET", "/b/mnist", &navigation, LOCAL), 200);
    assert_eq!(ask("GET", "/values", &navigation, LOCAL), 403);
    assert_eq!(ask("POST", "/", &navigation, LOCAL), 403);
    let framed = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
    assert_eq!(ask("GET", "/", &framed, LOCAL), 403);
}

#[test]
fn pages_of_an_embedder_show_boards_in_frames_and_drawings_as_images() {
    let policy = AccessPolicy { embedders: vec!["http://localhost:8888".into()], ..AccessPolicy::default() };
    let ask = |method: &str, path: &str, (mode, dest): (&str, &str), referer: &str| {
        let headers = [
            ("host", "localhost:3000"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-mode", mode),
            ("sec-fetch-dest", dest),
            ("referer", referer),
        ];
        check(&policy, method, path, &headers, LOCAL)
    };
    let (image, frame, lab) = (("no-cors", "image"), ("navigate", "iframe"), "http://localhost:8888/lab");
    assert_eq!(ask("GET", "/values/a.svg", image, lab), 200);
    assert_eq!(ask("GET", "/values/a.svg", image, "http://localhost:8888"), 200);
    for referer in
        ["", "http://localhost:8889/", "http://localhost:88888/", "http://localhost:8888.evil.example/", "https://localhost:8888/"]
    {
        assert_eq!(ask("GET", "/values/a.svg", image, referer), 403, "{referer}");
    }
    // Nothing but the drawing of a cell, and only as an image.
    for path in ["/values/a", "/values/a.csv", "/values/a.json", "/values/a/b.svg", "/values", "/images/a.png", "/boards/a/runs", "/live"] {
        assert_eq!(ask("GET", path, image, lab), 403, "{path}");
    }
    for (method, kind) in [("POST", image), ("GET", ("cors", "empty")), ("GET", ("no-cors", "script")), ("GET", frame)] {
        assert_eq!(ask(method, "/values/a.svg", kind, lab), 403, "{method} {kind:?}");
    }
    // A frame begins with the page that asks for a token; which pages may frame it stands in its policy.
    assert_eq!(ask("GET", "/b/digits", frame, lab), 401);
    assert_eq!((ask("POST", "/b/digits", frame, lab), ask("GET", "/values", frame, lab)), (403, 403));
    // One that may embed may not ask.
    let origin = [("host", "localhost:3000"), ("origin", "http://localhost:8888")];
    assert_eq!(check(&policy, "GET", "/values/a.svg", &origin, LOCAL), 403);
    assert_eq!(check(&AccessPolicy::default(), "GET", "/b/digits", &[origin[0], ("sec-fetch-site", "same-site")], LOCAL), 403);
}

#[test]
fn figures_get_their_scripts_and_nothing_else() {
    let figure = [("host", "localhost:3000"), ("origin", "null"), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask("GET", "/vendor/mpld3.min.js", &figure, LOCAL), 200);
    assert_eq!(ask("POST", "/vendor/mpld3.min.js", &figure, LOCAL), 403);
    assert_eq!(ask("GET", "/values", &figure, LOCAL), 403);
}

#[test]
fn only_programs_of_this_machine_are_trusted_and_not_through_a_proxy() {
    let host = ("host", "localhost:3000");
    assert_eq!(ask("POST", "/values", &[host], "[::1]:9"), 200);
    assert_eq!(ask("POST", "/values", &[host], "[::ffff:127.0.0.1]:9"), 200);
    assert_eq!(ask("POST", "/values", &[host], "192.0.2.7:9"), 401);
    assert_eq!(ask("POST", "/values", &[host], "not an address"), 401);
    for header in [
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "X-Forwarded-Server",
        "x-forwarded-context",
        "x-forwarded-ssl",
        "x-real-ip",
        "via",
        "x-proxycontextpath",
        "x-original-forwarded-for",
        "x-envoy-external-address",
        "cf-connecting-ip",
    ] {
        assert_eq!(ask("POST", "/values", &[host, (header, "192.0.2.7")], LOCAL), 401, "{header}");
    }
    assert_eq!(ask("POST", "/values", &[host, ("x-request-id", "1"), ("forward", "1")], LOCAL), 200);
    // nginx as it is without further words.
    let silent = [("host", "127.0.0.1:3000"), ("connection", "close")];
    assert_eq!(by_version(Version::HTTP_10, &AccessPolicy::default(), "GET", "/", &silent, LOCAL), 401);
    assert_eq!(ask("GET", "/", &silent, LOCAL), 200);
}

#[test]
fn a_page_that_knows_this_server_by_another_name_came_through_a_proxy() {
    let host = ("host", "localhost:3000");
    for own in ["http://localhost:3000/", "http://localhost:3000/b/x?y#z", "http://LOCALHOST:3000/", ""] {
        assert_eq!(ask("POST", "/values", &[host, ("referer", own)], LOCAL), 200, "{own}");
    }
    let foreign = [
        "https://board.example/",
        "https://localhost:3000/",
        "http://localhost/",
        "http://localhost:3001/",
        "http://127.0.0.1:3000/",
        "http://localhost:3000.evil.example/",
        "http://localhost:3000@evil.example/",
        "http://evil.example/localhost:3000/",
        "http://evil.example?http://localhost:3000/",
        "localhost:3000",
        "about:client",
        "x",
    ];
    for referer in foreign {
        assert_eq!(ask("GET", "/values", &[host, ("referer", referer)], LOCAL), 401, "{referer}");
        let both = [host, ("referer", "http://localhost:3000/"), ("referer", referer)];
        assert_eq!(ask("POST", "/values", &both, LOCAL), 401, "{referer}");
    }
    // The page of a proxy that has TLS.
    assert_eq!(ask("POST", "/values", &[host, ("origin", "https://localhost:3000")], LOCAL), 401);
    // A link from another site: the gate leads on who may come in.
    let navigation = [
        host,
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("referer", "https://chat.example/"),
    ];
    assert_eq!(ask("GET", "/", &navigation, LOCAL), 401);
}

#[test]
fn of_this_machine_only_those_are_trusted_that_the_flags_say() {
    let peer = |is_same_user| Peer { is_same_user, ..Peer::default() };
    let trusts = |local: LocalTrust| [true, false].map(|is_same_user| local.trusts(&peer(is_same_user)));
    assert_eq!(trusts(LocalTrust::OwnUser), [true, false]);
    assert_eq!(trusts(LocalTrust::EveryUser), [true, true]);
    assert_eq!((trusts(LocalTrust::Nobody), trusts(LocalTrust::Unknown)), ([false; 2], [false; 2]));
}

#[test]
fn a_proxy_that_is_trusted_names_the_host() {
    let policy = AccessPolicy {
        proxies: vec!["127.0.0.1".parse().unwrap()],
        hosts: Host::parse("board.example").into_iter().collect(),
        base: "/agnez".into(),
        ..AccessPolicy::default()
    };
    let through =
        |forwarded: &'static str, path| check(&policy, "GET", path, &[("host", "127.0.0.1:3000"), ("x-forwarded-host", forwarded)], LOCAL);
    assert_eq!(through("board.example", "/agnez/values"), 401);
    assert_eq!(through("evil.example", "/agnez/values"), 403);
    assert_eq!(through("board.example", "/values"), 404);
    let headers = [("host", "127.0.0.1:3000"), ("x-forwarded-host", "board.example"), ("origin", "https://board.example")];
    assert_eq!(check(&policy, "POST", "/agnez/values", &headers, LOCAL), 401);
    assert_eq!(check(&policy, "POST", "/agnez/values", &headers, "192.0.2.7:9"), 403);
}
