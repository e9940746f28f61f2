//! The program itself: what it prints, writes and logs of tokens, and which programs of this machine it trusts.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::{bearer, command, locked, token};

pub struct Program {
    child: Child,
    /// What it printed before it was ready.
    output: Vec<String>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Started, with the first `lines` lines of its output.
    pub fn start(data: &Path, flags: &[&str], lines: usize) -> Self {
        Self::start_with(data, flags, lines, &[])
    }

    fn start_with(data: &Path, flags: &[&str], lines: usize, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_agnez"))
            .args(["--port", "0", "--data", data.to_str().unwrap()])
            .args(flags)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap()).lines();
        let output = (0..lines).map(|_| reader.next().unwrap().unwrap()).collect();
        Self { child, output }
    }

    /// The last word of a line of its output.
    pub fn word(&self, line: usize) -> &str {
        self.output[line].split_whitespace().last().unwrap()
    }

    /// Ends it, and answers all that it logged.
    fn log(mut self) -> String {
        let mut stderr = self.child.stderr.take().unwrap();
        let reading = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        drop(self);
        reading.join().unwrap()
    }
}

async fn status(address: &str, authorization: Option<&str>) -> u16 {
    let request = reqwest::Client::new().get(address);
    let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_first_token_is_printed_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--host", "0.0.0.0"], 4);
    let link = program.word(2).to_owned();
    let (address, token) = link.split_once("/#token=").unwrap();
    assert!(token.starts_with("agz_") && program.output[3].contains("shown only once"), "{:?}", program.output);
    // This machine needs none at its loopback address, and one at the address that others use.
    let port = address.rsplit_once(':').unwrap().1;
    assert_eq!(status(&format!("http://localhost:{port}/values"), None).await, 200);
    if address != format!("http://localhost:{port}") {
        assert_eq!(status(&format!("{address}/values"), None).await, 401);
        assert_eq!(status(&format!("{address}/values"), Some(&bearer(token))).await, 200);
    }
    drop(program);
    let again = Program::start(folder.path(), &["--host", "0.0.0.0"], 3);
    assert!(again.output[2].contains("1 token; 'agnez token new --data") && !again.output[2].contains("agz_"), "{:?}", again.output);
    drop(again);
    let locked = Program::start(folder.path(), &["--require-token"], 3);
    let values = format!("{}/values", locked.word(0));
    assert_eq!((status(&values, None).await, status(&values, Some(&bearer(token))).await), (401, 200));
}

