//! Runs that a query of charts chooses on the server: `q=lr<0.01&sort=-metrics.acc.max&top=20`.

use serde_json::Value;

use super::run_query::RunQuery;
use crate::protocol::{ApiError, ErrorKind, RunId, RunList};
use crate::server::boards::Boards;
use crate::server::error::ServerError;
use crate::server::limits::MAX_COLUMNS_RUNS;
use crate::server::store::RunRecord;

/// The first runs that a search finds. The default chooses nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunChoice {
    q: Option<String>,
    sort: Option<String>,
    top: Option<usize>,
}

impl RunChoice {
    /// Takes a parameter of a query. Returns whether it is one of `q`, `sort` and `top`. 400: it is wrong.
    pub fn take(&mut self, key: &str, value: &str) -> Result<bool, ApiError> {
        match key {
            "q" => self.q = Some(value.to_owned()),
            "sort" => self.sort = Some(value.to_owned()),
            "top" => {
                let top = value.parse().ok().filter(|top| (1..=MAX_COLUMNS_RUNS).contains(top));
                let rule = format!("must be a number of runs from 1 to {MAX_COLUMNS_RUNS}");
                let short: String = value.chars().take(80).collect();
                self.top = Some(top.ok_or_else(|| ErrorKind::BadRequest.with(format!("'top' {rule}, not '{short}'.")).at("top", rule))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn query(&self, runs: Option<&[RunId]>) -> Result<RunQuery, ApiError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (key, value) in [("q", &self.q), ("sort", &self.sort)] {
            if let Some(value) = value {
                query.append_pair(key, value);
            }
        }
        if let Some(runs) = runs {
            query.append_pair("runs", &runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(","));
        }
        RunQuery::parse(&query.finish())
    }
}

/// Whether charts draw the run unless it is named.
fn is_drawn(run: &RunRecord) -> bool {
    ["archived", "hidden"].iter().all(|key| run.keys.get(*key) != Some(&Value::Bool(true)))
}

impl Boards {
    /// The runs that are chosen, in order: those that are neither archived nor hidden, and of these the first `top`. `among`: no others.
    /// `is_public`: a share searches what it sees. 400: a name is no key of the board.
    pub async fn choose_runs(
        &self,
        board: &str,
        choice: &RunChoice,
        among: Option<&[RunId]>,
        is_public: bool,
    ) -> Result<Vec<RunId>, ServerError> {
        if among.is_some_and(<[RunId]>::is_empty) {
            return Ok(Vec::new());
        }
        let (selection, runs) = self.prepare_runs(board, choice.query(among)?, is_public).await?;
        let found = self.find_runs(selection, runs).await?;
        let drawn = found.iter().filter(|view| is_drawn(&view.record));
        Ok(drawn.take(choice.top.unwrap_or(RunList::MAX_DRAWN)).map(|view| view.record.id.clone()).collect())
    }
}
