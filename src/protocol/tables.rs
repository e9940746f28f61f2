//! Tables as bytes: a drawing, and what can be pointed at in it.
//!
//! Little-endian. A frame is `b"AGNZ"`, u8 version (1), u8 kind (3 spots, 4 a drawing), u16 0, u64 0, u32 number of tables, u16 length and `about`
//! (UTF-8), f32 `left`, f32 `right`, and the tables, each: u16 length and name, u16 length and unit, u64 tag, u32 number of texts, the texts (u16
//! length and UTF-8), u32 `n`, u8 number of lists, and the lists. A list is that of a frame of columns: u8 form and `n` numbers.

use super::codec::{DecodeError, Reader, write_f32s, write_head, write_list, write_name};

/// Names of labels are the client's, and may be of any length.
const LONGEST: usize = 200;

/// A drawing's tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// The drawing in one sentence.
    pub about: String,
    /// The pixels beside the plot, which stay the same however wide the drawing is.
    pub left: f64,
    pub right: f64,
    pub list: Vec<Table>,
}

/// Lists of one length, and what they have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub name: String,
    pub unit: String,
    pub tag: u64,
    pub texts: Vec<String>,
    pub lists: Vec<Vec<f64>>,
}

pub fn write(kind: u8, tables: &Tables) -> Vec<u8> {
    let mut out = Vec::new();
    write_head(&mut out, kind, 0, tables.list.len());
    write_name(&mut out, cut(&tables.about));
    write_f32s(&mut out, &[tables.left, tables.right]);
    for table in &tables.list {
        write_name(&mut out, cut(&table.name));
        write_name(&mut out, cut(&table.unit));
        out.extend_from_slice(&table.tag.to_le_bytes());
        out.extend_from_slice(&(table.texts.len() as u32).to_le_bytes());
        table.texts.iter().for_each(|text| write_name(&mut out, cut(text)));
        out.extend_from_slice(&(table.lists.first().map_or(0, Vec::len) as u32).to_le_bytes());
        out.push(table.lists.len() as u8);
        let mut known: Vec<Vec<f64>> = Vec::new();
        table.lists.iter().for_each(|list| write_list(&mut out, &mut known, list.clone()));
    }
    out
}

pub fn read(kind: u8, bytes: &[u8]) -> Result<Tables, DecodeError> {
    let mut reader = Reader::new(bytes);
    let (_, count) = reader.head(kind)?;
    let about = reader.name()?;
    let rooms = reader.numbers(2, true)?;
    let mut list = Vec::new();
    for _ in 0..count {
        let (name, unit, tag) = (reader.name()?, reader.name()?, reader.u64()?);
        let mut texts = Vec::new();
        for _ in 0..reader.u32()? {
            texts.push(reader.name()?);
        }
        let n = reader.u32()?;
        let mut lists = Vec::new();
        for _ in 0..reader.u8()? {
            reader.list(n, &mut lists)?;
        }
        list.push(Table { name, unit, tag, texts, lists });
    }
    reader.end(Tables { about, left: rooms[0], right: rooms[1], list })
}

/// At the end of a character, and short enough for its length to be written.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(end, _)| end);
    &text[..end]
}