#[tokio::test]
async fn only_hashes_are_kept_and_only_their_owner_reads_them() {
    let server = locked().await;
    let write = token(&server, &["write", "--name", "ci"]).await;
    let share = token(&server, &["share", "--board", "a"]).await;
    server.put(&write, "{}").await;
    assert_eq!(server.with(&share, "GET", "/b/a", "").await.status, 200);
    let data = server.folder.path().join("data");
    let mut files = 0;
    for file in std::fs::read_dir(&data).unwrap().map(|file| file.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        for secret in [&write, &share] {
            let secret = secret.trim_start_matches("agz_").as_bytes();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", file.display());
        }
        files += 1;
    }
    assert!(files >= 3);
    assert_eq!(data.metadata().unwrap().mode() & 0o077, 0);
    for name in ["access.json", "access.key"] {
        assert_eq!(data.join(name).metadata().unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let kept: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(data.join("access.json")).unwrap()).unwrap();
    assert_eq!(kept["tokens"][0]["hash"].as_str().unwrap().len(), 64);
    let list = command(&server, &["list"]).await;
    assert!(list.contains("write") && list.contains("ci") && list.contains("share of a") && !list.contains("agz_"), "{list}");
    let output = command(&server, &["new", "share", "--board", "a", "--details"]).await;
    assert!(output.contains("reads this board only, with all details of its runs"), "{output}");
    let list = command(&server, &["list"]).await;
    assert!(list.contains("share of a with details") && list.matches("with details").count() == 1, "{list}");
    let output = command(&server, &["new", "read", "--board", "a"]).await;
    assert!(output.contains("/b/a#token=agz_") && output.contains("reads all boards"), "the board is only where the link leads: {output}");
    // A copy of the data lets nobody in.
    let copy = server.folder.path().join("copy.sqlite");
    let copied = Command::new(env!("CARGO_BIN_EXE_agnez"))
        .args(["backup", copy.to_str().unwrap(), "--data", data.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(copied.status.success());
    // What stands in access.json is no token, in no way of showing one.
    let hash = kept["tokens"][0]["hash"].as_str().unwrap();
    let shown = ["", "agz_"].map(|start| format!("{start}{hash}"));
    for word in &shown {
        assert_eq!(server.with(word, "GET", "/values", "").await.status, 401, "{word}");
        assert_eq!(server.status("GET", &format!("/~{word}/b/a"), &[]).await, 303);
        assert_eq!(server.status("GET", &format!("/~{word}/live?board=a&view=page"), &[]).await, 401);
    }
    let hash = hash.as_bytes();
    assert!(!std::fs::read(&copy).unwrap().windows(hash.len()).any(|part| part == hash));
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &["--require-token", "--log", "trace"], 4);
    let address = program.word(0).to_owned();
    let token = program.word(2).split_once("#token=").unwrap().1.to_owned();
    let http = reqwest::Client::new();
    let send = async |method: &str, path: &str, body: &'static str, token: &str| {
        let request = http.request(method.parse().unwrap(), format!("{address}{path}")).header("authorization", bearer(token));
        request.body(body).send().await.unwrap().text().await.unwrap()
    };
    send("POST", "/values", r#"{"_id":"f","type":"html","value":"<p>"}"#, &token).await;
    let page = send("GET", "/", "", &token).await;
    let key = page.split_once("<base href=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let sig = page.split_once("\"sig\":\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    assert_eq!(status(&format!("{address}{key}values/f.csv"), None).await, 404);
    assert_eq!(status(&format!("{address}{key}values"), None).await, 403);
    assert_eq!(status(&format!("{address}/figure/f/1?sig={sig}"), None).await, 200);
    assert_eq!(status(&format!("{address}/figure/g/1?sig={sig}"), None).await, 401);
    let share: serde_json::Value = serde_json::from_str(&send("POST", "/shares", "{}", &token).await).unwrap();
    let shared = share["token"].as_str().unwrap().to_owned();
    send("POST", "/values", "{}", &shared).await;
    send("GET", "/values", "", "agz_canary_of_a_wrong_token").await;
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(format!("{}/live", address.replace("http", "ws")))
            .unwrap();
    request.headers_mut().insert("sec-websocket-protocol", format!("agnez, agnez.token.{token}").parse().unwrap());
    drop(tokio_tungstenite::connect_async(request).await.unwrap());
    let [kept, signing] = ["access.json", "access.key"].map(|name| {
        let file = std::fs::read_to_string(folder.path().join(name)).unwrap();
        serde_json::from_str::<serde_json::Value>(&file).unwrap()
    });
    let log = program.log();
    assert!(log.contains("DEBUG") && log.contains("answered"), "{log}");
    let secrets = [
        &token,
        &shared,
        &key,
        &sig,
        "canary_of_a_wrong_token",
        signing["pages"].as_str().unwrap(),
        signing["figures"].as_str().unwrap(),
        kept["tokens"][0]["hash"].as_str().unwrap(),
    ];
    for secret in secrets {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

#[tokio::test]
async fn the_browser_is_started_without_the_token() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let opened = folder.path().join("opened");
    for opener in ["xdg-open", "open"] {
        let program = folder.path().join(opener);
        std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" > '{0}.new' && mv '{0}.new' '{0}'\n", opened.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let program = Program::start_with(&folder.path().join("data"), &["--require-token", "--open"], 3, &[("PATH", &path)]);
    let opened = loop {
        match std::fs::read_to_string(&opened) {
            Ok(text) => break text,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    assert!(program.output[2].contains("#token=agz_"));
    assert_eq!(opened.trim(), program.word(0));
}

#[tokio::test]
async fn a_folder_that_others_can_read_is_reported() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (mode, flags, is_told) in [
        (0o755, "--same-user", true),
        (0o710, "--require-token", true),
        (0o700, "--same-user", false),
        (0o755, "--no-external-images", true),
        (0o755, "--any-local-user", false),
    ] {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let log = Program::start(folder.path(), &[flags], 2).log();
        assert_eq!(log.contains("chmod 700"), is_told, "{mode:o} {flags}: {log}");
    }
}
