//! Components by digest; installed for tenants elsewhere.

use portero_domain::clock::Ts;
use portero_domain::ids::PluginId;
use portero_domain::plugin::PluginKind;

use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

/// A component to be kept.
#[derive(Clone, Debug)]
pub struct NewPlugin {
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Its own name.
    pub plugin_id: PluginId,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub kind: PluginKind,
    /// Its manifest, TOML.
    pub manifest: String,
    /// The component.
    pub component: Vec<u8>,
    /// What it is made of, JSON; empty when the file does not tell.
    pub parts: String,
    /// What it imports, JSON.
    pub imports: String,
}

/// A component with its bytes.
#[derive(Clone, Debug)]
pub struct PluginRow {
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Its own name.
    pub plugin_id: PluginId,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub kind: PluginKind,
    /// Its manifest, TOML.
    pub manifest: String,
    /// The component.
    pub component: Vec<u8>,
    /// When it was put.
    pub created_at: Ts,
}

/// A component without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginSummary {
    /// SHA-256 of the component, hex.
    pub digest: String,
    /// Its own name.
    pub plugin_id: PluginId,
    /// Its version.
    pub version: String,
    /// What it is for.
    pub kind: PluginKind,
    /// Its manifest, TOML.
    pub manifest: String,
    /// When it was put.
    pub created_at: Ts,
}

statements! {
    PLUGIN_PUT = "insert into plugins (digest, plugin_id, version, kind, manifest, component, created_at, parts,
            imports)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (digest) do nothing";
    PLUGIN_PARTS = "select coalesce(parts, ''), coalesce(imports, '') from plugins where digest = $1";
    PLUGIN_GET = "select digest, plugin_id, version, kind, manifest, created_at, component from plugins where digest = $1";
    PLUGINS = "select digest, plugin_id, version, kind, manifest, created_at from plugins order by plugin_id, created_at, digest";
}

#[derive(sqlx::FromRow)]
struct Raw {
    digest: String,
    plugin_id: String,
    version: String,
    kind: String,
    manifest: String,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct RawWhole {
    #[sqlx(flatten)]
    summary: Raw,
    component: Vec<u8>,
}

pub(crate) fn plugin_id(text: String) -> Result<PluginId> {
    PluginId::new(text).ok_or_else(|| json::bad("plugin_id", "empty or too long"))
}

impl Raw {
    fn read(self) -> Result<PluginSummary> {
        Ok(PluginSummary {
            digest: self.digest,
            plugin_id: plugin_id(self.plugin_id)?,
            version: self.version,
            kind: json::from_word("plugin kind", &self.kind)?,
            manifest: self.manifest,
            created_at: Ts(self.created_at),
        })
    }
}

impl SystemTx<'_> {
    /// Keeps a component; `false` when it is here already.
    ///
    /// # Errors
    /// The database.
    pub async fn put_plugin(&mut self, new: &NewPlugin, now: Ts) -> Result<bool> {
        let args = args![
            new.digest.as_str(),
            new.plugin_id.as_str(),
            new.version.as_str(),
            new.kind.as_str(),
            new.manifest.as_str(),
            new.component.clone(),
            now,
            new.parts.as_str(),
            new.imports.as_str()
        ];
        Ok(self.tx.run(PLUGIN_PUT, args).await? == 1)
    }

    /// The component of a digest.
    ///
    /// # Errors
    /// The database.
    pub async fn plugin(&mut self, digest: &str) -> Result<Option<PluginRow>> {
        let row: Option<RawWhole> = self.tx.row(PLUGIN_GET, args![digest]).await?;
        row.map(|row| {
            let s = row.summary.read()?;
            Ok(PluginRow {
                digest: s.digest,
                plugin_id: s.plugin_id,
                version: s.version,
                kind: s.kind,
                manifest: s.manifest,
                component: row.component,
                created_at: s.created_at,
            })
        })
        .transpose()
    }

    /// What a component is made of and what it imports, JSON; empty where that is not known.
    ///
    /// # Errors
    /// The database.
    pub async fn plugin_parts(&mut self, digest: &str) -> Result<(String, String)> {
        let row: Option<(String, String)> = self.tx.row(PLUGIN_PARTS, args![digest]).await?;
        Ok(row.unwrap_or_default())
    }

    /// Every component, without its bytes.
    ///
    /// # Errors
    /// The database.
    pub async fn plugins(&mut self) -> Result<Vec<PluginSummary>> {
        let rows: Vec<Raw> = self.tx.rows(PLUGINS, args![]).await?;
        rows.into_iter().map(Raw::read).collect()
    }
}
