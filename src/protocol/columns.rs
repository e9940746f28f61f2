//! The binary format of columns, from which the page draws lines.
//!
//! Little-endian. A frame is `b"AGNZ"`, u8 version (3), u8 kind (2), u16 0, u64 `seq`, u32 number of cells, and the cells, each: u8
//! length and id, u32 number of series, and the series, each: u8 length and the run's id (0: a series without a run), u16 length and
//! name (UTF-8), u64 points in all, f64 origin of its times, u32 `n`, and the 16 fields of `n` columns in the order of `FIELDS`, and the smoothed line: u8 0 if none was requested,
//! else 1, four f64 (the weight, the average after the last point, the remaining bias wⁿ, the last
//! step; four NaN if unknown) and two more fields, x and y of each column's place, NaN where it has
//! none. A field is u8 form and then: 0 one f64 for all columns, 1 `n` f32, 2 `n` f64, 16 + k no data:
//! equal to field k. So a list of single points costs little more than its x and y.

use super::codec::{DecodeError, Reader, write_f64s, write_head, write_id, write_list, write_name, write_run};
use super::{CellId, RunId};
use crate::series::{Average, Column, SmoothedLine};

const KIND: u8 = 2;
const VERSION: u8 = 3;
/// The bytes of the number of cells.
const CELL_COUNT: std::ops::Range<usize> = 16..20;

