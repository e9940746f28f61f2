//! The front page: the list of all boards. The server draws every state of it; a small script (`script/`) replaces the parts that have
//! changed, and calls REST. It needs nothing of the page's WASM, which is fetched ahead for the board that is opened next.

mod boards_table;
mod content;
mod figure_text;
mod query;
mod table_frame;
mod trash;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep, sleep_until};

use self::content::Content;
use self::query::FrontQuery;
use super::login::{FormAction, policy};
use crate::app::boot_script;
use crate::charts::render::svg::escaped;
use crate::protocol::ApiError;
use crate::server::App;
use crate::server::auth::policy::{Caller, Scope};
use crate::server::error::ServerError;
use crate::server::http::conditional;
use crate::server::http::openapi::responses::Unavailable;
use crate::server::ids;
use crate::server::limits::{FRONT_PAGE_WAIT, MIN_FRONT_PAGE_INTERVAL};
use crate::server::net::response_budget::{Share, counted};

const PAGE: &str = include_str!("front.html");
/// One script: the last file starts it.
const SCRIPT: &str = concat!(
    include_str!("script/page.js"),
    include_str!("script/follow.js"),
    include_str!("script/list.js"),
    include_str!("script/actions.js"),
    include_str!("script/dialogs.js"),
    include_str!("script/keys.js"),
);
const STYLE: &str = include_str!("front.css");
/// Memory that the page takes while it is drawn, about.
const PAGE_BYTES: usize = 1 << 20;
/// Bytes of a hash in a tag.
const TAG_BYTES: usize = 12;
/// States that follow from the time are looked at again so often, too.
const TICK: Duration = Duration::from_secs(15);

#[utoipa::path(
    get,
    path = "/b",
    operation_id = "boardsPage",
    summary = "The page with the list of all boards",
    params(
        ("find" = Option<String>, Query, description = "Words of the name, the title or the description."),
        ("show" = Option<String>, Query, description = "`archived` or `trash`."),
        ("page" = Option<String>, Query, description = "A number from 1; any other text is the first page."),
        ("Prefer" = Option<String>, Header, description = "`wait=25`: the list alone, once it is not the one that If-None-Match names.")
    ),
    responses(
        (status = 200, description = "A page.", body = String, content_type = "text/html"),
        (status = 304, description = "Nothing has changed within the time to wait."),
        (status = 503, response = Unavailable)
    )
)]
pub async fn list(State(app): State<App>, Extension(caller): Extension<Arc<Caller>>, request: Request) -> Result<Response, ServerError> {
    front(app, caller, request).await
}

/// The page, or what has changed of it.
pub async fn front(app: App, caller: Arc<Caller>, request: Request) -> Result<Response, ServerError> {
    let query = FrontQuery::parse(request.uri().query().unwrap_or_default());
    let reply = match waiting_time(request.headers()) {
        Some(wait) => changed_list(app, caller, query, request.headers().clone(), wait).await?,
        None => {
            let list = drawn(&app, &caller, query.clone()).await?;
            let share = app.answers.share(&caller.token, PAGE_BYTES).await?;
            document(&app, &caller, &query, &list, share)?
        }
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], reply).into_response())
}

/// `Prefer: wait=25` (RFC 7240, 4.3), at most [`FRONT_PAGE_WAIT`].
fn waiting_time(headers: &HeaderMap) -> Option<Duration> {
    let prefer = headers.get("prefer")?.to_str().ok()?;
    let seconds = prefer.split(',').find_map(|one| one.trim().strip_prefix("wait=")?.parse().ok())?;
    Some(Duration::from_secs(seconds).min(FRONT_PAGE_WAIT))
}

/// A drawn list and its tag.
struct DrawnList {
    html: String,
    tag: String,
}

async fn drawn(app: &App, caller: &Arc<Caller>, query: FrontQuery) -> Result<DrawnList, ServerError> {
    let make = {
        let (app, may_write) = (app.clone(), caller.may_write());
        async move { Ok(Content::read(&app, &query, may_write).await.to_html(app.site.build())) }
    };
    let html = app.renderer.run(&caller.token, PAGE_BYTES, make).await?;
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&html)[..TAG_BYTES]));
    Ok(DrawnList { html, tag })
}

