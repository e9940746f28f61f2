//! Tokens, over real sockets: who gets in, how far, and for how long.

mod cli;
mod origins;
mod revocation;
mod route_matrix;
mod shares;
mod users;

use agnez::server::{Args, run_command};
use clap::Parser;
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Live, Reply, Running, spawn_in};

/// A server that asks everyone for a token.
pub async fn locked() -> Running {
    spawn_in(tempfile::tempdir().unwrap(), &["--require-token"]).await
}

/// What `agnez token …` says, run beside the server.
async fn command(server: &Running, arguments: &[&str]) -> String {
    let data = server.folder.path().join("data");
    let args = Args::parse_from(["agnez", "--data", data.to_str().unwrap(), "token"].iter().chain(arguments));
    run_command(args.command.as_ref().unwrap(), &args.config().unwrap()).await.unwrap()
}

/// A new token, made as `agnez token new <arguments>`.
pub async fn token(server: &Running, arguments: &[&str]) -> String {
    let output = command(server, &[&["new"], arguments].concat()).await;
    output.split_whitespace().find(|word| word.starts_with("agz_")).unwrap().to_owned()
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

impl Running {
    pub async fn with(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        self.ask(method, path, body.to_owned(), &[("authorization", &bearer(token))]).await
    }

    pub async fn put(&self, token: &str, cell: &str) {
        let reply = self.with(token, "POST", "/values", cell).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
    }

    /// The status alone: some answers do not end.
    async fn status(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut request = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = std::mem::take(&mut request).request(method.parse().unwrap(), self.url(path)).body("{}");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// What the addresses of a page begin with that was drawn for this token: `/~<key>`.
    async fn key(&self, token: &str, path: &str) -> String {
        let page = self.with(token, "GET", path, "").await;
        assert_eq!(page.status, 200, "{}", page.text);
        let start = page.text.split_once("<base href=\"").unwrap().1;
        let base = start.split_once('"').unwrap().0;
        assert!(base.starts_with("/~") && base.ends_with('/'), "{base}");
        base.trim_end_matches('/').to_owned()
    }

    /// A live connection at an address of its own, with these subprotocols; the status when it is refused.
    pub async fn connect(&self, path: &str, protocols: Option<&str>) -> Result<(Live, Option<String>), u16> {
        let mut request = format!("ws://localhost:{}{path}", self.port).into_client_request().unwrap();
        if let Some(protocols) = protocols {
            request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, reply)) => {
                let chosen = reply.headers().get("sec-websocket-protocol").map(|name| name.to_str().unwrap().to_owned());
                Ok((Live { socket }, chosen))
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(reply)) => Err(reply.status().as_u16()),
            Err(why) => panic!("{why}"),
        }
    }
}

impl Live {
    /// The code and the reason that the server closes with; frames before it are passed over.
    async fn closed(&mut self) -> (u16, String) {
        use tokio_tungstenite::tungstenite::Message;
        loop {
            match tokio::time::timeout(std::time::Duration::from_secs(20), self.socket.next()).await.expect("the line is closed") {
                Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
