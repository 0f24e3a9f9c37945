//! What Meta and operators change of templates, accounts and numbers, told to the tenant's own
//! systems: whoever writes such a change looks at what stood before and tells what stands now.

use portero_domain::clock::Ts;
use portero_domain::ids::{PhoneNumberId, WabaId};
use portero_domain::notice::NoticeKind;
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::tx::TenantTx;

statements! {
    STANDING_ASKED = "select count(*) from webhooks where tenant_id = $1";
    STANDING_TEMPLATES = "select name, language, status, quality, category from templates
        where tenant_id = $1 and waba_id = $2
          and (cast($3 as text) is null or (name = $3 and language = $4))
        order by name, language";
    STANDING_NUMBER = "select phone_number_id, quality, stopped_at from numbers
        where tenant_id = $1 and (phone_number_id = $2
            or waba_id = (select m.waba_id from numbers m where m.tenant_id = $1 and m.phone_number_id = $2))
        order by phone_number_id";
    STANDING_TENANT = "select stopped_at from tenants where tenant_id = $1";
}

/// The kinds of a stop switch.
pub(crate) const SWITCHES: &[NoticeKind] =
    &[NoticeKind::SendingStopped, NoticeKind::SendingResumed];

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Of<'a> {
    /// Status, quality and category of an account's templates, or of one of them (name, language).
    Templates(&'a WabaId, Option<(&'a str, &'a str)>),
    /// Limit and restriction of an account.
    Account(&'a WabaId),
    /// Quality and stop switch of a number and its neighbours in the account.
    Number(&'a PhoneNumberId),
    /// The tenant's own stop switch.
    Tenant,
}

/// One thing that may change.
struct Stands {
    kind: NoticeKind,
    /// Which, by id.
    subject: Map<String, Value>,
    /// The member of the notice that holds it.
    member: &'static str,
    now: Value,
    /// Said beside.
    more: Map<String, Value>,
}

/// How things stood before a change; nothing when nobody asked to be told.
pub(crate) struct Before(Option<Vec<Stands>>);

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

fn stands(kind: NoticeKind, subject: Value, member: &'static str, now: Value) -> Stands {
    Stands {
        kind,
        subject: map(subject),
        member,
        now,
        more: Map::new(),
    }
}

/// A stop switch: `stopped` or `running`, so that each of its two notices has its own kind.
fn switch(subject: Value, stopped: bool) -> Stands {
    let (kind, word) = if stopped {
        (NoticeKind::SendingStopped, "stopped")
    } else {
        (NoticeKind::SendingResumed, "running")
    };
    stands(kind, subject, "sending", json!(word))
}

impl TenantTx<'_> {
    /// How something stands before it is changed.
    pub(crate) async fn standing(&mut self, of: Of<'_>) -> Result<Before> {
        let asked: Option<(i64,)> = self.tx.row(STANDING_ASKED, args![self.tenant]).await?;
        if asked.is_none_or(|(n,)| n == 0) {
            return Ok(Before(None));
        }
        Ok(Before(Some(self.look(of).await?)))
    }

    /// Tells, of `kinds` alone, what stands otherwise than `before`; what was not known before is
    /// no change.
    pub(crate) async fn tell_changed(
        &mut self,
        before: Before,
        of: Of<'_>,
        kinds: &[NoticeKind],
        now: Ts,
    ) -> Result<()> {
        let Some(before) = before.0 else {
            return Ok(());
        };
        for one in self.look(of).await? {
            let was = before
                .iter()
                .find(|b| b.member == one.member && b.subject == one.subject);
            let Some(was) = was.filter(|b| b.now != one.now && kinds.contains(&one.kind)) else {
                continue;
            };
            let mut data = one.subject;
            data.insert(one.member.to_owned(), one.now);
            data.insert("was".to_owned(), was.now.clone());
            data.extend(one.more);
            self.tell(one.kind, &Value::Object(data), now).await?;
        }
        Ok(())
    }

    async fn look(&mut self, of: Of<'_>) -> Result<Vec<Stands>> {
        let mut all = Vec::new();
        match of {
            Of::Templates(waba, one) => {
                let (name, language) = one.unzip();
                let args = args![self.tenant, waba, name, language];
                let rows: Vec<(String, String, String, String, String)> =
                    self.tx.rows(STANDING_TEMPLATES, args).await?;
                for (name, language, status, quality, category) in rows {
                    let which =
                        || json!({ "waba_id": waba, "template": name, "language": language });
                    all.extend([
                        stands(NoticeKind::TemplateStatus, which(), "status", json!(status)),
                        stands(
                            NoticeKind::TemplateQuality,
                            which(),
                            "quality",
                            json!(quality),
                        ),
                        stands(
                            NoticeKind::TemplateCategory,
                            which(),
                            "category",
                            json!(category),
                        ),
                    ]);
                }
            }
            Of::Account(waba) => {
                let row = self.account(waba).await?;
                let which = || json!({ "waba_id": waba });
                let people = row.limit.map(|l| l.0);
                all.push(stands(
                    NoticeKind::AccountLimit,
                    which(),
                    "people_a_day",
                    json!(people),
                ));
                let mut restriction = stands(
                    NoticeKind::AccountRestriction,
                    which(),
                    "restriction",
                    json!(row.restriction),
                );
                if row.restriction.is_some() {
                    let until = row.restricted_until.map(Ts::rfc3339);
                    let reach = row.reach.map(portero_domain::account::Reach::as_str);
                    restriction.more = map(json!({ "reach": reach, "until": until }));
                }
                all.push(restriction);
            }
            Of::Number(id) => {
                let rows: Vec<(String, String, Option<i64>)> = self
                    .tx
                    .rows(STANDING_NUMBER, args![self.tenant, id])
                    .await?;
                for (id, quality, stopped) in rows {
                    let which = || json!({ "phone_number_id": id });
                    all.push(stands(
                        NoticeKind::NumberQuality,
                        which(),
                        "quality",
                        json!(quality),
                    ));
                    all.push(switch(which(), stopped.is_some()));
                }
            }
            Of::Tenant => {
                let row: Option<(Option<i64>,)> =
                    self.tx.row(STANDING_TENANT, args![self.tenant]).await?;
                all.extend(row.map(|(stopped,)| switch(json!({}), stopped.is_some())));
            }
        }
        Ok(all)
    }
}
