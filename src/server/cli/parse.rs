//! Parses the command line. Flags of the server that have no effect on a subcommand are refused, its help does not list them, and the
//! environment variables of such flags are not read: a wrong `AGNEZ_PORT` does not end `agnez replay`.

use std::ffi::OsString;

use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _, Command as ClapCommand, CommandFactory, FromArgMatches};

use super::args::{Args, Command};

/// The subcommand that shows the help of another one.
const HELP: &str = "help";
/// The flags that are for every subcommand.
const LOG: [&str; 2] = ["log", "log_format"];

/// Parses the arguments of the program, its name first, and the environment.
pub fn parse_args(arguments: impl IntoIterator<Item = OsString>) -> Result<Args, Error> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut command = Args::command();
    if let Some(name) = subcommand_name(&arguments) {
        let without_effect = |flag: Arg| flag.env(None::<&str>).hide(true);
        command = command.mut_args(|flag| if has_effect(&name, flag.get_id().as_str()) { flag } else { without_effect(flag) });
    }
    let matches = command.try_get_matches_from_mut(&arguments)?;
    if let Some((name, _)) = matches.subcommand() {
        check_flags(&mut command, &matches, name)?;
    }
    let mut args = Args::from_arg_matches(&matches)?;
    if let Some(Command::Demo(demo)) = &mut args.command {
        let is_typed = matches.value_source("port") == Some(ValueSource::CommandLine);
        if is_typed && demo.url.is_some() {
            return Err(no_effect(&mut command, "port", "demo --url"));
        }
        demo.port = demo.port.or(args.port);
    }
    Ok(args)
}

/// The subcommand that runs or whose help is shown, also where the rest of the command line is wrong.
fn subcommand_name(arguments: &[OsString]) -> Option<String> {
    // Clap's own flag and subcommand for help end the parsing.
    let help = ClapCommand::new(HELP).arg(Arg::new("names").num_args(0..));
    let lenient = Args::command().mut_args(|flag| flag.env(None::<&str>)).ignore_errors(true);
    let lenient = lenient.disable_help_flag(true).disable_help_subcommand(true).subcommand(help);
    let matches = lenient.try_get_matches_from(arguments).ok()?;
    match matches.subcommand()? {
        (HELP, names) => names.get_many::<String>("names")?.next().cloned(),
        (name, _) => Some(name.to_owned()),
    }
}

/// Whether a flag of the server, by its id, changes what the subcommand does.
fn has_effect(subcommand: &str, flag: &str) -> bool {
    let effective: &[&str] = match subcommand {
        "demo" => return !["data", "images", "accept_loss", "open"].contains(&flag),
        "backup" | "restore" | "check" => &["data"],
        "token" => &["data", "host", "port", "allowed_host", "base_path"],
        "healthcheck" => &["host", "port", "base_path"],
        _ => &[],
    };
    effective.contains(&flag) || LOG.contains(&flag)
}

fn check_flags(command: &mut ClapCommand, matches: &ArgMatches, subcommand: &str) -> Result<(), Error> {
    let flags = Args::augment_args(ClapCommand::new(""));
    let is_typed = |flag: &str| matches.value_source(flag) == Some(ValueSource::CommandLine);
    let without_effect =
        flags.get_arguments().map(|flag| flag.get_id().as_str()).find(|flag| !has_effect(subcommand, flag) && is_typed(flag));
    without_effect.map_or(Ok(()), |flag| Err(no_effect(command, flag, subcommand)))
}

fn no_effect(command: &mut ClapCommand, flag: &str, subcommand: &str) -> Error {
    let flag = flag.replace('_', "-");
    command.error(ErrorKind::ArgumentConflict, format!("'--{flag}' has no effect on 'agnez {subcommand}': leave it out"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Args, String> {
        parse_args(std::iter::once("agnez").chain(line.iter().copied()).map(Into::into)).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_without_effect_are_refused() {
        for (line, flag) in [
            (&["--data", "x", "spools"][..], "--data"),
            (&["spools", "--data", "x"], "--data"),
            (&["--port", "1", "replay"], "--port"),
            (&["demo", "--data", "x"], "--data"),
            (&["--open", "demo"], "--open"),
            (&["--port", "1", "backup", "file"], "--port"),
            (&["--images", "x", "token", "list"], "--images"),
            (&["--data", "x", "healthcheck"], "--data"),
            (&["--accept-loss", "check"], "--accept-loss"),
        ] {
            let error = parsed(line).err().unwrap_or_else(|| panic!("{line:?}"));
            assert!(error.contains(&format!("'{flag}' has no effect on 'agnez ")), "{line:?}: {error}");
        }
        for line in [
            &["--data", "x", "token", "list"][..],
            &["token", "list", "--data", "x"],
            &["--host", "0.0.0.0", "--port", "1", "--base-path", "/a", "healthcheck"],
            &["backup", "file", "--data", "x"],
            &["--log-format", "json", "replay"],
            &["--require-token", "demo"],
            &["replay", "folder", "--refused"],
            &["--data", "demo"],
        ] {
            assert!(parsed(line).is_ok(), "{line:?}: {:?}", parsed(line).err());
        }
    }

    #[test]
    fn help_lists_the_flags_that_have_an_effect() {
        for (line, is_listed) in [
            (&["demo", "--help"][..], false),
            (&["help", "demo"], false),
            (&["healthcheck", "-h"], false),
            (&["help", "healthcheck"], false),
            (&["help", "replay"], false),
            (&["help", "spools"], false),
            (&["backup", "--help"], true),
            (&["token", "--help"], true),
            (&["token", "new", "--help"], true),
            (&["help", "token", "new"], true),
            (&["help", "check"], true),
            (&["--help"], true),
            (&["-h"], true),
            (&["help"], true),
            (&["--help", "demo"], true),
        ] {
            let help = parsed(line).unwrap_err();
            assert!(help.contains("Usage:"), "{line:?}: {help}");
            assert_eq!(help.contains("--data"), is_listed, "{line:?}: {help}");
        }
        assert!(parsed(&["help"]).unwrap_err().contains("--port"));
    }

    #[test]
    fn the_port_of_the_server_is_that_of_the_demo() {
        let port = |line: &[&str]| match parsed(line).unwrap().command {
            Some(Command::Demo(demo)) => demo.port,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [port(&["--port", "7", "demo"]), port(&["--port", "7", "demo", "--port", "8"]), port(&["demo"])],
            [Some(7), Some(8), None]
        );
        assert!(parsed(&["--port", "7", "demo", "--url", "http://box"]).unwrap_err().contains("'--port' has no effect"));
    }
}
