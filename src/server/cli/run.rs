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
            Ok(format!("{} is sound: {}.{}", file.display(), counts(&report), repairable(&report)))
        }
    }
}

fn of(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A line about what is damaged or missing without a loss; empty if there is nothing.
fn repairable(report: &CheckReport) -> String {
    let blocks = (report.repairable_blocks > 0)
        .then(|| of(report.repairable_blocks as u64, "block of chart summaries", "blocks of chart summaries"));
    let outlines =
        (report.repairable_outlines > 0).then(|| of(report.repairable_outlines as u64, "outline of a series", "outlines of series"));
    let damaged: Vec<String> = blocks.into_iter().chain(outlines).collect();
    if damaged.is_empty() {
        return String::new();
    }
    let verb = if report.repairable() == 1 { "is" } else { "are" };
    format!("\n{} {verb} damaged or missing. Nothing is lost: the server makes them again from the points.", damaged.join(" and "))
}

fn counts(report: &CheckReport) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_outlines_are_not_called_blocks_of_summaries() {
        let text = |repairable_blocks, repairable_outlines| {
            repairable(&CheckReport { repairable_blocks, repairable_outlines, ..CheckReport::default() })
        };
        let end = "damaged or missing. Nothing is lost: the server makes them again from the points.";
        assert_eq!(text(0, 0), "");
        assert_eq!(text(0, 1), format!("\n1 outline of a series is {end}"));
        assert_eq!(text(2, 0), format!("\n2 blocks of chart summaries are {end}"));
        assert_eq!(text(1, 3), format!("\n1 block of chart summaries and 3 outlines of series are {end}"));
    }
}
