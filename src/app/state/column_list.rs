//! The chosen columns of the table of runs, in their order.

/// Columns by the names that the server takes, such as `config.lr` and `metrics.val/acc.max`. The default leaves the choice to the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnList {
    pub keys: Vec<String>,
    /// So many of the first stay in sight while the table is scrolled sideways.
    pub fixed: usize,
}

impl ColumnList {
    /// More do not fit beside each other; the server takes 100.
    pub const MAX_KEYS: usize = 50;
    /// More would leave no room for the others.
    pub const MAX_FIXED: usize = 3;

    pub fn is_default(&self) -> bool {
        self.keys.is_empty()
    }

    pub fn place(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| known == key)
    }

    /// Adds a column at the end, or removes it.
    pub fn toggle(&mut self, key: &str) {
        match self.place(key) {
            Some(at) => self.remove(at),
            None if self.keys.len() < Self::MAX_KEYS => self.keys.push(key.to_owned()),
            None => {}
        }
    }

    pub fn remove(&mut self, at: usize) {
        if at < self.keys.len() {
            self.keys.remove(at);
            self.fixed -= usize::from(at < self.fixed);
        }
    }

    /// Moves a column to another place. It is fixed if its new place is.
    pub fn shift(&mut self, from: usize, to: usize) {
        if from < self.keys.len() {
            let key = self.keys.remove(from);
            self.keys.insert(to.min(self.keys.len()), key);
        }
    }

    /// Fixes a column behind the others that are, or lets it scroll.
    pub fn toggle_fixed(&mut self, key: &str) {
        let Some(at) = self.place(key) else { return };
        if at < self.fixed {
            self.fixed -= 1;
            self.shift(at, self.fixed);
        } else if self.fixed < Self::MAX_FIXED {
            self.shift(at, self.fixed);
            self.fixed += 1;
        }
    }

    /// Shows another statistic of a metric in the place of its column.
    pub fn set_statistic(&mut self, key: &str, statistic: &str) {
        if let (Some(at), Some((metric, _))) = (self.place(key), key.rsplit_once('.')) {
            let wanted = [metric, ".", statistic].concat();
            if self.place(&wanted).is_none() {
                self.keys[at] = wanted;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(keys: &str, fixed: usize) -> ColumnList {
        ColumnList { keys: keys.split(' ').map(str::to_owned).collect(), fixed }
    }

    fn after(change: impl Fn(&mut ColumnList)) -> (String, usize) {
        let mut columns = list("a b c d", 2);
        change(&mut columns);
        (columns.keys.join(" "), columns.fixed)
    }

    #[test]
    fn columns_come_go_and_move() {
        assert_eq!(after(|columns| columns.toggle("e")), ("a b c d e".into(), 2));
        assert_eq!(after(|columns| columns.toggle("a")), ("b c d".into(), 1));
        assert_eq!(after(|columns| columns.toggle("d")), ("a b c".into(), 2));
        assert_eq!(after(|columns| columns.shift(3, 0)), ("d a b c".into(), 2));
        assert_eq!(after(|columns| columns.shift(0, 9)), ("b c d a".into(), 2));
        assert_eq!(after(|columns| columns.toggle_fixed("d")), ("a b d c".into(), 3));
        assert_eq!(after(|columns| columns.toggle_fixed("a")), ("b a c d".into(), 1));
        let mut many = list(&(0..ColumnList::MAX_KEYS).map(|at| at.to_string()).collect::<Vec<_>>().join(" "), 0);
        many.toggle("x");
        assert_eq!(many.keys.len(), ColumnList::MAX_KEYS);
    }

    #[test]
    fn a_metric_has_each_statistic_once() {
        let mut columns = list("metrics.val/acc.max metrics.val/acc.last", 0);
        columns.set_statistic("metrics.val/acc.max", "best");
        columns.set_statistic("metrics.val/acc.last", "best");
        assert_eq!(columns.keys, ["metrics.val/acc.best", "metrics.val/acc.last"]);
    }
}
