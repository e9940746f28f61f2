//! HTTP: routes, request bodies, the REST API, live connections, pages and operations.

mod api;
pub mod body;
mod catch_panic;
mod conditional;
mod error_page;
pub mod live;
mod openapi;
mod ops;
pub mod pages;
pub mod request_log;
mod route_table;
pub mod router;
pub mod server_functions;
