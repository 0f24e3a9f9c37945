//! Operations of the API with the rights they need: nothing is routed without saying so.

use axum::http::Method;
use portero_domain::access::{Door, Right};
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::http::AppState;

/// The rights of one method of a path.
pub(crate) type Needs = (&'static str, &'static [Right]);

/// Every operation there is.
#[derive(Debug, Default)]
pub struct Doors(Vec<Door>);

impl Doors {
    /// What an operation needs; `None` when it says nothing, and then nobody may.
    #[must_use]
    pub fn rights(&self, method: &Method, path: &str) -> Option<&'static [Right]> {
        // A router answers HEAD with the handler of GET.
        let method = if method == Method::HEAD {
            Method::GET
        } else {
            method.clone()
        };
        self.0
            .iter()
            .find(|d| d.method == method.as_str() && d.path == path)
            .map(|d| d.rights)
    }

    /// Those of the pages.
    pub(crate) fn of_pages() -> Doors {
        Doors(portero_console::doors())
    }

    /// All of them, in the order of their list.
    #[must_use]
    pub fn list(&self) -> &[Door] {
        &self.0
    }
}

/// A router that takes routes only together with their rights.
pub(crate) struct Guarded {
    router: OpenApiRouter<AppState>,
    doors: Doors,
}

impl Guarded {
    pub(crate) fn new(document: OpenApi) -> Guarded {
        Guarded {
            router: OpenApiRouter::with_openapi(document),
            doors: Doors::default(),
        }
    }

    /// Adds the methods of a path. A method that is not named stays shut.
    #[must_use]
    pub(crate) fn routes(
        mut self,
        mut routes: UtoipaMethodRouter<AppState>,
        needs: &[Needs],
    ) -> Guarded {
        for (path, item) in &mut routes.1.paths {
            for (method, rights) in needs {
                if let Some(operation) = operation(item, method) {
                    let words: Vec<&str> = rights.iter().map(|r| r.as_str()).collect();
                    let said = ExtensionsBuilder::new().add("x-rights", words).build();
                    operation
                        .extensions
                        .get_or_insert_with(Default::default)
                        .merge(said);
                    self.doors.0.push(Door {
                        method,
                        path: path.clone(),
                        rights,
                    });
                }
            }
        }
        self.router = self.router.routes(routes);
        self
    }

    pub(crate) fn finish(self) -> (OpenApiRouter<AppState>, Doors) {
        (self.router, self.doors)
    }
}

fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "GET" => item.get.as_mut(),
        "PUT" => item.put.as_mut(),
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        "PATCH" => item.patch.as_mut(),
        _ => None,
    }
}
