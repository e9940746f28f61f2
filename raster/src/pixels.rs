//! A picture and the coverage of the curve that is being drawn on it: gathered by the maximum of its pieces, then laid over the picture once.

use crate::Colour;

/// A picture of `width` times `height` device pixels, rows from the top.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pixels {
    pub width: usize,
    pub height: usize,
    /// Red, green, blue, alpha, not premultiplied, as `ImageData` has them.
    pub rgba: Vec<[u8; 4]>,
    /// The rows, from and to before, outside of which all is transparent.
    inked: (usize, usize),
    /// Coverage of the curve being drawn, columns from the left, so that a vertical run lies together. All zero in between.
    mask: Vec<u8>,
    /// The rows of each column in which `mask` is not zero, from and to before; from > to when there are none.
    rows: Vec<(u32, u32)>,
}

/// Columns and rows that are composed together: those of a word, and of a line of the processor's cache.
const TILE: usize = 8;

const NO_ROWS: (u32, u32) = (u32::MAX, 0);

impl Pixels {
    /// A transparent picture.
    pub fn new(width: usize, height: usize) -> Self {
        let mut pixels = Self::default();
        pixels.reset(width, height);
        pixels
    }

    /// Transparent again, in this size. The memory is used again.
    pub fn reset(&mut self, width: usize, height: usize) {
        let (from, to) = std::mem::replace(&mut self.inked, (height, 0));
        if from < to {
            self.rgba[from * self.width..to * self.width].as_flattened_mut().fill(0);
        }
        (self.width, self.height) = (width, height);
        self.rgba.resize(width * height, [0; 4]);
        self.mask.resize(width * height, 0);
        self.rows.resize(width, NO_ROWS);
    }

    /// The first row that has something on it, and all pixels from there to the last such row. `None` when nothing is drawn.
    pub fn inked(&self) -> Option<(usize, &[[u8; 4]])> {
        let (from, to) = self.inked;
        (from < to).then(|| (from, &self.rgba[from * self.width..to * self.width]))
    }

    /// Adds coverage to rows of a column, from and to before.
    #[inline(always)]
    pub(crate) fn cover(&mut self, column: usize, rows: (usize, usize), of: impl Fn(f32) -> u8) {
        let first = rows.0 as f32;
        for (row, pixel) in self.touched(column, rows).iter_mut().enumerate() {
            *pixel = (*pixel).max(of(first + row as i32 as f32));
        }
    }

    /// Adds the same coverage to rows of a column.
    pub(crate) fn raise(&mut self, column: usize, rows: (usize, usize), cover: u8) {
        raise(self.touched(column, rows), cover);
    }

    /// The coverage of rows of a column, which will be composed.
    fn touched(&mut self, column: usize, (from, to): (usize, usize)) -> &mut [u8] {
        if from >= to {
            return &mut [];
        }
        let rows = &mut self.rows[column];
        *rows = (rows.0.min(from as u32), rows.1.max(to as u32));
        let start = column * self.height;
        &mut self.mask[start + from..start + to]
    }

    /// Lays the gathered coverage over the picture, and forgets it: by tiles, most of which are empty or wholly covered.
    pub(crate) fn compose(&mut self, colour: Colour, alpha: f64) {
        let [_, red, green, blue] = colour.to_be_bytes();
        let alpha = (alpha.clamp(0.0, 1.0) * 256.0) as u32;
        let (width, height) = (self.width, self.height);
        let mut right = 0;
        while right < width {
            let left = right;
            right = width.min(left + TILE);
            let (mut from, mut to) = (height, 0);
            for rows in &mut self.rows[left..right] {
                (from, to) = (from.min(rows.0 as usize), to.max(rows.1 as usize));
                *rows = NO_ROWS;
            }
            if from >= to {
                continue;
            }
            self.inked = (self.inked.0.min(from), self.inked.1.max(to));
            let mut bottom = from;
            while bottom < to {
                let top = bottom;
                bottom = to.min(top + TILE);
                let (mut any, mut all) = (0, u64::MAX);
                for column in left..right {
                    let cover = &self.mask[column * height + top..column * height + bottom];
                    // A column that ends within the tile is neither empty nor covered.
                    let word = cover.first_chunk().map_or(1, |cover| u64::from_ne_bytes(*cover));
                    (any, all) = (any | word, all & word);
                }
                if any == 0 {
                    continue;
                }
                for row in top..bottom {
                    let pixels = &mut self.rgba[row * width + left..row * width + right];
                    if all == u64::MAX && alpha == 256 {
                        pixels.fill([red, green, blue, 255]);
                        continue;
                    }
                    let mut at = left * height + row;
                    for pixel in pixels {
                        lay(pixel, [red, green, blue], (u32::from(self.mask[at]) * alpha) >> 8);
                        at += height;
                    }
                }
            }
            for column in left..right {
                self.mask[column * height + from..column * height + to].fill(0);
            }
        }
    }
}

/// Puts a colour over a pixel: "over" of Porter and Duff, "Compositing Digital Images", 1984, with colours not multiplied by alpha.
#[inline(always)]
fn lay(pixel: &mut [u8; 4], [red, green, blue]: [u8; 3], over: u32) {
    if over == 0 {
        return;
    }
    let under = u32::from(pixel[3]);
    if over == 255 || under == 0 {
        *pixel = [red, green, blue, over as u8];
        return;
    }
    let rest = (under * (255 - over) + 127) / 255;
    let sum = over + rest;
    let mix = |new: u8, old: u8| ((u32::from(new) * over + u32::from(old) * rest + sum / 2) / sum) as u8;
    *pixel = [mix(red, pixel[0]), mix(green, pixel[1]), mix(blue, pixel[2]), sum as u8];
}

/// Nothing is below `cover` then. Eight at a time: in dense curves most of them are alike, all covered or none.
fn raise(mask: &mut [u8], cover: u8) {
    if cover == 255 {
        return mask.fill(cover);
    }
    let (words, rest) = mask.as_chunks_mut::<8>();
    for word in words {
        match u64::from_ne_bytes(*word) {
            0 => *word = [cover; 8],
            u64::MAX => {}
            _ => word.iter_mut().for_each(|pixel| *pixel = (*pixel).max(cover)),
        }
    }
    rest.iter_mut().for_each(|pixel| *pixel = (*pixel).max(cover));
}
