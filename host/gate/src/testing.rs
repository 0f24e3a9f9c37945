//! The fixture of the gate's tests: one shop, one person, everything in order.
//!
//! Also compiled into `tests/`, so it names the crate as an outsider does.

use portero_domain::address::AddressKey;
use portero_domain::campaign::CampaignState;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{
    ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource, FrequencyPromise, Period,
};
use portero_domain::content::{
    Button, ButtonParam, ButtonParamKind, Content, Interactive, InteractiveAction, ListRow,
    ListSection, Media, MediaKind, MediaSource, Param, ParamValue, Reaction, TemplateSend, Text,
};
use portero_domain::ids::{
    AttemptId, CampaignId, ConsentEventId, ContactId, DecisionId, EventId, InstallationId,
    OutboxId, PhoneNumberId, PluginId, TenantId, TokenId, WabaId,
};
use portero_domain::proposal::{Answers, Class, Origin, Proposal, Purpose};
use portero_domain::template::{
    StopPart, Template, TemplateCategory, TemplateSlots, TemplateStatus,
};
use portero_gate::facts::{
    CampaignFacts, ConversationFacts, Facts, PluginFacts, RecipientFacts, RegistryFacts,
    SenderFacts, TemplateFact, TenantFacts, TenantMode, WindowFacts,
};
use portero_gate::{Fact, Finding, Judgement, Policy, Stage, Ticket, Verdict};
use uuid::Uuid;

/// The phone number of the person; must never appear in what is kept.
pub(crate) const PHONE: &str = "+573001112233";

/// A fixed id.
pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0193_5a7e_0000_7000_8000_0000_0000_0000 | n)
}

/// An instant.
pub(crate) fn ts(text: &str) -> Ts {
    Ts::parse_rfc3339(text).unwrap()
}

/// Monday 2026-11-23, 10:00 in Bogotá.
pub(crate) fn monday() -> Ts {
    ts("2026-11-23T15:00:00Z")
}

/// One case in the making.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) stage: Stage,
    pub(crate) proposal: Proposal,
    pub(crate) facts: Facts,
    pub(crate) policy: Policy,
    pub(crate) now: Ts,
}

impl Setup {
    fn new(content: Content, origin: Origin, purpose: Purpose) -> Setup {
        let now = monday();
        let proposal = Proposal {
            id: OutboxId::from_uuid(id(1)),
            key: "key-1".into(),
            tenant: TenantId::from_uuid(id(2)),
            sender: PhoneNumberId::new("100001").unwrap(),
            contact: ContactId::from_uuid(id(3)),
            to: AddressKey::parse(PHONE).unwrap(),
            origin,
            purpose,
            topic: None,
            own_key: None,
            class: Class::Reply,
            answers: None,
            content,
            created_at: now,
            expires_at: now + Millis::hours(72),
        };
        let facts = Facts {
            tenant: TenantFacts {
                mode: TenantMode::Simulator,
                stopped: None,
                sandbox_allowed: false,
                timezone: "America/Bogota".into(),
            },
            sender: Fact::Known(SenderFacts {
                owned: true,
                waba: WabaId::new("200001").unwrap(),
                mps: 80,
                tat: Ts::ZERO,
                standing: portero_gate::facts::Standing::default(),
            }),
            plugin: None,
            recipient: RecipientFacts {
                country: Some("CO".into()),
                do_not_contact: None,
                erased: false,
                open_transactions: Vec::new(),
                language: None,
                last_sign_at: Some(now - Millis::minutes(2)),
                listings: Vec::new(),
            },
            consent: Fact::Known(Vec::new()),
            window: Fact::Known(WindowFacts {
                last_inbound_at: Some(now - Millis::minutes(2)),
                last_inbound_wamid: Some("wamid.IN01".into()),
            }),
            template: TemplateFact::NotATemplate,
            conversation: ConversationFacts {
                human_since: None,
                bot_since_inbound: 0,
                bot_last_minute: 0,
                pair_tat: Ts::ZERO,
            },
            promotional_sends: Fact::Known(Vec::new()),
            template_sends: Fact::Known(Vec::new()),
            meta_refusals: Fact::Known(Vec::new()),
            registry: RegistryFacts::default(),
            question_names_business: Fact::Unknown,
            duplicate_of: None,
            campaign: None,
            spend: None,
            content: portero_gate::detect::ContentFacts::default(),
        };
        let mut setup = Setup {
            stage: Stage::Admission,
            proposal,
            facts,
            policy: Policy {
                // The fixture's grants are of 1970, so that their instants are easy to read.
                consent_max_age_ms: Millis::days(40_000),
                ..Policy::default()
            },
            now,
        };
        setup.refresh();
        setup
    }

