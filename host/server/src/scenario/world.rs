//! Makes what a scenario says there is: a pretend account with its people, a host beside it, the past.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use portero_domain::clock::{Clock, JumpClock, Millis, Ts};
use portero_sandbox::Inspection;
use portero_simulator::{NumberConfig, PersonConfig, WabaConfig, WorldConfig};
use serde_json::{Value, json};

use super::file::{Contact, File, Scenario, Template, to_json};
use super::watch::Watch;
use crate::client::{Api, Body};
use crate::clock::HeldClock;
use crate::commands::plugin::encode;
use crate::commands::text;
use crate::demo::{Stage, StageOptions, setup, stage, world};
use crate::sim_control::HttpControl;

/// The one tenant of a scenario.
const SLUG: &str = "scenario";
/// Its account and number at the pretend Meta.
const WABA: &str = "301000000000001";
pub(super) const NUMBER: &str = "401000000000001";

/// How numbers begin where a contact gives none, by country.
const BEGINNINGS: &[(&str, &str)] = &[
    ("AR", "54911555"),
    ("BO", "5917755"),
    ("BR", "5511955555"),
    ("CL", "5699555"),
    ("CO", "57300555"),
    ("CR", "506855"),
    ("DO", "1809555"),
    ("EC", "59399555"),
    ("ES", "34600555"),
    ("GB", "44770090"),
    ("GT", "502555"),
    ("MX", "52155555"),
    ("PA", "507655"),
    ("PE", "51995555"),
    ("PT", "351915555"),
    ("PY", "595981555"),
    ("US", "1202555"),
    ("UY", "59899555"),
];

/// A scenario's world while it is played.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) watch: Arc<Watch>,
    /// The tenant's API.
    pub(super) api: Api,
    pub(super) operator: Api,
    pub(super) control: HttpControl,
    /// By the scenario's own id.
    pub(super) people: BTreeMap<String, Person>,
    pub(super) installation: String,
}

/// A contact as host and simulator know it.
pub(super) struct Person {
    pub(super) wa_id: String,
    /// Our id: `con_…`.
    pub(super) contact: String,
}

impl Scene {
    /// Sets the stage and installs the component.
    pub(super) async fn set(
        file: &File,
        component: &[u8],
        found: &Inspection,
    ) -> anyhow::Result<Scene> {
        let scenario = &file.scenario;
        let begins = file.instant(&scenario.clock)?;
        let wrote = past(file)?;
        let first = wrote.first().map_or(begins, |(at, _)| *at);
        let held: Arc<dyn Clock> = Arc::new(HeldClock::at(first));
        let watch = Watch::new();
        let numbers = numbers(file)?;
        let (people, waba) = (at_meta(scenario, &numbers), waba(scenario));
        let stage = stage(StageOptions {
            seed: 1,
            listen: "127.0.0.1:0".to_owned(),
            data: None,
            database_url: None,
            clock: JumpClock::new(held, Millis(0)),
            timings: world::at_once(),
            wrap: None,
            world: Some(Box::new(move |config: &mut WorldConfig| {
                config.people = people;
                config.wabas = vec![waba];
            })),
            simulator_on: None,
            systems: None,
            probe: Some(Arc::clone(&watch) as Arc<dyn portero_flow::Probe>),
        })
        .await?;
        let operator = Api::at(&stage.host.url, &stage.host.operator_token)?;
        let mut scene = Scene {
            watch,
            api: operator.for_tenant(SLUG),
            control: HttpControl::new(&stage.simulator_url)?,
            operator,
            stage,
            people: BTreeMap::new(),
            installation: String::new(),
        };
        let built = async {
            scene.tenant(scenario).await?;
            scene.contacts(scenario, &numbers).await?;
            for (at, id) in wrote {
                scene.until(at).await?;
                scene.says(&id, "hola").await?;
            }
            scene.until(begins).await?;
            scene.ready(scenario).await?;
            scene.install(scenario, component, found).await
        };
        match built.await {
            Ok(()) => Ok(scene),
            Err(error) => {
                scene.stage.stop().await;
                Err(error)
            }
        }
    }

