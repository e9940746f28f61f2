//! What the page does with sections and cells: each is one commit, and returns the patch that undoes it.

use std::sync::Arc;

use serde_json::json;

use super::blocks;
use super::patch::{CellNames, apply};
use crate::protocol::{ApiError, BoardLayout, CellId, CellLayoutPatch, ErrorKind, LayoutPatch, SYSTEM_SECTION, SectionLayout};
use crate::server::boards::board_document::layout_of;
use crate::server::boards::layout_rules::{check_cell, check_section_name};
use crate::server::boards::page_actions::cells_in_grid_order;
use crate::server::boards::{Boards, board_name, not_found};
use crate::server::error::ServerError;
use crate::server::limits::MAX_LAYOUT_SECTIONS;
use crate::server::store::{Batch, Record};

/// A section of a board: `None` is the part without a name.
type Section = Option<String>;

impl Boards {
    /// Moves the cell into a section, before a cell there or to its end. Renumbers the whole board only if there is no number between the
    /// orders of the two neighbours. The cell leaves its block.
    pub async fn move_cell(&self, id: CellId, section: Section, before: Option<CellId>) -> Result<LayoutPatch, ServerError> {
        check_name(section.as_deref())?;
        let board = self.store.index().cell(&id).map(|cell| cell.board.clone());
        let bytes = board.map_or(1, |board| self.layout_bytes(&board));
        let operation = move |batch: &mut Batch| {
            let moved = batch.cell(&id).ok_or_else(|| not_found(id.as_str()))?;
            if before.as_ref() == Some(&id) {
                return Ok(LayoutPatch::default());
            }
            let mut row = cells_in_grid_order(batch, &moved.board);
            let stood = row.iter().position(|record| record.id == id).unwrap_or(row.len());
            let stood_before = row.get(stood + 1).map(|record| record.id.clone());
            row.retain(|record| record.id != id);
            let at = match &before {
                Some(before) => row.iter().position(|record| record.id == *before).ok_or_else(|| not_found(before.as_str()))?,
                None => row.iter().rposition(|record| record.layout().section == section).map_or(row.len(), |last| last + 1),
            };
            let mut patch = LayoutPatch::default();
            for (cell, order) in orders(row, &moved, at) {
                patch.cells.entry(cell).or_default().order = Some(Some(order));
            }
            patch.cells.entry(id.to_string()).or_default().section = Some(section);
            patch.blocks.extend(blocks::without_cell(&layout_in(batch, &moved.board).blocks, &id));
            let mut undo = apply(batch, &moved.board, &patch, CellNames::Ids)?;
            undo.undone.iter_mut().for_each(|undone| undone.moved = Some((id.clone(), stood_before.clone())));
            Ok(undo)
        };
        self.store.write(bytes, operation).await
    }

    /// Gives a section another name. If there is one of that name, the cells come to it.
    pub async fn rename_section(&self, board: String, from: String, to: String) -> Result<LayoutPatch, ServerError> {
        [&from, &to].into_iter().try_for_each(|name| check_name(Some(name)))?;
        let board = Arc::<str>::from(board_name(&board)?);
        if from == to {
            return Ok(LayoutPatch::default());
        }
        let bytes = self.layout_bytes(&board);
        let operation = move |batch: &mut Batch| {
            let section = CellLayoutPatch { section: Some(Some(to.clone())), ..CellLayoutPatch::default() };
            let cells = cells_of(batch, &board, Some(&from)).map(|cell| (cell.id.to_string(), section.clone())).collect();
            let mut sections = layout_in(batch, &board).sections;
            match sections.iter().any(|known| known.name == to) {
                true => sections.retain(|known| known.name != from),
                false => sections.iter_mut().filter(|known| known.name == from).for_each(|known| known.name.clone_from(&to)),
            }
            apply(batch, &board, &LayoutPatch { cells, sections: Some(sections), ..LayoutPatch::default() }, CellNames::Ids)
        };
        self.store.write(bytes, operation).await
    }