    /// A plugin's direct answer to what the person wrote two minutes ago.
    pub(crate) fn reply(body: &str) -> Setup {
        let mut s = Setup::new(text(body), plugin(), Purpose::Reply);
        s.by_plugin();
        s.proposal.answers = Some(Answers {
            event: Some(EventId::from_uuid(id(4))),
            wamid: Some("wamid.IN01".into()),
            at: s.last_inbound(),
        });
        s
    }

    /// A plugin asks whether the shop may send offers, two minutes after the person wrote.
    pub(crate) fn question() -> Setup {
        let mut s = Setup::reply("");
        s.proposal.content = question(QUESTION, 2);
        s.proposal.purpose = Purpose::ConsentRequest;
        s.proposal.topic = Some("ofertas".into());
        s.facts.question_names_business = Fact::Known(true);
        s.refresh();
        s
    }

    /// A person of the shop writes inside the window, without an event to answer.
    pub(crate) fn operator(body: &str) -> Setup {
        let origin = Origin::Api {
            token: TokenId::from_uuid(id(5)),
        };
        Setup::new(text(body), origin, Purpose::Reply)
    }

    /// A campaign's marketing template to who agreed to `ofertas`, two a week.
    pub(crate) fn promo() -> Setup {
        let mut s = Setup::template(
            "promo_v1",
            TemplateCategory::Marketing,
            Purpose::Promotional,
        );
        s.proposal.topic = Some("ofertas".into());
        s.proposal.class = Class::Campaign;
        s.facts.campaign = Some(CampaignFacts {
            state: CampaignState::Running,
            sent: 0,
            failed: 0,
            opted_out: 0,
            imported: false,
            already: None,
            same_body: None,
        });
        s.facts.consent = Fact::Known(vec![granted(ConsentScope::Topic("ofertas".into()), 1_000)]);
        s
    }

    /// A utility template about an open order.
    pub(crate) fn utility() -> Setup {
        let mut s = Setup::template(
            "envio_v1",
            TemplateCategory::Utility,
            Purpose::Transactional,
        );
        s.proposal.origin = Origin::Api {
            token: TokenId::from_uuid(id(5)),
        };
        s.proposal.class = Class::Transactional;
        s.facts.recipient.open_transactions = vec!["881".into()];
        s
    }

    /// A one-time code the person asked for two minutes ago.
    pub(crate) fn code() -> Setup {
        let mut s = Setup::template(
            "otp_v1",
            TemplateCategory::Authentication,
            Purpose::Authentication,
        );
        s.proposal.origin = Origin::Api {
            token: TokenId::from_uuid(id(5)),
        };
        s.proposal.class = Class::Transactional;
        s
    }

    fn template(name: &str, category: TemplateCategory, purpose: Purpose) -> Setup {
        let origin = Origin::Campaign {
            campaign: CampaignId::from_uuid(id(6)),
        };
        let mut s = Setup::new(Content::Template(send(name, &[])), origin, purpose);
        s.facts.template = TemplateFact::Found(Template {
            name: name.into(),
            language: "es".into(),
            category,
            status: TemplateStatus::Approved,
            paused_until: None,
            slots: TemplateSlots {
                stop: Some(StopPart::Footer),
                ..TemplateSlots::default()
            },
            body: String::new(),
            synced_at: s.now,
        });
        s
    }

    /// Makes a plugin the proposer, with all a replies plugin can hold.
    pub(crate) fn by_plugin(&mut self) {
        self.proposal.origin = plugin();
        self.facts.plugin = Some(PluginFacts {
            kind: "replies".into(),
            capabilities: [
                "send.session",
                "send.media",
                "send.interactive",
                "send.template.utility",
                "send.template.marketing",
                "consent.request",
            ]
            .map(str::to_owned)
            .to_vec(),
            templates: vec!["*".into()],
            event_contact: Some(self.proposal.contact),
            reacts_to_theirs: None,
            proposals_this_call: 0,
            proposals_contact_hour: 0,
            proposals_minute: 0,
            categories: Some(["utility", "marketing"].map(str::to_owned).to_vec()),
            max_contact_day: None,
            messages_contact_day: 0,
        });
    }

    pub(crate) fn at_dispatch(mut self) -> Setup {
        self.stage = Stage::Dispatch;
        self
    }

    pub(crate) fn plugin(&mut self) -> &mut PluginFacts {
        self.facts.plugin.as_mut().unwrap()
    }

    pub(crate) fn campaign(&mut self) -> &mut CampaignFacts {
        self.facts.campaign.as_mut().unwrap()
    }

    pub(crate) fn sender(&mut self) -> &mut SenderFacts {
        known(&mut self.facts.sender)
    }