    /// Nothing is left to do on either side.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        setup::rest(&self.operator, &self.control, &self.stage.clock).await
    }

    /// The clock goes to an instant that lies ahead.
    pub(super) async fn until(&self, at: Ts) -> anyhow::Result<()> {
        let ms = at.since(self.stage.clock.now());
        if ms <= 0 {
            return Ok(());
        }
        let jump = json!({ "ms": ms });
        self.operator.post("/v1/clock/jump", jump).await?;
        self.settle().await
    }

    pub(super) async fn says(&self, id: &str, words: &str) -> anyhow::Result<()> {
        let person = self.person(id)?;
        setup::say(&self.control, &person.wa_id, NUMBER, words).await?;
        self.settle().await
    }

    pub(super) fn person(&self, id: &str) -> anyhow::Result<&Person> {
        let person = self.people.get(id);
        person.with_context(|| format!("there is no contact `{id}`"))
    }

    /// The scenario's name of a contact; its id where it is none of the scenario's.
    pub(super) fn named(&self, contact: &str) -> String {
        let known = self.people.iter().find(|(_, p)| p.contact == contact);
        known.map_or_else(|| contact.to_owned(), |(id, _)| id.clone())
    }

    async fn tenant(&self, scenario: &Scenario) -> anyhow::Result<()> {
        let secrets = &self.stage.secrets;
        let app = json!({ "app_secret": secrets.app_secret, "verify_token": secrets.verify_token });
        self.operator.put("/v1/apps/default", app).await?;
        let tenant = &scenario.tenant;
        let mut body = json!({
            "slug": SLUG, "name": tenant.name, "language": tenant.language,
            "timezone": tenant.timezone, "country": tenant.country.get_ref(),
        });
        if let (Some(policy), Some(fields)) = (&tenant.policy, body.as_object_mut()) {
            fields.insert("policy".to_owned(), to_json(policy));
        }
        let made = self.operator.post("/v1/tenants", body).await;
        made.context("the host does not take `[tenant]`")?;
        let number = json!({
            "phone_number_id": NUMBER, "waba_id": WABA, "display": "+1 202 555 0100",
            "access_token": secrets.access_token, "messaging_limit": "TIER_UNLIMITED",
        });
        self.api.put("/v1/numbers", number).await?;
        for wording in &scenario.wordings {
            let language = wording.language.as_ref().unwrap_or(&tenant.language);
            let body = json!({
                "name": wording.name, "version": wording.version, "language": language,
                "body": wording.body, "yes_label": wording.yes_label, "no_label": wording.no_label,
                "thanks": wording.thanks, "promise": wording.promise,
            });
            let put = self.api.put("/v1/wordings", body).await;
            put.with_context(|| format!("the host does not take the wording `{}`", wording.name))?;
        }
        Ok(())
    }

    async fn contacts(
        &mut self,
        scenario: &Scenario,
        numbers: &BTreeMap<String, String>,
    ) -> anyhow::Result<()> {
        for contact in &scenario.contacts {
            let id = contact.id.get_ref();
            let wa_id = numbers.get(id).cloned().unwrap_or_default();
            let body = json!({
                "address": format!("+{wa_id}"), "name": contact.name,
                "language": contact.language.as_ref().unwrap_or(&scenario.tenant.language),
                "country": contact.country.as_deref().unwrap_or(scenario.tenant.country.get_ref()),
            });
            let made = self.api.put("/v1/contacts", body).await;
            let made =
                made.with_context(|| format!("the host does not take the contact `{id}`"))?;
            let contact = text(&made, "id");
            self.people.insert(id.clone(), Person { wa_id, contact });
        }
        Ok(())
    }

    /// What is so when the scenario's clock begins: consents, and templates as Meta has them now.
    async fn ready(&self, scenario: &Scenario) -> anyhow::Result<()> {
        for template in &scenario.templates {
            if let Some(quality) = &template.quality {
                let path = format!(
                    "/_sim/templates/{WABA}/{}/{}",
                    template.name, template.language
                );
                let body = json!({ "quality": quality.to_uppercase() });
                let told = self.control.post(&path, &body).await;
                told.map_err(anyhow::Error::msg)?;
            }
        }
        self.api.post("/v1/templates/sync", json!({})).await?;
        for contact in &scenario.contacts {
            self.consents(contact).await?;
        }
        self.settle().await
    }

    async fn consents(&self, contact: &Contact) -> anyhow::Result<()> {
        let id = contact.id.get_ref();
        let person = self.person(id)?;
        for consent in &contact.consent {
            let mut body = json!({
                "event": consent.event,
                "evidence": consent.evidence.as_deref().unwrap_or("the scenario says so"),
            });
            if let Some(fields) = body.as_object_mut() {
                let optional = [
                    ("topic", consent.topic.as_ref().map(|t| json!(t))),
                    ("promise", consent.promise.as_ref().map(to_json)),
                    ("wording", consent.wording.as_ref().map(|w| json!(w))),
                    (
                        "captured_at",
                        consent.captured_at.as_ref().map(|at| json!(at.get_ref())),
                    ),
                ];
                for (key, value) in optional {
                    if let Some(value) = value {
                        fields.insert(key.to_owned(), value);
                    }
                }
                if consent.event != "revoked" {
                    fields
                        .entry("promise")
                        .or_insert(json!({ "max": 2, "per": "week" }));
                    if consent.wording.is_none() {
                        fields.insert("wording_text".to_owned(), json!("as the scenario has it"));
                    }
                }
            }
            let path = format!("/v1/contacts/{}/consent", person.contact);
            let told = self.api.post(&path, body).await;
            told.with_context(|| format!("the host does not take the consent of `{id}`"))?;
        }
        Ok(())
    }

    async fn install(
        &mut self,
        scenario: &Scenario,
        component: &[u8],
        found: &Inspection,
    ) -> anyhow::Result<()> {
        let (plugin, manifest) = (&scenario.plugin, &found.manifest);
        let asked = || manifest.permissions.iter();
        let all = || asked().map(|p| p.id.clone()).collect();
        let fields = || asked().flat_map(|p| p.fields.clone()).collect();
        let how = json!({
            "config": to_json(&plugin.config),
            "grants": {
                "permissions": plugin.permissions.clone().unwrap_or_else(all),
                "templates": plugin.templates.clone().unwrap_or_else(|| manifest.messages.templates.clone()),
                "contact_fields": plugin.contact_fields.clone().unwrap_or_else(fields),
            },
        });
        let path = format!("/v1/plugins?how={}", encode(&how.to_string()));
        let bytes = Some(Body::Bytes(component.to_vec()));
        let installed = self.api.send(reqwest::Method::POST, &path, bytes).await;
        let installed = installed.context("the host does not install the plugin")?;
        self.installation = text(&installed, "id");
        self.settle().await?;
        // What led here is not part of the scenario.
        self.watch.take();
        Ok(())
    }
}

