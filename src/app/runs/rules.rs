//! What is compared, in one line: groups, their line and band, which runs are shown, and the baseline.

use leptos::prelude::*;

use super::colour_choice::{ColourLegend, colour_choice};
use super::column_menu::ColumnMenu;
use super::columns::metric_of;
use super::key_names::KeyNames;
use super::key_text::{group_keys, short_key};
use super::select::{Options, choice};
use super::selection::toggle_item;
use crate::app::erased::Erase;
use crate::app::state::{Comparison, RunRows, ShowRule, use_dashboard};
use crate::browser::dom;
use crate::protocol::groups::{Band, GroupLine};
use crate::protocol::{ColumnKind, Run, RunId, RunStatus};

/// Keys in which runs differ that are otherwise alike.
const SEED_NAMES: [&str; 4] = ["seed", "random_seed", "random_state", "rng"];
/// What stands for a run in its group. The best value is the higher the more often a run was evaluated.
const STATISTICS: [(&str, &str); 4] =
    [("", "last value"), ("mean10", "mean of the last 10 %"), ("step", "value at a step"), ("best", "best, biased upwards")];

/// The conditions that leave failed and diverged runs out.
const HIDE_FAILED: &str = "-status:failed";
const HIDE_DIVERGED: &str = "-status:diverged";

/// What the sentences below the rules mean.
const COMPARISONS: &str = "Of 100 intervals at 95 %, 5 miss the true difference: of so many comparisons, so many look better or worse by \
                           chance alone. Runs that failed or still run are in the curves as far as they go, and not in the means of the table.";

#[component]
pub fn Rules(key_names: KeyNames) -> impl IntoView {
    let runs = use_dashboard().runs;
    let comparison = runs.comparison;
    let has_groups = move || comparison.with(|comparison| !comparison.by.is_empty());
    let line = {
        let options = || line_options().map(|(line, band)| (pair(line, band), line_text(line, band))).collect();
        let value = move || comparison.with(|comparison| pair(comparison.line, comparison.band));
        let choose = move |value: String| {
            if let Some((line, band)) = line_options().find(|(line, band)| pair(*line, *band) == value) {
                runs.update_comparison(|comparison| (comparison.line, comparison.band) = (line, band));
            }
        };
        choice("Line", options, value, choose)
    };
    let show = {
        let value = move || comparison.with(|comparison| comparison.show.to_text());
        let options = move || show_options(&comparison.get());
        let choose = move |value: String| {
            let rule = match value.as_str() {
                "these" => Some(ShowRule::These(runs.drawn.get_untracked())),
                value => ShowRule::parse(value),
            };
            if let Some(rule) = rule {
                runs.choices.set(Vec::new());
                runs.update_comparison(|comparison| comparison.show = rule);
            }
        };
        choice("Show", options, value, choose)
    };
    let metric = {
        let chosen = move || runs.rows.with(|rows| rows.groups.as_ref().and_then(|groups| groups.metric.clone()));
        let value = move || comparison.with(|comparison| comparison.metric.clone()).or_else(chosen).unwrap_or_default();
        let options = move || runs.rows.with(|rows| metric_options(rows, value()));
        let choose =
            move |value: String| runs.update_comparison(|comparison| comparison.metric = Some(value).filter(|value| !value.is_empty()));
        choice("Metric", options, value, choose)
    };
    let statistic = {
        let value = move || comparison.with(|comparison| comparison.stat.clone());
        let options = || STATISTICS.map(|(value, text)| (value.to_owned(), text.to_owned())).into();
        let choose = move |value: String| {
            let step = runs.rows.with_untracked(first_last_step);
            runs.update_comparison(|comparison| {
                comparison.at = if value == "step" { step.map(dom::number_text).unwrap_or_default() } else { String::new() };
                comparison.stat = value;
            });
        };
        choice("by", options, value, choose)
    };
    let step = move || {
        let is_step = comparison.with(|comparison| comparison.stat == "step");
        is_step.then(|| {
            view! {
                <label>
                    "step"
                    <input
                        type="number"
                        class="rule-step"
                        min="0"
                        aria-label="Step"
                        prop:value=comparison.with_untracked(|comparison| comparison.at.clone())
                        on:change:target=move |event| runs.update_comparison(|comparison| comparison.at = event.target().value())
                    />
                </label>
            }
        })
    };
    let baseline = {
        let value = move || comparison.with(|comparison| comparison.baseline.clone().unwrap_or_default());
        let options = move || {
            let mut options: Options = vec![(String::new(), "none".to_owned())];
            runs.rows.with(|rows| options.extend(baseline_options(rows)));
            let chosen = value();
            if !options.iter().any(|(value, _)| *value == chosen) {
                let name = RunId::parse(&chosen).and_then(|id| runs.run(&id)).map_or(chosen.clone(), |run| run.name);
                options.push((chosen, name));
            }
            options
        };
        let choose =
            move |value: String| runs.update_comparison(|comparison| comparison.baseline = Some(value).filter(|value| !value.is_empty()));
        choice("Baseline", options, value, choose)
    };
    let colour = colour_choice(runs);
    let corrected = move || comparison.with(|comparison| comparison.is_corrected);
    let is_many = move || runs.rows.with(|rows| rows.groups.as_ref().is_some_and(|groups| groups.comparisons >= 2));
    let summary = move || {
        runs.rows.with(|rows| {
            let groups = rows.groups.as_ref()?;
            (!groups.notes.is_empty()).then(|| groups.notes.join(" · "))
        })
    };
    // Each where the search says no more of the status than the other one.
    let hide = move |condition: &'static str, other: &'static str, word: &'static str, is_meant: fn(&Run) -> bool| {
        let count = move || {
            let (is_said, has_other) = comparison.with(|comparison| {
                let rest = comparison.q.replace(other, "");
                (rest.contains("status") || comparison.is_archived, rest.len() < comparison.q.len())
            });
            let is_left_out = |run: &Run| has_other && run.status == RunStatus::Failed && run.non_finite.is_some();
            let is_counted = |run: &&Run| is_meant(run) && !run.archived && !is_left_out(run);
            if is_said { 0 } else { runs.list.with(|list| list.runs.iter().filter(is_counted).count()) }
        };
        let press = move |_| {
            runs.update_comparison(|comparison| {
                let search = comparison.q.trim();
                // The condition is of all alternatives.
                let search = if search.contains('|') { ["(", search, ")"].concat() } else { search.to_owned() };
                comparison.q = [search.as_str(), condition].join(" ").trim_start().to_owned();
            });
        };
        view! {
            <button
                type="button"
                class="hide-failed"
                hidden=move || count() == 0
                title=["Leave the ", word, " runs out of the list and of the charts"].concat()
                on:click=press
            >
                {move || ["Hide ", &count().to_string(), " ", word].concat()}
            </button>
        }
    };
    let hide_failed = hide(HIDE_FAILED, HIDE_DIVERGED, "failed", |run| run.status == RunStatus::Failed);
    let hide_diverged = hide(HIDE_DIVERGED, HIDE_FAILED, "diverged", |run| run.non_finite.is_some());
    view! {
        <div class="runs-rules">
            <GroupMenu key_names />
            {move || has_groups().then(line)}
            {move || (!has_groups()).then(|| (show(), colour()))}
            {move || has_groups().then(|| (metric(), statistic(), step, baseline()).erase_built())}
            <ColumnMenu key_names />
            {hide_failed}
            {hide_diverged}
        </div>
        <ColourLegend runs />
        <p class="comparisons" hidden=move || summary().is_none()>
            <span title=COMPARISONS>{summary}</span>
            <label
                title="Widens the intervals until all of them hold together with 95 %"
                hidden=move || !is_many()
            >
                <input
                    type="checkbox"
                    prop:checked=corrected
                    on:change=move |_| runs.update_comparison(|comparison| comparison.is_corrected ^= true)
                />
                "correct for this"
            </label>
        </p>
    }
    .erase_built()
}