    pub(crate) fn window(&mut self) -> &mut WindowFacts {
        known(&mut self.facts.window)
    }

    pub(crate) fn consent(&mut self) -> &mut Vec<ConsentEvent> {
        known(&mut self.facts.consent)
    }

    pub(crate) fn registry(&mut self) -> &mut Template {
        match &mut self.facts.template {
            TemplateFact::Found(template) => template,
            other => panic!("no template: {other:?}"),
        }
    }

    pub(crate) fn last_inbound(&self) -> Ts {
        self.facts.window.known().unwrap().last_inbound_at.unwrap()
    }

    /// Brings the content facts up to the content.
    pub(crate) fn refresh(&mut self) {
        self.facts.content = portero_gate::detect::detect(&self.proposal.content);
        if let (Content::Template(send), TemplateFact::Found(template)) =
            (&self.proposal.content, &self.facts.template)
            && send.name != template.name
        {
            self.facts.template = TemplateFact::Missing {
                closest: Vec::new(),
            };
        }
    }

    pub(crate) fn judge(&self) -> Judgement {
        let mut s = self.clone();
        s.refresh();
        match s.stage {
            Stage::Admission => portero_gate::admit(&s.proposal, &s.facts, &s.policy, s.now),
            Stage::Dispatch => s.clear().judgement,
        }
    }

    /// Judges at dispatch and checks that a clearance comes exactly with an allow.
    pub(crate) fn clear(&self) -> portero_gate::Clearance {
        let mut s = self.clone();
        s.refresh();
        let ticket = Ticket {
            attempt: AttemptId::from_uuid(id(7)),
            decision: DecisionId::from_uuid(id(8)),
        };
        let clearance = portero_gate::clear(&s.proposal, &s.facts, &s.policy, s.now, &ticket);
        assert_eq!(
            clearance.cleared.is_some(),
            clearance.judgement.verdict == Verdict::Allow
        );
        clearance
    }

    /// What one rule alone says; other rules, and the run's order, left aside.
    pub(crate) fn found(&self, rule: &str) -> Option<Finding> {
        let mut s = self.clone();
        s.refresh();
        let rule = portero_gate::rules::find(rule).unwrap();
        if !rule.about().stages.includes(s.stage) {
            return None;
        }
        rule.judge(&s.case()).map(|found| found.of(rule.about().id))
    }

    pub(crate) fn case(&self) -> portero_gate::case::Case<'_> {
        portero_gate::case::Case::of(
            self.stage,
            &self.proposal,
            &self.facts,
            &self.policy,
            self.now,
        )
    }

    /// The primary rule of a deny.
    pub(crate) fn denied_by(&self) -> Option<String> {
        let judgement = self.judge();
        (judgement.verdict == Verdict::Deny)
            .then_some(judgement.primary)
            .flatten()
    }
}

fn known<T: std::fmt::Debug>(fact: &mut Fact<T>) -> &mut T {
    match fact {
        Fact::Known(value) => value,
        Fact::Unknown => panic!("not known"),
    }
}

pub(crate) fn plugin() -> Origin {
    Origin::Plugin {
        installation: InstallationId::from_uuid(id(9)),
        plugin: PluginId::new("ar.example.carrito").unwrap(),
        digest: "ab".repeat(32),
        action_index: 0,
        generation: 0,
    }
}

pub(crate) fn host(what: &str) -> Origin {
    Origin::Host { what: what.into() }
}

fn event(kind: ConsentEventKind, scope: ConsentScope, at: i64) -> ConsentEvent {
    ConsentEvent {
        id: ConsentEventId::from_uuid(id(0x1000 + u128::from(at.unsigned_abs()))),
        kind,
        scope,
        promise: None,
        wording: None,
        language: None,
        source: ConsentSource::Seed,
        evidence: "row 1".into(),
        captured_at: Ts(at),
        received_at: Ts(at),
        expires_at: None,
        proof: portero_domain::proof::ConsentProof::default(),
    }
}

/// A consent question with everything in it.
pub(crate) const QUESTION: &str = "Tienda Sol quiere enviarte ofertas por WhatsApp, como mucho 2 por \
    semana. Para terminar, escribiendo BAJA. Privacidad: https://privacidad.example/sol ¿Aceptas?";

/// A question with so many buttons.
pub(crate) fn question(body: &str, buttons: usize) -> Content {
    let buttons = (0..buttons)
        .map(|i| Button {
            id: format!("answer-{i}"),
            title: format!("Respuesta {i}"),
        })
        .collect();
    Content::Interactive(Interactive {
        header: None,
        body: body.into(),
        footer: None,
        action: InteractiveAction::Buttons { buttons },
    })
}

