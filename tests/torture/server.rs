//! The real program as a child process on a folder of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The limit of every wait for the server.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A server, running or ended. Dropped, it is killed, and its folder removed.
pub struct Server {
    pub folder: TempDir,
    pub port: u16,
    pub flags: Vec<String>,
    /// Of the process.
    pub environment: Vec<(&'static str, PathBuf)>,
    /// How many files it may have open.
    pub handles: Option<u32>,
    program: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Starts one on a new folder, on a free port.
    pub async fn start(program: &Path, flags: &[&str]) -> Self {
        let mut server = Self::on(program, tempfile::tempdir().unwrap());
        server.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        server.again().await;
        server
    }

    /// One that is not started yet, on a folder as it is.
    pub fn on(program: &Path, folder: TempDir) -> Self {
        Self { folder, port: 0, flags: Vec::new(), environment: Vec::new(), handles: None, program: program.to_owned(), child: None }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts it on its folder, on the port that it had; answers how long it took until it was ready.
    pub async fn again(&mut self) -> Duration {
        let begun = Instant::now();
        let mut command = match self.handles {
            None => Command::new(&self.program),
            Some(handles) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {handles} && exec \"$0\" \"$@\"")]).arg(&self.program);
                shell
            }
        };
        let mut child = command
            .args(["--port", &self.port.to_string(), "--log", "error", "--data"])
            .arg(self.data())
            .arg("--images")
            .arg(self.folder.path().join("images"))
            .args(&self.flags)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{} does not start: {why}", self.program.display()));
        let out = child.stdout.take().unwrap();
        let (line, out) = tokio::task::spawn_blocking(move || {
            let (mut line, mut out) = (String::new(), BufReader::new(out));
            out.read_line(&mut line).map(|_| (line, out))
        })
        .await
        .unwrap()
        .unwrap();
        // What else it prints is read by nobody, and must not stop it.
        std::thread::spawn(move || std::io::copy(&mut { out }, &mut std::io::sink()));
        let address = line.split_whitespace().find(|word| word.starts_with("http")).unwrap_or_else(|| panic!("no address: '{line}'"));
        let port = address.rsplit(':').next().unwrap();
        self.port = port.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
        self.child = Some(child);
        let http = reqwest::Client::new();
        while begun.elapsed() < PATIENCE {
            // Where everyone needs a token, it says no more than that.
            if http.get(self.url("/readyz")).send().await.is_ok_and(|reply| matches!(reply.status().as_u16(), 200 | 401)) {
                return begun.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        panic!("the server is not ready within {} s", PATIENCE.as_secs());
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// SIGKILL, and waits until the process has ended.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it is running").id()
    }

    /// SIGTERM; answers how long it took to end, and how it ended. One that does not end is killed, and answers nothing.
    pub async fn stop(&mut self) -> Option<(Duration, ExitStatus)> {
        let begun = Instant::now();
        let mut child = self.child.take().expect("it is running");
        assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
        while begun.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().unwrap() {
                return Some((begun.elapsed(), status));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        None
    }

    /// What 'agnez check' says where it finds something; it may run beside the server.
    pub async fn check(&self) -> Result<(), String> {
        let (program, data) = (self.program.clone(), self.data());
        let done = tokio::task::spawn_blocking(move || Command::new(program).arg("check").arg("--data").arg(data).output()).await.unwrap();
        let output = done.unwrap();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()) }
    }

    /// Resident memory in bytes, as the system counts it.
    pub fn memory(&self) -> u64 {
        self.counted("VmRSS:")
    }

    /// The same; [`Self::most_memory`] tells the most since then.
    pub fn memory_from_now(&self) -> u64 {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5");
        self.memory()
    }

    pub fn most_memory(&self) -> u64 {
        self.counted("VmHWM:")
    }

    fn counted(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or(0) * 1024
    }

    /// A document, or `None` where there is none.
    pub async fn document(&self, http: &reqwest::Client, id: &str) -> Option<Value> {
        let reply = http.get(self.url(&format!("/values/{id}"))).send().await.unwrap();
        (reply.status() == 200).then_some(())?;
        Some(serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap())
    }

    /// The values of a series from an index on.
    pub async fn values(&self, http: &reqwest::Client, cell: &str, series: &str, from: u64) -> Vec<f64> {
        let (mut all, mut from) = (Vec::new(), Some(from));
        while let Some(at) = from {
            let url = self.url(&format!("/values/{cell}/points?series={series}&from={at}&limit=10000"));
            let reply = http.get(url).send().await.unwrap();
            if reply.status() != 200 {
                break;
            }
            let page: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
            let points = page["points"].as_array().unwrap();
            // The step says the same as the value: each is held against the other.
            all.extend(points.iter().map(|point| if point[0] == point[1] { point[1].as_f64().unwrap_or(f64::NAN) } else { f64::NAN }));
            from = page["next"].as_u64();
        }
        all
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
