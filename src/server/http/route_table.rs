//! How an address is declared: method, path and need together, so that none can be forgotten.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::server::App;
use crate::server::auth::authorization::{Permission, Permissions, authorize};

/// The router while it is made.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    needs: Permissions,
}

impl Routes {
    /// One method of one address; `path` as axum writes it. A GET answers HEAD too.
    pub fn on<H: Handler<T, App>, T: 'static>(mut self, method: Method, need: Permission, path: &str, handler: H) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods of HTTP have filters");
        self.router = self.router.route(path, on(filter, handler));
        self.needs.insert((method, path.to_owned()), need);
        self
    }

    pub fn get<H: Handler<T, App>, T: 'static>(self, need: Permission, path: &str, handler: H) -> Self {
        self.on(Method::GET, need, path, handler)
    }

    pub fn post<H: Handler<T, App>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.on(Method::POST, Permission::Write, path, handler)
    }

    /// What other methods at this address are told.
    pub fn otherwise<H: Handler<T, App>, T: 'static>(mut self, path: &str, handler: H) -> Self {
        self.router = self.router.route(path, MethodRouter::new().fallback(handler));
        self
    }

    /// For what is not an address: to say so.
    pub fn with(mut self, change: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        self.router = change(self.router);
        self
    }

    pub fn needs(&self) -> &Permissions {
        &self.needs
    }

    /// Around every handler stands what checks its need.
    pub fn into_router(self, app: App) -> Router {
        let needs = Arc::new(self.needs);
        self.router.layer(from_fn_with_state((app.clone(), needs), authorize)).with_state(app)
    }
}
