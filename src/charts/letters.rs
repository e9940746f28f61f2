//! The letters of groups: a second cue beside their colours, which come again from the ninth group on and which not every reader can tell
//! apart on thin lines.

use super::series_view::SeriesView;

/// From so many groups on each has its letter.
const MIN_GROUPS: usize = 3;

/// The letter of the group in this place: a to z, then aa, ab and so on.
pub fn group_letter(index: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = index + 1;
    while rest > 0 {
        letters.push(b'a' + ((rest - 1) % 26) as u8);
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|letter| char::from(*letter)).collect()
}

/// Whether the groups of a chart have letters: there are several, or two have one colour.
pub fn has_letters(curves: &[SeriesView]) -> bool {
    let mut groups: Vec<(u32, usize)> = Vec::new();
    for curve in curves {
        if let Some(group) = curve.group.filter(|group| groups.iter().all(|(index, _)| *index != group.index)) {
            if groups.iter().any(|(_, colour)| *colour == curve.style.colour) {
                return true;
            }
            groups.push((group.index, curve.style.colour));
        }
    }
    groups.len() >= MIN_GROUPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!([0, 1, 25, 26, 27, 701, 702].map(group_letter), ["a", "b", "z", "aa", "ab", "zz", "aaa"]);
    }
}
