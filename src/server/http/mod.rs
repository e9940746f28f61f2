//! HTTP: routes, request bodies, the REST API, live connections, pages and operations.

mod access;
mod api;
mod body;
mod conditional;
mod error_page;
mod live;
mod middleware;
mod openapi;
mod ops;
pub mod pages;
pub mod request_log;
mod route_table;
pub mod router;
pub mod server_functions;
