//! `portero plugin apply`: an install file, so that a server without a screen has the plugins that a file names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use super::install::{Brought, install};
use crate::cli::{ApplyArgs, SureArgs};
use crate::client::{Api, Target};
use crate::commands::text;
use crate::output;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InstallFile {
    /// By the plugin's own id.
    plugins: BTreeMap<String, Wanted>,
}

/// How one plugin is to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The .wasm, from the folder of this file.
    file: Option<PathBuf>,
    /// Or where its author publishes it.
    url: Option<String>,
    /// `sha256:…`; always.
    digest: String,
    /// The key that must have signed it.
    key: Option<String>,
    #[serde(default)]
    position: i64,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    templates: Vec<String>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    settings: Value,
}

const fn yes() -> bool {
    true
}

impl InstallFile {
    fn read(file: &Path) -> anyhow::Result<InstallFile> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read `{}`", file.display()))?;
        let read: InstallFile = toml::from_str(&text).with_context(|| {
            format!(
                "`{}` is no install file; host/docs/plugins.md shows one",
                file.display()
            )
        })?;
        for (id, wanted) in &read.plugins {
            if wanted.file.is_some() == wanted.url.is_some() {
                bail!("[plugins.\"{id}\"] needs `file` or `url`, and not both");
            }
        }
        Ok(read)
    }
}

impl Wanted {
    /// What is to be brought, before anything is changed.
    fn brought(&self, id: &str, folder: &Path) -> anyhow::Result<Brought> {
        let sure = SureArgs {
            signature: None,
            digest: Some(self.digest.clone()),
            locked: false,
            lock: PathBuf::new(),
        };
        let named = match (&self.file, &self.url) {
            (Some(file), _) => folder.join(file).display().to_string(),
            (None, Some(url)) => url.clone(),
            (None, None) => bail!("[plugins.\"{id}\"] needs `file` or `url`"),
        };
        let mut brought = Brought::of(&named, &sure)?;
        match &mut brought {
            Brought::File { bytes, beside } => {
                let found =
                    portero_sandbox::inspect(bytes).map_err(|why| anyhow::anyhow!("{why}"))?;
                if found.manifest.id != id {
                    bail!(
                        "[plugins.\"{id}\"] names `{named}`, which is `{}`",
                        found.manifest.id
                    );
                }
                beside["key"] = json!(self.key);
            }
            Brought::At(from) => from["key"] = json!(self.key),
        }
        Ok(brought)
    }

    fn how(&self) -> Value {
        let config = match &self.settings {
            Value::Null => json!({}),
            given => given.clone(),
        };
        json!({ "config": config, "position": self.position, "if_changed": true, "enabled": self.enabled,
            "grants": { "permissions": self.permissions, "templates": self.templates,
                "contact_fields": self.fields, "hosts": self.hosts } })
    }
}

/// Runs the verb.
///
/// # Errors
/// A file that does not read, the host's words; what stands before it in the file is installed then.
pub(super) async fn run(args: ApplyArgs) -> anyhow::Result<ExitCode> {
    let wanted = InstallFile::read(&args.file)?;
    let folder = args.file.parent().unwrap_or(Path::new("."));
    let mut all = Vec::with_capacity(wanted.plugins.len());
    for (id, wanted) in &wanted.plugins {
        all.push((id, wanted, wanted.brought(id, folder)?));
    }
    let api = args.target.connect().await?;
    let mut done = Vec::with_capacity(all.len());
    for (id, wanted, brought) in all {
        done.push(one(&api, &args.target, id, wanted, brought).await?);
    }
    if args.target.json {
        output::json(&Value::Array(done));
    }
    api.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn one(
    api: &Api,
    target: &Target,
    id: &str,
    wanted: &Wanted,
    brought: Brought,
) -> anyhow::Result<Value> {
    let before = runs(api, id).await?;
    let answer = install(api, brought, wanted.how())
        .await
        .with_context(|| format!("[plugins.\"{id}\"]"))?;
    let after = runs(api, id).await?;
    let state = match before {
        None => "installed",
        Some(_) if before != after => "changed",
        Some(_) => "as it was",
    };
    if !target.json {
        output::line(&format!("{id} {}: {state}", text(&answer, "version")));
    }
    Ok(json!({ "plugin": id, "state": state.replace(' ', "_"), "installation": answer }))
}

/// The installation with the number of its version, as it stands.
async fn runs(api: &Api, id: &str) -> anyhow::Result<Option<(Value, Value)>> {
    let all = api.get("/v1/plugins").await?;
    let mut found = all.as_array().into_iter().flatten();
    let Some(found) = found.find(|p| text(p, "plugin") == id) else {
        return Ok(None);
    };
    let path = format!("/v1/plugins/{}/versions", text(found, "id"));
    let versions = api.get(&path).await?;
    let newest = versions.pointer("/versions/0/seq").cloned();
    let place = json!([found["position"], found["enabled"], found["signed_by"]]);
    Ok(Some((newest.unwrap_or_default(), place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<InstallFile> {
        let here = tempfile::tempdir()?;
        let file = here.path().join("plugins.toml");
        std::fs::write(&file, text)?;
        InstallFile::read(&file)
    }

    #[test]
    fn a_file_says_all_of_a_plugin_or_is_refused() {
        let good = "[plugins.\"com.acme.carts\"]\nfile = \"carts.wasm\"\ndigest = \"sha256:ab\"\n\
                    permissions = [\"kv\"]\n[plugins.\"com.acme.carts\".settings]\nshop = \"Sol\"\n";
        let read_good = read(good).unwrap();
        let carts = &read_good.plugins["com.acme.carts"];
        assert!(carts.enabled && carts.position == 0);
        assert_eq!(carts.how()["config"], json!({ "shop": "Sol" }));
        for (from, to, word) in [
            ("file = \"carts.wasm\"\n", "", "`file` or `url`"),
            (
                "file =",
                "url = \"https://x.example/c.wasm\"\nfile =",
                "not both",
            ),
            ("digest = \"sha256:ab\"\n", "", "digest"),
            ("permissions", "permission", "permission"),
        ] {
            assert!(good.contains(from));
            let why = format!("{:#}", read(&good.replacen(from, to, 1)).unwrap_err());
            assert!(why.contains(word), "{why}");
        }
    }
}
