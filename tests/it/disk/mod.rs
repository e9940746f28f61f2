//! A disk that is cut off, fails, is full or damaged, under the program itself: `tests/torture/disk/shim.c` stands between it and its files.

mod copies;
mod damage;
mod faults;
mod image;
mod power;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The compiled shim. Once for all tests of this process.
fn shim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torture/disk/shim.c");
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shim-{}.so", std::process::id()));
        let built = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&source).arg("-ldl").status();
        assert!(built.expect("gcc is installed").success(), "the shim is compiled");
        library
    })
}

/// A data folder below `folder`, with the shim's log and orders beside it.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        Self { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// `what errno skip`, as the shim reads it; nothing: the disk is well.
    fn order(&self, order: &str) {
        let (new, orders) = (self.folder.path().join("orders.new"), self.folder.path().join("orders"));
        std::fs::write(&new, order).unwrap();
        std::fs::rename(new, orders).unwrap();
    }

    fn command(&self, records: bool) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_agnez"));
        command.args(["--data", self.data().to_str().unwrap()]);
        command.env("LD_PRELOAD", shim()).env("SHIM_FOLDER", self.data()).env("SHIM_ORDERS", self.folder.path().join("orders"));
        if records {
            command.env("SHIM_LOG", self.log());
        }
        command
    }

    /// A server on this disk, and its address.
    fn serve(&self) -> Program {
        self.serve_with(false, &[])
    }

    fn serve_with(&self, records: bool, flags: &[&str]) -> Program {
        let mut child =
            self.command(records).args(["--port", "0"]).args(flags).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Program { child, address: line.split_whitespace().last().expect("the server starts").to_owned() }
    }
}

struct Program {
    child: Child,
    address: String,
}

impl Program {
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// As a service manager stops it.
    fn stop(mut self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success() && self.child.wait().unwrap().success(), "it ends well");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
