//! Meta's error answers: the code table (§7) and the two shapes it is told in (§1.6, §2.4).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One refusal. What counts is the code and the details that name the field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GraphError {
    pub(crate) code: i64,
    pub(crate) subcode: Option<i64>,
    pub(crate) details: String,
    /// What follows the code in `message` where Meta writes something else than the title.
    message: Option<String>,
    /// `error_user_title` and `error_user_msg`, which template management adds (§1.6).
    user: Option<Box<(Cow<'static, str>, String)>>,
    /// Another HTTP status than the code's own.
    http: Option<u16>,
}

impl GraphError {
    pub(crate) fn new(code: i64, details: impl Into<String>) -> GraphError {
        GraphError {
            code,
            subcode: None,
            details: details.into(),
            message: None,
            user: None,
            http: None,
        }
    }

    /// A plain 100 whose `message` is the sentence itself, as Graph tells a parameter it cannot use.
    pub(crate) fn parameter(message: impl Into<String>) -> GraphError {
        let message = message.into();
        GraphError {
            message: Some(message.clone()),
            ..GraphError::new(100, message)
        }
    }

    /// What template management refuses: 100 with a subcode and a sentence for people (§7.5).
    pub(crate) fn template(
        subcode: i64,
        title: &'static str,
        why: impl Into<String>,
    ) -> GraphError {
        let why = why.into();
        GraphError {
            subcode: Some(subcode),
            user: Some(Box::new((title.into(), why.clone()))),
            ..GraphError::new(100, why)
        }
    }

    pub(crate) fn with_subcode(mut self, subcode: i64) -> GraphError {
        self.subcode = Some(subcode);
        self
    }

    pub(crate) fn with_http(mut self, status: u16) -> GraphError {
        self.http = Some(status);
        self
    }

    /// Meta's documented HTTP status for the code.
    pub(crate) fn http(&self) -> u16 {
        self.http.unwrap_or(entry(self.code).0)
    }

    /// The answer's body (§1.6).
    pub(crate) fn body(&self, fbtrace_id: &str) -> Value {
        let title = self.message.as_deref().unwrap_or(entry(self.code).1);
        let mut error = json!({
            "message": format!("(#{}) {title}", self.code),
            "type": "OAuthException",
            "code": self.code,
        });
        if let Some(fields) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                fields.insert("error_subcode".into(), subcode.into());
            }
            if let Some((title, message)) = self.user.as_deref() {
                fields.insert("is_transient".into(), false.into());
                fields.insert("error_user_title".into(), title.as_ref().into());
                fields.insert("error_user_msg".into(), message.clone().into());
            }
            if !self.details.is_empty() {
                fields.insert(
                    "error_data".into(),
                    json!({"messaging_product": "whatsapp", "details": self.details}),
                );
            }
            fields.insert("fbtrace_id".into(), fbtrace_id.into());
        }
        json!({ "error": error })
    }

    /// The element of `statuses[].errors[]` (§2.4).
    pub(crate) fn in_status(&self) -> Value {
        let title = entry(self.code).1;
        json!({
            "code": self.code,
            "title": title,
            "message": title,
            "error_data": {"details": self.details},
            "href": "/documentation/business-messaging/whatsapp/support/error-codes",
        })
    }
}

