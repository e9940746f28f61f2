//! The rows of the runs panel, as far as the page knows them: one section of runs, or one for each group. Rows are loaded in pages.

use std::collections::HashMap;
use std::sync::Arc;

use crate::protocol::{GroupId, GroupRow, Run, RunGroups, RunId, RunTable, TableRow, Verdict};

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
    let note = group.notes.first();
    match group.verdict {
        Verdict::CannotTell => Some(["can’t tell", if note.is_some() { "; " } else { "" }, note.map_or("", String::as_str)].concat()),
        _ => note.cloned(),
    }
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
            Some(group) if second_line(group).is_some() => heights.tall,
            Some(_) => heights.group,
        }
    }

    fn height(&self, heights: RowHeights) -> f64 {
        self.head_height(heights) + self.shown() as f64 * heights.run
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
        if self.groups.take().is_some() || self.sections.is_empty() {
            self.sections = vec![RowSection { is_open: true, ..RowSection::default() }];
        }
        self.sections[0].set_page(page, table.total as usize, rows, loaded);
        self.table = table;
    }

    /// Applies counts and columns beside groups.
    pub fn set_counts(&mut self, mut table: RunTable) {
        table.rows.clear();
        self.table = table;
    }

    /// Applies the groups. Sections of known groups stay open, with the rows that they have.
    pub fn set_groups(&mut self, mut groups: RunGroups) {
        let mut known: HashMap<GroupId, RowSection> = HashMap::new();
        for section in std::mem::take(&mut self.sections) {
            if let Some(group) = &section.group {
                known.insert(group.id, section);
            }
        }
        for group in std::mem::take(&mut groups.groups) {
            let mut section = known.remove(&group.id).unwrap_or_default();
            section.rows.resize(group.runs as usize, None);
            section.group = Some(Arc::new(group));
            self.sections.push(section);
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
