//! A fresh database with two tenants, and short ways to fill it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use portero_domain::address::AddressKey;
use portero_domain::clock::{Millis, Ts};
use portero_domain::consent::{ConsentEvent, ConsentEventKind, ConsentScope, ConsentSource};
use portero_domain::content::{Content, Text};
use portero_domain::ids::{
    AttemptId, ConsentEventId, ContactId, DecisionId, EventId, IdSource, InstallationId, OutboxId,
    PhoneNumberId, PluginId, TenantId, WabaId,
};
use portero_domain::language::Language;
use portero_domain::plugin::PluginKind;
use portero_domain::proposal::{Class, Origin, OutboxState, Proposal, Purpose};
use portero_gate::facts::TenantMode;
use portero_gate::{Policy, Stage, Verdict};
use portero_store::model::{
    DecisionRow, NewAttempt, NewContact, NewEvent, NewInstallation, NewNumber, NewOutbox,
    NewPlugin, NewTenant,
};
use portero_store::{EngineKind, MasterKey, Store, Tx};
use uuid::Uuid;

/// 2026-11-22T12:00:00Z.
pub(crate) const T0: Ts = Ts(1_795_348_800_000);
pub(crate) const KEY: [u8; 32] = [7; 32];

pub(crate) fn at(ms: i64) -> Ts {
    T0 + Millis(ms)
}

/// Counts up.
#[derive(Default)]
pub(crate) struct Ids(AtomicU64);

impl IdSource for Ids {
    fn uuid(&self, now: Ts) -> Uuid {
        let n = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        let ms = u128::try_from(now.0).unwrap();
        Uuid::from_u128((ms << 80) | (0x7 << 76) | (0b10 << 62) | n)
    }
    fn random(&self, out: &mut [u8]) {
        for byte in out {
            *byte = u8::try_from(self.0.fetch_add(1, Ordering::Relaxed) % 251).unwrap();
        }
    }
}

/// One tenant of the world, with a number and a person.
pub(crate) struct Shop {
    pub(crate) id: TenantId,
    pub(crate) number: PhoneNumberId,
    pub(crate) waba: WabaId,
    pub(crate) ana: ContactId,
    pub(crate) phone: AddressKey,
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) url: String,
    pub(crate) ids: Arc<Ids>,
    pub(crate) a: Shop,
    pub(crate) b: Shop,
    _dir: Option<tempfile::TempDir>,
}

pub(crate) async fn open(url: &str, key: [u8; 32], ids: Arc<Ids>) -> Store {
    Store::open(url, MasterKey(key), ids).await.unwrap()
}

