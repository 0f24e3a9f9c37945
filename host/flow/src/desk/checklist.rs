//! What a tenant needs before real messages leave and answers come back, and what of it is there.

use portero_domain::clock::Millis;
use portero_domain::ids::{PhoneNumberId, TenantId};
use portero_domain::template::TemplateStatus;
use portero_gate::facts::TenantMode;
use portero_meta::transport::Access;
use portero_meta::wire::numbers::NumberInfo;
use portero_store::model::NumberRow;
use secrecy::SecretString;
use serde::Serialize;

use crate::context::Context;
use crate::desk::registration::{Registered, registered};
use crate::error::FlowError;

/// The app that a number belongs to when nobody named one.
const DEFAULT_APP: &str = "default";
/// Templates that nobody asked Meta about for longer than this are stale.
const STALE: Millis = Millis::hours(7 * 24);
/// Newest events among which the last webhook is looked for.
const LOOKED_AT: usize = 50;

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is there.
    Done,
    /// It is not, or does not work.
    Missing,
    /// Only Meta knows: ask with `POST`.
    Unknown,
}

/// One thing that is needed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StepView {
    /// `app_secret`, `number`, `access_token`, `registration`, `subscription`, `webhook`, `templates`, `test_people`, `mode`.
    pub step: &'static str,
    /// How it stands.
    pub state: StepState,
    /// What was found: names, ids, times, Meta's words.
    pub found: String,
    /// What to do about it; empty when it is done.
    pub remedy: String,
    /// The verb of the command line that does it, or goes on with it; empty when there is none.
    pub verb: String,
}

/// The list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ChecklistView {
    /// Everything is done.
    pub ready: bool,
    /// `simulator`, `sandbox` or `live`.
    #[schema(value_type = String)]
    pub mode: TenantMode,
    /// In the order in which they are done.
    pub steps: Vec<StepView>,
}

fn done(step: &'static str, found: impl Into<String>) -> StepView {
    StepView {
        step,
        state: StepState::Done,
        found: found.into(),
        remedy: String::new(),
        verb: String::new(),
    }
}

fn open(
    step: &'static str,
    state: StepState,
    found: impl Into<String>,
    remedy: &str,
    verb: &str,
) -> StepView {
    StepView {
        step,
        state,
        found: found.into(),
        remedy: remedy.to_owned(),
        verb: verb.to_owned(),
    }
}

const SYNC: &str = "portero template sync";
const CONNECT: &str = "portero number connect";
const ASK: &str = "portero number checklist --ask";

/// A number with its token.
struct Connected {
    row: NumberRow,
    token: Option<SecretString>,
}

/// The list of a tenant; with `ask`, Meta is asked about tokens, registrations and subscriptions too.
///
/// # Errors
/// [`FlowError::WrongState`] for a pretend tenant of a host that leads to the real Meta, or the database.
pub async fn look(ctx: &Context, tenant: TenantId, ask: bool) -> Result<ChecklistView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.tenant(tenant).row().await?;
    if ask {
        ctx.may_ask_meta(&row)?;
    }
    let apps = tx.system().apps().await?;
    let mut numbers = Vec::new();
    for row in tx.tenant(tenant).numbers().await? {
        let token = tx.tenant(tenant).number_token(&row.id).await?;
        numbers.push(Connected { row, token });
    }
    let templates = tx.tenant(tenant).templates().await?;
    let heard = tx.tenant(tenant).events(LOOKED_AT, None).await?;
    let tried = tx.tenant(tenant).sandbox_people().await?;
    drop(tx);
    let now = ctx.now();
    let webhook = heard.iter().find(|e| e.source == "webhook");
    let approved = templates
        .iter()
        .filter(|(_, t, _)| t.status == TemplateStatus::Approved)
        .count();
    let synced = templates.iter().map(|(_, t, _)| t.synced_at).max();
    let (token, registration, subscription) = match ask {
        true => asked(ctx, &numbers).await,
        false => told(&numbers, webhook.is_some()),
    };
    let steps = vec![
        app_secret(&numbers, &apps),
        number(&numbers),
        token,
        registration,
        subscription,
        match webhook {
            Some(event) => done("webhook", event.received_at.rfc3339()),
            None => open(
                "webhook",
                StepState::Missing,
                "",
                "set callback address and verify token in Meta's dashboard (WhatsApp, Configuration) with the field \
                 `messages`, then write to the number from any phone",
                "portero doctor --public-url https://YOUR-HOST",
            ),
        },
        match synced {
            Some(at) if approved > 0 && at >= now - STALE => {
                done("templates", format!("{approved}, {}", at.rfc3339()))
            }
            Some(at) => open(
                "templates",
                StepState::Missing,
                format!("{approved}, {}", at.rfc3339()),
                "only approved ones start a conversation; make them in WhatsApp Manager, then fetch them",
                SYNC,
            ),
            None => open("templates", StepState::Missing, "0", "fetch them", SYNC),
        },
        test_people(&tried),
        mode(row.mode),
    ];
    Ok(ChecklistView {
        ready: steps.iter().all(|s| s.state == StepState::Done),
        mode: row.mode,
        steps,
    })
}

