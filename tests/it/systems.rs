//! Pretend systems of the shops, and the names they are found by.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode, Uri};
use portero::demo::Systems;
use portero_net::guard::{Looking, Lookup};

/// The one name that is allowed to be on this machine, as an operator names it in `plugin_private_hosts`.
pub(crate) const NAMED: &str = "crm.shop.test";

/// Names and where they are. What nobody put here does not exist.
#[derive(Default)]
pub(crate) struct ShopSystems {
    names: Mutex<HashMap<String, SocketAddr>>,
}

struct Names(Arc<ShopSystems>);

impl Lookup for Names {
    fn lookup(&self, host: String) -> Looking {
        let found = self.0.names.lock().expect("a lock").get(&host).copied();
        Box::pin(async move {
            let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
            found.map(|at| vec![at]).ok_or_else(missing)
        })
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
}

impl ShopSystems {
    /// For the stage.
    pub(crate) fn of_the_stage(self: &Arc<ShopSystems>) -> Systems {
        Systems {
            private_hosts: vec![NAMED.to_owned()],
            lookup: Arc::new(Names(Arc::clone(self))),
        }
    }

    /// Opens a system that repeats each request's `authorization` in its answer, under a name.
    pub(crate) async fn open(&self, name: &str) -> Arc<Mutex<Vec<Asked>>> {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = Arc::clone(&asked);
        let answer = move |uri: Uri, headers: HeaderMap| async move {
            let text = |name: &str| {
                let value = headers.get(name).and_then(|v| v.to_str().ok());
                value.unwrap_or("-").to_owned()
            };
            let body = format!("you are {}", text("authorization"));
            let path = uri.path().to_owned();
            kept.lock().expect("a lock").push(Asked { path, headers });
            body
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        self.put(name, listener.local_addr().expect("an address"));
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        asked
    }

    /// Opens a system that has these files, by path, and leads from `/moved…` elsewhere.
    pub(crate) async fn serve(&self, name: &str, files: Vec<(String, Vec<u8>)>) {
        let files: Arc<HashMap<String, Vec<u8>>> = Arc::new(files.into_iter().collect());
        let answer = move |uri: Uri| async move {
            let found = files.get(uri.path()).cloned();
            match found {
                Some(file) => (StatusCode::OK, [("location", "")], file),
                None if uri.path().starts_with("/moved") => {
                    (StatusCode::FOUND, [("location", "/one.wasm")], Vec::new())
                }
                None => (StatusCode::NOT_FOUND, [("location", "")], Vec::new()),
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        self.put(name, listener.local_addr().expect("an address"));
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
    }

    /// Says where a name is.
    pub(crate) fn put(&self, name: &str, at: SocketAddr) {
        let mut names = self.names.lock().expect("a lock");
        names.insert(name.to_owned(), at);
    }
}
