//! The program: arguments, log, server, signals.

use std::process::ExitCode;

use agnez::server::{
    Args, Config, LogFormat, Server, explain_start_error, init_log, parse_args, print_failure, print_line, requested_format, run_command,
    shutdown_signal,
};

#[cfg(not(target_arch = "wasm32"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match parse_args(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => return usage_error(&error),
    };
    init_log(&args.log, args.log_format);
    // The place only: a panic's message may contain what a client sent, and the default hook writes lines that are not JSON.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("a defect of the server: panic at {place}");
    }));
    let outcome = match args.config() {
        Ok(config) => run(&args, &config).await,
        Err(error) => Err(error.to_string()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            print_failure(&error, args.log_format);
            ExitCode::FAILURE
        }
    }
}

/// Runs the subcommand, or the server until a signal ends it. The error is a sentence.
async fn run(args: &Args, config: &Config) -> Result<(), String> {
    if let Some(command) = &args.command {
        print_line(&run_command(command, config).await.map_err(|error| error.to_string())?);
        return Ok(());
    }
    let server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => return Err(explain_start_error(error, config).await),
    };
    print_line(&format!("Agnez  {}\nData   {}", server.address, server.data.display()));
    if let Some(access) = &server.access {
        print_line(&format!("Access {access}"));
    }
    if args.open {
        // Without the token: every user of the machine can read the arguments of a process.
        open_browser(&server.address);
    }
    server.run(shutdown_signal()).await;
    Ok(())
}

/// The arguments are wrong, or ask for help or the version.
fn usage_error(error: &clap::Error) -> ExitCode {
    let format = requested_format(std::env::args_os(), std::env::var_os("AGNEZ_LOG_FORMAT"));
    if format == LogFormat::Json && error.use_stderr() {
        let message = error.render().to_string();
        print_failure(message.trim().trim_start_matches("error: "), format);
    } else {
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn open_browser(address: &str) {
    let opener = if cfg!(windows) {
        "explorer"
    } else if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    if let Err(error) = std::process::Command::new(opener).arg(address).spawn() {
        tracing::warn!("the browser could not be opened ({opener}: {error}); open {address} yourself");
    }
}