/// The fields of a column. Counts stay below 2^53, so that they are exact as f64.
const FIELDS: [fn(&Column) -> f64; 16] = [
    |column| column.x_first,
    |column| column.x_last,
    |column| column.x_min,
    |column| column.x_max,
    |column| column.first,
    |column| column.last,
    |column| column.min,
    |column| column.max,
    |column| column.at_min,
    |column| column.at_max,
    |column| column.sum,
    |column| column.count as f64,
    |column| column.nan as f64,
    |column| column.pos_inf as f64,
    |column| column.neg_inf as f64,
    |column| column.breaks as f64,
];

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnsFrame {
    /// Number of the last event of the board that the columns include.
    pub seq: u64,
    pub cells: Vec<CellColumns>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CellColumns {
    pub cell: CellId,
    pub series: Vec<SeriesColumns>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesColumns {
    /// The run that the series belongs to; of its series the name may be empty.
    pub run: Option<RunId>,
    pub name: String,
    /// Number of points of the whole series, not only of the requested range.
    pub points: u64,
    /// What its places count from, in seconds since 1970; 0 along steps and wall time.
    pub origin: f64,
    pub columns: Vec<Column>,
    /// The smoothed line of exactly these points; `None` if it was not requested.
    pub smoothed: Option<SmoothedLine>,
}

pub fn write(seq: u64, cells: &[CellColumns]) -> Vec<u8> {
    let mut out = Vec::new();
    begin(&mut out, seq, cells.len());
    for CellColumns { cell, series } in cells {
        begin_cell(&mut out, cell, series.len());
        series.iter().for_each(|series| write_series(&mut out, series));
    }
    out
}

/// Begins a frame that is written in pieces; `cells` cells must follow.
pub fn begin(out: &mut Vec<u8>, seq: u64, cells: usize) {
    write_head(out, VERSION, KIND, seq, cells);
}

/// Corrects the header of a begun frame if one of its cells is left out.
pub fn decrement_cell_count(frame: &mut [u8]) {
    if let Some(count) = frame.get_mut(CELL_COUNT).and_then(|count| count.first_chunk_mut()) {
        *count = u32::from_le_bytes(*count).saturating_sub(1).to_le_bytes();
    }
}

/// Begins a cell; `series` series must follow.
pub fn begin_cell(out: &mut Vec<u8>, cell: &CellId, series: usize) {
    write_id(out, cell);
    out.extend_from_slice(&(series as u32).to_le_bytes());
}

pub fn write_series(out: &mut Vec<u8>, SeriesColumns { run, name, points, origin, columns, smoothed }: &SeriesColumns) {
    write_run(out, run.as_ref());
    write_name(out, name);
    out.extend_from_slice(&points.to_le_bytes());
    out.extend_from_slice(&origin.to_le_bytes());
    out.extend_from_slice(&(columns.len() as u32).to_le_bytes());
    write_fields(out, columns, smoothed.as_ref());
}

fn write_fields(out: &mut Vec<u8>, columns: &[Column], smoothed: Option<&SmoothedLine>) {
    let mut fields: Vec<Vec<f64>> = Vec::with_capacity(FIELDS.len());
    for field in FIELDS {
        write_list(out, &mut fields, columns.iter().map(field).collect());
    }
    out.push(u8::from(smoothed.is_some()));
    if let Some(SmoothedLine { places, last }) = smoothed {
        let last = last.map_or([f64::NAN; 4], |last| [last.weight, last.value, last.kept, last.step]);
        write_f64s(out, &last);
        write_list(out, &mut fields, places.iter().map(|place| place.0).collect());
        write_list(out, &mut fields, places.iter().map(|place| place.1).collect());
    }
}

/// Decodes a whole frame. Allocates at most 80 times its size.
pub fn read(bytes: &[u8]) -> Result<ColumnsFrame, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (_, seq, count) = reader.head(KIND, VERSION..=VERSION)?;
    let mut cells = Vec::new();
    for _ in 0..count {
        let cell = reader.id()?;
        let mut series = Vec::new();
        for _ in 0..reader.u32()? {
            let (run, name, points, origin) = (reader.run()?, reader.name()?, reader.u64()?, f64::from_bits(reader.u64()?));
            let (columns, smoothed) = read_fields(&mut reader)?;
            series.push(SeriesColumns { run, name, points, origin, columns, smoothed });
        }
        cells.push(CellColumns { cell, series });
    }
    reader.end(ColumnsFrame { seq, cells })
}

fn read_fields(reader: &mut Reader) -> Result<(Vec<Column>, Option<SmoothedLine>), DecodeError> {
    let n = reader.u32()?;
    let mut fields: Vec<Vec<f64>> = Vec::new();
    for _ in 0..FIELDS.len() {
        reader.list(n, &mut fields)?;
    }
    let columns: Vec<_> = (0..n as usize).map(|at| column(&fields, at)).collect();
    let counts = |column: &Column| column.nan.saturating_add(column.pos_inf).saturating_add(column.neg_inf) <= column.count;
    if !columns.iter().all(|column| column.count > 0 && counts(column)) {
        return Err(DecodeError { at: reader.at(), why: "a column before this does not count its points" });
    }
    if reader.u8()? == 0 {
        return Ok((columns, None));
    }
    let last = reader.numbers(4, false)?;
    let last = Average { weight: last[0], value: last[1], kept: last[2], step: last[3] };
    for _ in 0..2 {
        reader.list(n, &mut fields)?;
    }
    let places = (0..n as usize).map(|at| (fields[FIELDS.len()][at], fields[FIELDS.len() + 1][at])).collect();
    Ok((columns, Some(SmoothedLine { places, last: (!last.weight.is_nan()).then_some(last) })))
}

/// The column at index `at`. All fields have the same length.
fn column(fields: &[Vec<f64>], at: usize) -> Column {
    let mut f = [0.0; FIELDS.len()];
    f.iter_mut().zip(fields).for_each(|(to, field)| *to = field[at]);
    Column {
        x_first: f[0],
        x_last: f[1],
        x_min: f[2],
        x_max: f[3],
        first: f[4],
        last: f[5],
        min: f[6],
        max: f[7],
        at_min: f[8],
        at_max: f[9],
        sum: f[10],
        count: f[11] as u64,
        nan: f[12] as u64,
        pos_inf: f[13] as u64,
        neg_inf: f[14] as u64,
        breaks: f[15] as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::NO_PLACE;

    fn merged(points: &[(f64, f64)]) -> Column {
        let mut column = Column::point(points[0].0, points[0].1);
        points[1..].iter().for_each(|(x, y)| column.merge(&Column::point(*x, *y)));
        column
    }

    fn frame(columns: Vec<Column>) -> Vec<u8> {
        let points = columns.iter().map(|column| column.count).sum();
        let places = columns.iter().map(|column| if column.nan < column.count { (column.x_last, column.last) } else { NO_PLACE }).collect();
        let last = Some(Average { weight: 0.9, value: 0.1, kept: 0.5, step: f64::NEG_INFINITY });
        let smoothed = Some(SmoothedLine { places, last });
        let of_a_run = SeriesColumns {
            run: RunId::parse("lr_0.1"),
            name: String::new(),
            points: 0,
            origin: 1.7e9,
            columns: Vec::new(),
            smoothed: None,
        };
        let series = vec![SeriesColumns { run: None, name: "größe".into(), points, origin: 0.0, columns, smoothed }, of_a_run];
        let other = CellColumns { cell: CellId::parse("other").unwrap(), series: vec![] };
        write(9, &[CellColumns { cell: CellId::parse("a").unwrap(), series }, other])
    }

    fn mixed() -> Vec<Column> {
        vec![
            merged(&[(0.0, 0.1), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, -0.0)]),
            merged(&[(4.0, f64::NAN)]),
            merged(&[(9.0, 1e300), (5.0, f64::NEG_INFINITY), (6.5, f64::from_bits(1))]),
        ]
    }

    #[test]
    fn columns_come_back_bit_for_bit() {
        let points: Vec<_> = (0..1000).map(|at| Column::point(f64::from(at), f64::from(at).sqrt())).collect();
        for columns in [vec![], mixed(), points, vec![Column::point(1.0, 2.0); 5]] {
            let read = read(&frame(columns.clone())).unwrap();
            assert_eq!((read.seq, read.cells.len(), read.cells[0].series[0].name.as_str()), (9, 2, "größe"));
            let of_a_run = &read.cells[0].series[1];
            assert_eq!((of_a_run.run.as_ref().unwrap().as_str(), of_a_run.name.as_str(), of_a_run.origin), ("lr_0.1", "", 1.7e9));
            assert_eq!(read.cells[0].series[0].run, None);
            let got = &read.cells[0].series[0].columns;
            assert_eq!(got.len(), columns.len());
            for (got, want) in got.iter().zip(&columns) {
                let bits = |column: &Column| FIELDS.map(|field| field(column).to_bits());
                assert_eq!(bits(got), bits(want));
            }
            let smoothed = read.cells[0].series[0].smoothed.as_ref().unwrap();
            assert_eq!(smoothed.last, Some(Average { weight: 0.9, value: 0.1, kept: 0.5, step: f64::NEG_INFINITY }));
            let is_of = |place: &(f64, f64), column: &Column| match column.nan < column.count {
                false => place.0.is_nan() && place.1.is_nan(),
                true => *place == (column.x_last, column.last),
            };
            assert!(smoothed.places.iter().zip(&columns).all(|(place, column)| is_of(place, column)));
        }
    }

    #[test]
    fn points_cost_little_more_than_x_and_y() {
        let columns: Vec<_> = (0..1000).map(|at| Column::point(f64::from(at), f64::from(at).sqrt())).collect();
        let bytes = frame(columns).len();
        assert!((12_000..12_300).contains(&bytes), "{bytes} bytes for 1000 points of f32 steps and f64 values");
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_an_answer() {
        let bytes = frame(mixed());
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let columns =
                read(&flipped).map_or(0, |frame| frame.cells.iter().flat_map(|cell| &cell.series).map(|one| one.columns.len()).sum());
            assert!(columns * 4 <= bytes.len());
        }
    }

    #[test]
    fn no_column_is_without_points() {
        let mut none = Column::point(0.0, 0.0);
        none.count = 0;
        assert_eq!(read(&frame(vec![none])).unwrap_err().why, "a column before this does not count its points");
        let mut more = Column::point(0.0, 0.0);
        more.nan = 2;
        assert!(read(&frame(vec![more])).is_err());
    }

    #[test]
    fn a_frame_in_pieces_is_a_frame_and_a_cell_may_stay_away() {
        let cell = |id: &str| CellColumns { cell: CellId::parse(id).unwrap(), series: Vec::new() };
        let cells = [cell("a"), cell("c")];
        let mut out = Vec::new();
        begin(&mut out, 7, 3);
        begin_cell(&mut out, &cells[0].cell, 0);
        decrement_cell_count(&mut out);
        begin_cell(&mut out, &cells[1].cell, 0);
        assert_eq!(out, write(7, &cells));
    }
}