impl World {
    pub(crate) async fn sqlite() -> World {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("portero.db").display());
        World::fill(url, Some(dir)).await
    }

    pub(crate) async fn postgres(url: String) -> World {
        World::fill(url, None).await
    }

    async fn fill(url: String, dir: Option<tempfile::TempDir>) -> World {
        let ids = Arc::new(Ids::default());
        let store = open(&url, KEY, Arc::clone(&ids)).await;
        assert!(store.migrate().await.unwrap() > 0);
        let a = shop(&store, &ids, "limon", "105", "+573001112233").await;
        let b = shop(&store, &ids, "cacau", "205", "+551198765432").await;
        World {
            store,
            url,
            ids,
            a,
            b,
            _dir: dir,
        }
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.store.engine() == EngineKind::Postgres
    }

    pub(crate) async fn write(&self) -> Tx {
        self.store.write().await.unwrap()
    }

    /// A text of shop `a` to Ana.
    pub(crate) fn proposal(&self, class: Class, created_at: Ts) -> Proposal {
        let id = OutboxId::new(&*self.ids, created_at);
        Proposal {
            id,
            key: format!("key:{id}"),
            tenant: self.a.id,
            sender: self.a.number.clone(),
            contact: self.a.ana,
            to: self.a.phone.clone(),
            origin: Origin::Host {
                what: "test".to_owned(),
            },
            purpose: Purpose::Reply,
            topic: None,
            own_key: None,
            class,
            answers: None,
            content: Content::Text(Text {
                body: "hola".to_owned(),
                preview_url: false,
            }),
            created_at,
            expires_at: created_at + Millis::hours(1),
        }
    }

    /// Puts a proposal into the outbox with its admission record, in a transaction of its own.
    pub(crate) async fn put(&self, p: &Proposal, state: OutboxState) -> OutboxId {
        self.put_at(p, state, p.created_at).await
    }

    pub(crate) async fn put_at(
        &self,
        p: &Proposal,
        state: OutboxState,
        not_before: Ts,
    ) -> OutboxId {
        let mut tx = self.write().await;
        assert!(put_in(&mut tx, &self.ids, p, state, not_before).await);
        tx.commit().await.unwrap();
        p.id
    }

    /// A queued reply created at `t`.
    pub(crate) async fn queued(&self, class: Class, t: Ts) -> OutboxId {
        self.put(&self.proposal(class, t), OutboxState::Queued)
            .await
    }

    pub(crate) fn attempt(&self, outbox: OutboxId) -> NewAttempt {
        NewAttempt {
            id: AttemptId::new(&*self.ids, T0),
            outbox,
            number: self.a.number.clone(),
            contact: self.a.ana,
            owner: "host-1".to_owned(),
            lease_until: at(30_000),
        }
    }

    /// Queues a message and begins its attempt, committed.
    pub(crate) async fn on_the_wire(&self, t: Ts) -> (OutboxId, AttemptId) {
        let outbox = self.queued(Class::Reply, t).await;
        (outbox, self.begin(outbox, t).await)
    }

    pub(crate) async fn begin(&self, outbox: OutboxId, t: Ts) -> AttemptId {
        let attempt = self.attempt(outbox);
        let mut tx = self.write().await;
        let decision = DecisionId::new(&*self.ids, t);
        assert!(
            tx.tenant(self.a.id)
                .begin_attempt(&attempt, decision, t, t)
                .await
                .unwrap()
        );
        tx.commit().await.unwrap();
        attempt.id
    }

    pub(crate) fn event(&self, lane: &str, t: Ts) -> NewEvent {
        NewEvent::pending(
            EventId::new(&*self.ids, t),
            "business",
            lane,
            self.a.id,
            "{}",
            t,
            t,
        )
    }

    pub(crate) fn consent(
        &self,
        kind: ConsentEventKind,
        scope: ConsentScope,
        t: Ts,
    ) -> ConsentEvent {
        ConsentEvent {
            id: ConsentEventId::new(&*self.ids, t),
            kind,
            scope,
            promise: None,
            wording: None,
            language: None,
            source: ConsentSource::Seed,
            evidence: "test".to_owned(),
            captured_at: t,
            received_at: t,
            expires_at: None,
            proof: portero_domain::proof::ConsentProof::default(),
        }
    }

    /// A component and its installation for shop `a`.
    pub(crate) async fn install(&self) -> InstallationId {
        let mut tx = self.write().await;
        let id = install_in(&mut tx, &self.ids, self.a.id, "com.example.bot", "d1").await;
        tx.commit().await.unwrap();
        id
    }
}

