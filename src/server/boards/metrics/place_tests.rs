//! The rule on the names that frameworks log.

use serde_json::json;

use super::{MetricPlace, MetricSettings, place_metric};
use crate::protocol::SYSTEM_SECTION;
use crate::split_mix::SplitMix64;

fn placed(name: &str) -> MetricPlace {
    place_metric(name, &MetricSettings::default())
}

/// Name, chart, line, section; '#' marks a counter.
type Row = (&'static str, &'static str, &'static str, &'static str);

fn check(framework: &str, rows: &[Row]) {
    for (name, chart, line, section) in rows {
        let is_counter = section.starts_with('#');
        let (chart, line, section) = (chart.to_string(), line.to_string(), section.trim_start_matches('#').to_owned());
        assert_eq!(placed(name), MetricPlace { chart, line, section, is_counter }, "{framework}: {name}");
    }
}

#[test]
fn keras() {
    check(
        "Keras",
        &[
            ("loss", "loss", "", "Metrics"),
            ("val_loss", "loss", "val", "Metrics"),
            ("accuracy", "accuracy", "", "Metrics"),
            ("val_accuracy", "accuracy", "val", "Metrics"),
            ("val_top_k_categorical_accuracy", "top_k_categorical_accuracy", "val", "Metrics"),
            ("learning_rate", "learning_rate", "", "Metrics"),
            ("epoch", "epoch", "", "#Metrics"),
            ("epoch_loss", "epoch_loss", "", "Metrics"),
            ("evaluation_loss_vs_iterations", "evaluation_loss_vs_iterations", "", "Metrics"),
            ("epoch/loss", "epoch/loss", "", "epoch"),
            ("epoch/val_loss", "epoch/loss", "val", "epoch"),
            ("batch/batch_step", "batch/batch_step", "", "batch"),
        ],
    );
}

#[test]
fn lightning() {
    check(
        "Lightning",
        &[
            ("train_loss", "loss", "train", "Metrics"),
            ("train_loss_step", "loss", "train step", "Metrics"),
            ("train_loss_epoch", "loss", "train epoch", "Metrics"),
            ("val_loss", "loss", "val", "Metrics"),
            ("val_loss/dataloader_idx_0", "loss", "val 0", "Metrics"),
            ("val_loss_epoch/dataloader_idx_12", "loss", "val epoch 12", "Metrics"),
            ("val/loss/dataloader_idx_1", "loss", "val 1", "Metrics"),
            ("test_acc", "acc", "test", "Metrics"),
            ("train/loss_step", "loss", "train step", "Metrics"),
            ("loss/val_epoch", "loss", "val epoch", "Metrics"),
            ("loss/train", "loss", "train", "Metrics"),
            ("acc/val", "acc", "val", "Metrics"),
            ("loss_step", "loss_step", "", "Metrics"),
            ("lr-AdamW/pg1", "lr-AdamW/pg1", "", "lr-AdamW"),
            ("trainer/global_step", "trainer/global_step", "", "#trainer"),
            ("hp_metric", "hp_metric", "", "Metrics"),
        ],
    );
}

#[test]
fn hugging_face() {
    check(
        "Hugging Face",
        &[
            ("loss", "loss", "", "Metrics"),
            ("grad_norm", "grad_norm", "", "Metrics"),
            ("eval_loss", "loss", "eval", "Metrics"),
            ("eval_runtime", "runtime", "eval", "Metrics"),
            ("eval_samples_per_second", "samples_per_second", "eval", "Metrics"),
            ("train_steps_per_second", "steps_per_second", "train", "Metrics"),
            ("total_flos", "total_flos", "", "Metrics"),
            ("train/loss", "loss", "train", "Metrics"),
            ("train/learning_rate", "learning_rate", "train", "Metrics"),
            ("train/global_step", "global_step", "train", "#Metrics"),
            ("train/epoch", "epoch", "train", "#Metrics"),
            ("eval/loss", "loss", "eval", "Metrics"),
            ("eval/steps_per_second", "steps_per_second", "eval", "Metrics"),
            ("test/f1", "f1", "test", "Metrics"),
        ],
    );
}

#[test]
fn timm() {
    check(
        "timm",
        &[
            ("train_loss", "loss", "train", "Metrics"),
            ("eval_loss", "loss", "eval", "Metrics"),
            ("eval_top1", "top1", "eval", "Metrics"),
            ("eval_top5", "top5", "eval", "Metrics"),
            ("lr", "lr", "", "Metrics"),
            ("epoch", "epoch", "", "#Metrics"),
        ],
    );
}

