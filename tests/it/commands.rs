//! Subcommands that speak to a running server or to the Python package.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode};

use super::support::{spawn, spawn_in};

async fn agnez(arguments: &[&str], folder: &Path, path: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
    command.args(arguments).current_dir(folder).env("PATH", path);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

pub type Requests = Arc<Mutex<Vec<(Method, HeaderMap)>>>;

/// A program that answers every request in the same way: its address, and the requests that reach it.
pub async fn other_program(status: StatusCode, headers: &[(&'static str, &'static str)], body: String) -> (String, Requests) {
    let requests = Requests::default();
    let headers: HeaderMap = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let recorded = requests.clone();
    let router = Router::new().fallback(async move |method: Method, received: HeaderMap| {
        recorded.lock().unwrap().push((method, received));
        (status, headers, body)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, requests)
}

#[tokio::test]
async fn healthcheck_is_0_while_the_server_accepts_changes() {
    let folder = tempfile::tempdir().unwrap();
    let locked = spawn_in(tempfile::tempdir().unwrap(), &["--require-token"]).await;
    let mut server = spawn().await;
    let (port, locked_port) = (server.port.to_string(), locked.port.to_string());
    let url = server.url("");
    for arguments in
        [["--port", &port, "healthcheck"].as_slice(), &["--port", &locked_port, "healthcheck"], &["healthcheck", "--url", &url]]
    {
        let output = agnez(arguments, folder.path(), "").await;
        assert!(output.status.success() && text(&output.stdout) == "ok\n", "{output:?}");
    }
    server.stop().await;
    let output = agnez(&["--port", &port, "healthcheck"], folder.path(), "").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("No server answers at http://127.0.0.1:{port}")), "{output:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a check creates no files");
}

#[tokio::test]
async fn a_taken_port_says_whether_agnez_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = spawn().await;
    let (other, requests) = other_program(StatusCode::OK, &[], "{}".to_owned()).await;
    let (port, other_port) = (server.port.to_string(), other.rsplit(':').next().unwrap().to_owned());
    for (port, sentence) in [
        (&port, format!("Agnez runs there already. Open http://localhost:{port}, or start a second server with another --port")),
        (&other_port, format!("Port {other_port} is taken. Stop the program that has it")),
    ] {
        let output = agnez(&["--port", port], folder.path(), "").await;
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(&sentence), "{output:?}");
        // A port that was named is the demo's, in each way to name it.
        for arguments in [&["--port", port, "demo"][..], &["demo", "--port", port]] {
            let output = agnez(arguments, folder.path(), "").await;
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(text(&output.stderr).contains(&format!("Port {port} is taken")), "{output:?}");
        }
    }
    assert!(requests.lock().unwrap().iter().all(|(method, _)| *method == Method::HEAD));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn healthcheck_is_1_where_the_address_has_another_server() {
    let server = spawn().await;
    let output = agnez(&["healthcheck", "--url", &server.url("/elsewhere")], Path::new("."), "").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is not ready: 404"), "{output:?}");
}

#[tokio::test]
async fn healthcheck_is_1_where_another_program_answers() {
    let (url, requests) = other_program(StatusCode::OK, &[], "ok".to_owned()).await;
    let output = agnez(&["healthcheck", "--url", &format!("{url}#token=agz_x")], Path::new("."), "").await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&format!("Another program than Agnez answers at {url}; ")), "{output:?}");
    let requests = requests.lock().unwrap();
    assert!(requests.len() == 1 && !requests[0].1.contains_key("authorization"), "{requests:?}");
}

#[tokio::test]
async fn healthcheck_quotes_the_beginning_of_a_response() {
    let (url, _) = other_program(StatusCode::BAD_GATEWAY, &[("agnez-api", "1")], "x".repeat(5000)).await;
    let output = agnez(&["healthcheck", "--url", &url], Path::new("."), "").await;
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(error.contains("is not ready: 502") && error.matches("xxx").count() == 100, "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn replay_and_spools_run_the_python_that_has_the_package() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (with, without) = (folder.path().join("with"), folder.path().join("without"));
    for (bin, has_package) in [(&without, 1), (&with, 0)] {
        std::fs::create_dir(bin).unwrap();
        // The first call looks for the package, the second one is the command.
        let script = format!("#!/bin/sh\n[ $# = 2 ] && exit {has_package}\nshift 2\necho \"$@\"\nexit 7\n");
        std::fs::write(bin.join("python3"), script).unwrap();
        std::fs::set_permissions(bin.join("python3"), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let output = agnez(&["replay", "--url", "http://box", "-x"], folder.path(), with.to_str().unwrap()).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), "replay --url http://box -x\n"), "{output:?}");
    let output = agnez(&["spools", "--help"], folder.path(), with.to_str().unwrap()).await;
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), "spools --help\n"), "{output:?}");
    // Flags of the server are refused, and its environment does not matter.
    let output = agnez(&["spools", "--data", "x"], folder.path(), with.to_str().unwrap()).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("'--data' has no effect on 'agnez spools'"), "{output:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
    command.args(["replay", "folder"]).current_dir(folder.path()).env("PATH", &with);
    command.envs([("AGNEZ_PORT", "abc"), ("AGNEZ_HOST", "nowhere"), ("AGNEZ_TRUSTED_PROXY", "x"), ("AGNEZ_DURABILITY", "x")]);
    let output = command.output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), "replay folder\n"), "{output:?}");
    for path in [without.to_str().unwrap(), ""] {
        let output = agnez(&["spools"], folder.path(), path).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains("'agnez spools' is a command of the Python package"), "{output:?}");
    }
}
