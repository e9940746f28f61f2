//! Other users of the machine, and proxies of theirs. A real process of another user asks where these tests are run by root, which can start
//! one; elsewhere that part is skipped, and says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use agnez::server::addresses;
use serde_json::Value;

use super::bearer;
use super::cli::Program;

/// `nobody`, as proxies often are.
const OTHER: u32 = 65534;

/// A process that holds one connection to the server and passes on what it is given, as nginx does since 1.29.7: HTTP/1.1, kept alive, no header
/// of its own, the server's address as its host.
struct Proxy {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    host: String,
}

impl Proxy {
    /// `None` where this process may not start one of that user.
    fn start(user: Option<u32>, ip: &str, port: &str) -> Option<Self> {
        let mut command = Command::new("bash");
        command.args(["-c", &format!("exec 3<>/dev/tcp/{ip}/{port} && {{ cat <&3 & exec cat >&3; }}")]);
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        let mut child = match command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(why) if user.is_some() => {
                eprintln!("skipped: only root can ask as another user ({why})");
                return None;
            }
            Err(why) => panic!("bash is needed: {why}"),
        };
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, to, from, host: format!("localhost:{port}") })
    }

    /// One more request on the same connection; the status and the body. `101` has none.
    fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        // At once: of a body that comes after its refusal the rest of the connection would be refused, too.
        let request = if method == "GET" { format!("{head}\r\n") } else { format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()) };
        self.to.write_all(request.as_bytes()).unwrap();
        self.to.flush().unwrap();
        let (mut status, mut length, mut is_chunked) = (0, 0, false);
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "{method} {path}: the connection was closed");
            if status == 0 {
                status = line.split(' ').nth(1).unwrap().parse().unwrap();
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            } else if line.eq_ignore_ascii_case("transfer-encoding: chunked\r\n") {
                is_chunked = true;
            } else if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).unwrap();
        while is_chunked {
            let mut size = String::new();
            self.from.read_line(&mut size).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.from.read_exact(&mut chunk).unwrap();
            body.extend(&chunk[..size]);
            is_chunked = size > 0;
        }
        (status, String::from_utf8_lossy(&body).into_owned())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const BROWSER: [(&str, &str); 3] =
    [("User-Agent", "Mozilla/5.0"), ("Accept", "text/html,application/xhtml+xml"), ("Sec-Fetch-Site", "none")];
const CELL: &str = r#"{"_id":"c","board":"a","name":"canary","type":"html","value":"<p>canary"}"#;

fn port(program: &Program) -> String {
    program.word(0).rsplit_once(':').unwrap().1.to_owned()
}

fn token(folder: &std::path::Path) -> String {
    let made = Command::new(env!("CARGO_BIN_EXE_agnez")).args(["token", "new", "--data", folder.to_str().unwrap()]).output().unwrap();
    let output = String::from_utf8(made.stdout).unwrap();
    output.split_whitespace().find(|word| word.starts_with("agz_")).unwrap().to_owned()
}

#[test]
fn a_silent_proxy_of_another_user_gets_nothing_at_any_address() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[], 1);
    let port = port(&program);
    let mut own = Proxy::start(None, "127.0.0.1", &port).unwrap();
    assert_eq!(own.ask("POST", "/values", &[], CELL).0, 201);
    let before = own.ask("GET", "/values", &[], "").1;
    let Some(mut proxy) = Proxy::start(Some(OTHER), "127.0.0.1", &port) else { return };
    for (method, path, need) in addresses() {
        let path = [("{board}", "a"), ("{id}", "c"), ("{rev}", "1"), ("{*path}", "x"), ("/{path}", "/favicon.svg")]
            .iter()
            .fold(path, |path, (part, name)| path.replace(part, name));
        let path = if path == "/live" { "/live?board=a&view=page".to_owned() } else { path };
        for headers in [&[][..], &BROWSER] {
            // Only reading is asked so by a browser's address bar.
            if headers.is_empty() || method == "GET" {
                let (status, body) = proxy.ask(method.as_str(), &path, headers, "{}");
                let is_right = if need == "open" { matches!(status, 200 | 404) } else { status == 401 };
                assert!(is_right && !body.contains("canary"), "{method} {path}: {status} {body}");
            }
        }
    }
    let upgrade = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    assert_eq!(proxy.ask("GET", "/live?board=a", &upgrade, "").0, 401);
    // A browser of that user sees the page that takes a token.
    let (status, gate) = proxy.ask("GET", "/b/a", &BROWSER, "");
    assert!(status == 401 && gate.contains("This board needs a token") && !gate.contains("canary"), "{gate}");
    // By a token, it passes on as far as that goes.
    let authorization = bearer(&token(folder.path()));
    let by_token = proxy.ask("GET", "/values", &[("Authorization", &authorization)], "");
    assert_eq!(by_token, (200, before));
    assert_eq!(proxy.ask("POST", "/shares", &[("Authorization", &authorization)], "{}").0, 201);
    // The next request of the same connection has none again.
    assert_eq!(proxy.ask("GET", "/values", &[], "").0, 401);
}