pub(crate) fn unconfirmed(scope: ConsentScope, at: i64) -> ConsentEvent {
    let mut event = event(ConsentEventKind::GrantedUnconfirmed, scope, at);
    event.id = ConsentEventId::from_uuid(id(0x4000_0000_0000 + u128::from(at.unsigned_abs())));
    event.source = ConsentSource::Import;
    event
}

pub(crate) fn import_refused(scope: ConsentScope, at: i64) -> ConsentEvent {
    let mut event = event(ConsentEventKind::ImportRefused, scope, at);
    event.id = ConsentEventId::from_uuid(id(0x6000_0000_0000 + u128::from(at.unsigned_abs())));
    event.source = ConsentSource::Import;
    event
}

pub(crate) fn granted(scope: ConsentScope, at: i64) -> ConsentEvent {
    ConsentEvent {
        promise: Some(FrequencyPromise {
            max: 2,
            per: Period::Week,
        }),
        ..event(ConsentEventKind::Granted, scope, at)
    }
}

pub(crate) fn revoked(scope: ConsentScope, at: i64) -> ConsentEvent {
    let mut event = event(ConsentEventKind::Revoked, scope, at);
    event.id = ConsentEventId::from_uuid(id(0x2000_0000_0000 + u128::from(at.unsigned_abs())));
    event
}

pub(crate) fn requested(topic: &str, at: i64) -> ConsentEvent {
    event(
        ConsentEventKind::Requested,
        ConsentScope::Topic(topic.into()),
        at,
    )
}

pub(crate) fn declined(topic: &str, at: i64) -> ConsentEvent {
    event(
        ConsentEventKind::Declined,
        ConsentScope::Topic(topic.into()),
        at,
    )
}

pub(crate) fn meta_stop(at: i64) -> ConsentEvent {
    event(ConsentEventKind::MetaStop, ConsentScope::Promotional, at)
}

pub(crate) fn meta_resume(at: i64) -> ConsentEvent {
    event(ConsentEventKind::MetaResume, ConsentScope::Promotional, at)
}

pub(crate) fn text(body: &str) -> Content {
    Content::Text(Text {
        body: body.into(),
        preview_url: false,
    })
}

pub(crate) fn image(link: &str) -> Content {
    Content::Media(Media {
        kind: MediaKind::Image,
        source: MediaSource::Link(link.into()),
        caption: None,
        filename: None,
    })
}

pub(crate) fn audio_with_caption(caption: Option<&str>) -> Content {
    Content::Media(Media {
        kind: MediaKind::Audio,
        source: MediaSource::Id("900000001".into()),
        caption: caption.map(str::to_owned),
        filename: None,
    })
}

pub(crate) fn reaction(emoji: &str) -> Content {
    Content::Reaction(Reaction {
        message_id: "wamid.IN01".into(),
        emoji: emoji.into(),
    })
}

pub(crate) fn buttons(n: usize) -> Content {
    let buttons = (0..n)
        .map(|i| Button {
            id: format!("b{i}"),
            title: format!("Opción {i}"),
        })
        .collect();
    Content::Interactive(Interactive {
        header: None,
        body: "Elige".into(),
        footer: None,
        action: InteractiveAction::Buttons { buttons },
    })
}

pub(crate) fn list(rows: &[usize]) -> Content {
    let sections = rows
        .iter()
        .enumerate()
        .map(|(s, n)| ListSection {
            title: Some(format!("Sección {s}")),
            rows: (0..*n)
                .map(|r| ListRow {
                    id: format!("r{s}-{r}"),
                    title: format!("Fila {r}"),
                    description: None,
                })
                .collect(),
        })
        .collect();
    Content::Interactive(Interactive {
        header: None,
        body: "Elige".into(),
        footer: None,
        action: InteractiveAction::List {
            button: "Ver".into(),
            sections,
        },
    })
}

pub(crate) fn send(name: &str, body: &[Param]) -> TemplateSend {
    TemplateSend {
        name: name.into(),
        language: "es".into(),
        header: Vec::new(),
        body: body.to_vec(),
        buttons: Vec::new(),
    }
}

pub(crate) fn positional(text: &str) -> Param {
    Param {
        name: None,
        value: ParamValue::Text { text: text.into() },
    }
}

pub(crate) fn named(name: &str, text: &str) -> Param {
    Param {
        name: Some(name.into()),
        ..positional(text)
    }
}

pub(crate) fn image_param() -> Param {
    Param {
        name: None,
        value: ParamValue::Media {
            kind: MediaKind::Image,
            source: MediaSource::Link("https://a.example/x.png".into()),
        },
    }
}

pub(crate) fn button_param(index: u8, kind: ButtonParamKind, text: &str) -> ButtonParam {
    ButtonParam {
        index,
        kind,
        value: positional(text),
    }
}
