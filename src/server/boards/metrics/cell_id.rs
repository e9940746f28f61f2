//! The id of the cell that shows a chart: the same in every run, so that all runs meet in it.

use sha2::{Digest, Sha256};

use crate::protocol::CellId;

/// Characters of the board and of the chart in an id with a hash.
const MAX_PARTS: [usize; 2] = [18, 31];
/// Bytes of the hash, two hexadecimal digits each.
const HASH_BYTES: usize = 6;

/// The id of a board's chart: `main` and `loss` give `main-loss`. In the id of other and long names a hash makes them differ; such ids
/// have two hyphens, plain ones have one, so that both never collide. The Python client makes the same ids (`cell_id` in `names.py`).
pub fn cell_id(board: &str, chart: &str) -> CellId {
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(is_plain_byte);
    let id = if is_plain(board) && is_plain(chart) && board.len() + chart.len() < CellId::MAX_LEN {
        format!("{board}-{chart}")
    } else {
        let digest = Sha256::new().chain_update(board).chain_update([0]).chain_update(chart).finalize();
        let [board, chart] = [shorten(board, MAX_PARTS[0]), shorten(chart, MAX_PARTS[1])];
        format!("{board}-{chart}-{}", hex::encode(&digest[..HASH_BYTES]))
    };
    CellId::parse(&id).expect("1 to 64 letters, digits, '-' and '_'")
}

fn is_plain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The text with one `_` for each run of other characters, without `_` at its ends, and at most `most` bytes; `_` if nothing is left.
fn shorten(text: &str, most: usize) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut is_within_others = false;
    for char in text.chars() {
        let is_other = !u8::try_from(char).is_ok_and(is_plain_byte);
        if !is_other {
            plain.push(char);
        } else if !is_within_others {
            plain.push('_');
        }
        is_within_others = is_other;
    }
    let plain = plain.trim_matches('_');
    if plain.is_empty() { "_".to_owned() } else { plain[..plain.len().min(most)].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_mix::SplitMix64;

    #[test]
    fn ids_are_those_of_the_python_client() {
        let x = |count| "x".repeat(count);
        // Computed by `cell_id` of the client.
        let table = [
            ("main", "loss".to_owned(), "main-loss".to_owned()),
            ("digits", "val_acc".into(), "digits-val_acc".into()),
            ("a", "_".into(), "a-_".into()),
            ("_", "__a__".into(), "_-__a__".into()),
            ("main", x(59), format!("main-{}", x(59))),
            ("main", x(60), format!("main-{}-d26392e003c4", x(31))),
            ("main", "loss/cls".into(), "main-loss_cls-b866e25ba1ce".into()),
            ("main", "top 5".into(), "main-top_5-dd5e20f550e7".into()),
            ("main", "top-5".into(), "main-top_5-d9f184ce8de1".into()),
            ("main", "größe".into(), "main-gr_e-1a2a701ad87e".into()),
            ("main", "mAP50-95(B)".into(), "main-mAP50_95_B-40973461b670".into()),
            ("a.b", "loss".into(), "a_b-loss-7b0efe3ce4c4".into()),
            ("my-board", "loss".into(), "my_board-loss-47560578a293".into()),
            ("main", "///".into(), "main-_-2044c57e24d6".into()),
            ("main", "__a b__".into(), "main-a_b-843cb6bdc50c".into()),
            ("-", "损失".into(), "_-_-4fd7caa896b7".into()),
            ("main", "€".into(), "main-_-4397d0dbd4e4".into()),
            ("main", " ".into(), "main-_-475b7cae0446".into()),
            (
                "board-with-a-long-name-of-its-own",
                "train/some/very/long/metric/name/with/parts".into(),
                "board_with_a_long_-train_some_very_long_metric_nam-3dde469b8fc9".into(),
            ),
            ("main", format!("{}/b", "a_".repeat(20)), "main-a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a-0912c3dc7ebf".into()),
            ("a-b", "c".into(), "a_b-c-695274f6b86e".into()),
            ("a", "b-c".into(), "a-b_c-02654a5c0c95".into()),
        ];
        for (board, chart, id) in table {
            assert_eq!(cell_id(board, &chart).as_str(), id);
        }
        let long = cell_id(&"x".repeat(64), &"y".repeat(200));
        assert_eq!(long.as_str(), format!("{}-{}-13abbc7c420b", x(18), "y".repeat(31)));
    }

    #[test]
    fn any_two_names_have_an_id_and_different_names_different_ones() {
        let mut rng = SplitMix64(3);
        let mut ids = std::collections::HashMap::new();
        for _ in 0..20_000 {
            let name = |rng: &mut SplitMix64, most| -> String {
                let pick = |rng: &mut SplitMix64| rng.pick(&['a', '_', '-', '/', ' ', '.', '損', '\u{1F600}', '\0']);
                (0..rng.below(most)).map(|_| pick(rng)).collect()
            };
            // A board's name has no NUL, which parts it from the chart.
            let names = (name(&mut rng, 5).replace('\0', ""), name(&mut rng, 70));
            let id = cell_id(&names.0, &names.1);
            assert_eq!(*ids.entry(id).or_insert_with(|| names.clone()), names);
        }
        assert!(ids.len() > 5_000, "{}", ids.len());
    }
}
