//! Operations of the API with the rights they need: nothing is routed without saying so.

use std::collections::BTreeMap;

use axum::http::Method;
use portero_domain::access::{Door, Right};
use serde_json::Value;
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
    types: Types,
}

/// The types that the document tells of. It knows them by their bare names: the second of two would take the
/// first one's place.
#[derive(Default)]
struct Types {
    told: BTreeMap<String, Value>,
    /// Names of several.
    twice: Vec<String>,
}

impl Types {
    fn note(&mut self, name: &str, told: Value) {
        let known = self
            .told
            .entry(name.to_owned())
            .or_insert_with(|| told.clone());
        if *known != told && !self.twice.iter().any(|n| n == name) {
            self.twice.push(name.to_owned());
        }
    }
}

impl Guarded {
    pub(crate) fn new(document: OpenApi) -> Guarded {
        Guarded {
            router: OpenApiRouter::with_openapi(document),
            doors: Doors::default(),
            types: Types::default(),
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
        for (name, schema) in &routes.0 {
            let told = serde_json::to_value(schema).unwrap_or_default();
            self.types.note(name, told);
        }
        self.router = self.router.routes(routes);
        self
    }

    /// The router with its rights.
    ///
    /// # Panics
    /// Two types of the document have one name: one of the two would be told wrongly. Every start and every test
    /// of the API comes by here, so that it never leaves whoever writes it.
    pub(crate) fn finish(self) -> (OpenApiRouter<AppState>, Doors) {
        assert!(
            self.types.twice.is_empty(),
            "several types of the API have one name; rename one of each: {:?}",
            self.types.twice
        );
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

#[cfg(test)]
mod tests {
    use utoipa::OpenApi as _;
    use utoipa_axum::routes;

    use super::*;

    #[derive(utoipa::OpenApi)]
    struct Document;

    mod apples {
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(super) struct View {
            sweet: bool,
        }

        #[utoipa::path(get, path = "/apples", responses((status = 200, body = View)))]
        pub(super) async fn apples() -> axum::Json<View> {
            axum::Json(View { sweet: true })
        }
    }

    mod pears {
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(super) struct View {
            ripe: u8,
        }

        #[utoipa::path(get, path = "/pears", responses((status = 200, body = View)))]
        pub(super) async fn pears() -> axum::Json<View> {
            axum::Json(View { ripe: 1 })
        }

        #[utoipa::path(get, path = "/more", responses((status = 200, body = Vec<View>)))]
        pub(super) async fn more() -> axum::Json<Vec<View>> {
            axum::Json(Vec::new())
        }
    }

    fn guarded() -> Guarded {
        Guarded::new(Document::openapi())
    }

    #[test]
    fn one_type_may_be_told_of_by_several_operations() {
        let all = guarded()
            .routes(routes!(pears::pears), &[])
            .routes(routes!(pears::more), &[]);
        assert_eq!(all.types.twice, Vec::<String>::new());
        assert_eq!(all.types.told.len(), 1, "{:?}", all.types.told);
    }

    #[test]
    #[should_panic(expected = "several types of the API have one name")]
    fn two_types_of_one_name_are_refused() {
        let all = guarded()
            .routes(routes!(apples::apples), &[])
            .routes(routes!(pears::pears), &[]);
        drop(all.finish());
    }

    #[test]
    fn the_types_of_the_api_have_names_of_their_own() {
        // Refused while it is put together otherwise.
        let (router, doors) = crate::http::api::routes();
        let schemas = router
            .get_openapi()
            .components
            .as_ref()
            .map(|c| c.schemas.len());
        assert!(
            schemas > Some(100) && doors.list().len() > 100,
            "{schemas:?}"
        );
    }
}
