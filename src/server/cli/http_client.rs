//! HTTP/1.1 requests of the subcommands to a server: one connection, which is opened again when the server has closed it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::uri::Authority;
use axum::http::{Method, Request, Response, StatusCode, Uri, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A server that has not answered within this time is given up.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a response that are read.
const MAX_RESPONSE_BYTES: usize = 16 << 20;
/// Characters that a message has at most which quotes a response.
const MAX_QUOTED_CHARS: usize = 300;
const HTTP_PORT: u16 = 80;
/// A header of every response of Agnez.
const API_HEADER: &str = "agnez-api";
/// The request that looks for the header: the Python client's, which proxies let pass.
const PROBE_PATH: &str = "/values?$limit=0";

#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    #[error("'{0}' is not an address of a server; one looks like http://localhost:3000.")]
    Url(String),
    #[error("This program sends over http only, not to '{0}'. Connect to the server itself, behind the proxy that has TLS.")]
    Tls(String),
    #[error("No server answers at {url}: {reason}. Start one with 'agnez', or name its address with --url.")]
    Connect { url: String, reason: String },
    #[error("Another program than Agnez answers at {url}; nothing was written to it. Start Agnez on another port: agnez --port 3001")]
    OtherProgram { url: String },
    #[error("{url} has not answered {method} {path} within {} s.", RESPONSE_TIMEOUT.as_secs())]
    Timeout { url: String, method: Method, path: String },
    #[error("{url} has ended the connection during {method} {path}: {reason}.")]
    Broken { url: String, method: Method, path: String, reason: String },
    #[error("{method} {url}{path} was refused ({}): {message}", status.as_u16())]
    Refused { url: String, method: Method, path: String, status: StatusCode, message: String },
}

/// An address such as `http://localhost:3000`, with a path where a proxy has one.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerUrl {
    authority: Authority,
    /// Without a slash at its end.
    base: String,
    /// The token of a link, `#token=...`.
    pub token: Option<String>,
}

impl ServerUrl {
    /// Parses an address, or the link that `agnez token new` prints.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let (address, fragment) = text.trim().split_once('#').unwrap_or((text.trim(), ""));
        let malformed = || RequestError::Url(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| malformed())?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(RequestError::Tls(address.to_owned())),
            _ => return Err(malformed()),
        }
        // A user name would be sent to nobody, and end up in messages.
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(malformed)?;
        let token = fragment.strip_prefix("token=").filter(|token| !token.is_empty());
        if token.is_some_and(|token| !token.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(malformed());
        }
        Ok(Self { authority: authority.clone(), base: uri.path().trim_end_matches('/').to_owned(), token: token.map(str::to_owned) })
    }

    /// Without a slash at its end, and without the token.
    pub fn address(&self) -> String {
        format!("http://{}{}", self.authority, self.base)
    }
}

pub struct HttpClient {
    url: ServerUrl,
    connection: Option<SendRequest<Body>>,
}

impl HttpClient {
    /// Connects to an Agnez server. The token is not sent before the server is known to be one.
    pub async fn connect(url: ServerUrl) -> Result<Self, RequestError> {
        let mut client = Self { url: ServerUrl { token: None, ..url.clone() }, connection: None };
        let response = client.send(Method::HEAD, PROBE_PATH, None).await?;
        if !response.headers().contains_key(API_HEADER) {
            return Err(RequestError::OtherProgram { url: url.address() });
        }
        client.url = url;
        Ok(client)
    }

    /// Sends a request with a JSON body.
    pub async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Result<Response<Vec<u8>>, RequestError> {
        let exchange = self.exchange(&method, path, body);
        match tokio::time::timeout(RESPONSE_TIMEOUT, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => {
                self.connection = None;
                Err(RequestError::Timeout { url: self.url.address(), method, path: path.to_owned() })
            }
        }
    }

    /// As [`Self::send`]; a status other than 2xx is an error with the server's own message.
    pub async fn expect_success(&mut self, method: Method, path: &str, body: &Value) -> Result<(), RequestError> {
        let response = self.send(method.clone(), path, Some(body)).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let message = response_message(response.body());
        Err(RequestError::Refused { url: self.url.address(), method, path: path.to_owned(), status, message })
    }

    async fn exchange(&mut self, method: &Method, path: &str, body: Option<&Value>) -> Result<Response<Vec<u8>>, RequestError> {
        let url = self.url.address();
        let broken = |reason: String| RequestError::Broken { url: url.clone(), method: method.clone(), path: path.to_owned(), reason };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url.base))
            .header(header::HOST, self.url.authority.as_str())
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.url.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let content = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.body(content).map_err(|error| broken(error.to_string()))?;
        let open = match self.connection.take() {
            Some(mut connection) => connection.ready().await.is_ok().then_some(connection),
            None => None,
        };
        let mut connection = match open {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let response = connection.send_request(request).await.map_err(|error| broken(error.to_string()))?;
        let (head, body) = response.into_parts();
        let bytes = to_bytes(Body::new(body), MAX_RESPONSE_BYTES).await.map_err(|error| broken(error.to_string()))?;
        self.connection = Some(connection);
        Ok(Response::from_parts(head, bytes.to_vec()))
    }

    async fn open(&self) -> Result<SendRequest<Body>, RequestError> {
        let failed = |reason: String| RequestError::Connect { url: self.url.address(), reason };
        let host = self.url.authority.host().trim_start_matches('[').trim_end_matches(']');
        let port = self.url.authority.port_u16().unwrap_or(HTTP_PORT);
        let stream = TcpStream::connect((host, port)).await.map_err(|error| failed(error.to_string()))?;
        // Small requests follow each other.
        let _ = stream.set_nodelay(true);
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| failed(error.to_string()))?;
        // It ends with the sender, or when the server closes.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// The message of an error of this server; of any other response the beginning.
pub fn response_message(response: &[u8]) -> String {
    let text = String::from_utf8_lossy(response);
    let message = serde_json::from_slice::<Value>(response).ok().and_then(|error| Some(error.get("message")?.as_str()?.to_owned()));
    message.unwrap_or_else(|| text.trim().to_owned()).chars().take(MAX_QUOTED_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_links_are_read() {
        let parsed = |text| ServerUrl::parse(text).map(|url| (url.address(), url.token)).map_err(|error| error.to_string());
        assert_eq!(parsed("http://localhost:3000/"), Ok(("http://localhost:3000".into(), None)));
        assert_eq!(parsed(" http://box/agnez#token=agz_x "), Ok(("http://box/agnez".into(), Some("agz_x".into()))));
        assert_eq!(parsed("http://[::1]:3000"), Ok(("http://[::1]:3000".into(), None)));
        for text in ["", "localhost:3000", "/b/x", "ftp://box", "http://me:secret@box", "http://box#token=a b"] {
            assert!(parsed(text).unwrap_err().contains("http://localhost:3000"), "{text}");
        }
        assert!(parsed("https://box").unwrap_err().contains("http only"));
    }

    #[test]
    fn messages_of_errors_are_the_servers() {
        assert_eq!(response_message(br#"{"code":400,"message":"The body is not JSON."}"#), "The body is not JSON.");
        assert_eq!(response_message(b" <h1>404</h1> "), "<h1>404</h1>");
        assert_eq!(response_message(&[b'x'; 1000]).len(), MAX_QUOTED_CHARS);
    }
}
