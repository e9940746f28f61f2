//! Durable PATCHes a second: the real program, its own process, plain HTTP over loopback. `cargo bench --bench patch`
//!
//! Each connection changes a cell of its own, one request after the other. Bounded: 3 rounds of 4 s for each number of connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

struct Server {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(durability: &str) -> Server {
    // Beside the build, not in /tmp, which may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
    command.args(["--port", "0", "--log", "warn", "--durability", durability, "--data"]).arg(folder.path()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("its address");
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    Server { child, port, _folder: folder }
}

struct Client {
    stream: TcpStream,
    reply: Vec<u8>,
}

impl Client {
    fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, reply: Vec::new() }
    }

    /// Sends a request and reads the whole reply; panics unless it is a 2xx.
    fn call(&mut self, method: &str, path: &str, body: &str) {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(request.as_bytes()).expect("a request");
        self.reply.clear();
        let mut part = [0; 4096];
        loop {
            let read = self.stream.read(&mut part).expect("a reply");
            assert!(read > 0, "the server hung up");
            self.reply.extend_from_slice(&part[..read]);
            let Some(end) = self.reply.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.reply[..end]).expect("a head").to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
            if self.reply.len() >= end + 4 + length.unwrap_or(0_usize) {
                assert!(head.starts_with("http/1.1 2"), "{head}");
                return;
            }
        }
    }
}

/// Latencies in microseconds, sorted, and requests a second.
fn round(port: u16, connections: usize) -> (Vec<u64>, f64) {
    let began = Instant::now();
    let clients: Vec<_> = (0..connections)
        .map(|number| {
            std::thread::spawn(move || {
                let mut client = Client::connect(port);
                let path = format!("/values/cell{number}");
                let mut latencies = Vec::new();
                for value in 0_u64.. {
                    let sent = Instant::now();
                    client.call("PATCH", &path, &format!("{{\"value\":{value}}}"));
                    latencies.push(sent.elapsed().as_micros() as u64);
                    if began.elapsed() > ROUND {
                        break;
                    }
                }
                latencies
            })
        })
        .collect();
    let mut latencies: Vec<u64> = clients.into_iter().flat_map(|client| client.join().expect("a client ends")).collect();
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_unstable();
    (latencies, rate)
}

/// What the disk itself needs: 4 KiB appended and flushed, in microseconds (median).
fn flush_time() -> u64 {
    let mut file = tempfile::tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
    let mut times: Vec<u64> = (0..200)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4096]).expect("a write");
            file.sync_data().expect("a flush");
            began.elapsed().as_micros() as u64
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn main() {
    println!("disk: {} us to append 4 KiB and flush (median)", flush_time());
    println!("durability  connections  patches/s   p50 us   p99 us   (median of {ROUNDS} rounds of {} s)", ROUND.as_secs());
    for durability in ["full", "normal"] {
        let server = start(durability);
        let mut setup = Client::connect(server.port);
        for number in 0..CONNECTIONS[CONNECTIONS.len() - 1] {
            setup.call(
                "POST",
                "/values",
                &format!("{{\"_id\":\"cell{number}\",\"name\":\"loss\",\"type\":\"number\",\"value\":0,\"pos\":{number}}}"),
            );
        }
        for connections in CONNECTIONS {
            let mut rounds: Vec<(f64, u64, u64)> = (0..ROUNDS)
                .map(|_| {
                    let (latencies, rate) = round(server.port, connections);
                    (rate, latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100])
                })
                .collect();
            rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (rate, p50, p99) = rounds[ROUNDS / 2];
            println!("{durability:10}  {connections:11}  {rate:9.0}  {p50:7}  {p99:7}");
        }
    }
}
