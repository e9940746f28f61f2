//! The log on standard error: which lines stand there, and how they are written.
//!
//! Only the server's own lines are written, at every level: libraries repeat what was sent to them (rejected bodies, header values, statements),
//! and what was sent may be a secret. Our own lines name routes, codes and ids. And one event is one line, whatever it says.

pub mod throttle;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Stderr, Write, stderr};

use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What the targets of all our own lines begin with.
const OURS: &str = env!("CARGO_PKG_NAME");

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

/// From now on lines are written that the filter lets through.
pub fn init_log(filter: &str, format: LogFormat) {
    let lines = tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::new(filter));
    let ours = filter_fn(|about| is_ours(about.target()));
    match format {
        LogFormat::Text => {
            let is_terminal = stderr().is_terminal();
            lines
                .with_writer(move || OneLine { out: stderr(), has_colours: is_terminal })
                .with_ansi(is_terminal)
                .finish()
                .with(ours)
                .init();
        }
        LogFormat::Json => lines.with_writer(stderr).json().flatten_event(true).finish().with(ours).init(),
    }
}

fn is_ours(target: &str) -> bool {
    target == OURS || target.strip_prefix(OURS).is_some_and(|rest| rest.starts_with("::"))
}

/// Why the program did not start, or did not do what it was started for: always printed, whatever the filter says.
pub fn print_failure(why: &str, format: LogFormat) {
    match format {
        LogFormat::Text => {
            let _ = writeln!(stderr(), "agnez: {why}");
        }
        LogFormat::Json => {
            let lines = tracing_subscriber::fmt().with_writer(stderr).json().flatten_event(true).finish();
            tracing::subscriber::with_default(lines, || tracing::error!("{why}"));
        }
    }
}

/// The format that a command line asks for which could not be read as a whole.
pub fn requested_format(arguments: impl IntoIterator<Item = OsString>, environment: Option<OsString>) -> LogFormat {
    const FLAG: &str = "--log-format";
    let mut arguments = arguments.into_iter();
    let mut requested = environment;
    while let Some(argument) = arguments.next() {
        match argument.to_str().and_then(|text| text.strip_prefix(FLAG)) {
            Some("") => requested = arguments.next(),
            Some(value) => requested = value.strip_prefix('=').map(Into::into).or(requested),
            None => {}
        }
    }
    if requested.is_some_and(|format| format == "json") { LogFormat::Json } else { LogFormat::Text }
}

/// Control characters inside an event are written as `\x0a`. Each event comes in one piece.
struct OneLine<W> {
    out: W,
    /// Those of the terminal begin with an escape; the formatter lets none through that stands in a value.
    has_colours: bool,
}

impl Write for OneLine<Stderr> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.out.write_all(&one_line(event, self.has_colours))?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn one_line(event: &[u8], has_colours: bool) -> Vec<u8> {
    let (inside, end) = event.strip_suffix(b"\n").map_or((event, &b""[..]), |inside| (inside, &b"\n"[..]));
    let mut line = Vec::with_capacity(event.len());
    for byte in inside {
        if byte.is_ascii_control() && !(has_colours && *byte == 0x1b) {
            line.extend(format!("\\x{byte:02x}").bytes());
        } else {
            line.push(*byte);
        }
    }
    line.extend(end);
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_event_is_one_line() {
        let written = |event: &str, has_colours| String::from_utf8(one_line(event.as_bytes(), has_colours)).unwrap();
        assert_eq!(written("INFO started é\n", false), "INFO started é\n");
        assert_eq!(written("a\nINFO forged\r\tb\n", false), "a\\x0aINFO forged\\x0d\\x09b\n");
        assert_eq!((written("\x1b[2mx\n", true), written("\x1b[2mx\n", false)), ("\x1b[2mx\n".into(), "\\x1b[2mx\n".into()));
        assert_eq!(written("", false), "");
    }

    #[test]
    fn only_our_own_lines_are_written() {
        assert!(is_ours("agnez") && is_ours("agnez::server::http"));
        for other in ["hyper::proto", "axum::rejection", "sqlx::query", "tower_http::trace", "agnez_other", "log", ""] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn the_format_is_found_in_a_command_line_that_is_wrong() {
        let of =
            |arguments: &[&str], environment: Option<&str>| requested_format(arguments.iter().map(Into::into), environment.map(Into::into));
        assert_eq!(of(&["agnez", "--port", "x", "--log-format", "json"], None), LogFormat::Json);
        assert_eq!(of(&["agnez", "--log-format=json", "--nothing"], Some("text")), LogFormat::Json);
        assert_eq!(of(&["agnez", "--nothing"], Some("json")), LogFormat::Json);
        assert_eq!(of(&["agnez", "--log-format", "text"], Some("json")), LogFormat::Text);
        assert_eq!(of(&["agnez", "--log-format"], None), LogFormat::Text);
    }
}