    /// Moves a section before another one, or to the end. All sections then have their place in the board's document.
    pub async fn move_section(&self, board: String, name: String, before: Option<String>) -> Result<LayoutPatch, ServerError> {
        self.change_sections(board, name, move |sections, at| {
            let moved = sections.remove(at);
            let at = before.and_then(|before| sections.iter().position(|known| known.name == before)).unwrap_or(sections.len());
            sections.insert(at, moved);
        })
        .await
    }

    /// Puts a section above all others, or back.
    pub async fn pin_section(&self, board: String, name: String, pinned: bool) -> Result<LayoutPatch, ServerError> {
        self.change_sections(board, name, move |sections, at| sections[at].pinned = pinned).await
    }

    /// Sets the size of all cells of a section; `None` is the default. They no longer have sizes of their own.
    pub async fn resize_section(
        &self,
        board: String,
        section: Section,
        width: Option<u8>,
        height: Option<u16>,
    ) -> Result<LayoutPatch, ServerError> {
        check_name(section.as_deref())?;
        check_cell(&json!({ "width": width, "height": height }))?;
        let board = Arc::<str>::from(board_name(&board)?);
        let bytes = self.layout_bytes(&board);
        let operation = move |batch: &mut Batch| {
            // The part without a name has no place in the board's document.
            let own = if section.is_none() { (width, height) } else { (None, None) };
            let size = CellLayoutPatch { width: Some(own.0), height: Some(own.1), ..CellLayoutPatch::default() };
            let cells = cells_of(batch, &board, section.as_deref()).map(|cell| (cell.id.to_string(), size.clone())).collect();
            let sections = section.as_ref().map(|name| {
                let mut sections = all_sections(batch, &board);
                sections.iter_mut().filter(|known| known.name == *name).for_each(|known| (known.width, known.height) = (width, height));
                trimmed(batch, &board, sections)
            });
            let sections = sections.transpose()?;
            apply(batch, &board, &LayoutPatch { cells, sections, ..LayoutPatch::default() }, CellNames::Ids)
        };
        self.store.write(bytes, operation).await
    }

    /// Changes one of all named sections of the board, which are in their order.
    async fn change_sections(
        &self,
        board: String,
        name: String,
        change: impl FnOnce(&mut Vec<SectionLayout>, usize) + Send + 'static,
    ) -> Result<LayoutPatch, ServerError> {
        let board = Arc::<str>::from(board_name(&board)?);
        let operation = move |batch: &mut Batch| {
            let mut sections = all_sections(batch, &board);
            let Some(at) = sections.iter().position(|known| known.name == name) else { return Ok(LayoutPatch::default()) };
            change(&mut sections, at);
            let sections = Some(trimmed(batch, &board, sections)?);
            apply(batch, &board, &LayoutPatch { sections, ..LayoutPatch::default() }, CellNames::Ids)
        };
        self.store.write(1, operation).await
    }
}

fn check_name(section: Option<&str>) -> Result<(), ApiError> {
    section.map_or(Ok(()), |name| check_section_name(&json!(name), "section"))
}

fn layout_in(batch: &Batch, board: &str) -> BoardLayout {
    batch.board_document(board).as_deref().map(layout_of).unwrap_or_default()
}

fn cells_of<'a>(batch: &Batch, board: &str, section: Option<&'a str>) -> impl Iterator<Item = Arc<Record>> + 'a {
    cells_in_grid_order(batch, board).into_iter().filter(move |record| record.layout().section.as_deref() == section)
}

/// All named sections in the order of the board, also those without cells that its document has.
fn all_sections(batch: &Batch, board: &str) -> Vec<SectionLayout> {
    let known = layout_in(batch, board);
    let of_cells: Vec<Option<String>> = cells_in_grid_order(batch, board).iter().map(|record| record.layout().section).collect();
    let names = of_cells.iter().map(Option::as_deref).chain(known.sections.iter().map(|section| Some(section.name.as_str())));
    let ordered = known.section_order(names);
    let new = |name: &str| SectionLayout { name: name.to_owned(), ..SectionLayout::default() };
    ordered.into_iter().flatten().map(|name| known.section(name).cloned().unwrap_or_else(|| new(name))).collect()
}

