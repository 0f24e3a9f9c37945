//! What an approval names: a hash over everything that was decided on.

use std::collections::BTreeMap;

use portero_domain::campaign::CampaignDefinition;
use portero_domain::template::{Template, TemplateSlots};
use portero_gate::record::{RULESET_HASH, canonical_json};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Plan;
use crate::rates;

/// What a plan's hash is made of.
#[derive(Serialize)]
struct Inputs<'a> {
    definition: &'a CampaignDefinition,
    people: u64,
    audience: &'a str,
    category: &'a str,
    slots: &'a TemplateSlots,
    body: &'a str,
    policy: &'a str,
    ruleset: &'a str,
    rates: &'a str,
    prices: Vec<(&'a str, Option<i64>)>,
    slices: &'a [(String, Option<String>, u64)],
    countries: &'a BTreeMap<String, u64>,
    missing: &'a BTreeMap<String, u64>,
    personaliser: Option<&'a str>,
}

/// SHA-256 over everything that was decided on: changes when anything of it does.
pub(crate) fn hash(
    definition: &CampaignDefinition,
    plan: &Plan,
    template: &Template,
    policy: &str,
    personaliser: Option<&str>,
) -> String {
    digest(&inputs(definition, plan, template, policy, personaliser))
}

fn digest(inputs: &Inputs<'_>) -> String {
    hex::encode(Sha256::digest(canonical_json(inputs).as_bytes()))
}