/// The last step that all groups have reached.
fn first_last_step(rows: &RunRows) -> Option<f64> {
    let steps = rows.sections.iter().filter_map(|section| section.group.as_ref()?.last_steps);
    steps.map(|(first, _)| first).reduce(f64::min)
}

/// The metrics of the table and the chosen one.
fn metric_options(rows: &RunRows, chosen: String) -> Options {
    let mut names = vec![chosen];
    for column in rows.table.columns.iter().filter(|column| column.kind == ColumnKind::Metric) {
        let (name, _) = metric_of(column);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| (name.clone(), name)).collect()
}

fn line_options() -> impl Iterator<Item = (GroupLine, Band)> {
    GroupLine::ALL.into_iter().flat_map(|line| line.bands().iter().map(move |band| (line, *band)))
}

fn pair(line: GroupLine, band: Band) -> String {
    [line.as_str(), " ", band.as_str()].concat()
}

/// The line of groups and its band in words.
pub fn line_text(line: GroupLine, band: Band) -> String {
    let band = match band {
        Band::None => "",
        Band::T95 => ", 95 % t",
        Band::Std => ", std",
        Band::StdErr => ", std error",
        Band::MinMax => ", min to max",
        Band::Iqr => ", quartiles",
    };
    let line = match line {
        GroupLine::Mean => "mean",
        GroupLine::Median => "median",
        GroupLine::GeoMean => "geometric mean",
        GroupLine::Min => "min",
        GroupLine::Max => "max",
    };
    [line, band].concat()
}

fn show_options(comparison: &Comparison) -> Options {
    let rules = [
        ShowRule::Newest(10),
        ShowRule::default(),
        ShowRule::Newest(50),
        ShowRule::First(5),
        ShowRule::First(20),
        ShowRule::First(50),
        ShowRule::All,
    ];
    let mut options: Options = rules.iter().map(|rule| (rule.to_text(), show_text(rule))).collect();
    let chosen = comparison.show.to_text();
    if !rules.contains(&comparison.show) {
        options.push((chosen, show_text(&comparison.show)));
    } else {
        options.push(("these".to_owned(), "these, from now on".to_owned()));
    }
    options
}

