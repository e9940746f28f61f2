//! How a route is declared: handler, permission and OpenAPI operation together, so that none of them
//! can be forgotten. Method and path are those of the `#[utoipa::path]` beside the handler.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::path::{Operation, PathItem, Paths, PathsBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Components, OpenApi, RefOr};
use utoipa_axum::router::UtoipaMethodRouter;

use super::access::authorize;
use super::openapi;
use super::openapi::responses::by_name;
use crate::server::App;
use crate::server::auth::authorization::{Permission, Permissions};

/// The router and its document while they are made.
pub struct RouteTable {
    router: Router<App>,
    permissions: Permissions,
    document: OpenApi,
}

impl RouteTable {
    pub fn new() -> Self {
        Self { router: Router::new(), permissions: Permissions::default(), document: openapi::base() }
    }

    /// An operation, as `utoipa_axum::routes!(handler)` gives it. A GET answers HEAD too. The document
    /// leaves the `aliases` of its path out.
    pub fn route(mut self, permission: Permission, (schemas, paths, handler): UtoipaMethodRouter<App>, aliases: &[&str]) -> Self {
        for (path, item) in &paths.paths {
            for path in std::iter::once(path.as_str()).chain(aliases.iter().copied()) {
                self.router = self.router.route(path, handler.clone());
                for (method, _) in operations(item) {
                    self.permissions.insert(method, path, permission);
                }
            }
        }
        self.describe(permission, schemas, paths);
        self
    }

    /// An operation of the document that the handler of another route serves.
    pub fn described<P: utoipa::Path + SchemaReferences>(mut self, permission: Permission) -> Self {
        let (mut schemas, mut paths) = (Vec::new(), Paths::new());
        P::schemas(&mut schemas);
        paths.add_path_operation(P::path(), P::methods(), P::operation());
        self.describe(permission, schemas, paths);
        self
    }

    /// A route of our own page, which is no part of the API: its form changes with the page.
    pub fn internal<H: Handler<T, App>, T: 'static>(mut self, permission: Permission, method: Method, path: &str, handler: H) -> Self {
        let filter = MethodFilter::try_from(method.clone()).expect("the methods of HTTP have filters");
        self.router = self.router.route(path, on(filter, handler));
        self.permissions.insert(method, path, permission);
        self
    }

    /// Answers the methods that these paths do not have.
    pub fn method_fallback<H: Handler<T, App>, T: 'static>(mut self, paths: &[&str], handler: H) -> Self {
        for path in paths {
            self.router = self.router.route(path, MethodRouter::new().fallback(handler.clone()));
        }
        self
    }

    pub fn map_router(mut self, change: impl FnOnce(Router<App>) -> Router<App>) -> Self {
        self.router = change(self.router);
        self
    }

    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    pub fn document(&self) -> &OpenApi {
        &self.document
    }

    /// Every handler runs behind the check of its permission.
    pub fn into_router(self, app: App) -> Router {
        let permissions = Arc::new(self.permissions);
        self.router.layer(from_fn_with_state((app.clone(), permissions), authorize)).with_state(app)
    }

    /// Adds to the document, with the responses and the security that follow from the permission.
    fn describe(&mut self, permission: Permission, schemas: Vec<(String, RefOr<Schema>)>, paths: Paths) {
        for (path, mut item) in paths.paths {
            for operation in operations_mut(&mut item) {
                operation.responses.responses.extend(by_name([(403, "Forbidden")]));
                if permission == Permission::Open {
                    operation.security = Some(Vec::new());
                } else {
                    operation.responses.responses.extend(by_name([(401, "NotAuthenticated")]));
                }
                if permission == Permission::WriteByToken {
                    let schemes = ["token", "password"].map(|scheme| SecurityRequirement::new(scheme, [""; 0]));
                    operation.security = Some(schemes.into());
                }
            }
            // axum's wildcard is an ordinary parameter here.
            self.document.paths.merge(PathsBuilder::new().path(path.replace("{*", "{"), item).build());
        }
        self.document.components.get_or_insert_with(Components::new).schemas.extend(schemas);
    }
}

/// The operations of a path that are there.
pub fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::PUT, &item.put),
        (Method::POST, &item.post),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}