#[test]
fn stable_baselines() {
    check(
        "Stable-Baselines3",
        &[
            ("rollout/ep_len_mean", "rollout/ep_len_mean", "", "rollout"),
            ("rollout/ep_rew_mean", "rollout/ep_rew_mean", "", "rollout"),
            ("time/fps", "time/fps", "", "time"),
            ("time/iterations", "time/iterations", "", "#time"),
            ("time/total_timesteps", "time/total_timesteps", "", "#time"),
            ("time/time_elapsed", "time/time_elapsed", "", "time"),
            ("train/approx_kl", "approx_kl", "train", "Metrics"),
            ("train/policy_gradient_loss", "policy_gradient_loss", "train", "Metrics"),
            ("train/value_loss", "value_loss", "train", "Metrics"),
            ("train/std", "std", "train", "Metrics"),
            ("train/n_updates", "n_updates", "train", "Metrics"),
            ("eval/mean_reward", "mean_reward", "eval", "Metrics"),
            ("eval/success_rate", "success_rate", "eval", "Metrics"),
        ],
    );
}

#[test]
fn ultralytics() {
    check(
        "Ultralytics",
        &[
            ("train/box_loss", "box_loss", "train", "Metrics"),
            ("val/box_loss", "box_loss", "val", "Metrics"),
            ("val/dfl_loss", "dfl_loss", "val", "Metrics"),
            ("metrics/precision(B)", "metrics/precision(B)", "", "Metrics"),
            ("metrics/mAP50-95(B)", "metrics/mAP50-95(B)", "", "Metrics"),
            ("lr/pg0", "lr/pg0", "", "lr"),
            ("lr/pg1", "lr/pg1", "", "lr"),
            ("model/GFLOPs", "model/GFLOPs", "", "model"),
        ],
    );
}

#[test]
fn detectron() {
    check(
        "detectron2",
        &[
            ("total_loss", "total_loss", "", "Metrics"),
            ("validation_loss", "loss", "val", "Metrics"),
            ("loss_box_reg", "loss_box_reg", "", "Metrics"),
            ("loss_rpn_cls", "loss_rpn_cls", "", "Metrics"),
            ("eta_seconds", "eta_seconds", "", "Metrics"),
            ("data_time", "data_time", "", "Metrics"),
            ("fast_rcnn/cls_accuracy", "fast_rcnn/cls_accuracy", "", "fast_rcnn"),
            ("roi_head/num_bg_samples", "roi_head/num_bg_samples", "", "roi_head"),
            ("bbox/AP50", "bbox/AP50", "", "bbox"),
            ("bbox/AP-person", "bbox/AP-person", "", "bbox"),
        ],
    );
}

#[test]
fn fairseq() {
    check(
        "fairseq",
        &[
            ("train_inner/loss", "train_inner/loss", "", "train_inner"),
            ("train/nll_loss", "nll_loss", "train", "Metrics"),
            ("train/gnorm", "gnorm", "train", "Metrics"),
            ("train/train_wall", "train_wall", "train", "Metrics"),
            ("train/num_updates", "num_updates", "train", "Metrics"),
            ("valid/loss", "loss", "val", "Metrics"),
            ("valid/ppl", "ppl", "val", "Metrics"),
            ("valid/best_loss", "best_loss", "val", "Metrics"),
            ("test/bleu", "bleu", "test", "Metrics"),
        ],
    );
}

#[test]
fn nano_gpt() {
    check(
        "nanoGPT",
        &[
            ("iter", "iter", "", "#Metrics"),
            ("train/loss", "loss", "train", "Metrics"),
            ("val/loss", "loss", "val", "Metrics"),
            ("lr", "lr", "", "Metrics"),
            ("mfu", "mfu", "", "Metrics"),
        ],
    );
}