#[test]
fn access_that_lasts_is_made_by_a_token_only() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[], 1);
    let mut own = Proxy::start(None, "127.0.0.1", &port(&program)).unwrap();
    for (method, path) in [("GET", "/shares"), ("POST", "/shares"), ("DELETE", "/shares/x")] {
        let (status, body) = own.ask(method, path, &[], "{}");
        assert!(status == 401 && body.contains("agnez token new"), "{method} {path}: {status} {body}");
    }
    let authorization = bearer(&token(folder.path()));
    let (status, made) = own.ask("POST", "/shares", &[("Authorization", &authorization)], "{}");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert!(status == 201 && made["token"].as_str().unwrap().starts_with("agz_"), "{made}");
}

#[test]
fn whose_a_connection_is_holds_for_every_way_to_this_machine() {
    for (flags, ips, lines) in [(&[][..], &["127.0.0.1", "::1"][..], 1), (&["--host", "::"], &["127.0.0.1", "::1"], 3)] {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(folder.path(), flags, lines);
        let port = port(&program);
        for ip in ips {
            if std::net::TcpStream::connect((*ip, port.parse().unwrap())).is_err() {
                assert!(ip.contains(':'), "{ip}");
                eprintln!("skipped: no IPv6 here");
                continue;
            }
            let mut own = Proxy::start(None, ip, &port).unwrap();
            for _ in 0..2 {
                assert_eq!(own.ask("GET", "/values", &[], "").0, 200, "{flags:?} {ip}");
            }
            if let Some(mut other) = Proxy::start(Some(OTHER), ip, &port) {
                assert_eq!(other.ask("GET", "/values", &[], "").0, 401, "{flags:?} {ip}");
            }
            // Nothing of one connection is taken for the other.
            assert_eq!(own.ask("GET", "/values", &[], "").0, 200, "{flags:?} {ip}");
        }
    }
}

#[test]
fn the_old_way_is_a_flag_and_ends_at_a_token_where_others_may_ask() {
    for (flags, own_status, other_status) in [
        (&["--any-local-user"][..], 200, 200),
        (&["--same-user"], 200, 401),
        (&["--any-local-user", "--require-token"], 401, 401),
        (&["--any-local-user", "--trusted-proxy", "192.0.2.1"], 401, 401),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(folder.path(), flags, 1);
        let port = port(&program);
        let mut own = Proxy::start(None, "127.0.0.1", &port).unwrap();
        assert_eq!(own.ask("GET", "/values", &[], "").0, own_status, "{flags:?}");
        assert_eq!(own.ask("POST", "/shares", &[], "").0, 401, "{flags:?}");
        let Some(mut other) = Proxy::start(Some(OTHER), "127.0.0.1", &port) else { continue };
        assert_eq!(other.ask("GET", "/values", &[], "").0, other_status, "{flags:?}");
        assert_eq!(other.ask("POST", "/shares", &[], "").0, 401, "{flags:?}");
    }
}

/// In a user namespace that maps nobody, the system calls everybody by the same number.
#[test]
fn where_nobody_can_tell_whose_a_connection_is_everyone_needs_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let started = Command::new("unshare")
        .args(["--user", env!("CARGO_BIN_EXE_agnez"), "--port", "0", "--data", data.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = started else {
        eprintln!("skipped: no unshare here");
        return;
    };
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let output: Vec<String> = lines.by_ref().take(5).collect();
    if output.is_empty() {
        eprintln!("skipped: user namespaces are forbidden here");
    } else {
        let word = |line: usize| output[line].split_whitespace().last().unwrap().to_owned();
        let (link, port) = (word(2), word(0).rsplit_once(':').unwrap().1.to_owned());
        assert!(
            output[4].contains("cannot tell which user a connection belongs to") && output[4].contains("--any-local-user"),
            "{output:?}"
        );
        let mut own = Proxy::start(None, "127.0.0.1", &port).unwrap();
        assert_eq!(own.ask("GET", "/values", &[], "").0, 401);
        // Programs of this user find the link in the data folder, and nobody else can read it.
        assert_eq!(std::fs::read_to_string(data.join("token")).unwrap().trim(), link);
        let authorization = bearer(link.split_once("#token=").unwrap().1);
        assert_eq!(own.ask("GET", "/values", &[("Authorization", &authorization)], "").0, 200);
    }
    let _ = child.kill();
    let _ = child.wait();
}
