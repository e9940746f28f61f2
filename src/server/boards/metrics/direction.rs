//! Whether a metric is better when it is low or when it is high, as its name says.

use crate::protocol::Direction;

/// Long enough to mean the same within a longer word: `valloss`, `rougeLsum`.
const MIN_WITHIN: [&str; 4] = ["loss", "error", "perplexity", "rmse"];
/// As words of their own: `cer` is not in `certainty`, `ap` is not in `approx_kl`.
const MIN_WORDS: [&str; 6] = ["ppl", "wer", "cer", "fid", "mae", "mse"];
const MAX_WITHIN: [&str; 8] = ["accuracy", "bleu", "rouge", "reward", "return", "psnr", "ssim", "auc"];
const MAX_WORDS: [&str; 7] = ["acc", "f1", "ap", "map", "iou", "miou", "rew"];

/// The direction that the words of a name say; `None` if they say nothing. A loss of a reward is a loss: low words come first.
pub fn best_direction(name: &str) -> Option<Direction> {
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).flat_map(words_of).collect();
    let says = |within: &[&str], whole: &[&str]| {
        words.iter().any(|word| {
            let word = word.to_ascii_lowercase();
            // `acc5`, `AP50` and `mAP50`; but `f1` has its digit.
            let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
            within.iter().any(|known| word.contains(known)) || whole.iter().any(|known| word == *known || bare == *known)
        })
    };
    if says(&MIN_WITHIN, &MIN_WORDS) {
        Some(Direction::Min)
    } else if says(&MAX_WITHIN, &MAX_WORDS) {
        Some(Direction::Max)
    } else {
        None
    }
}

/// A word of letters and digits, then its parts that begin with an upper-case letter behind a lower-case one: `valAcc`, `val`, `Acc`.
fn words_of(word: &str) -> impl Iterator<Item = &str> {
    let bytes = word.as_bytes();
    let starts = (1..bytes.len()).filter(|at| bytes[at - 1].is_ascii_lowercase() && bytes[*at].is_ascii_uppercase());
    let mut starts = starts.chain([word.len()]);
    let mut from = 0;
    let parts = std::iter::from_fn(move || {
        let to = starts.next()?;
        let part = &word[from..to];
        from = to;
        Some(part)
    });
    std::iter::once(word).chain(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_their_direction() {
        let min = [
            "loss",
            "val_loss",
            "train/box_loss",
            "Loss/Val",
            "valLoss",
            "losses",
            "word_error_rate",
            "perplexity",
            "ppl",
            "eval/wer",
            "cer",
            "FID",
            "rmse",
            "root_mean_squared_error",
            "mae",
            "mse",
            "reward_loss",
            "1-error",
        ];
        for name in min {
            assert_eq!(best_direction(name), Some(Direction::Min), "{name}");
        }
        let max = [
            "acc",
            "val_acc",
            "acc1",
            "valAcc",
            "top_k_categorical_accuracy",
            "f1",
            "eval/f1_score",
            "auc",
            "roc_auc",
            "prauc",
            "bbox/AP",
            "bbox/AP50",
            "bbox/AP-person",
            "metrics/mAP50-95(B)",
            "map",
            "sacrebleu",
            "rougeL",
            "rouge1",
            "mean_iou",
            "mIoU",
            "rollout/ep_rew_mean",
            "episode_return",
            "psnr",
            "ssim",
        ];
        for name in max {
            assert_eq!(best_direction(name), Some(Direction::Max), "{name}");
        }
        let none =
            ["", "lr", "train/approx_kl", "certainty", "power", "lower", "mapping", "epoch", "gap", "maximum", "grad_norm", "f2", "Größe"];
        for name in none {
            assert_eq!(best_direction(name), None, "{name}");
        }
    }
}