/// Has Meta send the webhooks of a number's account to the app of its token.
///
/// # Errors
/// No such number, [`FlowError::Meta`] with its words, [`FlowError::WrongState`] as in [`look`], or the database.
pub async fn subscribe(ctx: &Context, tenant: TenantId, number: &str) -> Result<(), FlowError> {
    let mut tx = ctx.store.read().await?;
    ctx.may_ask_meta(&tx.tenant(tenant).row().await?)?;
    let id = PhoneNumberId::new(number).ok_or_else(|| FlowError::not_found("number", number))?;
    let Some(row) = tx.tenant(tenant).number(&id).await? else {
        return Err(FlowError::not_found("number", number));
    };
    let Some(token) = tx.tenant(tenant).number_token(&id).await? else {
        return Err(FlowError::bad(
            "access_token",
            "this number has none; connect it again with one",
        ));
    };
    drop(tx);
    ctx.cloud
        .subscribe_app(&row.waba, &Access { token })
        .await
        .map_err(|e| FlowError::Meta { why: e.to_string() })
}

fn app_secret(numbers: &[Connected], known: &[String]) -> StepView {
    let mut wanted: Vec<&str> = numbers.iter().map(|n| n.row.app.as_str()).collect();
    if wanted.is_empty() {
        wanted.push(DEFAULT_APP);
    }
    wanted.sort_unstable();
    wanted.dedup();
    let missing = wanted.iter().find(|app| !known.iter().any(|k| k == *app));
    match missing {
        None => done("app_secret", wanted.join(", ")),
        Some(app) => open(
            "app_secret",
            StepState::Missing,
            *app,
            "take it from Meta's dashboard, App settings, Basic",
            &format!("PORTERO_APP_SECRET=… PORTERO_VERIFY_TOKEN=… portero app put {app}"),
        ),
    }
}

fn number(numbers: &[Connected]) -> StepView {
    let shown: Vec<&str> = numbers.iter().map(|n| n.row.display.as_str()).collect();
    match shown.is_empty() {
        true => no_number("number"),
        false => done("number", shown.join(", ")),
    }
}

fn no_number(step: &'static str) -> StepView {
    open(step, StepState::Missing, "", "connect a number", CONNECT)
}

const NEW_TOKEN: &str = "make a system user's token with whatsapp_business_messaging and whatsapp_business_management in \
                         Meta's Business settings, and connect the number again with it";

/// What is known without asking: a webhook that came in proves the subscription.
fn told(numbers: &[Connected], heard: bool) -> (StepView, StepView, StepView) {
    if numbers.is_empty() {
        return no_numbers();
    }
    let without: Vec<&str> = numbers
        .iter()
        .filter(|n| n.token.is_none())
        .map(|n| n.row.display.as_str())
        .collect();
    let token = match without.is_empty() {
        true => open("access_token", StepState::Unknown, "", "ask Meta", ASK),
        false => open(
            "access_token",
            StepState::Missing,
            without.join(", "),
            NEW_TOKEN,
            CONNECT,
        ),
    };
    let subscription = match heard {
        true => done("subscription", ""),
        false => open("subscription", StepState::Unknown, "", "ask Meta", ASK),
    };
    let registration = open("registration", StepState::Unknown, "", "ask Meta", ASK);
    (token, registration, subscription)
}

