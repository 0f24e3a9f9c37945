//! What a plugin asks for, against what it is granted, and against what another version of it asked for.

use portero_sandbox::{HostPattern, Manifest};
use serde::Serialize;

use crate::error::FlowError;
use crate::grants::{Grants, covers};

/// Something that a version asks for and the one before it did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AsksMore {
    /// `permission`, `field`, `host`, `secret`, `template`, `category`, `per_day` or `event`.
    pub what: String,
    /// Which: an id of a permission, a field, a host, …
    pub name: String,
    /// Why, in the author's words, where a manifest has a place for it.
    pub reason: Option<String>,
}

/// Grants as they are kept.
pub(super) fn text(grants: &Grants) -> Result<String, FlowError> {
    serde_json::to_string(grants).map_err(|source| FlowError::Stored {
        what: "grants",
        source,
    })
}

/// Nothing is granted that is not asked for.
pub(super) fn check(manifest: &Manifest, grants: &Grants) -> Result<(), FlowError> {
    for id in &grants.permissions {
        if manifest.permission(id).is_none() {
            let has: Vec<_> = manifest.permissions.iter().map(|p| p.id.as_str()).collect();
            let why = format!(
                "`{id}` is not asked for by this plugin; it asks for {}",
                has.join(", ")
            );
            return Err(FlowError::bad("grants.permissions", why));
        }
    }
    check_hosts(manifest, grants)
}

/// Hosts granted are hosts asked for, and there are some where the permission is granted.
fn check_hosts(manifest: &Manifest, grants: &Grants) -> Result<(), FlowError> {
    let granted = grants.permissions.iter().any(|p| p == "http.fetch");
    let asked = manifest.permission("http.fetch");
    let asked = asked.map_or(&[][..], |p| p.hosts.as_slice());
    for host in &grants.hosts {
        let pattern: HostPattern = host
            .parse()
            .map_err(|no| FlowError::bad("grants.hosts", format!("`{host}` is {no}")))?;
        let within = |wide: &String| {
            wide.parse::<HostPattern>()
                .is_ok_and(|w| w.includes(&pattern))
        };
        if !asked.iter().any(within) {
            let why = match asked {
                [] => format!("`{host}` is not asked for by this plugin; it asks for no host"),
                asked => format!(
                    "`{host}` is not asked for by this plugin; it asks for {}",
                    asked.join(", ")
                ),
            };
            return Err(FlowError::bad("grants.hosts", why));
        }
    }
    match (granted, grants.hosts.is_empty()) {
        (true, true) => Err(FlowError::bad(
            "grants.hosts",
            format!(
                "`http.fetch` is granted and no host is: grant those it needs of {}",
                asked.join(", ")
            ),
        )),
        (false, false) => Err(FlowError::bad(
            "grants.permissions",
            "hosts are granted and `http.fetch` is not: grant it too",
        )),
        _ => Ok(()),
    }
}

/// Grants without what this version does not ask for any more.
pub(super) fn within(manifest: &Manifest, grants: &Grants) -> Grants {
    let asked = manifest.permission("http.fetch");
    let hosts = asked.map_or(&[][..], |p| p.hosts.as_slice());
    let fields = manifest.permission("contacts.read");
    let fields = fields.map_or(&[][..], |p| p.fields.as_slice());
    let keep = |all: &[String], fits: &dyn Fn(&String) -> bool| {
        all.iter().filter(|one| fits(one)).cloned().collect()
    };
    let hosts: Vec<String> = keep(&grants.hosts, &|host| host_within(hosts, host));
    let none_left = hosts.is_empty();
    Grants {
        permissions: keep(&grants.permissions, &|id| {
            manifest.permission(id).is_some() && !(id == "http.fetch" && none_left)
        }),
        templates: keep(&grants.templates, &|name| {
            manifest.messages.templates.iter().any(|t| covers(t, name))
        }),
        contact_fields: keep(&grants.contact_fields, &|field| fields.contains(field)),
        hosts,
    }
}

/// The two together.
pub(super) fn joined(has: &Grants, add: &Grants) -> Grants {
    let both = |has: &[String], add: &[String]| {
        let new = add.iter().filter(|one| !has.contains(one));
        has.iter().chain(new).cloned().collect()
    };
    Grants {
        permissions: both(&has.permissions, &add.permissions),
        templates: both(&has.templates, &add.templates),
        contact_fields: both(&has.contact_fields, &add.contact_fields),
        hosts: both(&has.hosts, &add.hosts),
    }
}

fn host_within(wide: &[String], host: &str) -> bool {
    let Ok(host) = host.parse::<HostPattern>() else {
        return false;
    };
    wide.iter()
        .any(|w| w.parse::<HostPattern>().is_ok_and(|w| w.includes(&host)))
}

