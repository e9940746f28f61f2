//! Dispatch of the subcommands. Each returns the text to print.

use std::path::Path;

use super::args::Command;
use super::demo::run_demo;
use super::error::CommandError;
use super::healthcheck::healthcheck;
use super::python::run_python;
use super::token::token_command;
use crate::server::config::Config;
use crate::server::data_dir::database_path;
use crate::server::store::{CheckReport, CopyError, backup, check, restore};

/// Runs a subcommand on the data folder of `config`.
pub async fn run_command(command: &Command, config: &Config) -> Result<String, CommandError> {
    let data: &Path = &config.data;
    match command {
        Command::Demo(args) => run_demo(args, config).await,
        Command::Healthcheck { url } => healthcheck(url.as_deref(), config).await,
        Command::Replay { arguments } => Err(run_python("replay", arguments)),
        Command::Spools { arguments } => Err(run_python("spools", arguments)),
        Command::Token { command } => token_command(command, data, &config.address(config.port)),
        Command::Backup { file } => {
            let report = backup(data, file).await?;
            Ok(format!("{} holds {}. All of it was read back.", file.display(), counts(&report)))
        }
        Command::Restore { file, replace } => {
            let (report, previous) = restore(file, data, *replace).await.map_err(|error| match error {
                CopyError::Open(error) => CommandError::File(error),
                error => error.into(),
            })?;
            let previous = previous.map_or_else(String::new, |file| format!(" The previous data is {}.", file.display()));
            Ok(format!("{} holds {} now.{previous}", data.display(), counts(&report)))
        }
        Command::Check { file } => {
            let is_named = file.is_some();
            let file = file.clone().unwrap_or_else(|| database_path(data));
            let report =
                check(&file).await.map_err(|error| if is_named { CommandError::File(error) } else { CommandError::Data(error) })?;
            if report.fault_count > 0 {
                let more = match report.fault_count - report.faults.len() {
                    0 => String::new(),
                    more => format!("\n... and {more} more."),
                };
                return Err(CommandError::Damaged { faults: format!("{}{more}", report.faults.join("\n")), file });
            }
            let repairable = match report.repairable {
                0 => String::new(),
                blocks => {
                    format!("\n{blocks} blocks of chart summaries are damaged. Nothing is lost: they are recomputed from the points.")
                }
            };
            Ok(format!("{} is sound: {}.{repairable}", file.display(), counts(&report)))
        }
    }
}

fn counts(report: &CheckReport) -> String {
    let of = |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let removed = match report.removed {
        0 => String::new(),
        count => format!("; {} that can be brought back", of(count as u64, "removed cell", "removed cells")),
    };
    format!(
        "{} in {}, {} in {}{removed}",
        of(report.cells as u64, "cell", "cells"),
        of(report.boards as u64, "board", "boards"),
        of(report.points, "point", "points"),
        of(report.series as u64, "series", "series")
    )
}