fn no_numbers() -> (StepView, StepView, StepView) {
    let [token, registration, subscription] =
        ["access_token", "registration", "subscription"].map(no_number);
    (token, registration, subscription)
}

/// What Meta's words on the numbers say of their registration.
fn registration(infos: &[(&str, NumberInfo)], of: usize) -> StepView {
    let word = |(display, info): &(&str, NumberInfo)| {
        format!("{display}: {}", info.status.as_deref().unwrap_or("?"))
    };
    let which = |wanted: Registered| {
        let of = infos.iter().filter(|(_, info)| registered(info) == wanted);
        of.map(word).collect::<Vec<_>>().join("; ")
    };
    let (no, unknown) = (which(Registered::No), which(Registered::Unknown));
    if !no.is_empty() {
        let remedy = "register it with its six-digit PIN of two-step verification (WhatsApp Manager, Phone numbers)";
        let verb = "portero number register NUMBER";
        return open("registration", StepState::Missing, no, remedy, verb);
    }
    if !unknown.is_empty() || infos.len() < of {
        let remedy = "Meta did not say; look in WhatsApp Manager, Phone numbers";
        return open("registration", StepState::Unknown, unknown, remedy, ASK);
    }
    done("registration", which(Registered::Yes))
}

/// What Meta says of tokens, registrations and subscriptions.
async fn asked(ctx: &Context, numbers: &[Connected]) -> (StepView, StepView, StepView) {
    if numbers.is_empty() {
        return no_numbers();
    }
    let (mut refused, mut silent, mut apps) = (Vec::new(), Vec::new(), Vec::new());
    let mut infos = Vec::new();
    for Connected { row, token } in numbers {
        let Some(token) = token.clone() else {
            refused.push(row.display.clone());
            continue;
        };
        let access = Access { token };
        match ctx.cloud.number(&row.id, &access).await {
            Ok(info) => infos.push((row.display.as_str(), info)),
            Err(error) => {
                refused.push(format!("{}: {error}", row.display));
                continue;
            }
        }
        match ctx.cloud.subscribed_apps(&row.waba, &access).await {
            Ok(names) if names.is_empty() => silent.push(row.display.clone()),
            Ok(names) => apps.extend(names),
            Err(error) => silent.push(format!("{}: {error}", row.display)),
        }
    }
    apps.sort_unstable();
    apps.dedup();
    let token = match refused.is_empty() {
        true => done("access_token", ""),
        false => open(
            "access_token",
            StepState::Missing,
            refused.join("; "),
            NEW_TOKEN,
            CONNECT,
        ),
    };
    let subscription = if silent.is_empty() && refused.is_empty() {
        done("subscription", apps.join(", "))
    } else if silent.is_empty() {
        open("subscription", StepState::Unknown, "", NEW_TOKEN, CONNECT)
    } else {
        open(
            "subscription",
            StepState::Missing,
            silent.join("; "),
            "have the account's webhooks sent to your app",
            "portero number subscribe NUMBER",
        )
    };
    (token, registration(&infos, numbers.len()), subscription)
}

fn test_people(
    people: &[(
        portero_domain::address::AddressKey,
        Option<portero_domain::clock::Ts>,
    )],
) -> StepView {
    let answered = people.iter().filter(|(_, at)| at.is_some()).count();
    if answered > 0 {
        return done("test_people", answered.to_string());
    }
    open(
        "test_people",
        StepState::Missing,
        format!("0 of {}", people.len()),
        "invite your own number, then write the code to the shop's number from that phone",
        "portero sandbox add YOUR-OWN-NUMBER",
    )
}

fn mode(mode: TenantMode) -> StepView {
    match mode {
        TenantMode::Simulator => open(
            "mode",
            StepState::Missing,
            "simulator",
            "a pretend shop writes to nobody: make the real one",
            "portero tenant create … --mode sandbox",
        ),
        TenantMode::Sandbox => done("mode", "sandbox"),
        TenantMode::Live => done("mode", "live"),
    }
}
