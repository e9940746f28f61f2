//! The rows of the runs panel, as far as the page knows them: one section of runs, or one for each group. Rows are loaded in pages.

use std::collections::HashMap;
use std::sync::Arc;

use super::compared_column::add_compared_column;
use crate::protocol::{GroupId, GroupRow, Run, RunGroups, RunId, RunTable, TableRow};

/// Identifies a row of the panel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    Group(GroupId),
    Run(RunId),
    /// A row at this place that is not loaded yet.
    Missing(usize),
    /// Stands for the rows before, between and after those in the document.
    Gap(usize),
}

/// What the panel shows.
#[derive(Clone, Default)]
pub struct RunRows {
    /// Counts and columns; its rows are in the sections.
    pub table: RunTable,
    /// The summary of the groups, whose rows are in the sections; `None` without groups.
    pub groups: Option<Arc<RunGroups>>,
    pub sections: Vec<RowSection>,
}

/// The runs of a group, or all that were found.
#[derive(Clone, Default)]
pub struct RowSection {
    pub group: Option<Arc<GroupRow>>,
    /// The rows of its runs are shown.
    pub is_open: bool,
    /// The row of the group has room for a second line: all have as soon as one needs it.
    pub is_tall: bool,
    /// One for each run; `None`: not loaded.
    pub rows: Vec<Option<Arc<TableRow>>>,
    /// Of each page that was loaded.
    pub pages: HashMap<usize, LoadedPage>,
}

#[derive(Clone, Debug, Default)]
pub struct LoadedPage {
    pub address: String,
    pub etag: Option<String>,
    /// The number of changes of runs that it contains.
    pub changes: u64,
}

/// The place of a row: its section, and its place there; `None`: the row of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowPlace {
    pub section: usize,
    pub row: Option<usize>,
}

/// Heights of rows in CSS pixels, as the style sheet has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowHeights {
    pub run: f64,
    pub group: f64,
    /// That of a group with a second line.
    pub tall: f64,
}

/// What a group's row says below its numbers.
pub fn second_line(group: &GroupRow) -> Option<String> {
    group.notes.first().cloned()
}

impl RowSection {
    /// Rows of a page.
    pub const PAGE: usize = RunTable::DEFAULT_ROWS;

    fn shown(&self) -> usize {
        if self.is_open { self.rows.len() } else { 0 }
    }

    fn len(&self) -> usize {
        usize::from(self.group.is_some()) + self.shown()
    }

    fn head_height(&self, heights: RowHeights) -> f64 {
        match &self.group {
            None => 0.0,
            Some(_) if self.is_tall => heights.tall,
            Some(_) => heights.group,
        }
    }

    fn height(&self, heights: RowHeights) -> f64 {
        self.head_height(heights) + self.shown() as f64 * heights.run
    }

    fn drop_rows(&mut self) {
        self.rows.fill(None);
        self.pages.clear();
    }

    /// Applies a page of `total` runs.
    pub fn set_page(&mut self, page: usize, total: usize, rows: Vec<TableRow>, loaded: LoadedPage) {
        self.rows.resize(total, None);
        for (at, row) in (page * Self::PAGE..total).zip(rows) {
            self.rows[at] = Some(Arc::new(row));
        }
        self.pages.insert(page, loaded);
    }
}

impl RunRows {
    /// The first rows, as the server has found them.
    pub fn new(table: RunTable, groups: Option<RunGroups>) -> Self {
        let mut rows = Self::default();
        match groups {
            Some(groups) => {
                rows.set_counts(table);
                rows.set_groups(groups);
            }
            None => rows.set_table(table, LoadedPage::default(), 0),
        }
        rows
    }

    /// Applies a page of the runs that were found, without groups.
    pub fn set_table(&mut self, mut table: RunTable, loaded: LoadedPage, page: usize) {
        let rows = std::mem::take(&mut table.rows);
        self.drop_rows_of_other_columns(&table);
        if self.groups.take().is_some() || self.sections.is_empty() {
            self.sections = vec![RowSection { is_open: true, ..RowSection::default() }];
        }
        self.sections[0].set_page(page, table.total as usize, rows, loaded);
        self.table = table;
    }

    /// Applies counts and columns beside groups.
    pub fn set_counts(&mut self, mut table: RunTable) {
        table.rows.clear();
        if let Some(groups) = &self.groups {
            add_compared_column(&mut table, groups);
        }
        self.drop_rows_of_other_columns(&table);
        self.table = table;
    }

