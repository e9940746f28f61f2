//! The binary format of curves of groups, from which the page draws lines with bands.
//!
//! Little-endian. A frame is `b"AGNZ"`, u8 version (1), u8 kind (4), u16 0, u64 `seq`, u32 number of cells, and the cells, each: u8
//! length and id, u32 number of further groups, u32 number of curves, and the curves, each: u64 id of the group, u32 index, u16 length
//! and label, u16 length and split, u32 number of runs, u32 number of ids and these, each u8 length and id, u32 columns of the grid (0: its
//! places are steps) and, unless 0, f64 `from` and f64 `to`, u32 `n`, and the 8 fields of `n` places in the order of `FIELDS`, in the
//! forms of [`super::columns`].

use std::ops::RangeInclusive;

use super::codec::{DecodeError, Reader, write_f64s, write_head, write_id, write_list, write_name, write_run};
use super::{CellId, GroupId, RunId};
pub use crate::series::groups::{Band, GroupColumn, GroupGrid, GroupLine};

const KIND: u8 = 4;
const VERSION: u8 = 1;

/// The fields of a place.
const FIELDS: [fn(&GroupColumn) -> f64; 8] = [
    |column| column.x,
    |column| column.line,
    |column| column.low,
    |column| column.high,
    |column| f64::from(column.n),
    |column| f64::from(column.nan),
    |column| f64::from(column.ended),
    |column| f64::from(column.interpolated),
];

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupsFrame {
    /// Number of the last event of the board that the curves include.
    pub seq: u64,
    pub cells: Vec<CellGroups>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CellGroups {
    pub cell: CellId,
    /// The largest groups first; of one group a curve for each split.
    pub groups: Vec<GroupCurve>,
    /// Groups that are left out.
    pub more: u32,
}

/// The curve of a group in one split of a cell.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupCurve {
    pub group: GroupId,
    /// Place of the group among those found, by age: it chooses letter and colour.
    pub index: u32,
    pub label: String,
    /// `train`, `val`; empty without a split.
    pub split: String,
    /// Members: runs of the group that have points here.
    pub runs: u32,
    /// Their ids, at most [`Self::MAX_IDS`], the oldest run first.
    pub ids: Vec<RunId>,
    /// The group's own: it does not depend on other groups.
    pub grid: GroupGrid,
    pub columns: Vec<GroupColumn>,
}

impl GroupCurve {
    pub const MAX_IDS: usize = 100;
}

/// The members of the groups of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberCounts {
    /// The fewest and the most of a group.
    pub runs: RangeInclusive<u32>,
    /// Fewer of a group have a value at some place.
    pub vary: bool,
}

impl MemberCounts {
    /// `None` without a curve.
    pub fn of<'a>(curves: impl IntoIterator<Item = &'a GroupCurve>) -> Option<Self> {
        let both = |one: Self, other: Self| {
            let runs = *one.runs.start().min(other.runs.start())..=*one.runs.end().max(other.runs.end());
            Self { runs, vary: one.vary || other.vary }
        };
        curves.into_iter().map(Self::of_curve).reduce(both)
    }

    pub fn of_curve(curve: &GroupCurve) -> Self {
        let vary = curve.columns.iter().any(|column| column.n < curve.runs);
        Self { runs: curve.runs..=curve.runs, vary }
    }

    /// `5 runs`, `3 to 5 runs`, `up to 5 runs`.
    fn describe(&self) -> String {
        match (*self.runs.start(), *self.runs.end()) {
            (1, 1) => "1 run".to_owned(),
            (_, many) if self.vary => format!("up to {many} runs"),
            (few, many) if few == many => format!("{many} runs"),
            (few, many) => format!("{few} to {many} runs"),
        }
    }
}

