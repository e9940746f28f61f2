//! The file around a drawing: one page, its font, and the table of all objects (ISO 32000-1, 7.5).

use std::collections::BTreeSet;

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::font::UsedGlyphs;

/// What a page shows.
pub struct Page {
    /// Width and height in points.
    pub size: (f64, f64),
    /// The operators of the drawing.
    pub content: String,
    /// Shares of opacity, in per cent: each is a state `A30` of the page.
    pub alphas: BTreeSet<u8>,
    /// The glyphs that it shows.
    pub glyphs: UsedGlyphs,
    pub title: String,
    pub summary: String,
}

/// Numbers of objects.
const FONT: usize = 5;
const COUNT: usize = 10;
/// From 0 to 10: further ones take much longer for a few per cent.
const COMPRESSION: u8 = 6;

impl Page {
    pub fn file(&self) -> Vec<u8> {
        let (width, height) = self.size;
        let states: String = self.alphas.iter().map(|alpha| format!("/A{alpha} <</ca {0} /CA {0}>> ", f64::from(*alpha) / 100.0)).collect();
        let widths: String = self.glyphs.iter().map(|(number, glyph)| format!("{number} [{:.0}] ", glyph.advance)).collect();
        let mut file = File { bytes: b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n".to_vec(), places: Vec::new() };
        file.object("<</Type /Catalog /Pages 2 0 R>>");
        file.object("<</Type /Pages /Kids [3 0 R] /Count 1>>");
        file.object(&format!(
            "<</Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.2} {height:.2}] /Contents 4 0 R \
             /Resources <</Font <</F {FONT} 0 R>> /ExtGState <<{states}>>>>>>"
        ));
        file.stream("/Filter /FlateDecode", &compress_to_vec_zlib(self.content.as_bytes(), COMPRESSION));
        file.object(
            "<</Type /Font /Subtype /Type0 /BaseFont /AGNEZA+DejaVuSans /Encoding /Identity-H /DescendantFonts [6 0 R] /ToUnicode 9 0 R>>",
        );
        file.object(&format!(
            "<</Type /Font /Subtype /CIDFontType2 /BaseFont /AGNEZA+DejaVuSans /CIDToGIDMap /Identity /FontDescriptor 7 0 R \
             /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /DW 600 /W [{widths}]>>"
        ));
        file.object(
            "<</Type /FontDescriptor /FontName /AGNEZA+DejaVuSans /Flags 4 /FontBBox [-1021 -463 1793 1232] /ItalicAngle 0 /Ascent 928 \
             /Descent -236 /CapHeight 729 /StemV 90 /FontFile2 8 0 R>>",
        );
        let font = self.glyphs.font();
        file.stream(&format!("/Length1 {}", font.len()), &font);
        file.stream("", self.characters().as_bytes());
        let [title, subject] = [&self.title, &self.summary].map(|text| utf16(text.chars()));
        file.object(&format!("<</Title <FEFF{title}> /Subject <FEFF{subject}> /Creator (Agnez)>>"));
        file.end()
    }

    /// Which character a glyph shows, for those who search and copy.
    fn characters(&self) -> String {
        /// A CMap may have so many lines in a block.
        const BLOCK: usize = 100;
        let mut map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
            /CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def /CMapName /Adobe-Identity-UCS def /CMapType 2 def\n\
            1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
            .to_owned();
        let glyphs: Vec<_> = self.glyphs.iter().collect();
        for block in glyphs.chunks(BLOCK) {
            map += &format!("{} beginbfchar\n", block.len());
            for (number, glyph) in block {
                map += &format!("<{number:04X}> <{}>\n", utf16([glyph.character]));
            }
            map.push_str("endbfchar\n");
        }
        map + "endcmap CMapName currentdict /CMap defineresource pop end end\n"
    }
}

/// Characters as UTF-16BE in hexadecimal digits.
fn utf16(text: impl IntoIterator<Item = char>) -> String {
    text.into_iter().flat_map(|c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("{unit:04X}")).collect::<Vec<_>>()).collect()
}

struct File {
    bytes: Vec<u8>,
    /// Where each object begins.
    places: Vec<usize>,
}

impl File {
    fn begin(&mut self) {
        self.places.push(self.bytes.len());
        self.bytes.extend(format!("{} 0 obj\n", self.places.len()).into_bytes());
    }

    fn object(&mut self, text: &str) {
        self.begin();
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    fn stream(&mut self, keys: &str, bytes: &[u8]) {
        self.begin();
        self.bytes.extend(format!("<</Length {} {keys}>>\nstream\n", bytes.len()).into_bytes());
        self.bytes.extend_from_slice(bytes);
        self.bytes.extend_from_slice(b"\nendstream\nendobj\n");
    }

    fn end(mut self) -> Vec<u8> {
        debug_assert_eq!(self.places.len(), COUNT);
        let (table, size) = (self.bytes.len(), self.places.len() + 1);
        let places: String = self.places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
        let end = format!(
            "xref\n0 {size}\n0000000000 65535 f \n{places}trailer\n<</Size {size} /Root 1 0 R /Info {COUNT} 0 R>>\nstartxref\n{table}\n%%EOF\n"
        );
        self.bytes.extend(end.into_bytes());
        self.bytes
    }
}