    /// Cells of a row stand in the order of the columns that it was loaded with.
    fn drop_rows_of_other_columns(&mut self, table: &RunTable) {
        let keys = |table: &RunTable| table.columns.iter().map(|column| column.key.clone()).collect::<Vec<_>>();
        if keys(&self.table) != keys(table) {
            self.sections.iter_mut().for_each(RowSection::drop_rows);
        }
    }

    /// The comparison has changed: each page is loaded again. `are_other_runs`: other members may be in the groups, so their rows end here.
    pub fn expire(&mut self, are_other_runs: bool) {
        for section in &mut self.sections {
            section.pages.clear();
            if are_other_runs && section.group.is_some() {
                section.drop_rows();
            }
        }
    }

    /// Applies the groups. Sections of known groups stay open, with the rows that they have.
    pub fn set_groups(&mut self, mut groups: RunGroups) {
        let mut known: HashMap<GroupId, RowSection> = HashMap::new();
        for section in std::mem::take(&mut self.sections) {
            if let Some(group) = &section.group {
                known.insert(group.id, section);
            }
        }
        let is_tall = groups.groups.iter().any(|group| second_line(group).is_some());
        for group in std::mem::take(&mut groups.groups) {
            let mut section = known.remove(&group.id).unwrap_or_default();
            if section.rows.len() != group.runs as usize {
                section.rows.resize(group.runs as usize, None);
                section.pages.clear();
            }
            section.is_tall = is_tall;
            section.group = Some(Arc::new(group));
            self.sections.push(section);
        }
        if add_compared_column(&mut self.table, &groups) {
            self.sections.iter_mut().for_each(RowSection::drop_rows);
        }
        self.groups = Some(Arc::new(groups));
    }

    pub fn count(&self) -> usize {
        self.sections.iter().map(RowSection::len).sum()
    }

    pub fn place(&self, mut index: usize) -> Option<RowPlace> {
        for (section, rows) in self.sections.iter().enumerate() {
            if index < rows.len() {
                return Some(RowPlace { section, row: index.checked_sub(usize::from(rows.group.is_some())) });
            }
            index -= rows.len();
        }
        None
    }

    /// The index of a place whose section is open.
    pub fn index(&self, place: RowPlace) -> usize {
        let before: usize = self.sections.iter().take(place.section).map(RowSection::len).sum();
        let head = self.sections.get(place.section).map_or(0, |section| usize::from(section.group.is_some()));
        before + place.row.map_or(0, |row| head + row)
    }

    pub fn key(&self, index: usize) -> Option<RowKey> {
        let RowPlace { section, row } = self.place(index)?;
        let section = &self.sections[section];
        Some(match row {
            None => RowKey::Group(section.group.as_ref()?.id),
            Some(row) => section.rows[row].as_ref().map_or(RowKey::Missing(index), |row| RowKey::Run(row.run.id.clone())),
        })
    }

