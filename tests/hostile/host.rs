//! The host's side of a call, as the tests want it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use portero_domain::plugin::SendAction;
use portero_sandbox::{HostError, HostServices, HttpRequest, HttpResponse, Preview};

/// A host that grants everything but what is in `denied`.
#[derive(Default)]
pub(crate) struct TestHost {
    pub(crate) denied: Vec<&'static str>,
    pub(crate) stored: BTreeMap<String, Vec<u8>>,
    /// Panics when asked for a stored value.
    pub(crate) broken: bool,
    pub(crate) fetched: Mutex<Vec<HttpRequest>>,
}

#[async_trait]
impl HostServices for TestHost {
    fn is_granted(&self, permission: &str) -> bool {
        !self.denied.contains(&permission)
    }

    fn config_json(&self) -> String {
        "{\"shop\":\"Doña Ana\"}".to_owned()
    }

    async fn kv_get(&self, key: &str) -> Result<Option<Vec<u8>>, HostError> {
        assert!(!self.broken, "the host's own bug");
        Ok(self.stored.get(key).cloned())
    }

    async fn kv_list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, HostError> {
        Ok(self
            .stored
            .keys()
            .filter(|key| key.starts_with(prefix) && after.is_none_or(|a| key.as_str() > a))
            .take(limit as usize)
            .cloned()
            .collect())
    }

    async fn gate_preview(&self, _: SendAction) -> Result<Preview, HostError> {
        Err(HostError::Unavailable)
    }

    async fn contact_field(&self, _: &str, field: &str) -> Result<Option<String>, HostError> {
        Ok((field == "name").then(|| "Ana".to_owned()))
    }

    /// Never answers.
    async fn http_fetch(&self, request: HttpRequest) -> Result<HttpResponse, HostError> {
        self.fetched.lock().unwrap().push(request);
        std::future::pending().await
    }
}
