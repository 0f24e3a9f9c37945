//! People as a segmentation plugin is shown them: pages of everybody, or of the ones asked for.

use std::collections::{BTreeSet, HashMap};

use portero_domain::clock::Ts;
use portero_domain::consent::{ConsentEvent, ConsentScope, ConsentStanding, standing};
use portero_domain::ids::ContactId;
use serde_json::Value;

use crate::db::{self, Arg, DbRow, Sql};
use crate::error::Result;
use crate::json;
use crate::tx::TenantTx;

/// Most purchases of one person that are shown, newest first.
const PURCHASES_SHOWN: i64 = 50;

/// What of a person is wanted: what is not is not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentWants {
    /// The shop's own attributes.
    pub attributes: bool,
    /// Tags.
    pub tags: bool,
    /// Last interactions by kind, and when the person was first seen.
    pub interactions: bool,
    /// Purchases.
    pub purchases: bool,
    /// The open cart.
    pub cart: bool,
    /// Topics agreed to.
    pub consent: bool,
}

/// An open cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCart {
    /// The shop's own reference.
    pub reference: String,
    /// Thousandths of the currency unit.
    pub amount_milli: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// When the shop last said something about it.
    pub updated_at: Ts,
}

/// One person.
#[derive(Clone, PartialEq, Eq)]
pub struct SegmentPerson {
    /// Who.
    pub contact: ContactId,
    /// Nothing may be done with them any more.
    pub erased: bool,
    /// Name.
    pub name: Option<String>,
    /// Attributes by key.
    pub attributes: Vec<(String, String)>,
    /// Tags by name.
    pub tags: Vec<String>,
    /// Last time of each kind: `inbound`, `delivered`, `read`, `clicked`, `created`.
    pub last: Vec<(&'static str, Ts)>,
    /// When, thousandths of the currency unit, ISO 4217; newest first.
    pub purchases: Vec<(Ts, i64, String)>,
    /// The open cart; read whether wanted or not, because it says when to look again.
    pub cart: Option<OpenCart>,
    /// Topics agreed to.
    pub topics: Vec<String>,
}

/// Who, and nothing about them.
impl std::fmt::Debug for SegmentPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SegmentPerson({})", self.contact)
    }
}

macro_rules! of_page {
    ($before:literal, $column:literal, $after:literal) => {
        concat!(
            $before,
            $column,
            " in (select value from json_each($2))",
            $after
        )
    };
    (pg $before:literal, $column:literal, $after:literal) => {
        concat!(
            $before,
            $column,
            " in (select jsonb_array_elements_text(cast($2 as jsonb)))",
            $after
        )
    };
}