    /// The place of a loaded row.
    pub fn find(&self, key: &RowKey) -> Option<RowPlace> {
        match key {
            RowKey::Group(id) => {
                let section = self.sections.iter().position(|section| section.group.as_ref().is_some_and(|group| group.id == *id))?;
                Some(RowPlace { section, row: None })
            }
            RowKey::Run(id) => self.sections.iter().enumerate().find_map(|(section, rows)| {
                let is_run = |row: &Option<Arc<TableRow>>| row.as_ref().is_some_and(|row| row.run.id == *id);
                Some(RowPlace { section, row: Some(rows.rows.iter().position(is_run)?) })
            }),
            RowKey::Missing(index) => self.place(*index),
            RowKey::Gap(_) => None,
        }
    }

    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.sections.iter().flat_map(|section| section.rows.iter().flatten()).map(|row| &row.run)
    }

    /// Removes runs that the server has removed; what it knows of the rest comes with the next page.
    pub fn remove(&mut self, removed: &[RunId]) {
        for section in &mut self.sections {
            let before = section.rows.len();
            section.rows.retain(|row| row.as_ref().is_none_or(|row| !removed.contains(&row.run.id)));
            let count = (before - section.rows.len()) as u32;
            if section.group.is_none() {
                self.table.total = self.table.total.saturating_sub(count);
                self.table.all = self.table.all.saturating_sub(count);
            }
        }
    }

    pub fn height(&self, heights: RowHeights) -> f64 {
        self.sections.iter().map(|section| section.height(heights)).sum()
    }

    /// The distance of a row from the first one, in CSS pixels.
    pub fn top(&self, index: usize, heights: RowHeights) -> f64 {
        let Some(place) = self.place(index) else { return self.height(heights) };
        let before: f64 = self.sections.iter().take(place.section).map(|section| section.height(heights)).sum();
        before + place.row.map_or(0.0, |row| self.sections[place.section].head_height(heights) + row as f64 * heights.run)
    }

    /// The index of the row at this distance; that of the last one below it.
    pub fn index_at(&self, mut y: f64, heights: RowHeights) -> usize {
        let mut first = 0;
        for section in &self.sections {
            let height = section.height(heights);
            if y < height {
                let head = section.head_height(heights);
                let below = if y < head { 0 } else { usize::from(section.group.is_some()) + ((y - head) / heights.run) as usize };
                return first + below.min(section.len() - 1);
            }
            y -= height;
            first += section.len();
        }
        first.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(key: &str, cell: f64) -> RunTable {
        let run = json!({
            "id": "a", "name": "a", "colour": 0, "status": "running", "hidden": false, "archived": false, "has_warning": false, "group": "",
            "tags": [], "created_order": 1, "rev": 1, "started_ms": 0, "ended_ms": null, "last_sign_ms": 0, "interval": null, "last": [],
        });
        let row = TableRow { run: serde_json::from_value(run).unwrap(), cells: vec![Some(json!(cell))], steps: vec![None] };
        let column = json!({"key": key, "label": key, "kind": "config", "type": "number", "distinct": 2, "runs": 2, "direction": null});
        RunTable { columns: vec![serde_json::from_value(column).unwrap()], rows: vec![row], total: 1, ..RunTable::default() }
    }

    fn groups(runs: u32) -> RunGroups {
        let group = json!({
            "id": "g000000000001", "index": 0, "label": "0.1", "key": {}, "cells": [], "mixed": {}, "runs": runs, "ids": ["a"], "used": runs, "running": 0, "failed": 0,
            "diverged": 0, "non_finite": 0, "without": 0, "mean": null, "std": null, "half_width": null, "last_steps": null, "secondary": [],
            "is_baseline": false, "difference": null, "verdict": "none", "is_best": false, "notes": [],
        });
        RunGroups { groups: vec![serde_json::from_value(group).unwrap()], ..RunGroups::default() }
    }

    #[test]
    fn rows_of_groups_are_of_one_height() {
        let heights = RowHeights { run: 26.0, group: 26.0, tall: 44.0 };
        let mut found = groups(1);
        found.groups.push(GroupRow { id: GroupId::parse("g000000000002").unwrap(), ..found.groups[0].clone() });
        assert_eq!(RunRows::new(RunTable::default(), Some(found.clone())).height(heights), 52.0);
        found.groups[1].notes = vec!["1 of 3 failed".to_owned()];
        assert_eq!(RunRows::new(RunTable::default(), Some(found)).height(heights), 88.0);
    }

    /// An open group with one run, whose row is loaded.
    fn opened() -> RunRows {
        let mut rows = RunRows::new(table("config.lr", 0.1), Some(groups(1)));
        rows.sections[0].set_page(0, 1, table("config.lr", 0.1).rows, LoadedPage::default());
        rows
    }

    #[test]
    fn a_row_ends_with_the_columns_that_it_was_loaded_with() {
        let mut rows = opened();
        rows.set_counts(table("config.lr", 0.1));
        assert!(rows.sections[0].rows[0].is_some() && rows.sections[0].pages.len() == 1, "the same columns");
        rows.set_counts(table("config.seed", 1.0));
        assert!(rows.sections[0].rows[0].is_none() && rows.sections[0].pages.is_empty());
        let mut rows = RunRows::new(table("config.lr", 0.1), None);
        rows.sections[0].set_page(1, 51, Vec::new(), LoadedPage::default());
        rows.set_table(table("config.seed", 1.0), LoadedPage::default(), 1);
        assert!(!rows.sections[0].pages.contains_key(&0), "the other pages, too");
    }

    #[test]
    fn members_end_with_another_search_and_with_another_size_of_the_group() {
        let mut rows = opened();
        rows.expire(false);
        assert!(rows.sections[0].rows[0].is_some() && rows.sections[0].pages.is_empty(), "shown until the answer is there");
        rows.expire(true);
        assert!(rows.sections[0].rows[0].is_none());
        let mut rows = opened();
        rows.set_groups(groups(3));
        assert_eq!((rows.sections[0].rows.len(), rows.sections[0].pages.len()), (3, 0), "the rows that are new are loaded");
    }
}
