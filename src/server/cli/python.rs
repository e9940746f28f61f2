//! `agnez replay` and `agnez spools`: commands of the Python package, by the interpreter for which it is installed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::error::CommandError;
use crate::server::platform::replace_process;

/// Whether the package is there. The current folder does not count: it may have a folder with the name of the package.
const PROBE: &str = "import sys; sys.path[:] = [p for p in sys.path if p]\n\
                     import importlib.util; sys.exit(importlib.util.find_spec('agnez.__main__') is None)";
const RUN: &str = "import sys; sys.path[:] = [p for p in sys.path if p]\n\
                   from agnez.__main__ import main; sys.exit(main(sys.argv[1:], program='agnez'))";

/// Runs `python -m agnez COMMAND ARGUMENTS` in place of this process. Returns only if there is no Python with the package.
pub fn run_python(command: &str, arguments: &[OsString]) -> CommandError {
    for python in interpreters() {
        let mut probe = Command::new(&python);
        probe.args(["-c", PROBE]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if probe.status().is_ok_and(|status| status.success()) {
            let error = replace_process(Command::new(&python).args(["-c", RUN, command]).args(arguments));
            return CommandError::Python { python, reason: error };
        }
    }
    CommandError::NoPython { command: command.to_owned() }
}

/// The one beside this program, as in a virtual environment, then those on the path.
fn interpreters() -> Vec<PathBuf> {
    let names = if cfg!(windows) { ["python.exe", "py.exe"] } else { ["python3", "python"] };
    let own_folder = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned()));
    let beside = own_folder.into_iter().flat_map(|folder| names.map(|name| folder.join(name)));
    beside.filter(|path| path.is_file()).chain(names.map(PathBuf::from)).collect()
}
