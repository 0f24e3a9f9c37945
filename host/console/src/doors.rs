//! Addresses of the pages with the rights they need, and the one place that asks for them.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use portero_domain::access::{Door, Right};
use portero_flow::desk::access::Principal;

use crate::ConsoleState;
use crate::problem::{Problem, Said};
use crate::{denied, trouble};

/// A router that takes a page only together with its rights.
#[derive(Default)]
pub(crate) struct Pages {
    router: Router<ConsoleState>,
    doors: Vec<Door>,
}

impl Pages {
    pub(crate) fn get<T: 'static>(
        mut self,
        path: &'static str,
        rights: &'static [Right],
        page: impl Handler<T, ConsoleState>,
    ) -> Pages {
        self.router = self.router.route(path, get(page));
        self.door("GET", path, rights)
    }

    pub(crate) fn post<T: 'static>(
        mut self,
        path: &'static str,
        rights: &'static [Right],
        act: impl Handler<T, ConsoleState>,
    ) -> Pages {
        self.router = self.router.route(path, post(act));
        self.door("POST", path, rights)
    }

    fn door(mut self, method: &'static str, path: &'static str, rights: &'static [Right]) -> Pages {
        self.doors.push(Door {
            method,
            path: path.to_owned(),
            rights,
        });
        self
    }

    pub(crate) fn finish(self) -> (Router<ConsoleState>, Vec<Door>) {
        (self.router, self.doors)
    }
}

/// In front of every page: whether the caller's role has what the page needs. What is no page in the end becomes
/// one for a person.
pub(crate) async fn check(
    State(doors): State<Arc<Vec<Door>>>,
    Extension(principal): Extension<Principal>,
    path: MatchedPath,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // A router answers HEAD with the handler of GET.
    let method = match request.method() {
        &Method::HEAD => Method::GET.as_str(),
        other => other.as_str(),
    };
    let door = doors
        .iter()
        .find(|d| d.method == method && d.path == path.as_str())
        .ok_or(Problem::NotFound { what: "page" })?;
    match principal.role.lacks(door.rights) {
        Some(right) if denied::for_a_person(request.headers()) => {
            let (headers, uri) = (request.headers(), request.uri());
            Ok(denied::page(&principal, right, headers, uri))
        }
        Some(right) => Err(Problem::MissingRight(right)),
        None if denied::for_a_person(request.headers()) => {
            let (headers, uri) = (request.headers().clone(), request.uri().clone());
            let response = next.run(request).await;
            let said = response.extensions().get::<Said>().cloned();
            Ok(match said {
                Some(said) => match said.right {
                    Some(right) => denied::page(&principal, right, &headers, &uri),
                    None => trouble::page(&principal, &said, response.status(), &headers, &uri),
                },
                None => response,
            })
        }
        None => Ok(next.run(request).await),
    }
}
