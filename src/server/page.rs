//! The page, drawn on the server: it holds the real cells before any script runs.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use leptos::prelude::*;

use super::App;
use super::board::{self, MAIN};
use super::error::Problem;
use super::lines;
use crate::app::{Drawn, Shell, ShellProps};
use crate::protocol::Page;

pub async fn main(State(app): State<App>, request: Request) -> Response {
    draw(app, MAIN.to_owned(), request).await
}

pub async fn named(State(app): State<App>, Path(name): Path<String>, request: Request) -> Result<Response, Problem> {
    let name = board::board_name(&name)?.to_owned();
    Ok(draw(app, name, request).await)
}

async fn draw(app: App, name: String, request: Request) -> Response {
    // The guard let only our own names through.
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    let page = Page {
        board: app.boards.snapshot(&name),
        boards: app.boards.names(),
        origin: format!("http://{host}"),
        durable: app.durable,
        build: app.site.build().to_owned(),
    };
    let charts = Arc::new(lines::drawn(&app.boards, &page.board).await);
    let (assets, pictures) = (app.site.assets(), if app.external_images { " https: http:" } else { "" });
    let view = move || {
        if let (Some(nonce), Some(options)) = (use_nonce(), use_context::<leptos_axum::ResponseOptions>()) {
            let policy = format!(
                "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:{pictures}; \
                 font-src 'self'; connect-src 'self' ws://{host} wss://{host}; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'"
            );
            if let Ok(policy) = HeaderValue::from_str(&policy) {
                options.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
            options.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let charts = charts.clone();
        provide_context(Drawn(Arc::new(move |id| charts.get(id).cloned().unwrap_or_default())));
        Shell(ShellProps { page: page.clone(), assets: assets.clone() })
    };
    leptos_axum::render_app_to_stream(view)(request).await
}
