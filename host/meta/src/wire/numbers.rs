//! What Graph says about a business phone number (`whatsapp-platform` 9).

use crate::wire::json::Obj;

/// Fields asked for.
pub const FIELDS: &str = "id,display_phone_number,verified_name,quality_rating,status,name_status,throughput,whatsapp_business_manager_messaging_limit";

/// A business phone number; texts in Meta's words, absent when Meta did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberInfo {
    /// Graph id.
    pub id: String,
    /// As Meta writes it for people.
    pub display_phone_number: Option<String>,
    /// The name people see.
    pub verified_name: Option<String>,
    /// GREEN, YELLOW, RED, UNKNOWN.
    pub quality_rating: Option<String>,
    /// CONNECTED, PENDING, FLAGGED, RESTRICTED, …
    pub status: Option<String>,
    /// Decision on the name.
    pub name_status: Option<String>,
    /// People a day: `TIER_250`, …
    pub messaging_limit: Option<String>,
    /// `throughput.level`: STANDARD, HIGH, NOT_APPLICABLE.
    pub throughput: Option<String>,
}

/// Reads the answer; `None` when it names no number.
#[must_use]
pub fn read(body: &[u8]) -> Option<NumberInfo> {
    let n = Obj::parse_bytes(body)?;
    Some(NumberInfo {
        id: n.filled("id")?,
        display_phone_number: n.filled("display_phone_number"),
        verified_name: n.filled("verified_name"),
        quality_rating: n.filled("quality_rating"),
        status: n.filled("status"),
        name_status: n.filled("name_status"),
        messaging_limit: n.filled("whatsapp_business_manager_messaging_limit"),
        throughput: n.obj("throughput").and_then(|t| t.filled("level")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_meta_leaves_out_stays_open() {
        let full = read(
            br#"{"id":"401","display_phone_number":"+52 55 5000 1111","verified_name":"Tienda","quality_rating":"GREEN","status":"CONNECTED","name_status":"APPROVED","throughput":{"level":"STANDARD"}}"#,
        )
        .unwrap();
        assert_eq!(full.throughput.as_deref(), Some("STANDARD"));
        assert_eq!(full.verified_name.as_deref(), Some("Tienda"));
        let bare = read(br#"{"id":401}"#).unwrap();
        assert_eq!(
            (bare.id.as_str(), bare.status, bare.throughput),
            ("401", None, None)
        );
        assert_eq!(read(b"{}"), None);
    }
}
