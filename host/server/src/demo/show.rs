//! What the person at the terminal (or the program behind it) sees of the day.

use serde_json::{Value, json};

use crate::demo::Stage;
use crate::demo::setup::World;
use crate::output;

/// How to show.
pub(crate) struct Show {
    json: bool,
}

impl Show {
    pub(crate) const fn new(json: bool) -> Show {
        Show { json }
    }

    /// A remark for people; programs get none.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            output::line(line);
        }
    }

    /// A heading of the day.
    pub(crate) fn chapter(&self, when: &str, title: &str) {
        if !self.json {
            output::line(&format!("\n── {when} · {title}"));
        }
    }

    /// One thing that happened, read back from the API.
    pub(crate) fn event(&self, kind: &str, line: &str, detail: Value) {
        if self.json {
            let mut event = json!({ "event": kind });
            if let (Some(event), Some(detail)) = (event.as_object_mut(), detail.as_object()) {
                event.extend(detail.clone());
            }
            output::json(&event);
        } else {
            output::line(line);
        }
    }

    /// How to drive the demo: the first object of `--json`.
    pub(crate) fn start(&self, running: &Stage, world: &World) {
        let tenants: Vec<Value> = world
            .shops
            .iter()
            .map(|s| {
                json!({
                    "id": s.id, "slug": s.shop.slug, "name": s.shop.name, "api_token": s.token,
                    "waba_id": s.shop.waba, "phone_number_id": s.shop.number,
                    "sample_wa_id": s.shop.people.first().and_then(|p| p.wa_id.clone()),
                    "sample_template": "pedido_estado",
                    "sample_inbound_wamid": s.sample_wamid,
                })
            })
            .collect();
        if self.json {
            output::json(&json!({
                "host_url": running.host.url, "simulator_url": running.simulator_url,
                "app_secret": running.secrets.app_secret, "verify_token": running.secrets.verify_token,
                "access_token": running.secrets.access_token, "data_dir": running.host.data_dir(),
                "operator_token": running.host.operator_token, "login_url": running.host.login_url,
                "tenants": tenants,
            }));
            return;
        }
        output::line(&format!("host       {}", running.host.url));
        output::line(&format!(
            "simulator  {}   (a pretend Meta: nothing leaves this machine)",
            running.simulator_url
        ));
        for s in &world.shops {
            output::line(&format!(
                "shop       {:<11} {} {}",
                s.shop.slug, s.shop.name, s.shop.display
            ));
        }
    }

    /// Where to go on by hand.
    pub(crate) fn invite(&self, running: &Stage) {
        self.say(&format!(
            "\nNow you: this link opens the console once; write as any of them on the simulator phone in its menu\n  {}",
            running.host.login_url
        ));
        self.say(&format!(
            "Ask why:  portero why out_… --tenant tienda-sol --data {}",
            running.host.data_dir().display()
        ));
        self.say("Ctrl-C ends the demo.");
    }
}
