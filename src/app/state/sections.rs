//! The sections of the board, in the order in which the reader sees them.

use std::collections::HashMap;

use super::block_places::into_reading_order;
use super::cell_size::CellSize;
use crate::protocol::{BoardLayout, Cell, CellContent, CellId};

/// A section and its cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// Empty: the part of the board that has no name.
    pub name: String,
    pub cells: Vec<CellId>,
}

/// `cells` are in the order of the board.
pub fn sections<'a>(layout: &'a BoardLayout, cells: impl Iterator<Item = &'a Cell> + Clone) -> Vec<Section> {
    let order = layout.section_order(cells.clone().map(|cell| cell.layout.section.as_deref()));
    let mut sections: Vec<Section> =
        order.iter().map(|name| Section { name: name.unwrap_or_default().to_owned(), cells: Vec::new() }).collect();
    for cell in cells {
        let name = cell.layout.section.as_deref();
        if let Some(at) = order.iter().position(|known| *known == name) {
            sections[at].cells.push(cell.id.clone());
        }
    }
    into_reading_order(sections.iter_mut().map(|section| &mut section.cells), layout);
    sections
}

/// The line charts of a page in the order of the reader, and their sizes.
pub fn line_charts<'a>(layout: &'a BoardLayout, cells: &'a [Cell]) -> Vec<(&'a Cell, CellSize)> {
    let places = sections(layout, cells.iter().filter(|cell| !cell.hidden));
    let has_heads = places.len() > 1;
    let by_id: HashMap<&CellId, &Cell> = cells.iter().map(|cell| (&cell.id, cell)).collect();
    let ids = places.iter().flat_map(|section| &section.cells).filter_map(|id| by_id.get(id).copied());
    let charts = ids.filter(|cell| matches!(cell.content, CellContent::LineChart(_)));
    let size = |cell: &Cell| {
        let section = cell.layout.section.as_deref().and_then(|name| layout.section(name));
        CellSize::of(&cell.layout, section).of_chart(layout, has_heads)
    };
    charts.map(|cell| (cell, size(cell))).collect()
}

/// Where a moved cell lands: in this section, before that cell or at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Landing {
    pub section: String,
    pub before: Option<CellId>,
}

impl Landing {
    /// The place, from 1, that the cell will have, and how many cells the section will have. `None` if the cell is there already.
    pub fn place(&self, sections: &[Section], moved: &CellId) -> Option<(usize, usize)> {
        let section = sections.iter().find(|section| section.name == self.section)?;
        let others: Vec<&CellId> = section.cells.iter().filter(|id| *id != moved).collect();
        let at = match &self.before {
            Some(before) => others.iter().position(|id| *id == before)?,
            None => others.len(),
        };
        let now = section.cells.iter().position(|id| id == moved);
        (now != Some(at)).then_some((at + 1, others.len() + 1))
    }

    /// Before the block within which it would be.
    pub fn outside_of_block(self, layout: &BoardLayout, sections: &[Section], moved: &CellId) -> Self {
        let section = sections.iter().find(|section| section.name == self.section);
        let others: Vec<&CellId> = section.iter().flat_map(|section| &section.cells).filter(|id| *id != moved).collect();
        let at = self.before.as_ref().and_then(|before| others.iter().position(|id| *id == before));
        let before = at.map(|at| others[outside_of_block(layout, &others, at, false)].clone());
        Self { before, ..self }
    }
}

/// The place among cells nearest to `at` that is not within a block: before the block, or behind it.
fn outside_of_block(layout: &BoardLayout, cells: &[&CellId], mut at: usize, is_later: bool) -> usize {
    let is_of_block =
        |cell: &CellId, other| layout.block_of(cell).is_some_and(|(block, _)| block.cells.values().any(|known| known == other));
    while at > 0 && at < cells.len() && is_of_block(cells[at - 1], cells[at]) {
        at = if is_later { at + 1 } else { at - 1 };
    }
    at
}

/// Where one step takes a cell: a place further in its section, from its end into the next one. `None` at the end of the board.
/// A block is stepped over as a whole. `is_shown`: so are cells that the reader does not see, and sections that have no others.
pub fn step(
    layout: &BoardLayout,
    sections: &[Section],
    moved: &CellId,
    is_later: bool,
    is_shown: impl Fn(&str, &CellId) -> bool,
) -> Option<Landing> {
    let shown = |Section { name, cells }: &Section| {
        let cells: Vec<CellId> = cells.iter().filter(|id| *id == moved || is_shown(name, id)).cloned().collect();
        (!cells.is_empty()).then(|| Section { name: name.clone(), cells })
    };
    let sections: Vec<Section> = sections.iter().filter_map(shown).collect();
    let (at, place) = position(&sections, moved)?;
    let Section { name, cells } = &sections[at];
    let landing = |name: &String, before: Option<&CellId>| Some(Landing { section: name.clone(), before: before.cloned() });
    let others: Vec<&CellId> = cells.iter().filter(|id| *id != moved).collect();
    let place_beyond = |at| outside_of_block(layout, &others, at, is_later);
    if is_later {
        if place < others.len() {
            return landing(name, others.get(place_beyond(place + 1)).copied());
        }
        let next = sections.get(at + 1)?;
        landing(&next.name, next.cells.first())
    } else if place > 0 {
        landing(name, Some(others[place_beyond(place - 1)]))
    } else {
        landing(&sections.get(at.checked_sub(1)?)?.name, None)
    }
}

