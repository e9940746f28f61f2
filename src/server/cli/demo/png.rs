//! A PNG file with a palette, without compression: the picture is small, and a compressor would be another dependency.
//!
//! Format: W3C, Portable Network Graphics, third edition, 2025; the zlib container after RFC 1950, its stored block after RFC 1951.

/// Bytes that one stored block of deflate holds.
const MAX_STORED_BYTES: usize = 0xffff;

const INDEXED: u8 = 3;
const BITS: u8 = 8;

/// A picture of `width` columns. `pixels` are rows from the top of indices into `palette`, red, green and blue each.
///
/// `None` unless the rows are complete, the palette has 1 to 256 colours, and the pixels fit in one stored block.
pub fn encode(width: usize, pixels: &[u8], palette: &[[u8; 3]]) -> Option<Vec<u8>> {
    let is_complete = width > 0 && !pixels.is_empty() && pixels.len().is_multiple_of(width) && (1..=256).contains(&palette.len());
    let height = if is_complete { pixels.len() / width } else { return None };
    // Each row begins with its filter: 0, none.
    let rows: Vec<u8> = pixels.chunks_exact(width).flat_map(|row| std::iter::once(0).chain(row.iter().copied())).collect();
    if rows.len() > MAX_STORED_BYTES {
        return None;
    }
    let (columns, lines, length) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?, u16::try_from(rows.len()).ok()?);
    let head = [&columns.to_be_bytes()[..], &lines.to_be_bytes(), &[BITS, INDEXED, 0, 0, 0]].concat();
    // Deflate with a window of 32 KiB; then one last, stored block.
    let data = [&[0x78, 0x01, 1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), &rows, &adler32(&rows).to_be_bytes()].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, content) in [(b"IHDR", &head[..]), (b"PLTE", &palette.concat()), (b"IDAT", &data), (b"IEND", &[])] {
        file.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
        let start = file.len();
        file.extend(kind);
        file.extend(content);
        let checksum = crc32fast::hash(&file[start..]);
        file.extend(checksum.to_be_bytes());
    }
    Some(file)
}

/// The checksum of RFC 1950.
fn adler32(bytes: &[u8]) -> u32 {
    let (low, high) = bytes.iter().fold((1_u32, 0_u32), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
        assert_eq!(adler32(&[]), 1);
    }

    #[test]
    fn chunks_have_their_lengths_and_pixels_their_rows() {
        let file = encode(2, &[0, 1, 1, 0], &[[255, 0, 0], [0, 0, 255]]).unwrap();
        assert_eq!(file[..8], *b"\x89PNG\r\n\x1a\n");
        let mut chunks = Vec::new();
        let mut rest = &file[8..];
        while let [a, b, c, d, after @ ..] = rest {
            let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            let (content, checksum) = after[..length + 8].split_at(length + 4);
            assert_eq!(crc32fast::hash(content).to_be_bytes(), checksum);
            chunks.push((content[..4].to_vec(), content[4..].to_vec()));
            rest = &after[length + 8..];
        }
        let names: Vec<&[u8]> = chunks.iter().map(|(name, _)| &name[..]).collect();
        assert_eq!(names, [b"IHDR", b"PLTE", b"IDAT", b"IEND"]);
        assert_eq!(chunks[0].1, [0, 0, 0, 2, 0, 0, 0, 2, 8, 3, 0, 0, 0]);
        assert_eq!(chunks[2].1[..13], [0x78, 1, 1, 6, 0, 0xf9, 0xff, 0, 0, 1, 0, 1, 0]);
    }

    #[test]
    fn incomplete_and_large_pictures_are_none() {
        let palette = [[0; 3]];
        assert!(encode(2, &[0; 3], &palette).is_none() && encode(0, &[], &palette).is_none() && encode(1, &[0], &[]).is_none());
        assert!(encode(255, &[0; 255 * 255], &palette).is_some() && encode(256, &[0; 256 * 256], &palette).is_none());
    }
}