/// How the curves of a chart are made, for tables and below exports: `mean of 5 runs, band: 95 % t interval at each step`. `grids`: those
/// of the groups; `smooth`: the weight of the smoothing, 0 for none.
pub fn method(line: GroupLine, band: Band, members: &MemberCounts, grids: &[GroupGrid], smooth: f64) -> String {
    let line = match line {
        GroupLine::Mean => "mean",
        GroupLine::Median => "median",
        GroupLine::GeoMean => "geometric mean",
        GroupLine::Min => "minimum",
        GroupLine::Max => "maximum",
    };
    let band = match band {
        Band::None => "",
        Band::T95 => ", band: 95 % t interval",
        Band::Std => ", band: one standard deviation",
        Band::StdErr => ", band: one standard error",
        Band::MinMax => ", band: minimum to maximum",
        Band::Iqr => ", band: lower to upper quartile",
    };
    let runs = members.describe();
    let smoothed = match (smooth > 0.0, band.is_empty()) {
        (false, _) => String::new(),
        (true, true) => format!(", then smoothed by {smooth}"),
        (true, false) => format!(", then smoothed by {smooth}, the band is not"),
    };
    let counts = || grids.iter().filter_map(|grid| if let GroupGrid::Columns { count, .. } = grid { Some(*count) } else { None });
    let columns = match (counts().min(), counts().max()) {
        (Some(few), Some(many)) if few < many => Some(format!("of the means in {few} to {many} columns")),
        (_, many) => many.map(|count| format!("of the means in {count} columns")),
    };
    let places = match columns {
        None => "at each step".to_owned(),
        Some(columns) if grids.contains(&GroupGrid::Steps) => format!("at each step, or {columns}"),
        Some(columns) => columns,
    };
    format!("{line} of {runs}{band} {places}{smoothed}")
}

pub fn write(frame: &GroupsFrame) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, frame.seq, frame.cells.len());
    frame.cells.iter().for_each(|cell| write_cell(&mut out, cell));
    out
}

/// Begins a frame that is written cell by cell; `cells` cells must follow.
pub fn begin(out: &mut Vec<u8>, seq: u64, cells: usize) {
    write_head(out, VERSION, KIND, seq, cells);
}

pub fn write_cell(out: &mut Vec<u8>, CellGroups { cell, groups, more }: &CellGroups) {
    write_id(out, cell);
    out.extend_from_slice(&more.to_le_bytes());
    out.extend_from_slice(&(groups.len() as u32).to_le_bytes());
    groups.iter().for_each(|curve| write_curve(out, curve));
}

fn write_curve(out: &mut Vec<u8>, curve: &GroupCurve) {
    out.extend_from_slice(&curve.group.to_bits().to_le_bytes());
    out.extend_from_slice(&curve.index.to_le_bytes());
    write_name(out, &curve.label);
    write_name(out, &curve.split);
    out.extend_from_slice(&curve.runs.to_le_bytes());
    out.extend_from_slice(&(curve.ids.len() as u32).to_le_bytes());
    curve.ids.iter().for_each(|id| write_run(out, Some(id)));
    match curve.grid {
        GroupGrid::Steps => out.extend_from_slice(&0_u32.to_le_bytes()),
        GroupGrid::Columns { from, to, count } => {
            out.extend_from_slice(&count.to_le_bytes());
            write_f64s(out, &[from, to]);
        }
    }
    out.extend_from_slice(&(curve.columns.len() as u32).to_le_bytes());
    let mut fields: Vec<Vec<f64>> = Vec::with_capacity(FIELDS.len());
    for field in FIELDS {
        write_list(out, &mut fields, curve.columns.iter().map(field).collect());
    }
}

/// Decodes a whole frame. Allocates at most 60 times its size.
pub fn read(bytes: &[u8]) -> Result<GroupsFrame, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (_, seq, count) = reader.head(KIND, VERSION..=VERSION)?;
    let mut cells = Vec::new();
    for _ in 0..count {
        let (cell, more) = (reader.id()?, reader.u32()?);
        let mut groups = Vec::new();
        for _ in 0..reader.u32()? {
            groups.push(read_curve(&mut reader)?);
        }
        cells.push(CellGroups { cell, groups, more });
    }
    reader.end(GroupsFrame { seq, cells })
}

