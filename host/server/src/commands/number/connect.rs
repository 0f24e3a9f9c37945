//! `portero number connect`: app secret, number with its token, webhooks, templates, in the order in which each needs the
//! one before; and the list of what is still missing.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use portero_domain::ids::IdSource as _;
use serde_json::{Value, json};

use super::{checklist, pin};
use crate::cli::{ConnectSecrets, PinFlags};
use crate::client::{Api, Target};
use crate::clock::Ids;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::http::webhook::DEFAULT_APP;
use crate::output;

/// What was given on the command line.
pub(super) struct Given {
    pub(super) phone_number_id: Option<String>,
    pub(super) waba: Option<String>,
    pub(super) display: Option<String>,
    pub(super) app: String,
    pub(super) public_url: Option<String>,
    pub(super) secrets: ConnectSecrets,
    pub(super) pin: PinFlags,
}

/// Walks through the steps; exit code 3 when something is still missing.
pub(super) async fn run(given: Given, target: &Target) -> anyhow::Result<ExitCode> {
    let public_url = match (&given.public_url, &target.url) {
        (Some(url), _) => Some(url.clone()),
        // The settings here are not those of a host elsewhere.
        (None, Some(_)) => None,
        (None, None) => target.settings()?.public_url,
    };
    let api = target.connect().await?;
    let told = walk(&api, given, public_url.as_deref(), target.json).await;
    let found = match told {
        Ok(webhook) => finish(&api, target, webhook).await,
        Err(error) => Err(error),
    };
    api.close().await;
    found
}

/// Everything up to the list; answers with what Meta's dashboard asks for.
async fn walk(
    api: &Api,
    given: Given,
    public_url: Option<&str>,
    quiet: bool,
) -> anyhow::Result<Value> {
    let say = |line: &str| {
        if !quiet {
            output::line(line);
        }
    };
    let mut webhook = json!({ "callback": callback(public_url, &given.app) });
    let known = done(&api.get("/v1/checklist").await?, "app_secret");
    if !known || given.secrets.app_secret.is_some() {
        say(
            "1/6 The Meta app. Its secret signs every webhook: App dashboard, App settings, Basic.",
        );
        let secret = secret(given.secrets.app_secret, "App secret", "PORTERO_APP_SECRET")?;
        let verify = given.secrets.verify_token.unwrap_or_else(verify_token);
        let body = json!({ "app_secret": secret, "verify_token": verify });
        api.put(&format!("/v1/apps/{}", encode(&given.app)), body)
            .await?;
        if let Some(fields) = webhook.as_object_mut() {
            fields.insert("verify_token".to_owned(), verify.into());
        }
    } else {
        say("1/6 The Meta app is known here.");
    }
    say("2/6 The number. Both ids stand in the App dashboard under WhatsApp, API Setup.");
    let id = line(given.phone_number_id, "Phone number id", "PHONE_NUMBER_ID")?;
    let waba = line(given.waba, "WhatsApp Business account id", "--waba")?;
    let display = line(given.display, "The number as people read it", "--display")?;
    let token = match given.secrets.access_token_file {
        Some(file) => Some(
            std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read `{}`", file.display()))?
                .trim()
                .to_owned(),
        ),
        None => given.secrets.access_token,
    };
    let token = secret(
        token,
        "Access token of a system user",
        "PORTERO_ACCESS_TOKEN",
    )?;
    let body = json!({ "phone_number_id": id, "waba_id": waba, "display": display, "access_token": token, "app": given.app });
    api.put("/v1/numbers", body).await?;
    say("3/6 Asking Meta about the number …");
    let kept = "the number is kept; mend it and run the same again";
    api.post("/v1/numbers/sync", json!({}))
        .await
        .context(kept)?;
    register(api, &id, given.pin, &say).await.context(kept)?;
    say("5/6 Having Meta send the account's webhooks to the app …");
    let path = format!("/v1/numbers/{}/subscribe", encode(&id));
    api.post(&path, json!({})).await.context(kept)?;
    say("6/6 Fetching the templates …");
    api.post("/v1/templates/sync", json!({}))
        .await
        .context(kept)?;
    Ok(webhook)
}