/// The rule in words, also of the footer.
pub fn show_text(rule: &ShowRule) -> String {
    match rule {
        ShowRule::Newest(runs) => ["newest ", &runs.to_string()].concat(),
        ShowRule::First(runs) => ["first ", &runs.to_string(), " of the table"].concat(),
        ShowRule::All => "all that match, up to 100".to_owned(),
        ShowRule::These(runs) => ["these ", &runs.len().to_string()].concat(),
    }
}

fn baseline_options(rows: &RunRows) -> Vec<(String, String)> {
    let groups = rows.sections.iter().filter_map(|section| section.group.as_ref());
    groups.map(|group| (group.id.to_string(), group.label.clone())).collect()
}

/// The keys but the one that looks like a seed: runs of a group differ in it alone. `None` without such a key.
fn average_over_seed(keys: &[String]) -> Option<(String, Vec<String>)> {
    let is_seed = |key: &&String| key.rsplit('.').next().is_some_and(|last| SEED_NAMES.contains(&last.to_lowercase().as_str()));
    let seed = keys.iter().find(is_seed)?;
    let others = keys.iter().filter(|key| *key != seed && key.starts_with("config."));
    Some((short_key(seed), others.cloned().collect()))
}

/// The chosen keys, and a list of keys to choose from. It opens without a script.
#[component]
fn GroupMenu(key_names: KeyNames) -> impl IntoView {
    let runs = use_dashboard().runs;
    let comparison = runs.comparison;
    let group_by = move |keys: Vec<String>| runs.update_comparison(|comparison| comparison.by = keys);
    let keys = Memo::new(move |_| {
        let mut keys = runs.rows.with(group_keys);
        let chosen = comparison.with(|comparison| comparison.by.clone());
        // Where the reader has chosen the columns, they are not all keys in which runs differ.
        for key in key_names.differing().into_iter().chain(chosen) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    });
    let text = move || {
        comparison.with(|comparison| match comparison.by.as_slice() {
            [] => "none".to_owned(),
            keys => keys.iter().map(|key| short_key(key)).collect::<Vec<_>>().join(" × "),
        })
    };
    let average = move || {
        let (seed, others) = average_over_seed(&keys.get())?;
        let press = move |_| group_by(others.clone());
        Some(view! {
            <button type="button" on:click=press>
                {["Average over ", &seed].concat()}
            </button>
        })
    };
    let boxes = move || {
        let key_box = |key: String| {
            let is_chosen = comparison.with(|comparison| comparison.by.contains(&key));
            let name = short_key(&key);
            view! {
                <label>
                    <input
                        type="checkbox"
                        prop:checked=is_chosen
                        checked=is_chosen
                        on:change=move |_| {
                            let mut keys = comparison.get_untracked().by;
                            toggle_item(&mut keys, key.clone());
                            group_by(keys);
                        }
                    />
                    {name}
                </label>
            }
        };
        keys.get().into_iter().map(key_box).collect_view()
    };
    view! {
        <span class="rule">
            "Group "
            <button
                type="button"
                popovertarget="group-menu"
                aria-haspopup="dialog"
                title="Keys that the runs of a group have in common"
                on:click=move |_| key_names.load()
            >
                {text}
            </button>
        </span>
        <div id="group-menu" class="menu" popover="auto" role="dialog" aria-label="Group runs">
            {average}
            {boxes}
            <button type="button" hidden=move || comparison.with(|comparison| comparison.by.is_empty()) on:click=move |_| group_by(Vec::new())>
                "No groups"
            </button>
        </div>
    }
    .erase_built()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averaging_over_a_seed_groups_by_the_other_keys() {
        let keys = ["config.opt.lr", "config.Seed", "config.model", "tags"].map(str::to_owned);
        let (seed, others) = average_over_seed(&keys).unwrap();
        assert_eq!((seed.as_str(), others), ("Seed", vec!["config.opt.lr".to_owned(), "config.model".into()]));
        assert_eq!(average_over_seed(&["config.lr".to_owned()]), None);
    }

    #[test]
    fn every_rule_has_a_text() {
        let options = show_options(&Comparison::default());
        assert!(options.iter().any(|(value, text)| value == "newest:20" && text == "newest 20"));
        let these = Comparison::from_query("show=these:a,b");
        assert_eq!(show_options(&these).last().unwrap(), &("these:a,b".to_owned(), "these 2".to_owned()));
        assert_eq!(line_options().count(), 12);
        assert_eq!((line_text(GroupLine::Mean, Band::T95), line_text(GroupLine::Max, Band::None)), ("mean, 95 % t".into(), "max".into()));
    }
}
