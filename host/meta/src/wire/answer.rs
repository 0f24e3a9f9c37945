//! Graph's answers to a send: a wamid, an error object, or something that is neither
//! (`whatsapp-platform` 1.5 and 1.6).

use std::fmt;

use portero_domain::ids::Wamid;

use crate::wire::json::Obj;

/// Longest title or detail kept, in characters.
const TEXT_MAX: usize = 512;

/// What an answer's body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Meta took the message.
    Accepted(Accepted),
    /// Meta said why not.
    Error(GraphError),
    /// Neither: no JSON, or JSON without message or error.
    Unreadable,
}

/// A message Meta took. Not delivered yet: most policy failures come later, as a status.
#[derive(Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Meta's id of it.
    pub wamid: Wamid,
    /// How Meta spells the number, when it was sent to one.
    pub wa_id: Option<String>,
    /// Kept back for quality assessment or because its template is paused.
    pub held: bool,
}

/// Without the number.
impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("wamid", &self.wamid)
            .field("held", &self.held)
            .finish_non_exhaustive()
    }
}

/// Graph's error object. Build on `code` and `details`, not on HTTP status or subcode.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphError {
    /// Meta's number.
    pub code: i64,
    /// Meta's title, without the number Graph writes before it.
    pub title: String,
    /// `error_data.details`; may name the recipient, so it stays out of logs.
    pub details: Option<String>,
    /// What Meta's support asks for.
    pub trace: Option<String>,
    /// Whether Meta itself calls it passing.
    pub transient: bool,
}

/// Without the details.
impl fmt::Debug for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphError")
            .field("code", &self.code)
            .field("title", &self.title)
            .field("trace", &self.trace)
            .field("transient", &self.transient)
            .finish_non_exhaustive()
    }
}

/// Reads the body of an answer to a send.
#[must_use]
pub fn read(body: &[u8]) -> Answer {
    let Some(root) = Obj::parse_bytes(body) else {
        return Answer::Unreadable;
    };
    // An error beside a message has never been seen; the error is the safer reading of it.
    if let Some(error) = graph_error(&root) {
        return Answer::Error(error);
    }
    let message = root.objs("messages").into_iter().next();
    let Some(message) = message else {
        return Answer::Unreadable;
    };
    let Some(wamid) = message.text("id").and_then(Wamid::new) else {
        return Answer::Unreadable;
    };
    let wa_id = root
        .objs("contacts")
        .first()
        .and_then(|c| c.filled("wa_id"));
    let status = message.text("message_status");
    let held = matches!(
        status.as_deref(),
        Some("held_for_quality_assessment" | "paused")
    );
    Answer::Accepted(Accepted { wamid, wa_id, held })
}

/// Graph's error object, from any answer.
#[must_use]
pub fn read_error(body: &[u8]) -> Option<GraphError> {
    graph_error(&Obj::parse_bytes(body)?)
}

fn graph_error(root: &Obj<'_>) -> Option<GraphError> {
    let error = root.obj("error")?;
    let code = error.int("code")?;
    let message = error.text("message").unwrap_or_default();
    let title = match error.filled("error_user_title") {
        Some(title) => title,
        None => message
            .strip_prefix(&format!("(#{code})"))
            .unwrap_or(&message)
            .trim()
            .to_owned(),
    };
    let details = error
        .obj("error_data")
        .and_then(|d| d.filled("details"))
        .or_else(|| error.filled("error_user_msg"));
    Some(GraphError {
        code,
        title: cut(title),
        details: details.map(cut),
        trace: error.filled("fbtrace_id").map(cut),
        transient: error.flag("is_transient"),
    })
}

fn cut(text: String) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((at, _)) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(body: &str) -> Accepted {
        match read(body.as_bytes()) {
            Answer::Accepted(a) => a,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_accepted_message_gives_id_spelling_and_hold() {
        let a = accepted(
            r#"{"messaging_product":"whatsapp","contacts":[{"input":"+525512340001","wa_id":"5215512340001"}],"messages":[{"id":"wamid.A","message_status":"accepted"}]}"#,
        );
        assert_eq!(
            (a.wamid.as_str(), a.wa_id.as_deref(), a.held),
            ("wamid.A", Some("5215512340001"), false)
        );
        assert!(!format!("{a:?}").contains("5512340001"));
        for (status, held) in [
            ("held_for_quality_assessment", true),
            ("paused", true),
            ("new", false),
        ] {
            let body =
                format!(r#"{{"messages":[{{"id":"wamid.B","message_status":"{status}"}}]}}"#);
            assert_eq!(accepted(&body).held, held, "{status}");
        }
    }

    #[test]
    fn a_user_id_recipient_has_no_number() {
        for wa_id in ["", r#","wa_id":"""#, r#","wa_id":null"#] {
            let a = accepted(&format!(
                r#"{{"contacts":[{{"input":"MX.1","user_id":"MX.1"{wa_id}}}],"messages":[{{"id":"wamid.C"}}]}}"#
            ));
            assert_eq!((a.wa_id, a.held), (None, false));
        }
    }

    #[test]
    fn an_error_gives_code_title_and_details_and_keeps_details_out_of_debug() {
        let body = br#"{"error":{"message":"(#131030) Recipient phone number not in allowed list","type":"OAuthException","code":131030,"error_data":{"messaging_product":"whatsapp","details":"525512340001 is not in the list"},"fbtrace_id":"A1b2"}}"#;
        let Answer::Error(e) = read(body) else {
            panic!("no error")
        };
        assert_eq!(e.code, 131_030);
        assert_eq!(e.title, "Recipient phone number not in allowed list");
        assert_eq!(
            e.details.as_deref(),
            Some("525512340001 is not in the list")
        );
        assert_eq!((e.trace.as_deref(), e.transient), (Some("A1b2"), false));
        assert!(!format!("{e:?}").contains("5512340001"));
    }

    #[test]
    fn codes_as_text_long_titles_and_user_titles_are_read() {
        let long = "ñ".repeat(600);
        let body = format!(r#"{{"error":{{"message":"{long}","code":"2","is_transient":true}}}}"#);
        let e = read_error(body.as_bytes()).unwrap();
        assert_eq!(
            (e.code, e.title.chars().count(), e.transient),
            (2, 512, true)
        );
        let e = read_error(
            br#"{"error":{"message":"Invalid parameter","code":100,"error_user_title":"Name taken","error_user_msg":"Choose another"}}"#,
        )
        .unwrap();
        assert_eq!(
            (e.title.as_str(), e.details.as_deref()),
            ("Name taken", Some("Choose another"))
        );
    }

    #[test]
    fn everything_else_is_unreadable() {
        let deep = "[".repeat(100_000);
        for body in [
            "",
            "null",
            "[]",
            "{}",
            "<html>502</html>",
            r#"{"error":"no"}"#,
            r#"{"error":{"message":"x"}}"#,
            r#"{"messages":[]}"#,
            r#"{"messages":[{}]}"#,
            r#"{"messages":[{"id":""}]}"#,
            r#"{"messages":"wamid.A"}"#,
            "{\"messages\":[{\"id\":\"wamid",
            deep.as_str(),
        ] {
            assert_eq!(
                read(body.as_bytes()),
                Answer::Unreadable,
                "{}",
                &body[..body.len().min(40)]
            );
        }
        assert_eq!(read(b"\xff\xfe"), Answer::Unreadable);
    }
}
