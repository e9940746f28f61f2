//! The curves of groups as comma-separated values, written curve by curve.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use futures::stream::{self, StreamExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::drawn_groups::PlannedGroups;
use crate::charts::csv::Csv;
use crate::protocol::groups::{GroupColumn, GroupCurve};
use crate::server::App;
use crate::server::boards::groups::membership::RunGroup;
use crate::server::boards::runs::shortened;
use crate::server::error::ServerError;
use crate::server::limits::MAX_GROUP_PLACES;
use crate::server::net::response_budget::Principal;

/// Behind the keys.
const COLUMNS: [&str; 9] = ["split", "line", "low", "high", "n", "nan", "ended", "interpolated", "method"];
/// Bytes of a line without its keys, about.
const LINE_BYTES: usize = 300;

/// The columns `x`, the keys of the groups, and what is known at each place, over the whole axis or the window. Long values of keys are cut.
/// An error behind the first curve breaks the answer off.
pub async fn groups_csv(
    app: &App,
    principal: &Principal,
    groups: Arc<PlannedGroups>,
    window: Option<(f64, f64)>,
) -> Result<Body, ServerError> {
    let share = Arc::new(app.answers.share(principal, curve_bytes(&groups)).await?);
    // Set when the reader goes, which drops the stream.
    let cancelled = CancellationToken::new();
    let guard = cancelled.clone().drop_guard();
    let read = {
        let (app, groups) = (app.clone(), groups.clone());
        move |at: usize| {
            let (boards, groups, cancelled) = (app.boards.clone(), groups.clone(), cancelled.clone());
            async move {
                let curve = groups.curve(&boards, at, window, MAX_GROUP_PLACES, &cancelled).await?;
                Ok::<_, ServerError>(lines(&groups, &curve))
            }
        }
    };
    let mut begin = head(groups.groups());
    if groups.curves() > 0 {
        begin.push_str(&app.renderer.run(principal, groups.working_bytes(0), read(0)).await?);
    }
    let (renderer, principal, lender) = (app.renderer.clone(), principal.clone(), share.clone());
    let rest = stream::try_unfold((1, guard), move |(at, guard)| {
        let (renderer, principal, share) = (renderer.clone(), principal.clone(), lender.clone());
        let next = (at < groups.curves()).then(|| (groups.working_bytes(at), read(at)));
        async move {
            let Some((bytes, read)) = next else { return Ok::<_, ServerError>(None) };
            let text = renderer.go_on(&principal, bytes, read).await.inspect_err(ServerError::log)?;
            Ok(Some((share.lend(text.into()), (at + 1, guard))))
        }
    });
    Ok(Body::from_stream(stream::iter([Ok(share.lend(Bytes::from(begin)))]).chain(rest)))
}

/// Bytes of the lines of one curve, about.
fn curve_bytes(groups: &PlannedGroups) -> usize {
    let keys = groups.groups().iter().map(|group| key_texts(group).iter().map(String::len).sum()).max();
    keys.map_or(0, |keys: usize| MAX_GROUP_PLACES as usize * (LINE_BYTES + keys))
}

fn head(groups: &[RunGroup]) -> String {
    let mut csv = Csv::default();
    let keys = groups.first().map(|group| &group.key[..]).unwrap_or_default();
    csv.text("x");
    keys.iter().for_each(|(key, _)| csv.text(key));
    COLUMNS.iter().for_each(|name| csv.text(name));
    csv.end();
    csv.into_text()
}

fn lines(groups: &PlannedGroups, curve: &GroupCurve) -> String {
    let mut csv = Csv::default();
    let method = groups.method(curve);
    let keys = groups.group(curve).map(key_texts).unwrap_or_default();
    for GroupColumn { x, line, low, high, n, nan, ended, interpolated } in &curve.columns {
        csv.number(*x);
        keys.iter().for_each(|value| csv.text(value));
        csv.text(&curve.split);
        [line, low, high].into_iter().for_each(|number| csv.number(*number));
        [n, nan, ended, interpolated].into_iter().for_each(|count| csv.number_text(&count.to_string()));
        csv.text(&method);
        csv.end();
    }
    csv.into_text()
}

/// The values of the keys: empty for a missing one, a text as it is.
fn key_texts(group: &RunGroup) -> Vec<String> {
    let text = |value: &Option<Value>| match value.as_ref().map(shortened) {
        None => String::new(),
        Some(Value::String(text)) => text,
        Some(value) => value.to_string(),
    };
    group.key.iter().map(|(_, value)| text(value)).collect()
}