/// Who wrote when before the scenario begins, oldest first.
fn past(file: &File) -> anyhow::Result<Vec<(Ts, String)>> {
    let mut wrote = Vec::new();
    for contact in &file.scenario.contacts {
        if let Some(at) = &contact.last_inbound {
            wrote.push((file.instant(at)?, contact.id.get_ref().clone()));
        }
    }
    wrote.sort();
    Ok(wrote)
}

/// Everybody's number: their own, or one of their country.
fn numbers(file: &File) -> anyhow::Result<BTreeMap<String, String>> {
    let mut numbers = BTreeMap::new();
    for (at, contact) in file.scenario.contacts.iter().enumerate() {
        let country = contact.country.as_deref();
        let country = country.unwrap_or(file.scenario.tenant.country.get_ref());
        let number = match &contact.wa_id {
            Some(own) => own.trim_start_matches('+').to_owned(),
            None => {
                let known = BEGINNINGS.iter().find(|(of, _)| *of == country);
                let (_, begins) = known.with_context(|| {
                    format!(
                        "{}:{}: no invented number is known for `{country}`: give `{}` a `wa_id`",
                        file.path.display(),
                        file.line(contact.id.span().start),
                        contact.id.get_ref()
                    )
                })?;
                format!("{begins}{:04}", at.saturating_add(1))
            }
        };
        numbers.insert(contact.id.get_ref().clone(), number);
    }
    Ok(numbers)
}

fn at_meta(scenario: &Scenario, numbers: &BTreeMap<String, String>) -> Vec<PersonConfig> {
    let people = scenario.contacts.iter().enumerate();
    people
        .map(|(at, contact)| {
            let country = contact.country.as_deref();
            let country = country.unwrap_or(scenario.tenant.country.get_ref());
            PersonConfig {
                name: contact
                    .name
                    .clone()
                    .unwrap_or_else(|| contact.id.get_ref().clone()),
                wa_id: numbers.get(contact.id.get_ref()).cloned(),
                user_id: Some(format!(
                    "{country}.{}",
                    90_011_223_344_001_usize.saturating_add(at)
                )),
                username: None,
                online: true,
                receipts: true,
                chat_open: false,
                on_whatsapp: true,
                holdout: false,
                on_web: false,
                auto: Vec::new(),
            }
        })
        .collect()
}

fn waba(scenario: &Scenario) -> WabaConfig {
    WabaConfig {
        id: WABA.to_owned(),
        portfolio: "501000000000001".to_owned(),
        name: scenario.tenant.name.clone(),
        timezone: scenario.tenant.timezone.clone(),
        payment_method: true,
        subscribed: true,
        marketing_messages: true,
        marketing_only_there: false,
        template_limit: 250,
        warned: false,
        numbers: vec![NumberConfig {
            quality: "GREEN".to_owned(),
            phone_number_id: NUMBER.to_owned(),
            display: "+1 202 555 0100".to_owned(),
            mps: 80,
            verified_name: scenario.tenant.name.clone(),
            registered: true,
        }],
        templates: scenario.templates.iter().map(template).collect(),
    }
}

fn template(template: &Template) -> Value {
    let components = template.components.as_ref().map(to_json);
    let components = components.unwrap_or_else(|| {
        let mut list = Vec::new();
        list.extend(
            template
                .body
                .iter()
                .map(|t| json!({ "type": "BODY", "text": t })),
        );
        list.extend(
            template
                .footer
                .iter()
                .map(|t| json!({ "type": "FOOTER", "text": t })),
        );
        if !template.quick_replies.is_empty() {
            let replies = template.quick_replies.iter();
            let replies: Vec<Value> = replies
                .map(|t| json!({ "type": "QUICK_REPLY", "text": t }))
                .collect();
            list.push(json!({ "type": "BUTTONS", "buttons": replies }));
        }
        Value::Array(list)
    });
    let named = components
        .to_string()
        .split("{{")
        .skip(1)
        .any(|slot| slot.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
    json!({
        "name": template.name, "language": template.language,
        "category": template.category.get_ref().to_uppercase(),
        "status": template.status.to_uppercase(),
        "parameter_format": if named { "NAMED" } else { "POSITIONAL" },
        "components": components,
    })
}
