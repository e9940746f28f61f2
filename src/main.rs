//! The program: flags, log, server, signals.

use std::io::Write;
use std::process::ExitCode;

use agnez::server::{Config, LogFormat, Server, begin_log, format_of, run_command, tell_failure};
use clap::Parser;

/// What shells say of a program that Ctrl-C has ended.
const ENDED_BY_SIGNAL: i32 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(why) => return not_understood(&why),
    };
    begin_log(&config.log, config.log_format);
    // By its place alone: what a panic says may have been sent by somebody. The usual hook also writes lines that are no JSON.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("a defect of the server: panic at {place}");
    }));
    if let Some(command) = &config.command {
        return match run_command(command, &config).await {
            Ok(told) => {
                let _ = writeln!(std::io::stdout(), "{told}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                tell_failure(&why, config.log_format);
                ExitCode::FAILURE
            }
        };
    }
    let server = match Server::start(&config).await {
        Ok(server) => server,
        Err(why) => {
            tell_failure(&why.to_string(), config.log_format);
            return ExitCode::FAILURE;
        }
    };
    // Nobody has to listen.
    let _ = writeln!(std::io::stdout(), "Agnez  {}\nData   {}", server.address, server.data.display());
    if let Some(told) = &server.access {
        let _ = writeln!(std::io::stdout(), "Access {told}");
    }
    if config.open {
        // Without the token, even where it is known: every user of the machine can read what a program was started with.
        open_browser(&server.address);
    }
    server.run(stop_signal()).await;
    ExitCode::SUCCESS
}

/// A command line that is wrong, or asks for help or the version.
fn not_understood(why: &clap::Error) -> ExitCode {
    let format = format_of(std::env::args_os(), std::env::var_os("AGNEZ_LOG_FORMAT"));
    if format == LogFormat::Json && why.use_stderr() {
        let told = why.render().to_string();
        tell_failure(told.trim().trim_start_matches("error: "), format);
    } else {
        let _ = why.print();
    }
    ExitCode::from(u8::try_from(why.exit_code()).unwrap_or(2))
}

/// Ctrl-C, or the signal of a service manager. A second one ends the program at once: what was acknowledged is on disk.
async fn stop_signal() {
    signalled().await;
    tokio::spawn(async {
        signalled().await;
        tracing::warn!("ended at once by a second signal");
        std::process::exit(ENDED_BY_SIGNAL);
    });
}

async fn signalled() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}

fn open_browser(address: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(why) = std::process::Command::new(opener).arg(address).spawn() {
        tracing::warn!("the browser could not be opened ({opener}: {why}); open {address} yourself");
    }
}