/// HTTP status and title of a code; unknown codes are plain 400.
fn entry(code: i64) -> (u16, &'static str) {
    match code {
        0 => (401, "AuthException"),
        1 => (400, "API unknown"),
        2 => (503, "API service"),
        3 => (500, "API method"),
        4 => (400, "API too many calls"),
        10 => (403, "Permission denied"),
        33 => (400, "Parameter value is not valid"),
        100 => (400, "Invalid parameter"),
        190 => (401, "Access token is invalid or has expired"),
        200..=299 => (403, "API permission"),
        368 => (403, "Temporarily blocked for policies violations"),
        2500 => (400, "Unknown path components"),
        2635 => (400, "Version of the Graph API is not supported"),
        80007 => (400, "Rate limit issues"),
        130_403 => (403, "Recipient is blocked by this business"),
        130_429 => (400, "Rate limit hit"),
        130_472 => (400, "User's number is part of an experiment"),
        130_497 => (
            403,
            "Business account is restricted from messaging users in this country",
        ),
        131_000 => (500, "Something went wrong"),
        131_005 => (403, "Access denied"),
        131_008 => (400, "Required parameter is missing"),
        131_009 => (400, "Parameter value is not valid"),
        131_016 => (500, "Service unavailable"),
        131_021 => (400, "Recipient cannot be sender"),
        131_026 => (400, "Message undeliverable"),
        131_030 => (400, "Recipient phone number not in allowed list"),
        131_031 => (403, "Account has been locked"),
        131_037 => (400, "Display name approval is needed before sending"),
        131_042 => (400, "Business eligibility payment issue"),
        131_045 => (500, "Incorrect certificate"),
        131_047 => (400, "Re-engagement message"),
        131_048 => (400, "Spam rate limit hit"),
        131_049 => (
            400,
            "This message was not delivered to maintain healthy ecosystem engagement",
        ),
        131_050 => (
            400,
            "User has stopped marketing messages from this business",
        ),
        131_051 => (400, "Unsupported message type"),
        131_052 => (400, "Media download error"),
        131_053 => (400, "Media upload error"),
        131_056 => (400, "Pair rate limit hit"),
        131_057 => (500, "Account in maintenance mode"),
        131_062 => (400, "User id is not allowed for authentication messages"),
        131_063 => (400, "Marketing templates are not accepted on this endpoint"),
        131_064 => (
            400,
            "Limit exceeded because of template classification violations",
        ),
        132_000 => (
            400,
            "Number of parameters does not match the expected number of params",
        ),
        132_001 => (404, "Template name does not exist in the translation"),
        132_005 => (400, "Template hydrated text too long"),
        132_007 => (400, "Template format character policy violated"),
        132_012 => (400, "Template parameter format does not match"),
        132_015 => (400, "Template is paused"),
        132_016 => (400, "Template is disabled"),
        132_018 => (400, "There is an issue with the parameters in the template"),
        131_055 => (
            400,
            "Only marketing templates are accepted on this endpoint",
        ),
        134_100 => (
            400,
            "Only marketing messages are supported on this endpoint",
        ),
        134_101 => (400, "Template is still syncing"),
        134_102 => (
            500,
            "Template is unavailable for the Marketing Messages API",
        ),
        139_100 => (400, "Users could not be blocked or unblocked"),
        139_101 => (400, "Blocklist limit reached"),
        132_068 => (400, "Flow is blocked"),
        132_069 => (400, "Flow is throttled"),
        133_005 => (400, "Two step verification PIN mismatch"),
        133_010 => (400, "Phone number not registered"),
        133_016 => (400, "Account register deregister rate limit exceeded"),
        135_000 => (400, "Generic user error"),
        139_200 => (400, "Direct send is blocked"),
        _ => (400, "Request refused"),
    }
}

/// Whether the table knows the code, so that a misspelled fault is refused.
pub(crate) fn is_known(code: i64) -> bool {
    entry(code).1 != "Request refused"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_metas_shape() {
        let error = GraphError::new(132_000, "body expects 2 parameters, 1 given");
        assert_eq!(
            error.body("A1b2"),
            json!({"error": {
                "message": "(#132000) Number of parameters does not match the expected number of params",
                "type": "OAuthException",
                "code": 132000,
                "error_data": {"messaging_product": "whatsapp", "details": "body expects 2 parameters, 1 given"},
                "fbtrace_id": "A1b2",
            }})
        );
        assert_eq!(GraphError::new(132_001, "").http(), 404);
        assert_eq!(GraphError::new(190, "").http(), 401);
    }

    #[test]
    fn a_code_outside_the_table_is_known_as_such() {
        assert!(is_known(131_047));
        assert!(!is_known(131_999));
    }
}