/// What `new` asks for beyond `old`: to do more, to know more, to hear more, to reach farther.
pub(super) fn more(old: &Manifest, new: &Manifest) -> Vec<AsksMore> {
    let mut more = Vec::new();
    let mut say = |what: &str, name: &str, reason: Option<&str>| {
        more.push(AsksMore {
            what: what.to_owned(),
            name: name.to_owned(),
            reason: reason.map(str::to_owned),
        });
    };
    for asked in &new.permissions {
        let before = old.permission(&asked.id);
        let reason = Some(asked.reason.as_str());
        if before.is_none() {
            say("permission", &asked.id, reason);
        }
        let (fields, hosts) = before.map_or((&[][..], &[][..]), |b| {
            (b.fields.as_slice(), b.hosts.as_slice())
        });
        for field in asked.fields.iter().filter(|f| !fields.contains(f)) {
            say("field", field, reason);
        }
        for host in asked.hosts.iter().filter(|h| !host_within(hosts, h)) {
            say("host", host, reason);
        }
    }
    for (name, secret) in &new.secrets {
        let before = old.secrets.get(name);
        let hosts = before.map_or(&[][..], |s| s.hosts.as_slice());
        for host in secret.hosts.iter().filter(|h| !host_within(hosts, h)) {
            say("secret", &format!("{name} at {host}"), None);
        }
    }
    for name in &new.messages.templates {
        if !old.messages.templates.iter().any(|t| covers(t, name)) {
            say("template", name, None);
        }
    }
    for category in &new.messages.categories {
        if !old.messages.categories.contains(category) {
            say("category", category, None);
        }
    }
    let per_day = |m: &Manifest| m.messages.max_per_contact_per_day.unwrap_or(u32::MAX);
    if per_day(new) > per_day(old) {
        let most = new.messages.max_per_contact_per_day;
        let most = most.map_or_else(|| "no bound".to_owned(), |n| n.to_string());
        say("per_day", &most, None);
    }
    let (before, now) = (&old.subscribe, &new.subscribe);
    for (name, had, has) in [
        ("messages", before.messages, now.messages),
        ("timers", before.timers, now.timers),
        ("verdicts", before.verdicts, now.verdicts),
        ("consent", before.consent, now.consent),
    ] {
        if has && !had {
            say("event", name, None);
        }
    }
    for event in &now.events {
        if !before.events.iter().any(|e| covers(e, event)) {
            say("event", event, None);
        }
    }
    more
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = r#"id = "ar.example.carts"
version = "1.0.0"
kind = "replies"
wit = "0.1"

[subscribe]
messages = true
events = ["cart.*"]

[messages]
categories = ["utility"]
templates = ["cart_*"]
max_per_contact_per_day = 1

[[permission]]
id = "kv"
reason = "remember"

[[permission]]
id = "contacts.read"
reason = "greet"
fields = ["name"]

[[permission]]
id = "http.fetch"
reason = "read the cart"
hosts = ["*.shop.example"]

[secrets.SHOP]
hosts = ["api.shop.example"]
"#;

    fn more_after(from: &str, to: &str) -> Vec<String> {
        assert!(V1.contains(from), "{from}");
        let old = Manifest::parse(V1).unwrap();
        let new = Manifest::parse(&V1.replacen(from, to, 1)).unwrap();
        let told = more(&old, &new).into_iter();
        told.map(|m| format!("{} {}", m.what, m.name)).collect()
    }

    #[test]
    fn whatever_reaches_farther_is_more() {
        for (from, to, says) in [
            (
                "events = [\"cart.*\"]",
                "events = [\"cart.*\", \"order.paid\"]",
                "event order.paid",
            ),
            (
                "messages = true",
                "messages = true\ntimers = true",
                "event timers",
            ),
            (
                "[\"utility\"]",
                "[\"utility\", \"marketing\"]",
                "category marketing",
            ),
            ("[\"cart_*\"]", "[\"c*\"]", "template c*"),
            (
                "max_per_contact_per_day = 1",
                "max_per_contact_per_day = 2",
                "per_day 2",
            ),
            ("max_per_contact_per_day = 1\n", "", "per_day no bound"),
            (
                "id = \"kv\"",
                "id = \"send.session\"",
                "permission send.session",
            ),
            ("[\"name\"]", "[\"name\", \"tags\"]", "field tags"),
            (
                "[\"*.shop.example\"]",
                "[\"*.shop.example\", \"shop.example\"]",
                "host shop.example",
            ),
            (
                "[\"api.shop.example\"]",
                "[\"eu.shop.example\"]",
                "secret SHOP at eu.shop.example",
            ),
            (
                "[secrets.SHOP]",
                "[secrets.OTHER]",
                "secret OTHER at api.shop.example",
            ),
        ] {
            assert_eq!(more_after(from, to), [says], "{to}");
        }
    }

    #[test]
    fn the_same_and_less_is_not_more() {
        for (from, to) in [
            ("1.0.0", "2.0.0"),
            ("[\"cart.*\"]", "[\"cart.abandoned\"]"),
            ("[\"cart_*\"]", "[\"cart_reminder\"]"),
            ("[\"*.shop.example\"]", "[\"api.shop.example\"]"),
            ("messages = true\n", ""),
        ] {
            assert!(more_after(from, to).is_empty(), "{to}");
        }
    }

    #[test]
    fn grants_shrink_with_what_is_asked_and_grow_only_by_hand() {
        let all = Grants {
            permissions: vec!["kv".into(), "http.fetch".into(), "send.session".into()],
            templates: vec!["cart_reminder".into(), "order_*".into()],
            contact_fields: vec!["name".into(), "tags".into()],
            hosts: vec!["api.shop.example".into(), "evil.example".into()],
        };
        let kept = within(&Manifest::parse(V1).unwrap(), &all);
        assert_eq!(kept.permissions, ["kv", "http.fetch"]);
        assert_eq!(kept.templates, ["cart_reminder"]);
        assert_eq!(kept.contact_fields, ["name"]);
        assert_eq!(kept.hosts, ["api.shop.example"]);
        let none = Grants {
            hosts: vec!["evil.example".into()],
            ..all.clone()
        };
        // A permission without a host would be refused at an installation, too.
        let kept = within(&Manifest::parse(V1).unwrap(), &none);
        assert_eq!(kept.permissions, ["kv"]);
        assert_eq!(
            joined(&kept, &all).permissions,
            ["kv", "http.fetch", "send.session"]
        );
    }
}