/// The section of a cell, and its place there.
pub fn position(sections: &[Section], id: &CellId) -> Option<(usize, usize)> {
    sections.iter().enumerate().find_map(|(at, section)| Some((at, section.cells.iter().position(|known| known == id)?)))
}

/// The names of `wanted`, with the known ones in the places that they have in `rows`, so that the list that draws them moves no element:
/// see `rows_in_place`. `is_home`: cells that stand elsewhere now were drawn there first, and go with it.
pub fn section_rows(rows: &[String], wanted: &[Section], is_home: impl Fn(&str) -> bool) -> Vec<String> {
    let stays = |name: &&String| wanted.iter().any(|section| section.name == **name) || is_home(name);
    let mut next: Vec<String> = rows.iter().filter(stays).cloned().collect();
    for Section { name, .. } in wanted {
        if !next.contains(name) {
            next.push(name.clone());
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::LayoutBlock;

    fn id(name: char) -> CellId {
        CellId::parse(&name.to_string()).unwrap()
    }

    fn board(text: &str) -> Vec<Section> {
        let section = |part: &str| {
            let (name, cells) = part.split_once(':').unwrap();
            Section { name: name.into(), cells: cells.chars().map(id).collect() }
        };
        text.split_whitespace().map(section).collect()
    }

    fn landing(section: &str, before: Option<char>) -> Landing {
        Landing { section: section.into(), before: before.map(id) }
    }

    #[test]
    fn a_step_leads_through_the_sections() {
        let sections = board(":ab train:c val:de");
        let step = |name, is_later| step(&BoardLayout::default(), &sections, &id(name), is_later, |_, _| true);
        let later = |name| step(name, true);
        assert_eq!(later('a'), Some(landing("", None)));
        assert_eq!(later('b'), Some(landing("train", Some('c'))));
        assert_eq!(later('c'), Some(landing("val", Some('d'))));
        assert_eq!(later('d'), Some(landing("val", None)));
        assert_eq!(later('e'), None);
        let earlier = |name| step(name, false);
        assert_eq!(earlier('a'), None);
        assert_eq!(earlier('b'), Some(landing("", Some('a'))));
        assert_eq!(earlier('c'), Some(landing("", None)));
        assert_eq!(earlier('e'), Some(landing("val", Some('d'))));
        assert_eq!(later('x'), None);
    }

    #[test]
    fn a_step_leads_past_what_is_hidden() {
        let sections = board("train:abcd folded:ef val:g");
        let is_shown = |section: &str, cell: &CellId| section != "folded" && cell.as_str() != "c";
        let step = |name, is_later| step(&BoardLayout::default(), &sections, &id(name), is_later, is_shown);
        assert_eq!(step('b', true), Some(landing("train", None)), "past d");
        assert_eq!(step('d', false), Some(landing("train", Some('b'))));
        assert_eq!(step('d', true), Some(landing("val", Some('g'))));
        assert_eq!(step('g', false), Some(landing("train", None)));
        assert_eq!(step('g', true), None);
    }

    #[test]
    fn a_step_leads_past_a_block() {
        let cells = ['a', 'b', 'c'].map(|letter| (letter.to_ascii_uppercase(), id(letter))).into();
        let block = LayoutBlock { id: "one".into(), mosaic: "ABC".into(), cells };
        let (layout, sections) = (BoardLayout { blocks: vec![block], ..BoardLayout::default() }, board("train:xabcy"));
        let step = |name, is_later| step(&layout, &sections, &id(name), is_later, |_, _| true).unwrap();
        assert_eq!(step('x', true), landing("train", Some('y')));
        assert_eq!(step('y', false), landing("train", Some('a')));
        assert_eq!(
            [step('a', true), step('b', true), step('c', true)],
            [Some('y'), Some('y'), None].map(|before| landing("train", before))
        );
        assert_eq!([step('b', false), step('c', false)], [landing("train", Some('a')), landing("train", Some('a'))]);
        let outside = |before, moved| landing("train", before).outside_of_block(&layout, &sections, &id(moved)).before;
        assert_eq!(
            [outside(Some('c'), 'y'), outside(Some('c'), 'a'), outside(Some('y'), 'x')],
            [Some(id('a')), Some(id('b')), Some(id('y'))]
        );
        assert_eq!(outside(None, 'a'), None);
    }

    #[test]
    fn a_landing_says_its_place() {
        let sections = board("train:abc val:d");
        let place = |section, before, moved| landing(section, before).place(&sections, &id(moved));
        assert_eq!(place("train", Some('a'), 'c'), Some((1, 3)));
        assert_eq!(place("train", None, 'a'), Some((3, 3)));
        assert_eq!(place("train", Some('b'), 'a'), None, "it is there");
        assert_eq!(place("train", None, 'c'), None);
        assert_eq!(place("train", Some('b'), 'd'), Some((2, 4)));
        assert_eq!(place("val", None, 'a'), Some((2, 2)));
        assert_eq!(place("none", None, 'a'), None);
    }

    #[test]
    fn a_section_stays_in_the_document_while_its_cells_do() {
        let rows: Vec<String> = ["", "train", "val"].map(str::to_owned).into();
        let next = |wanted, home: &str| section_rows(&rows, &board(wanted), |name| name == home).join(",");
        assert_eq!(next("lr:a :b val:c", "-"), ",val,lr");
        assert_eq!(next("val:c", "train"), "train,val");
        assert_eq!(next("", "-"), "");
    }
}
