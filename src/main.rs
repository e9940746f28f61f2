//! The program: flags, log, server, signals.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use agnez::server::{Config, LogFormat, Server, run_command};
use clap::Parser;

/// What shells say of a program that Ctrl-C has ended.
const ENDED_BY_SIGNAL: i32 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let filter = tracing_subscriber::EnvFilter::new(&config.log);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => {
            log.json().flatten_event(true).init();
            // The usual hook writes lines that are no JSON.
            std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
        }
    }
    if let Some(command) = &config.command {
        return match run_command(command, &config).await {
            Ok(told) => {
                let _ = writeln!(std::io::stdout(), "{told}");
                ExitCode::SUCCESS
            }
            Err(why) => {
                eprintln!("agnez: {why}");
                ExitCode::FAILURE
            }
        };
    }
    let server = match Server::start(&config).await {
        Ok(server) => server,
        Err(why) => {
            eprintln!("agnez: {why}");
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