// `+column` keeps SQLite from going through the tenant's whole table instead of the page.
statements! {
    PEOPLE_AFTER = "select contact_id, name, created_at, erased_at from contacts
        where tenant_id = $1 and contact_id > $2 order by contact_id limit $3";
    PEOPLE_OF = of_page!("select contact_id, name, created_at, erased_at from contacts
        where tenant_id = $1 and ", "contact_id", " order by contact_id"),
        postgres = of_page!(pg "select contact_id, name, created_at, erased_at from contacts
        where tenant_id = $1 and ", "contact_id", " order by contact_id");
    PEOPLE_COUNT = "select count(*) from contacts where tenant_id = $1";
    PAGE_ATTRIBUTES = of_page!("select a.contact_id, a.key, a.value from contact_attributes a
        join contacts c on c.contact_id = a.contact_id
        where +c.tenant_id = $1 and ", "a.contact_id", " order by a.contact_id, a.key"),
        postgres = of_page!(pg "select a.contact_id, a.key, a.value from contact_attributes a
        join contacts c on c.contact_id = a.contact_id
        where c.tenant_id = $1 and ", "a.contact_id", " order by a.contact_id, a.key");
    PAGE_TAGS = of_page!("select g.contact_id, g.tag from contact_tags g
        join contacts c on c.contact_id = g.contact_id
        where +c.tenant_id = $1 and ", "g.contact_id", " order by g.contact_id, g.tag"),
        postgres = of_page!(pg "select g.contact_id, g.tag from contact_tags g
        join contacts c on c.contact_id = g.contact_id
        where c.tenant_id = $1 and ", "g.contact_id", " order by g.contact_id, g.tag");
    PAGE_ACTIVITY = of_page!("select contact_id, inbound_at, delivered_at, read_at, clicked_at
        from contact_activity where tenant_id = $1 and ", "contact_id", ""),
        postgres = of_page!(pg "select contact_id, inbound_at, delivered_at, read_at, clicked_at
        from contact_activity where tenant_id = $1 and ", "contact_id", "");
    PAGE_PURCHASES = of_page!("select contact_id, at, amount_milli, currency from
        (select contact_id, at, amount_milli, currency,
            row_number() over (partition by contact_id order by at desc, reference) as place
         from purchases where +tenant_id = $1 and ", "contact_id", ") p where place <= $3
        order by contact_id, place"),
        postgres = of_page!(pg "select contact_id, at, amount_milli, currency from
        (select contact_id, at, amount_milli, currency,
            row_number() over (partition by contact_id order by at desc, reference) as place
         from purchases where tenant_id = $1 and ", "contact_id", ") p where place <= $3
        order by contact_id, place");
    PAGE_CARTS = of_page!("select contact_id, reference, amount_milli, currency, updated_at from carts
        where tenant_id = $1 and state = 'open' and ", "contact_id", ""),
        postgres = of_page!(pg "select contact_id, reference, amount_milli, currency, updated_at from carts
        where tenant_id = $1 and state = 'open' and ", "contact_id", "");
    PAGE_CONSENT = of_page!("select contact_id, event from consent_events
        where tenant_id = $1 and ", "contact_id", ""),
        postgres = of_page!(pg "select contact_id, event from consent_events
        where tenant_id = $1 and ", "contact_id", "");
}

type Person = (String, Option<String>, i64, Option<i64>);
type Activity = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>);

/// Person, reference, amount, currency, last change.
type RawCart = (String, String, Option<i64>, Option<String>, i64);

impl TenantTx<'_> {
    /// People after a cursor, by id, at most `limit`; erased ones included and marked.
    ///
    /// # Errors
    /// The database.
    pub async fn segment_people_after(
        &mut self,
        after: Option<ContactId>,
        limit: usize,
        wants: SegmentWants,
    ) -> Result<Vec<SegmentPerson>> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<Person> = self
            .tx
            .rows(PEOPLE_AFTER, args![self.tenant, after, db::limit(limit)])
            .await?;
        self.fill(rows, wants).await
    }

    /// These people, by id; who is not the tenant's is left out.
    ///
    /// # Errors
    /// The database.
    pub async fn segment_people(
        &mut self,
        contacts: &[ContactId],
        wants: SegmentWants,
    ) -> Result<Vec<SegmentPerson>> {
        if contacts.is_empty() {
            return Ok(Vec::new());
        }
        let ids = json::rows(
            contacts
                .iter()
                .map(|c| Value::from(c.to_string()))
                .collect(),
        );
        let rows: Vec<Person> = self.tx.rows(PEOPLE_OF, args![self.tenant, ids]).await?;
        self.fill(rows, wants).await
    }

    /// How many people the tenant has, erased ones included.
    ///
    /// # Errors
    /// The database.
    pub async fn people_count(&mut self) -> Result<u64> {
        let row: Option<(i64,)> = self.tx.row(PEOPLE_COUNT, args![self.tenant]).await?;
        Ok(row.map_or(0, |(n,)| db::count(n)))
    }

    async fn page<R: DbRow>(&mut self, sql: Sql, ids: &Arg) -> Result<Vec<R>> {
        self.tx.rows(sql, args![self.tenant, ids.clone()]).await
    }

    async fn fill(&mut self, rows: Vec<Person>, wants: SegmentWants) -> Result<Vec<SegmentPerson>> {
        let mut people = Vec::with_capacity(rows.len());
        let mut place: HashMap<String, usize> = HashMap::with_capacity(rows.len());
        for (id, name, created, erased) in rows {
            let mut person = SegmentPerson {
                contact: json::id("contact_id", &id)?,
                erased: erased.is_some(),
                name,
                attributes: Vec::new(),
                tags: Vec::new(),
                last: Vec::new(),
                purchases: Vec::new(),
                cart: None,
                topics: Vec::new(),
            };
            if wants.interactions {
                person.last.push(("created", Ts(created)));
            }
            if !person.erased {
                place.insert(id, people.len());
            }
            people.push(person);
        }
        if place.is_empty() {
            return Ok(people);
        }
        let ids = json::rows(place.keys().map(|id| Value::from(id.as_str())).collect());
        let mut with = |id: &str, put: &mut dyn FnMut(&mut SegmentPerson)| {
            if let Some(person) = place.get(id).and_then(|i| people.get_mut(*i)) {
                put(person);
            }
        };
        if wants.attributes {
            let rows: Vec<(String, String, String)> = self.page(PAGE_ATTRIBUTES, &ids).await?;
            for (id, key, value) in rows {
                let mut pair = Some((key, value));
                with(&id, &mut |p| p.attributes.extend(pair.take()));
            }
        }
        if wants.tags {
            let rows: Vec<(String, String)> = self.page(PAGE_TAGS, &ids).await?;
            for (id, tag) in rows {
                let mut tag = Some(tag);
                with(&id, &mut |p| p.tags.extend(tag.take()));
            }
        }
        if wants.interactions {
            let rows: Vec<Activity> = self.page(PAGE_ACTIVITY, &ids).await?;
            for (id, inbound, delivered, read, clicked) in rows {
                with(&id, &mut |p| {
                    for (kind, at) in [
                        ("inbound", inbound),
                        ("delivered", delivered),
                        ("read", read),
                        ("clicked", clicked),
                    ] {
                        p.last.extend(at.map(|at| (kind, Ts(at))));
                    }
                });
            }
        }
        if wants.purchases {
            let args = args![self.tenant, ids.clone(), PURCHASES_SHOWN];
            let rows: Vec<(String, i64, i64, String)> = self.tx.rows(PAGE_PURCHASES, args).await?;
            for (id, at, amount, currency) in rows {
                let mut one = Some((Ts(at), amount, currency));
                with(&id, &mut |p| p.purchases.extend(one.take()));
            }
        }
        let carts: Vec<RawCart> = self.page(PAGE_CARTS, &ids).await?;
        for (id, reference, amount_milli, currency, updated_at) in carts {
            let mut cart = Some(OpenCart {
                reference,
                amount_milli,
                currency,
                updated_at: Ts(updated_at),
            });
            with(&id, &mut |p| p.cart = cart.take());
        }
        if wants.consent {
            let rows: Vec<(String, String)> = self.page(PAGE_CONSENT, &ids).await?;
            let mut ledgers: HashMap<String, Vec<ConsentEvent>> = HashMap::new();
            for (id, event) in rows {
                let event = json::read("consent event", &event)?;
                ledgers.entry(id).or_default().push(event);
            }
            for (id, ledger) in ledgers {
                with(&id, &mut |p| p.topics = granted(&ledger));
            }
        }
        Ok(people)
    }
}

/// Topics that stand granted, by name.
fn granted(ledger: &[ConsentEvent]) -> Vec<String> {
    let topics: BTreeSet<&str> = ledger
        .iter()
        .filter_map(|event| match &event.scope {
            ConsentScope::Topic(topic) => Some(topic.as_str()),
            _ => None,
        })
        .collect();
    topics
        .into_iter()
        .filter(|t| matches!(standing(ledger, Some(t)), ConsentStanding::Granted { .. }))
        .map(str::to_owned)
        .collect()
}
