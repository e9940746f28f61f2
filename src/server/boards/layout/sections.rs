//! What the page does with sections and cells: each is one commit, and returns the patch that undoes it.

use std::sync::Arc;

use serde_json::json;

use super::blocks;
use super::patch::apply;
use crate::protocol::{ApiError, BoardLayout, CellId, CellLayoutPatch, LayoutPatch, SYSTEM_SECTION, SectionLayout};
use crate::server::boards::board_document::layout_of;
use crate::server::boards::layout_rules::{check_patch, check_section_name};
use crate::server::boards::page_actions::cells_in_grid_order;
use crate::server::boards::{Boards, board_name, not_found};
use crate::server::error::ServerError;
use crate::server::store::{Batch, Record};

/// A section of a board: `None` is the part without a name.
type Section = Option<String>;

impl Boards {
    /// Moves the cell into a section, before a cell there or to its end. Renumbers the whole board only if there is no number between the
    /// orders of the two neighbours. The cell leaves its block.
    pub async fn move_cell(&self, id: CellId, section: Section, before: Option<CellId>) -> Result<LayoutPatch, ServerError> {
        check_name(section.as_deref())?;
        let operation = move |batch: &mut Batch| {
            let moved = batch.cell(&id).ok_or_else(|| not_found(id.as_str()))?;
            if before.as_ref() == Some(&id) {
                return Ok(LayoutPatch::default());
            }
            let mut row = cells_in_grid_order(batch, &moved.board);
            row.retain(|record| record.id != id);
            let at = match &before {
                Some(before) => row.iter().position(|record| record.id == *before).ok_or_else(|| not_found(before.as_str()))?,
                None => row.iter().rposition(|record| record.layout().section == section).map_or(row.len(), |last| last + 1),
            };
            let left = at.checked_sub(1).and_then(|left| row.get(left));
            let mut patch = LayoutPatch::default();
            let mut set = |record: &Record, order: f64| {
                patch.cells.entry(record.id.to_string()).or_default().order = Some(Some(order));
            };
            match between(left.map(|record| record.order()), row.get(at).map(|record| record.order())) {
                Some(order) => set(&moved, order),
                None => {
                    row.insert(at, moved.clone());
                    let places = row.iter().enumerate().filter(|(place, record)| record.order() != Some(*place as f64));
                    places.for_each(|(place, record)| set(record, place as f64));
                }
            }
            patch.cells.entry(id.to_string()).or_default().section = Some(section);
            patch.blocks.extend(blocks::without_cell(&layout_in(batch, &moved.board).blocks, &id));
            apply(batch, &moved.board, &patch)
        };
        self.store.write(1, operation).await
    }

    /// Gives a section another name. If there is one of that name, the cells come to it.
    pub async fn rename_section(&self, board: String, from: String, to: String) -> Result<LayoutPatch, ServerError> {
        check_name(Some(&to))?;
        let board = Arc::<str>::from(board_name(&board)?);
        let operation = move |batch: &mut Batch| {
            let section = CellLayoutPatch { section: Some(Some(to.clone())), ..CellLayoutPatch::default() };
            let cells = cells_of(batch, &board, Some(&from)).map(|cell| (cell.id.to_string(), section.clone())).collect();
            let mut sections = layout_in(batch, &board).sections;
            match sections.iter().any(|known| known.name == to) {
                true => sections.retain(|known| known.name != from),
                false => sections.iter_mut().filter(|known| known.name == from).for_each(|known| known.name.clone_from(&to)),
            }
            apply(batch, &board, &LayoutPatch { cells, sections: Some(sections), ..LayoutPatch::default() })
        };
        self.store.write(1, operation).await
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
        check_patch(
            &json!({ "cells": { "": CellLayoutPatch { width: Some(width), height: Some(height), ..CellLayoutPatch::default() } } }),
        )?;
        let board = Arc::<str>::from(board_name(&board)?);
        let operation = move |batch: &mut Batch| {
            // The part without a name has no place in the board's document.
            let own = if section.is_none() { (width, height) } else { (None, None) };
            let size = CellLayoutPatch { width: Some(own.0), height: Some(own.1), ..CellLayoutPatch::default() };
            let cells = cells_of(batch, &board, section.as_deref()).map(|cell| (cell.id.to_string(), size.clone())).collect();
            let sections = section.as_ref().map(|name| {
                let mut sections = all_sections(batch, &board);
                sections.iter_mut().filter(|known| known.name == *name).for_each(|known| (known.width, known.height) = (width, height));
                trimmed(sections)
            });
            apply(batch, &board, &LayoutPatch { cells, sections, ..LayoutPatch::default() })
        };
        self.store.write(1, operation).await
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
            apply(batch, &board, &LayoutPatch { sections: Some(trimmed(sections)), ..LayoutPatch::default() })
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

/// The section of the machine is the last one without being listed, so that a new section comes before it.
fn trimmed(mut sections: Vec<SectionLayout>) -> Vec<SectionLayout> {
    let plain = SectionLayout { name: SYSTEM_SECTION.to_owned(), ..SectionLayout::default() };
    sections.pop_if(|last| *last == plain);
    sections
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
