//! The real program in its own process, and a client of plain HTTP over loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Server {
    pub child: Child,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Beside the build, not in /tmp, which may be memory.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder")
}

impl Server {
    pub fn start(durability: &str, data: &Path) -> Self {
        // Another build, to compare with it.
        let program = std::env::var_os("AGNEZ_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_agnez").into());
        let mut command = Command::new(program);
        command.args(["--port", "0", "--log", "warn", "--durability", durability, "--data"]).arg(data).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its address");
        let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        Self { child, port }
    }
}

pub struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl Client {
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, request: Vec::new(), reply: Vec::new() }
    }

    /// Sends a request and reads the whole reply (the chunks of a streamed one as they are); panics unless it is a 2xx. `kind` is the content type of the body, and what is accepted.
    pub fn call(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> &[u8] {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nAccept: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.request.clear();
        self.request.extend_from_slice(head.as_bytes());
        self.request.extend_from_slice(body);
        self.stream.write_all(&self.request).expect("a request");
        self.reply.clear();
        let mut part = [0; 1 << 16];
        loop {
            let read = self.stream.read(&mut part).expect("a reply");
            assert!(read > 0, "the server hung up");
            self.reply.extend_from_slice(&part[..read]);
            let Some(end) = self.reply.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.reply[..end]).expect("a head").to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
            let is_chunked = head.contains("transfer-encoding: chunked");
            let is_whole =
                if is_chunked { self.reply.ends_with(b"\r\n0\r\n\r\n") } else { self.reply.len() >= end + 4 + length.unwrap_or(0_usize) };
            if is_whole {
                assert!(head.starts_with("http/1.1 2"), "{head}\n{}", String::from_utf8_lossy(&self.reply[end..]));
                return &self.reply[end + 4..];
            }
        }
    }

    pub fn json(&mut self, method: &str, path: &str, body: &str) -> &[u8] {
        self.call(method, path, "application/json", body.as_bytes())
    }
}

/// What the disk itself needs: 4 KiB appended and flushed, in microseconds (median).
pub fn flush_time() -> u64 {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
    let mut times: Vec<u64> = (0..200)
        .map(|_| {
            let began = std::time::Instant::now();
            file.write_all(&[7; 4096]).expect("a write");
            file.sync_data().expect("a flush");
            began.elapsed().as_micros() as u64
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