fn inputs<'a>(
    definition: &'a CampaignDefinition,
    plan: &'a Plan,
    template: &'a Template,
    policy: &'a str,
    personaliser: Option<&'a str>,
) -> Inputs<'a> {
    let price = |country: &str| rates::price(country, template.category).map(|p| p.micro);
    Inputs {
        definition,
        people: plan.people,
        audience: &plan.audience_hash,
        category: template.category.as_str(),
        slots: &template.slots,
        body: &template.body,
        policy,
        ruleset: RULESET_HASH.as_str(),
        rates: &rates::rates().effective,
        prices: plan
            .countries
            .keys()
            .map(|country| (country.as_str(), price(country)))
            .collect(),
        slices: &plan.slices,
        countries: &plan.countries,
        missing: &plan.missing,
        personaliser,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::campaign::{Audience, Schedule, ValueSource};
    use portero_domain::clock::Ts;
    use portero_domain::ids::PhoneNumberId;
    use portero_domain::proposal::Purpose;
    use portero_domain::template::{Around, TemplateCategory, TemplateStatus};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    /// All that an approval is of.
    #[derive(Clone)]
    struct Approved {
        definition: CampaignDefinition,
        plan: Plan,
        template: Template,
        policy: String,
        personaliser: Option<String>,
    }

    impl Approved {
        fn inputs(&self) -> Inputs<'_> {
            inputs(
                &self.definition,
                &self.plan,
                &self.template,
                &self.policy,
                self.personaliser.as_deref(),
            )
        }
    }

    fn approved() -> Approved {
        Approved {
            definition: CampaignDefinition {
                name: "Semana".to_owned(),
                phone_number_id: PhoneNumberId::new("105").unwrap(),
                template: "promo".to_owned(),
                language: "es".to_owned(),
                purpose: Purpose::Promotional,
                topic: Some("ofertas".to_owned()),
                why: "agreed".to_owned(),
                audience: Audience::All,
                values: BTreeMap::new(),
                schedule: Schedule::default(),
            },
            plan: Plan {
                people: 3,
                audience_hash: "a".to_owned(),
                slices: vec![("now".to_owned(), None, 3)],
                countries: BTreeMap::from([("CO".to_owned(), 3)]),
                ..Plan::default()
            },
            template: Template {
                name: "promo".to_owned(),
                language: "es".to_owned(),
                category: TemplateCategory::Marketing,
                status: TemplateStatus::Approved,
                paused_until: None,
                slots: TemplateSlots::default(),
                body: "Hola".to_owned(),
                synced_at: Ts(1),
            },
            policy: "p1".to_owned(),
            personaliser: Some("w1".to_owned()),
        }
    }

    type Change = (&'static str, fn(&mut Approved));

    const CHANGES: &[Change] = &[
        ("definition", |a| a.definition.name.push('!')),
        ("definition", |a| {
            a.definition.phone_number_id = PhoneNumberId::new("106").unwrap();
        }),
        ("definition", |a| a.definition.template.push('2')),
        ("definition", |a| a.definition.language.push_str("_MX")),
        ("definition", |a| {
            a.definition.purpose = Purpose::Transactional;
        }),
        ("definition", |a| a.definition.topic = None),
        ("definition", |a| a.definition.why.push('!')),
        ("definition", |a| {
            a.definition.audience = Audience::Tag {
                tag: "vip".to_owned(),
            };
        }),
        ("definition", |a| {
            let text = "20 %".to_owned();
            a.definition
                .values
                .insert("body.1".to_owned(), ValueSource::Fixed { text });
        }),
        ("definition", |a| {
            a.definition.schedule.start_at = Some(Ts(9));
        }),
        ("definition", |a| a.definition.schedule.spread_hours = 1),
        ("people", |a| a.plan.people += 1),
        ("audience", |a| a.plan.audience_hash.push('b')),
        ("slices", |a| a.plan.slices[0].2 -= 1),
        ("slices", |a| {
            a.plan.slices[0].1 = Some("consent.missing".to_owned());
        }),
        ("missing", |a| {
            a.plan.missing.insert("body.1".to_owned(), 1);
        }),
        ("countries", |a| {
            a.plan.countries.insert("CO".to_owned(), 4);
        }),
        ("countries prices", |a| {
            a.plan.countries.insert("MX".to_owned(), 1);
        }),
        ("category prices", |a| {
            a.template.category = TemplateCategory::Utility;
        }),
        ("slots", |a| a.template.slots.body.push("1".to_owned())),
        ("slots", |a| {
            a.template.slots.around = Some(Around {
                footer: Some("BAJA".to_owned()),
                ..Around::default()
            });
        }),
        ("body", |a| a.template.body.push('!')),
        ("policy", |a| a.policy.push('2')),
        ("personaliser", |a| a.personaliser = Some("w2".to_owned())),
        ("personaliser", |a| a.personaliser = None),
    ];

    fn fields(inputs: &Inputs<'_>) -> serde_json::Map<String, Value> {
        match json!(inputs) {
            Value::Object(fields) => fields,
            other => panic!("{other}"),
        }
    }

    /// The one input that changed changes the hash, and no other input hides behind it.
    #[test]
    fn every_input_alone_changes_the_hash() {
        let was = approved();
        let (before, hash) = (fields(&was.inputs()), digest(&was.inputs()));
        let mut seen = BTreeSet::new();
        for (n, (named, change)) in CHANGES.iter().enumerate() {
            let mut now = was.clone();
            change(&mut now);
            let after = fields(&now.inputs());
            let mut changed: Vec<&str> = after
                .iter()
                .filter(|(key, value)| before.get(*key) != Some(value))
                .map(|(key, _)| key.as_str())
                .collect();
            changed.sort_unstable();
            assert_eq!(changed.join(" "), *named, "change {n}");
            assert_ne!(digest(&now.inputs()), hash, "change {n}: {named}");
            seen.extend(named.split(' ').map(str::to_owned));
        }
        // Compiled in: another build has others.
        let mut built = was.inputs();
        built.ruleset = "other rules";
        assert_ne!(digest(&built), hash);
        let mut built = was.inputs();
        built.rates = "2030-01-01";
        assert_ne!(digest(&built), hash);
        let mut built = was.inputs();
        built.prices[0].1 = Some(1);
        assert_ne!(digest(&built), hash);
        seen.extend(["ruleset".to_owned(), "rates".to_owned()]);
        assert_eq!(
            before.keys().cloned().collect::<BTreeSet<_>>(),
            seen,
            "an input without a change of its own here"
        );
    }

    #[test]
    fn what_nobody_decides_on_changes_nothing() {
        let was = approved();
        let mut now = was.clone();
        now.plan.longest = Vec::new();
        now.plan.used = 9;
        now.template.synced_at = Ts(2);
        assert_eq!(digest(&now.inputs()), digest(&was.inputs()));
    }
}
