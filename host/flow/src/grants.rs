//! What an installed plugin may do: manifest ∩ grant. What is in neither or only one is not there.

use portero_sandbox::{HostPattern, Manifest};
use serde::{Deserialize, Serialize};

/// What an operator granted at installation; an empty grant means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grants {
    /// Permission ids (`send.session`, `kv`, …).
    pub permissions: Vec<String>,
    /// Template names or patterns with one `*` at the end.
    pub templates: Vec<String>,
    /// Contact fields (`name`, `tags`, …).
    pub contact_fields: Vec<String>,
    /// Hosts that `http.fetch` may ask: `api.shop.example`, `*.shop.example`, with `:port` where needed.
    pub hosts: Vec<String>,
}

/// The intersection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effective {
    /// Permission ids.
    pub permissions: Vec<String>,
    /// Template names and patterns.
    pub templates: Vec<String>,
    /// Template categories, as the manifest names them.
    pub categories: Vec<String>,
    /// Messages to one person within 24 hours, as the manifest bounds them.
    pub max_per_contact_per_day: Option<u32>,
    contact_fields: Vec<String>,
    hosts: Vec<HostPattern>,
    secrets: Vec<(String, Vec<HostPattern>)>,
}

impl Effective {
    /// Intersects a manifest with stored grants; grants that do not read grant nothing.
    #[must_use]
    pub fn of(manifest: &Manifest, grants_json: &str) -> Effective {
        let grants: Grants = serde_json::from_str(grants_json).unwrap_or_default();
        let asked = |id: &str| manifest.permissions.iter().find(|p| p.id == id);
        let permissions = grants
            .permissions
            .iter()
            .filter(|id| asked(id).is_some())
            .cloned()
            .collect();
        let templates = grants
            .templates
            .iter()
            .filter(|t| {
                manifest
                    .messages
                    .templates
                    .iter()
                    .any(|asked| covers(asked, t))
            })
            .cloned()
            .collect();
        let fields = asked("contacts.read")
            .map(|p| p.fields.clone())
            .unwrap_or_default();
        let contact_fields = grants
            .contact_fields
            .iter()
            .filter(|f| fields.contains(f))
            .cloned()
            .collect();
        let asked_hosts = asked("http.fetch").map_or(Vec::new(), |p| patterns(&p.hosts));
        let hosts = patterns(&grants.hosts)
            .into_iter()
            .filter(|host| asked_hosts.iter().any(|asked| asked.includes(host)))
            .collect();
        let secrets = manifest
            .secrets
            .iter()
            .map(|(name, secret)| (name.clone(), patterns(&secret.hosts)))
            .collect();
        Effective {
            hosts,
            secrets,
            permissions,
            templates,
            categories: manifest.messages.categories.clone(),
            max_per_contact_per_day: manifest.messages.max_per_contact_per_day,
            contact_fields,
        }
    }

    /// Whether a permission is there.
    #[must_use]
    pub fn has(&self, permission: &str) -> bool {
        self.permissions.iter().any(|p| p == permission)
    }

    /// Contact fields that may be read.
    #[must_use]
    pub fn contact_fields(&self) -> &[String] {
        if self.has("contacts.read") {
            &self.contact_fields
        } else {
            &[]
        }
    }

    /// Hosts that may be asked.
    #[must_use]
    pub fn hosts(&self) -> &[HostPattern] {
        if self.has("http.fetch") {
            &self.hosts
        } else {
            &[]
        }
    }

    /// Whether the manifest lets a secret go to a host.
    #[must_use]
    pub fn secret_may_go(&self, name: &str, host: &str, port: u16) -> bool {
        let declared = self.secrets.iter().find(|(secret, _)| secret == name);
        declared.is_some_and(|(_, hosts)| hosts_cover(hosts, host, port))
    }

    /// Whether a contact field may be read.
    #[must_use]
    pub fn reads(&self, field: &str) -> bool {
        self.has("contacts.read") && self.contact_fields.iter().any(|f| f == field)
    }
}

/// Those that read as hosts.
pub(crate) fn patterns(texts: &[String]) -> Vec<HostPattern> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Whether one of the patterns covers a host.
pub(crate) fn hosts_cover(patterns: &[HostPattern], host: &str, port: u16) -> bool {
    patterns.iter().any(|pattern| pattern.covers(host, port))
}

/// Whether pattern `wide` (exact, or a prefix with `*`) covers the name or pattern `narrow`.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    wide == narrow
        || wide
            .strip_suffix('*')
            .is_some_and(|prefix| narrow.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_grant_cannot_be_wider_than_what_was_asked() {
        assert!(covers("pedido_*", "pedido_estado"));
        assert!(covers("pedido_*", "pedido_*"));
        assert!(!covers("pedido_*", "*"));
        assert!(!covers("pedido_estado", "pedido_*"));
    }
}
