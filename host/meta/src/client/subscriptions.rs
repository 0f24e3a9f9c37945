//! `subscribed_apps` of an account (`whatsapp-platform` 2.2, 9): without it Meta sends no webhook about it.

use portero_domain::ids::WabaId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ApiError, CloudApi};
use crate::transport::Access;

impl CloudApi {
    /// Names of the apps that get the account's webhooks; an app without a name is named by its id.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn subscribed_apps(
        &self,
        waba: &WabaId,
        access: &Access,
    ) -> Result<Vec<String>, ApiError> {
        let url = self.url(&[waba.as_str(), "subscribed_apps"])?;
        let body = self.ask(url, access).await?;
        read(&body).ok_or_else(|| ApiError::Unreadable {
            why: "no list of apps in it".to_owned(),
        })
    }

    /// Has the account's webhooks sent to the app that the token belongs to. Again changes nothing.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn subscribe_app(&self, waba: &WabaId, access: &Access) -> Result<(), ApiError> {
        let url = self.url(&[waba.as_str(), "subscribed_apps"])?;
        self.exchange(Method::POST, url, Some(&json!({})), access)
            .await
            .map(drop)
    }
}

fn read(body: &[u8]) -> Option<Vec<String>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let name = |app: &Value| {
        let app = app.get("whatsapp_business_api_data")?;
        let named = ["name", "id"].into_iter().find_map(|key| app.get(key));
        named.and_then(Value::as_str).map(str::to_owned)
    };
    let apps = answer.get("data")?.as_array()?;
    Some(apps.iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_are_named_and_an_answer_without_a_list_is_none() {
        let two = br#"{"data":[{"whatsapp_business_api_data":{"id":"67","name":"Portero"}},{"whatsapp_business_api_data":{"id":"68"}},{}]}"#;
        assert_eq!(read(two).unwrap(), ["Portero", "68"]);
        assert_eq!(read(br#"{"data":[]}"#).unwrap(), Vec::<String>::new());
        for bad in [&b"{}"[..], b"[]", b"no"] {
            assert_eq!(read(bad), None);
        }
    }
}