/// The section of the machine is the last one without being listed, so that a new section comes before it. Of more sections than a
/// document may have, the last ones are left out as far as they stand there anyway. 413: there are too many all the same.
fn trimmed(batch: &Batch, board: &str, mut sections: Vec<SectionLayout>) -> Result<Vec<SectionLayout>, ApiError> {
    let is_plain = |section: &SectionLayout| *section == SectionLayout { name: section.name.clone(), ..SectionLayout::default() };
    sections.pop_if(|last| last.name == SYSTEM_SECTION && is_plain(last));
    if sections.len() > MAX_LAYOUT_SECTIONS {
        let of_cells: Vec<Option<String>> = cells_in_grid_order(batch, board).iter().map(|record| record.layout().section).collect();
        let least = sections.iter().rposition(|section| !is_plain(section)).map_or(0, |last| last + 1);
        let listed = BoardLayout { sections: sections[..least].to_vec(), ..BoardLayout::default() };
        let ordered = listed.section_order(of_cells.iter().map(Option::as_deref));
        let mut last = ordered.iter().flatten().rev().filter(|name| **name != SYSTEM_SECTION);
        while sections.len() > least && last.next().is_some_and(|name| sections.last().is_some_and(|section| section.name == **name)) {
            sections.pop();
        }
    }
    if sections.len() > MAX_LAYOUT_SECTIONS {
        let message = format!("A board may arrange {MAX_LAYOUT_SECTIONS} sections; nothing was changed.");
        return Err(ErrorKind::PayloadTooLarge.with(message).at("layout", "has too many sections"));
    }
    Ok(sections)
}

/// The new orders of cells once `moved` stands before another cell, or at the end of the board if that is not there.
pub fn place_before(batch: &Batch, moved: &Arc<Record>, before: Option<&CellId>) -> Vec<(String, f64)> {
    let mut row = cells_in_grid_order(batch, &moved.board);
    row.retain(|record| record.id != moved.id);
    let at = before.and_then(|before| row.iter().position(|record| record.id == *before)).unwrap_or(row.len());
    orders(row, moved, at)
}

/// The new orders of cells once `moved` stands at this place of the row of all others: its own, or those of the whole board if there is
/// no number between its neighbours.
fn orders(mut row: Vec<Arc<Record>>, moved: &Arc<Record>, at: usize) -> Vec<(String, f64)> {
    let left = at.checked_sub(1).and_then(|left| row.get(left));
    if let Some(order) = between(left.map(|record| record.order()), row.get(at).map(|record| record.order())) {
        return vec![(moved.id.to_string(), order)];
    }
    row.insert(at, moved.clone());
    let places = row.iter().enumerate().map(|(place, record)| (record, place as f64));
    places.filter(|(record, place)| record.order() != Some(*place)).map(|(record, place)| (record.id.to_string(), place)).collect()
}

/// A number strictly between the orders of two neighbours. The outer `None` is the edge of the board,
/// the inner one a cell without an order.
fn between(left: Option<Option<f64>>, right: Option<Option<f64>>) -> Option<f64> {
    match (left, right) {
        (None, None) => Some(0.0),
        (None, Some(right)) => right.map(|right| (right - 1.0).floor()),
        (Some(left), None) => left.map(|left| left.floor() + 1.0),
        (Some(left), Some(right)) => {
            let (left, right) = (left?, right?);
            let middle = left + (right - left) / 2.0;
            (left < middle && middle < right).then_some(middle)
        }
    }
    .filter(|order| order.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_between_neighbours_is_found_if_there_is_one() {
        assert_eq!(between(None, None), Some(0.0));
        assert_eq!(between(None, Some(Some(0.0))), Some(-1.0));
        assert_eq!(between(Some(Some(2.5)), None), Some(3.0));
        assert_eq!(between(Some(Some(1.0)), Some(Some(2.0))), Some(1.5));
        assert_eq!(between(Some(Some(1.0)), Some(Some(1.0))), None, "two cells may share a place");
        assert_eq!(between(Some(Some(1.0)), Some(None)), None, "a cell without a place");
        assert_eq!(between(Some(Some(1.0)), Some(Some(1.0_f64.next_up()))), None, "no number is left");
    }
}
