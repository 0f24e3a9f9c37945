//! Components fetched from where their authors publish them: with the digest that was named and a signature of a
//! trusted key, by the rules of [`portero_net::fetch`].

use portero_domain::ids::{InstallationId, TenantId};
use portero_net::fetch::Fetched;
use portero_net::{Blocked, Url};
use portero_sandbox::MAX_COMPONENT_BYTES;
use serde::Deserialize;

use super::brought::{self, Brought};
use super::{InstallRequest, InstallationView, SIGNATURE_MAX, UpgradeView, versions};
use crate::context::Context;
use crate::desk::access::Principal;
use crate::error::FlowError;

/// Longest address, bytes.
const ADDRESS_MAX: usize = 2_000;

/// A component to be fetched.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchRequest {
    /// Where the file is, `https`; its signature is at the same address with `.minisig` at the end.
    #[schema(max_length = 2000)]
    pub url: String,
    /// SHA-256 that it must have, hex, `sha256:` before it or not.
    pub digest: String,
    /// The public key that must have signed it.
    #[serde(default)]
    pub key: Option<String>,
}

/// A component to be fetched and installed.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchInstallRequest {
    /// Where the file is, `https`; its signature is at the same address with `.minisig` at the end.
    #[schema(max_length = 2000)]
    pub url: String,
    /// SHA-256 that it must have, hex, `sha256:` before it or not.
    pub digest: String,
    /// How it is to run, without `signature` and `digest`.
    #[serde(default)]
    pub how: InstallRequest,
}

struct Files {
    component: Vec<u8>,
    signature: String,
}

/// Fetches a component and its signature and installs it, as [`super::install`] does.
///
/// # Errors
/// [`FlowError::PluginRefused`]: nothing was fetched, it is not what was named, or not signed by a trusted key; as
/// [`super::install`].
pub async fn install_fetched(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    request: &FetchInstallRequest,
) -> Result<InstallationView, FlowError> {
    if request.how.signature.is_some() || request.how.digest.is_some() {
        let why = "`signature` is fetched and `digest` stands beside `url`: leave them out here";
        return Err(FlowError::bad("how", why));
    }
    let from = FetchRequest {
        url: request.url.clone(),
        digest: request.digest.clone(),
        key: request.how.key.clone(),
    };
    let files = files(ctx, &from).await?;
    let what = what(&from, &files, request.how.new_signer);
    super::put(ctx, principal, tenant, what, &request.how).await
}

/// Fetches another version and brings it in, as [`super::upgrade`] does.
///
/// # Errors
/// As [`install_fetched`] and [`super::upgrade`].
pub async fn upgrade_fetched(
    ctx: &Context,
    principal: &Principal,
    tenant: TenantId,
    id: InstallationId,
    from: &FetchRequest,
) -> Result<UpgradeView, FlowError> {
    let files = files(ctx, from).await?;
    let what = what(from, &files, false);
    versions::bring(ctx, principal, tenant, id, what).await
}

fn what<'a>(from: &'a FetchRequest, files: &'a Files, new_signer: bool) -> Brought<'a> {
    Brought {
        bytes: &files.component,
        signature: Some(&files.signature),
        digest: Some(&from.digest),
        key: from.key.as_deref(),
        source: &from.url,
        new_signer,
    }
}

async fn files(ctx: &Context, from: &FetchRequest) -> Result<Files, FlowError> {
    brought::digest(&from.digest)?;
    let url = address(&from.url)?;
    let mut beside = url.clone();
    beside.set_path(&format!("{}.minisig", url.path()));
    // The small one first: without it the large one is not wanted.
    let signature = get(ctx, &beside, SIGNATURE_MAX).await?;
    let signature = String::from_utf8(signature.body).map_err(|_| {
        refused(format!(
            "expected a signature as minisign writes it at {beside}, found something that is no text"
        ))
    })?;
    let component = get(ctx, &url, MAX_COMPONENT_BYTES).await?;
    Ok(Files {
        component: component.body,
        signature,
    })
}

fn address(text: &str) -> Result<Url, FlowError> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= ADDRESS_MAX);
    let url = url.filter(|url| url.query().is_none() && url.fragment().is_none());
    url.ok_or_else(|| {
        let why = "expected the address of a file like https://acme.example/carts-1.2.0.wasm, without `?` and `#`";
        FlowError::bad("url", why)
    })
}

fn refused(why: String) -> FlowError {
    FlowError::PluginRefused { why }
}

async fn get(ctx: &Context, url: &Url, most: usize) -> Result<Fetched, FlowError> {
    let came = ctx.fetcher.download(url, most).await;
    let came = came.map_err(|why| {
        let to_do = match why {
            portero_net::fetch::NotFetched::Blocked(Blocked::NotPublic { .. }) => {
                "; a system of your own network is named by whoever runs the server, in `plugin_private_hosts`"
            }
            _ => ": look at the address, or fetch file and signature yourself and install the file",
        };
        refused(format!("{url} was not fetched, {why}{to_do}"))
    })?;
    match came.status {
        200 => Ok(came),
        404 if url.path().ends_with(".minisig") => Err(refused(format!(
            "expected a signature at {url}, found none (404): what is fetched has to be signed by a key that is \
             trusted; the author puts there what `portero plugin sign` makes"
        ))),
        300..=399 => Err(refused(format!(
            "{url} leads elsewhere ({}) and that is not followed: name the address where the file is",
            came.status
        ))),
        other => Err(refused(format!(
            "expected the file at {url}, found status {other}: look at the address"
        ))),
    }
}