fn read_curve(reader: &mut Reader) -> Result<GroupCurve, DecodeError> {
    let (group, index) = (GroupId::from_bits(reader.u64()?), reader.u32()?);
    let (label, split, runs) = (reader.name()?, reader.name()?, reader.u32()?);
    let mut ids = Vec::new();
    for _ in 0..reader.u32()? {
        let at = reader.at();
        ids.push(reader.run()?.ok_or(DecodeError { at, why: "an id of a run is empty" })?);
    }
    let grid = match reader.u32()? {
        0 => GroupGrid::Steps,
        count => {
            let bounds = reader.numbers(2, false)?;
            GroupGrid::Columns { from: bounds[0], to: bounds[1], count }
        }
    };
    let n = reader.u32()?;
    let mut fields: Vec<Vec<f64>> = Vec::new();
    for _ in 0..FIELDS.len() {
        reader.list(n, &mut fields)?;
    }
    let columns: Vec<_> = (0..n as usize).map(|at| column(&fields, at)).collect();
    if !columns.iter().all(|column| column.n <= runs && column.interpolated <= column.n) {
        return Err(DecodeError { at: reader.at(), why: "a place before this does not count its members" });
    }
    Ok(GroupCurve { group, index, label, split, runs, ids, grid, columns })
}

/// The place at index `at`. All fields have the same length.
fn column(fields: &[Vec<f64>], at: usize) -> GroupColumn {
    let number = |field: usize| fields[field][at];
    // Beyond u32 a number is cut to it, and is then no count of members.
    let count = |field: usize| number(field) as u32;
    GroupColumn {
        x: number(0),
        line: number(1),
        low: number(2),
        high: number(3),
        n: count(4),
        nan: count(5),
        ended: count(6),
        interpolated: count(7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(split: &str, grid: GroupGrid, places: u32) -> GroupCurve {
        let place = |at: u32| {
            let (x, y) = (f64::from(at) + 0.5, f64::from(at).sqrt() / 3.0);
            let band = if at % 7 == 3 { f64::NAN } else { 0.1 / 3.0 };
            GroupColumn { x, line: y, low: y - band, high: y + band, n: 3 + at % 2, nan: 0, ended: at / 50, interpolated: 0 }
        };
        GroupCurve {
            group: GroupId::from_bits(0xabc_def0_1234),
            index: 2,
            label: "0.01 · größe".into(),
            split: split.into(),
            runs: 4,
            ids: ["first", "lr_0.1"].map(|id| RunId::parse(id).unwrap()).into(),
            grid,
            columns: (0..places).map(place).collect(),
        }
    }

    fn frame() -> GroupsFrame {
        let columns = GroupGrid::Columns { from: -8.0, to: 1016.0, count: 256 };
        let groups = vec![curve("train", columns, 256), curve("val", GroupGrid::Steps, 3), curve("", GroupGrid::Steps, 0)];
        let cell = |id: &str, groups, more| CellGroups { cell: CellId::parse(id).unwrap(), groups, more };
        GroupsFrame { seq: 1 << 40, cells: vec![cell("digits-loss", groups, 7), cell("b", Vec::new(), 0)] }
    }

    #[test]
    fn curves_come_back_bit_for_bit() {
        let (want, got) = (frame(), read(&write(&frame())).unwrap());
        assert_eq!(got.seq, want.seq);
        assert_eq!(got.cells[1], want.cells[1]);
        assert_eq!((got.cells[0].groups.len(), got.cells[0].more), (3, 7));
        for (got, want) in got.cells[0].groups.iter().zip(&want.cells[0].groups) {
            let bits =
                |curve: &GroupCurve| curve.columns.iter().map(|column| FIELDS.map(|field| field(column).to_bits())).collect::<Vec<_>>();
            assert_eq!(bits(got), bits(want));
            let rest = |curve: &GroupCurve| GroupCurve { columns: Vec::new(), ..curve.clone() };
            assert_eq!(rest(got), rest(want));
        }
    }

    #[test]
    fn a_place_costs_its_numbers_and_no_counts() {
        let mut curve = curve("", GroupGrid::Steps, 1000);
        curve.columns.iter_mut().for_each(|column| (column.n, column.ended) = (4, 0));
        let cell = CellGroups { cell: CellId::parse("a").unwrap(), groups: vec![curve], more: 0 };
        let bytes = write(&GroupsFrame { seq: 0, cells: vec![cell] }).len();
        assert!((28_000..28_200).contains(&bytes), "{bytes} bytes for 1000 places of an f32 and three f64");
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_an_answer() {
        let mut small = frame();
        small.cells[0].groups[0].columns.truncate(20);
        let bytes = write(&small);
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let places =
                read(&flipped).map_or(0, |frame| frame.cells.iter().flat_map(|cell| &cell.groups).map(|one| one.columns.len()).sum());
            assert!(places * 4 <= bytes.len());
        }
    }

    #[test]
    fn no_place_has_more_members_than_the_group() {
        let changes: [fn(&mut GroupColumn); 2] = [|column| column.n = 5, |column| column.interpolated = 9];
        for change in changes {
            let mut frame = frame();
            change(&mut frame.cells[0].groups[1].columns[2]);
            assert_eq!(read(&write(&frame)).unwrap_err().why, "a place before this does not count its members");
        }
    }

    #[test]
    fn the_method_is_a_sentence() {
        let all = |runs| MemberCounts { runs, vary: false };
        let say = |line, band, runs, smooth| method(line, band, &all(runs), &[GroupGrid::Steps], smooth);
        assert_eq!(say(GroupLine::Mean, Band::T95, 5..=5, 0.0), "mean of 5 runs, band: 95 % t interval at each step");
        assert_eq!(say(GroupLine::Median, Band::Iqr, 3..=5, 0.0), "median of 3 to 5 runs, band: lower to upper quartile at each step");
        assert_eq!(say(GroupLine::Max, Band::None, 1..=1, 0.5), "maximum of 1 run at each step, then smoothed by 0.5");
        let smoothed = "mean of 2 runs, band: one standard deviation at each step, then smoothed by 0.9, the band is not";
        assert_eq!(say(GroupLine::Mean, Band::Std, 2..=2, 0.9), smoothed);
        let grid = GroupGrid::Columns { from: 0.0, to: 1000.0, count: 250 };
        let of_columns = "geometric mean of 5 runs, band: 95 % t interval of the means in 250 columns";
        assert_eq!(method(GroupLine::GeoMean, Band::T95, &all(5..=5), &[grid], 0.0), of_columns);
        let few = GroupGrid::Columns { from: 0.0, to: 1.0, count: 64 };
        let of_grids = |grids: &[GroupGrid]| method(GroupLine::Mean, Band::None, &all(5..=5), grids, 0.0);
        assert_eq!(of_grids(&[grid, few]), "mean of 5 runs of the means in 64 to 250 columns");
        assert_eq!(of_grids(&[grid, GroupGrid::Steps]), "mean of 5 runs at each step, or of the means in 250 columns");
        assert_eq!(grid.bounds(402.0), Some((400.0, 404.0)));
        let mut curves = [curve("", GroupGrid::Steps, 4), curve("", GroupGrid::Steps, 4)];
        (curves[0].runs, curves[1].runs) = (3, 5);
        let describe = |curves: &[GroupCurve]| MemberCounts::of(curves).unwrap().describe();
        assert_eq!(describe(&curves), "up to 5 runs", "a place with 3 of 5");
        curves.iter_mut().for_each(|curve| curve.columns.iter_mut().for_each(|column| column.n = curve.runs));
        assert_eq!((describe(&curves).as_str(), MemberCounts::of([])), ("3 to 5 runs", None));
    }
}