/// The list alone, as soon as it has not the tag that the request names. 304 after the time to wait.
async fn changed_list(
    app: App,
    caller: Arc<Caller>,
    query: FrontQuery,
    headers: HeaderMap,
    wait: Duration,
) -> Result<Response, ServerError> {
    let end = Instant::now() + wait;
    // Before the list is read, so that no change is missed.
    let mut changes = app.hub.watch_changes();
    loop {
        changes.mark_unchanged();
        let (next, list) = (Instant::now() + MIN_FRONT_PAGE_INTERVAL, drawn(&app, &caller, query.clone()).await?);
        if !conditional::is_known(&headers, &list.tag) {
            let share = Arc::new(app.answers.share(&caller.token, list.html.len()).await?);
            let mut reply = counted(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], share.lend(list.html.into())));
            reply.headers_mut().extend(HeaderValue::from_str(&list.tag).ok().map(|tag| (header::ETAG, tag)));
            return Ok(reply);
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = sleep(TICK) => {}
            () = sleep_until(end) => return Ok(StatusCode::NOT_MODIFIED.into_response()),
            () = app.tokens.ended(caller.token.as_deref()) => return Ok(StatusCode::NOT_MODIFIED.into_response()),
            () = app.stopping.cancelled() => return Ok(StatusCode::NOT_MODIFIED.into_response()),
        }
        sleep_until(next.min(end)).await;
    }
}

/// The whole document.
fn document(app: &App, caller: &Caller, query: &FrontQuery, list: &DrawnList, share: Share) -> Result<Response, ApiError> {
    let nonce = ids::random();
    let assets = app.site.assets();
    // The base of this page has no key.
    let from_base = |address: &str| address.trim_start_matches("../").to_owned();
    let rank = if caller.scope == Scope::Writing { 2 } else { 1 };
    let new_board = if caller.may_write() {
        r#"<button type="button" class="primary" data-act="new" title="New board (n)">New board</button>"#
    } else {
        ""
    };
    let parts = [
        ("{base}", format!("{}/", caller.base)),
        ("{nonce}", nonce.clone()),
        ("{css}", from_base(&assets.css)),
        ("{js}", from_base(&assets.js)),
        ("{wasm}", from_base(&assets.wasm)),
        ("{boot}", boot_script("", rank, caller.token.is_some())),
        ("{style}", STYLE.to_owned()),
        ("{script}", SCRIPT.to_owned()),
        ("{tag}", escaped(&list.tag)),
        ("{find}", escaped(&query.find)),
        ("{show}", query.show.hidden_field().to_owned()),
        ("{new}", new_board.to_owned()),
        ("{writes}", (if caller.may_write() { "data-writes" } else { "" }).to_owned()),
        // The last one: it holds texts of clients.
        ("{list}", list.html.clone()),
    ];
    let page = fill(PAGE, &parts);
    let policy = policy(app, &nonce, &caller.host, FormAction::Own);
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()), (header::CONTENT_SECURITY_POLICY, policy)];
    let share = Arc::new(share.fit(page.len())?);
    Ok(counted((headers, share.lend(page.into()))))
}

/// Replaces each placeholder of the template once it is met; what is put in is not looked at again.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let (mut page, mut rest) = (String::with_capacity(template.len()), template);
    while let Some(start) = rest.find('{') {
        page.push_str(&rest[..start]);
        rest = &rest[start..];
        match parts.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, text)) => {
                page.push_str(text);
                rest = &rest[name.len()..];
            }
            None => {
                page.push('{');
                rest = &rest[1..];
            }
        }
    }
    page + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_put_in_are_not_templates() {
        let parts = [("{a}", "{b}".to_owned()), ("{b}", "2".to_owned())];
        assert_eq!(fill("x{a}y{b}z{c}{", &parts), "x{b}y2z{c}{");
    }

    #[test]
    fn the_time_to_wait_is_bounded() {
        let headers = |value: &'static str| HeaderMap::from_iter([("prefer".parse().unwrap(), HeaderValue::from_static(value))]);
        assert_eq!(waiting_time(&headers("respond-async, wait=3")), Some(Duration::from_secs(3)));
        assert_eq!(waiting_time(&headers("wait=999999")), Some(FRONT_PAGE_WAIT));
        assert_eq!((waiting_time(&headers("wait=x")), waiting_time(&HeaderMap::new())), (None, None));
    }
}