/// Registers the number when Meta says that it is not; without a PIN the list says what is missing.
async fn register(api: &Api, id: &str, flags: PinFlags, say: &impl Fn(&str)) -> anyhow::Result<()> {
    let list = api.post("/v1/checklist", json!({})).await?;
    let told = pin::given(flags.clone())?.is_some();
    if !told && state(&list, "registration") != "missing" {
        say("4/6 The number is registered, or Meta did not say.");
        return Ok(());
    }
    if !told && !std::io::stdin().is_terminal() {
        say(
            "4/6 The number is not registered: give PORTERO_NUMBER_PIN, or `portero number register`.",
        );
        return Ok(());
    }
    say("4/6 Registering the number with its PIN of two-step verification …");
    let path = format!("/v1/numbers/{}/register", encode(id));
    api.post(&path, json!({ "pin": pin::needed(flags)? }))
        .await
        .map(drop)
}

/// What is left to do, with what Meta's dashboard wants to know.
async fn finish(api: &Api, target: &Target, webhook: Value) -> anyhow::Result<ExitCode> {
    let list = api.post("/v1/checklist", json!({})).await?;
    if target.json {
        output::json(&json!({ "webhook": webhook, "checklist": list }));
        return Ok(checklist::code(&list));
    }
    let verify = text(&webhook, "verify_token");
    output::line("");
    output::line(
        "For Meta's dashboard (App, WhatsApp, Configuration, Webhook; field `messages` at least):",
    );
    output::line(&format!("  Callback URL   {}", text(&webhook, "callback")));
    output::line(&match verify.is_empty() {
        true => "  Verify token   as before".to_owned(),
        false => format!("  Verify token   {verify}   (shown once)"),
    });
    output::line("");
    checklist::print(&list);
    Ok(checklist::code(&list))
}

/// The address that Meta is told.
fn callback(public_url: Option<&str>, app: &str) -> String {
    let base = public_url.map_or("https://YOUR-HOST", |url| url.trim_end_matches('/'));
    match app {
        DEFAULT_APP => format!("{base}/webhooks/whatsapp"),
        app => format!("{base}/webhooks/whatsapp/{app}"),
    }
}

fn done(list: &Value, step: &str) -> bool {
    state(list, step) == "done"
}

fn state(list: &Value, step: &str) -> String {
    let steps = list.get("steps").and_then(Value::as_array);
    let of = steps
        .into_iter()
        .flatten()
        .find(|s| text(s, "step") == step);
    of.map(|s| text(s, "state")).unwrap_or_default()
}

/// A word nobody guesses.
fn verify_token() -> String {
    let mut bytes = [0_u8; 24];
    Ids::system().random(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// What was given, else what somebody types.
fn line(given: Option<String>, what: &str, flag: &str) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here: give {flag} ({what})");
    }
    let mut err = std::io::stderr();
    write!(err, "{what}: ")?;
    err.flush()?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    match typed.trim() {
        "" => bail!("{what} is needed; what was done so far stands, run the same again"),
        typed => Ok(typed.to_owned()),
    }
}

/// The same for a secret, typed without being shown.
fn secret(given: Option<String>, what: &str, variable: &str) -> anyhow::Result<String> {
    if let Some(given) = given.filter(|g| !g.is_empty()) {
        return Ok(given);
    }
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here: give {variable} in the environment ({what})");
    }
    let typed = rpassword::prompt_password(format!("{what} (not shown): "))
        .context("cannot read from the terminal")?;
    match typed.trim() {
        "" => bail!("{what} is needed; what was done so far stands, run the same again"),
        typed => Ok(typed.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callback_names_the_app_unless_it_is_the_usual_one() {
        let base = Some("https://bots.example/");
        assert_eq!(
            callback(base, DEFAULT_APP),
            "https://bots.example/webhooks/whatsapp"
        );
        assert_eq!(
            callback(base, "otra"),
            "https://bots.example/webhooks/whatsapp/otra"
        );
        assert!(callback(None, DEFAULT_APP).starts_with("https://YOUR-HOST/"));
    }

    #[test]
    fn a_verify_token_is_long_and_never_the_same() {
        assert_eq!(verify_token().len(), 48);
        assert_ne!(verify_token(), verify_token());
    }

    #[test]
    fn a_step_counts_only_when_it_is_done() {
        let list = json!({ "steps": [{ "step": "app_secret", "state": "missing" }, { "step": "number", "state": "done" }] });
        assert!(!done(&list, "app_secret") && done(&list, "number") && !done(&list, "mode"));
    }
}