pub(crate) async fn put_in(
    tx: &mut Tx,
    ids: &Ids,
    p: &Proposal,
    state: OutboxState,
    not_before: Ts,
) -> bool {
    let decision = DecisionId::new(ids, p.created_at);
    let new = NewOutbox {
        proposal: p,
        content_hash: "hash",
        event: None,
        installation: match &p.origin {
            Origin::Plugin { installation, .. } => Some(*installation),
            _ => None,
        },
        is_promotional: p.purpose == Purpose::Promotional,
        is_template: p.content.is_template(),
        template_name: match &p.content {
            Content::Template(t) => Some(t.name.clone()),
            _ => None,
        },
        state,
        rule: None,
        not_before,
        admission_decision: decision,
        cost_micro: None,
    };
    let row = DecisionRow {
        id: decision,
        tenant: p.tenant,
        outbox: p.id,
        contact: p.contact,
        installation: new.installation,
        campaign: match &p.origin {
            Origin::Campaign { campaign } => Some(*campaign),
            _ => None,
        },
        stage: Stage::Admission,
        verdict: Verdict::Allow,
        rule: None,
        record: format!("{{\"outbox\":\"{}\"}}", p.id),
        content_hash: sha256(&format!("{{\"outbox\":\"{}\"}}", p.id)),
        decided_at: p.created_at,
    };
    tx.tenant(p.tenant).insert_decision(&row).await.unwrap();
    tx.tenant(p.tenant)
        .insert_outbox(&new, p.created_at)
        .await
        .unwrap()
}

pub(crate) fn sha256(text: &str) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(text.as_bytes()))
}

pub(crate) async fn install_in(
    tx: &mut Tx,
    ids: &Ids,
    tenant: TenantId,
    plugin: &str,
    digest: &str,
) -> InstallationId {
    install_as(tx, ids, tenant, plugin, digest, PluginKind::Replies).await
}

/// The same for a kind, with a digest of its own.
pub(crate) async fn install_kind(
    tx: &mut Tx,
    ids: &Ids,
    tenant: TenantId,
    plugin: &str,
    kind: PluginKind,
) -> InstallationId {
    install_as(tx, ids, tenant, plugin, plugin, kind).await
}

async fn install_as(
    tx: &mut Tx,
    ids: &Ids,
    tenant: TenantId,
    plugin: &str,
    digest: &str,
    kind: PluginKind,
) -> InstallationId {
    let plugin_id = PluginId::new(plugin).unwrap();
    let component = NewPlugin {
        digest: digest.to_owned(),
        plugin_id: plugin_id.clone(),
        version: "1.0.0".to_owned(),
        kind,
        manifest: "id = \"x\"".to_owned(),
        component: vec![0, 1, 2, 255],
        parts: String::new(),
        imports: "[]".to_owned(),
    };
    tx.system().put_plugin(&component, T0).await.unwrap();
    let new = NewInstallation {
        id: InstallationId::new(ids, T0),
        digest: digest.to_owned(),
        plugin_id,
        kind,
        position: 1,
        config: "{}".to_owned(),
        grants: "{}".to_owned(),
        handle_key: b"handle-key-plain".to_vec(),
        enabled: true,
    };
    tx.tenant(tenant).put_installation(&new, T0).await.unwrap()
}

async fn shop(store: &Store, ids: &Ids, slug: &str, number: &str, phone: &str) -> Shop {
    let mut tx = store.write().await.unwrap();
    let id = TenantId::new(ids, T0);
    let new = NewTenant {
        id,
        slug: slug.to_owned(),
        name: format!("Tienda {slug}"),
        mode: TenantMode::Simulator,
        language: Language::Es,
        timezone: "America/Bogota".to_owned(),
        country: "CO".to_owned(),
        policy: Policy::default(),
    };
    tx.system().create_tenant(&new, T0).await.unwrap();
    let waba = WabaId::new(format!("waba-{slug}")).unwrap();
    let number = PhoneNumberId::new(number).unwrap();
    let new = NewNumber {
        app: "default".to_owned(),
        id: number.clone(),
        waba: waba.clone(),
        display: "+57 1".to_owned(),
        access_token: format!("EAAG-token-of-{slug}").into(),
        mps: 80,
    };
    tx.tenant(id).put_number(&new, T0).await.unwrap();
    let ana = ContactId::new(ids, T0);
    let phone = AddressKey::parse(phone).unwrap();
    let new = NewContact {
        name: Some("Ana".to_owned()),
        language: None,
        country: None,
    };
    tx.tenant(id)
        .create_contact(ana, &new, &[(phone.clone(), phone.to_string())], T0)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Shop {
        id,
        number,
        waba,
        ana,
        phone,
    }
}
