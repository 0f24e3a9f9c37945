//! What a plugin was granted and was not seen to use: a grant that nothing needs is better taken back.

use portero_domain::ids::{InstallationId, TenantId};
use portero_sandbox::Manifest;
use portero_sandbox::manifest::INTERFACES;
use portero_store::Tx;
use portero_store::model::{KeptOfCalls, ProposedKind};

use crate::error::FlowError;

/// Proposals looked at, the newest.
const NEWEST: usize = 1_000;
/// Calls from which on what was not seen counts as not used.
const ENOUGH_CALLS: u64 = 20;

/// What is known of a plugin's use of its permissions.
pub(super) struct Uses {
    /// What the component imports; `None`: kept before anybody looked.
    imports: Option<Vec<String>>,
    proposed: Vec<ProposedKind>,
    kept: Option<KeptOfCalls>,
    /// Categories of the templates that were proposed.
    categories: Vec<String>,
}

impl Uses {
    /// Reads it.
    ///
    /// # Errors
    /// The database.
    pub(super) async fn of(
        tx: &mut Tx,
        tenant: TenantId,
        id: InstallationId,
        digest: &str,
    ) -> Result<Uses, FlowError> {
        let (_, imports) = tx.system().plugin_parts(digest).await?;
        let mut of = tx.tenant(tenant);
        let proposed = of.proposed_kinds(id, NEWEST).await?;
        let kept = of.kept_of_calls(id).await?;
        let mut categories = Vec::new();
        if proposed.iter().any(|p| p.template.is_some()) {
            let templates = of.templates().await?;
            let named = |name: &str| proposed.iter().any(|p| p.template.as_deref() == Some(name));
            let used = templates.into_iter().filter(|(_, t, _)| named(&t.name));
            categories = used
                .map(|(_, t, _)| t.category.as_str().to_ascii_lowercase())
                .collect();
        }
        Ok(Uses {
            imports: serde_json::from_str(&imports).ok(),
            proposed,
            kept,
            categories,
        })
    }

    /// `never`: the component cannot use it; `not_seen`: it could and was not seen to, in twenty calls or more; `seen`;
    /// `unknown`: nothing is kept that would tell.
    pub(super) fn of_permission(&self, manifest: &Manifest, permission: &str) -> &'static str {
        let interface = INTERFACES.iter().find(|(_, p)| *p == permission);
        if let (Some((interface, _)), Some(imports)) = (interface, &self.imports) {
            let name = format!("portero:plugin/{interface}@");
            if !imports.iter().any(|import| import.starts_with(&name)) {
                return "never";
            }
        }
        let speaks = manifest.kind == portero_domain::plugin::PluginKind::Replies;
        let of_kind = |kind: &str| self.proposed.iter().any(|p| p.content == kind);
        let kept = |what: fn(&KeptOfCalls) -> bool| self.kept.as_ref().is_some_and(what);
        let seen = match permission {
            "log" => kept(|k| k.log),
            "metric" => kept(|k| k.metric),
            // What it remembers may have run out, and reading leaves no trace.
            "kv" if kept(|k| k.kv) => true,
            "send.session" if speaks => self.proposed.iter().any(|p| p.content != "template"),
            "send.media" if speaks => of_kind("media"),
            "send.interactive" if speaks => of_kind("interactive"),
            "consent.request" if speaks => {
                self.proposed.iter().any(|p| p.purpose == "consent_request")
            }
            template if speaks && template.starts_with("send.template.") => {
                let category = template.trim_start_matches("send.template.");
                self.categories.iter().any(|c| c == category)
            }
            _ => return "unknown",
        };
        match (seen, self.kept.map(|k| k.calls)) {
            (true, _) => "seen",
            (false, Some(calls)) if calls >= ENOUGH_CALLS => "not_seen",
            (false, _) => "unknown",
        }
    }
}
