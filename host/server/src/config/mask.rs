//! What of a setting may be shown.

use serde::{Deserialize, Serialize, Serializer};

/// Shown in place of a secret.
pub const MASK: &str = "••••";

/// A setting that is never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps a secret.
    #[must_use]
    pub fn new(text: String) -> Secret {
        Secret(text)
    }

    /// The secret itself, for whoever uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// The address of a database without its password: `postgres://user:••••@host/name`.
#[must_use]
pub fn database(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = if query.is_empty() {
        String::new()
    } else {
        // A password may stand among the parameters as well.
        let shown: Vec<String> = query.split('&').map(parameter).collect();
        format!("?{}", shown.join("&"))
    };
    match rest.rsplit_once('@') {
        Some((who, host)) => {
            let user = who.split(':').next().unwrap_or_default();
            let mask = if who.contains(':') {
                format!(":{MASK}")
            } else {
                String::new()
            };
            format!("{scheme}://{user}{mask}@{host}{query}")
        }
        None => format!("{scheme}://{rest}{query}"),
    }
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

pub(super) fn without_password<S: Serializer>(
    url: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    url.as_deref().map(database).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://ana:s3@h:1/db", "postgres://ana:••••@h:1/db"),
            ("postgres://ana:s@3:x@h/db", "postgres://ana:••••@h/db"),
            ("postgres://ana@h/db", "postgres://ana@h/db"),
            (
                "postgres://h/db?user=a&password=s3",
                "postgres://h/db?user=a&password=••••",
            ),
            ("sqlite:data/portero.db", "sqlite:data/portero.db"),
        ] {
            assert_eq!(database(url), shown);
        }
        let secret = Secret::new("s3".to_owned());
        assert_eq!(format!("{secret:?}"), MASK);
        assert_eq!(
            serde_json::to_string(&secret).unwrap(),
            format!("\"{MASK}\"")
        );
    }
}
