//! What the program does instead of serving: copies of the data, and looking whether it is sound. Each ends with what to tell the person who asked.

use std::path::Path;

use super::token::token_command;

use super::args::Command;
use crate::server::config::Config;
use crate::server::store::{CheckReport, CopyError, backup, check, database_path, restore};

/// Does it with the data folder that `config` names. Both answers are sentences for a terminal.
pub async fn run_command(command: &Command, config: &Config) -> Result<String, String> {
    let data: &Path = &config.data;
    match command {
        Command::Token { command } => token_command(command, data, &config.address(config.port)),
        Command::Backup { file } => {
            let report = backup(data, file).await.map_err(|why| why.to_string())?;
            Ok(format!("{} holds {}. All of it was read back.", file.display(), counts(&report)))
        }
        Command::Restore { file, replace } => {
            let (report, kept) = restore(file, data, *replace).await.map_err(|why| match why {
                CopyError::Open(why) => why.file_message(),
                why => why.to_string(),
            })?;
            let kept = kept.map_or_else(String::new, |kept| format!(" What was there before is {}.", kept.display()));
            Ok(format!("{} holds {} now.{kept}", data.display(), counts(&report)))
        }
        Command::Check { file } => {
            let is_named = file.is_some();
            let file = file.clone().unwrap_or_else(|| database_path(data));
            let report = check(&file).await.map_err(|why| if is_named { why.file_message() } else { why.to_string() })?;
            if report.fault_count > 0 {
                let more = match report.fault_count - report.faults.len() {
                    0 => String::new(),
                    more => format!("\n... and {more} more."),
                };
                let faults = report.faults.join("\n");
                return Err(format!("{} is damaged. Restore a backup: 'agnez restore FILE --replace'.\n{faults}{more}", file.display()));
            }
            let repairable = match report.repairable {
                0 => String::new(),
                blocks => format!("\n{blocks} blocks of chart summaries are damaged. Nothing is lost: they are made anew from the points."),
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
