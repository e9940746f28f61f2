//! Durable PATCHes a second: the real program, its own process, plain HTTP over loopback. `cargo bench --bench patch`
//!
//! Each connection changes a cell of its own, one request after the other. Bounded: 3 rounds of 4 s for each number of connections.

mod server;

use std::time::{Duration, Instant};

use server::{Client, Server, flush_time, folder};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

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
                    client.json("PATCH", &path, &format!("{{\"value\":{value}}}"));
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

fn main() {
    println!("disk: {} us to append 4 KiB and flush (median)", flush_time());
    println!("durability  connections  patches/s   p50 us   p99 us   (median of {ROUNDS} rounds of {} s)", ROUND.as_secs());
    for durability in ["full", "normal"] {
        let folder = folder();
        let server = Server::start(durability, folder.path());
        let mut setup = Client::connect(server.port);
        for number in 0..CONNECTIONS[CONNECTIONS.len() - 1] {
            setup.json(
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
