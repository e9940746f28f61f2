//! The names of series: as a reader sees them, and as the settings of a chart store them.

/// The name that a legend, a tooltip and a picture show. A series of a run is known by the name of
/// its run and by its split, which `name` is; of the only run of a board the split is enough.
pub fn series_label(run_name: Option<&str>, name: &str, has_one_run: bool) -> String {
    match run_name {
        None => name.to_owned(),
        Some(run_name) if name.is_empty() => run_name.to_owned(),
        Some(_) if has_one_run => name.to_owned(),
        Some(run_name) => [run_name, " · ", name].concat(),
    }
}

/// The name under which the key `chart.hidden` has the series: that of a run is `run/split`.
pub fn series_key(run: Option<&str>, name: &str) -> String {
    match run {
        None => name.to_owned(),
        Some(run) => [run, "/", name].concat(),
    }
}

/// Whether a chart does not draw the series. A split that is hidden by its own name is hidden in all
/// runs.
pub fn is_series_hidden(hidden: &[String], run: Option<&str>, name: &str) -> bool {
    let is_meant = |hidden: &String| match run {
        None => hidden == name,
        Some(run) => {
            let split = hidden.strip_prefix(run).and_then(|rest| rest.strip_prefix('/'));
            split == Some(name) || (!name.is_empty() && hidden == name)
        }
    };
    hidden.iter().any(is_meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_a_run_is_known_by_run_and_split() {
        assert_eq!(series_label(None, "loss", false), "loss");
        assert_eq!(series_label(Some("first try"), "val", false), "first try · val");
        assert_eq!(series_label(Some("first try"), "", false), "first try");
        assert_eq!(series_label(Some("first try"), "val", true), "val");
        assert_eq!(series_label(Some("first try"), "", true), "first try");
    }

    #[test]
    fn a_series_is_hidden_by_its_key_and_a_split_in_all_runs() {
        let hidden = |names: &[&str], run, name| is_series_hidden(&names.iter().map(ToString::to_string).collect::<Vec<_>>(), run, name);
        assert!(hidden(&[&series_key(Some("a"), "val")], Some("a"), "val"));
        assert!(!hidden(&["a/val"], Some("b"), "val") && !hidden(&["a/val"], Some("a"), "train") && !hidden(&["a/val"], None, "val"));
        assert!(hidden(&["val"], Some("a"), "val") && hidden(&["val"], None, "val"));
        assert!(hidden(&["a/"], Some("a"), "") && !hidden(&[""], Some("a"), ""));
        assert!(!hidden(&["ab/val"], Some("a"), "val"));
    }
}