#[test]
fn names_at_the_edges_of_the_rule() {
    check(
        "edges",
        &[
            // Nothing would be left of them.
            ("train", "train", "", "Metrics"),
            ("val_", "val_", "", "Metrics"),
            ("_val", "_val", "", "Metrics"),
            ("train/", "train/", "", "Metrics"),
            ("/", "/", "", "Metrics"),
            ("", "", "", "Metrics"),
            // The first part comes before the last one, that before a prefix, that before a suffix.
            ("train/val", "val", "train", "Metrics"),
            ("train/val_loss", "val_loss", "train", "Metrics"),
            ("test_loss/val", "test_loss", "val", "Metrics"),
            ("val_loss_train", "loss_train", "val", "Metrics"),
            ("head/loss_val", "head/loss", "val", "head"),
            // A split within the name is none, nor is a part of a word.
            ("loss/train/cls", "loss/train/cls", "", "loss"),
            ("validate", "validate", "", "Metrics"),
            ("devices", "devices", "", "Metrics"),
            ("training_loss", "loss", "train", "Metrics"),
            ("Val_Loss", "Loss", "val", "Metrics"),
            ("VALIDATION/loss", "loss", "val", "Metrics"),
            ("dev/acc", "acc", "dev", "Metrics"),
            // Endings.
            ("train_step", "step", "train", "#Metrics"),
            ("train_epoch", "epoch", "train", "#Metrics"),
            ("val_global_step", "global_step", "val", "#Metrics"),
            ("train/time_per_epoch", "time_per_epoch", "train", "Metrics"),
            ("val/_step", "_step", "val", "Metrics"),
            ("val/dataloader_idx_0", "dataloader_idx_0", "val", "Metrics"),
            ("val_loss/dataloader_idx_x", "val_loss/dataloader_idx_x", "", "val_loss"),
            ("Global_Step", "Global_Step", "", "#Metrics"),
            ("/loss", "/loss", "", "Metrics"),
            ("損失/val", "損失", "val", "Metrics"),
        ],
    );
    assert_eq!(placed("system/cpu").section, SYSTEM_SECTION);
    assert_eq!(MetricPlace::of_its_own("train/loss").chart, "train/loss");
    assert_eq!(MetricPlace::of_its_own("train/loss").section, "train");
}

#[test]
fn settings_override_the_rule() {
    let settings = MetricSettings::parse(&json!({
        "total_loss": {"chart": "loss", "line": "train"},
        "lr/pg*": {"section": "Optimizer"},
        "epoch": {"chart": "progress/epoch"},
        "system/*": {"chart": "machine"},
        "val_*": {"line": ""},
    }))
    .unwrap();
    let place = |name: &str| {
        let MetricPlace { chart, line, section, is_counter } = place_metric(name, &settings);
        (chart, line, section, is_counter)
    };
    let expected = |chart: &str, line: &str, section: &str| (chart.to_owned(), line.to_owned(), section.to_owned(), false);
    assert_eq!(place("total_loss"), expected("loss", "train", "Metrics"));
    assert_eq!(place("lr/pg2"), expected("lr/pg2", "", "Optimizer"));
    assert_eq!(place("epoch"), expected("progress/epoch", "", "progress"), "a counter with a chart is drawn");
    assert_eq!(place("system/cpu"), expected("machine", "", "Metrics"));
    assert_eq!(place("val_loss"), expected("loss", "", "Metrics"));
}

#[test]
fn every_name_has_a_place_that_is_no_longer_than_it() {
    let words = ["train", "VAL", "valid", "loss", "step", "epoch", "dataloader_idx_3", "global", "per", " ", "é", "損", ""];
    let mut rng = SplitMix64(11);
    let (mut with_split, mut without) = (0, 0);
    for _ in 0..50_000 {
        let name: String = (0..rng.below(6)).map(|_| rng.pick(&words).to_owned() + rng.pick(&["/", "/", "_", "_", ""])).collect();
        let place = placed(&name);
        let chars = |text: &str| text.chars().count();
        assert!(chars(&place.chart) <= chars(&name) && chars(&place.line) <= chars(&name), "{name:?} {place:?}");
        assert_eq!(place.chart.is_empty(), name.is_empty(), "{name:?}");
        assert!(!place.section.is_empty());
        if place.line.is_empty() {
            assert_eq!(place.chart, name, "without a split the name is the chart's");
            without += 1;
        } else {
            let split = place.line.split(' ').next().unwrap();
            assert!(["train", "val"].contains(&split), "{name:?} {place:?}");
            // The chart and the line, written as a name, lead to the same chart, unless an ending or a counter is in the way.
            let canonical = placed(&format!("{split}/{}", place.chart));
            let has_ending = place.chart.ends_with("step") || place.chart.ends_with("epoch") || place.chart.contains("dataloader");
            assert!(has_ending || canonical.chart == place.chart && canonical.line == split, "{name:?} {place:?} {canonical:?}");
            with_split += 1;
        }
    }
    assert!(with_split > 5_000 && without > 5_000, "{with_split} {without}");
}
