//! The template registry: filled by sync and webhooks only.

use portero_domain::clock::Ts;
use portero_domain::ids::WabaId;
use portero_domain::notice::NoticeKind;
use portero_domain::template::{Template, TemplateCategory, TemplateStatus};
use portero_gate::facts::TemplateQuality;
use serde_json::json;

use crate::db;
use crate::error::{Result, StoreError};
use crate::json;
use crate::standing::Of;
use crate::tx::TenantTx;

/// Names offered when one is not found.
const CLOSEST: usize = 3;

macro_rules! columns {
    () => {
        "waba_id, name, language, category, status, quality, paused_until_at, slots, body, synced_at"
    };
}
macro_rules! upsert_tail {
    () => {
        " on conflict (waba_id, name, language) do update
        set category = case when templates.category_said_at <= excluded.category_said_at
                then excluded.category else templates.category end,
            category_said_at = case when templates.category_said_at <= excluded.category_said_at
                then excluded.category_said_at else templates.category_said_at end,
            status = case when templates.status_said_at <= excluded.status_said_at
                then excluded.status else templates.status end,
            paused_until_at = case when templates.status_said_at <= excluded.status_said_at
                then excluded.paused_until_at else templates.paused_until_at end,
            status_said_at = case when templates.status_said_at <= excluded.status_said_at
                then excluded.status_said_at else templates.status_said_at end,
            quality = case when templates.status = 'PAUSED' and excluded.status = 'APPROVED'
                and templates.status_said_at <= excluded.status_said_at then 'UNKNOWN' else templates.quality end,
            slots = excluded.slots, body = excluded.body, synced_at = excluded.synced_at
        where templates.tenant_id = excluded.tenant_id"
    };
}

statements! {
    TEMPLATES_UPSERT = concat!("insert into templates (tenant_id, waba_id, name, language, category, status,
            quality, paused_until_at, slots, body, synced_at, status_said_at, category_said_at)
        select $1, $2, j.value ->> 'name', j.value ->> 'language', j.value ->> 'category', j.value ->> 'status',
            'UNKNOWN', j.value ->> 'paused', j.value ->> 'slots', j.value ->> 'body', $4, $5, $5
        from json_each($3) j where true", upsert_tail!()),
        postgres = concat!("insert into templates (tenant_id, waba_id, name, language, category, status,
            quality, paused_until_at, slots, body, synced_at, status_said_at, category_said_at)
        select cast($1 as text), cast($2 as text), j.name, j.language, j.category, j.status,
            'UNKNOWN', j.paused, j.slots, j.body, cast($4 as bigint), cast($5 as bigint), cast($5 as bigint)
        from jsonb_to_recordset(cast($3 as jsonb)) as j(name text, language text, category text, status text,
            paused bigint, slots text, body text)
        where true order by j.name, j.language", upsert_tail!());
    TEMPLATES_MARK_DELETED = "update templates set status = 'DELETED', synced_at = $4, status_said_at = $5
        where tenant_id = $1 and waba_id = $2 and status <> 'DELETED' and status_said_at <= $5 and not exists (
            select 1 from json_each($3) j
            where j.value ->> 'name' = templates.name and j.value ->> 'language' = templates.language)",
        postgres = "update templates set status = 'DELETED', synced_at = $4, status_said_at = $5
        where tenant_id = $1 and waba_id = $2 and status <> 'DELETED' and status_said_at <= $5 and not exists (
            select 1 from jsonb_to_recordset(cast($3 as jsonb)) as j(name text, language text)
            where j.name = templates.name and j.language = templates.language)";
    TEMPLATE_GET = concat!("select ", columns!(), " from templates
        where tenant_id = $1 and waba_id = $2 and name = $3 and language = $4");
    TEMPLATES = concat!("select ", columns!(), " from templates where tenant_id = $1
        order by waba_id, name, language");
    TEMPLATES_PAGE = concat!("select ", columns!(), " from templates where tenant_id = $1
        and (waba_id, name, language) > ($2, $3, $4) order by waba_id, name, language limit $5");
    TEMPLATE_NAMES = "select name, language from templates
        where tenant_id = $1 and waba_id = $2 and status <> 'DELETED' order by name, language";
    TEMPLATE_LANGUAGES = "select language from templates
        where tenant_id = $1 and waba_id = $2 and name = $3 and status = 'APPROVED' order by language";
    /// The end of a pause makes the quality unknown: Meta rates it anew.
    TEMPLATE_SET_STATUS = "update templates set status = $5, paused_until_at = $6, status_said_at = $8,
            synced_at = case when synced_at < $7 then $7 else synced_at end,
            quality = case when status = 'PAUSED' and $5 = 'APPROVED' then 'UNKNOWN' else quality end
        where tenant_id = $1 and waba_id = $2 and name = $3 and language = $4 and status_said_at <= $8";
    /// What a pause held back may be judged again now.
    TEMPLATE_WAITERS = "update outbox set not_before_at = $3
        where tenant_id = $1 and state = 'deferred' and rule = 'template.paused' and not_before_at > $3
          and exists (select 1 from numbers n
            join templates t on t.tenant_id = n.tenant_id and t.waba_id = n.waba_id
            where n.phone_number_id = outbox.phone_number_id and n.tenant_id = outbox.tenant_id
              and n.waba_id = $2 and t.name = outbox.template_name and t.status = 'APPROVED')";
    TEMPLATE_WAKES = "update lanes set ready_at = $2
        where tenant_id = $1 and ready_at > $2 and exists (select 1 from outbox o
            where o.tenant_id = lanes.tenant_id and o.phone_number_id = lanes.phone_number_id
              and o.contact_id = lanes.contact_id and o.class = lanes.class and o.state = 'deferred'
              and o.rule = 'template.paused' and o.not_before_at <= $2)";
    TEMPLATE_SET_CATEGORY = "update templates set category = $5, category_said_at = $7,
            synced_at = case when synced_at < $6 then $6 else synced_at end
        where tenant_id = $1 and waba_id = $2 and name = $3 and language = $4 and category_said_at <= $7";
    TEMPLATE_SET_QUALITY = "update templates set quality = $5, quality_said_at = $7,
            synced_at = case when synced_at < $6 then $6 else synced_at end
        where tenant_id = $1 and waba_id = $2 and name = $3 and language = $4 and quality_said_at <= $7";
}

#[derive(sqlx::FromRow)]
struct Raw {
    waba_id: String,
    name: String,
    language: String,
    category: String,
    status: String,
    quality: String,
    paused_until_at: Option<i64>,
    slots: String,
    body: String,
    synced_at: i64,
}

impl Raw {
    fn read(self) -> Result<(WabaId, Template, String)> {
        let category = TemplateCategory::from_meta(&self.category)
            .ok_or_else(|| json::bad("template category", "not one of Meta's three"))?;
        let template = Template {
            name: self.name,
            language: self.language,
            category,
            status: TemplateStatus::from(self.status),
            paused_until: self.paused_until_at.map(Ts),
            slots: json::read("template slots", &self.slots)?,
            body: self.body,
            synced_at: Ts(self.synced_at),
        };
        Ok((json::waba(self.waba_id)?, template, self.quality))
    }
}

impl TenantTx<'_> {
    /// Takes over what Meta lists for an account. With `replace`, templates of that account which
    /// are not listed are marked `DELETED` (they stay, so that old records can be read). What Meta
    /// said after it was `asked` stands.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when one of them is another tenant's, or the database.
    pub async fn upsert_templates(
        &mut self,
        waba: &WabaId,
        templates: &[Template],
        replace: bool,
        asked: Ts,
    ) -> Result<()> {
        let mut rows = std::collections::BTreeMap::new();
        for t in templates {
            let row = json!({
                "name": t.name,
                "language": t.language,
                "category": t.category.as_str(),
                "status": t.status.as_str(),
                "paused": t.paused_until,
                "slots": json::canonical("template slots", &t.slots)?,
                "body": t.body,
            });
            rows.insert((t.name.as_str(), t.language.as_str()), row);
        }
        let of = Of::Templates(waba, None);
        let before = self.standing(of).await?;
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let rows = json::rows(rows.into_values().collect());
        if count > 0 {
            let done = self
                .tx
                .run(
                    TEMPLATES_UPSERT,
                    args![self.tenant, waba, rows.clone(), asked, asked.whole_secs()],
                )
                .await?;
            if done < count {
                return Err(StoreError::Taken {
                    what: "account",
                    name: waba.to_string(),
                });
            }
        }
        if replace {
            self.tx
                .run(
                    TEMPLATES_MARK_DELETED,
                    args![self.tenant, waba, rows, asked, asked.whole_secs()],
                )
                .await?;
        }
        self.release_paused(waba, asked).await?;
        let kinds = [
            NoticeKind::TemplateStatus,
            NoticeKind::TemplateQuality,
            NoticeKind::TemplateCategory,
        ];
        self.tell_changed(before, of, &kinds, asked).await
    }

    /// Lets what waits for the end of a pause be judged now, where the registry says `APPROVED`.
    async fn release_paused(&mut self, waba: &WabaId, now: Ts) -> Result<()> {
        let freed = self
            .tx
            .run(TEMPLATE_WAITERS, args![self.tenant, waba, now])
            .await?;
        if freed > 0 {
            self.tx.run(TEMPLATE_WAKES, args![self.tenant, now]).await?;
        }
        Ok(())
    }

    /// One template in one language.
    ///
    /// # Errors
    /// The database.
    pub async fn template(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
    ) -> Result<Option<Template>> {
        let found = self.rated_template(waba, name, language).await?;
        Ok(found.map(|(template, _)| template))
    }

    /// One template in one language, and its quality.
    pub(crate) async fn rated_template(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
    ) -> Result<Option<(Template, String)>> {
        let row: Option<Raw> = self
            .tx
            .row(TEMPLATE_GET, args![self.tenant, waba, name, language])
            .await?;
        let read = row.map(Raw::read).transpose()?;
        Ok(read.map(|(_, template, quality)| (template, quality)))
    }

    /// Meta's rating of a template in one language; unknown when the registry has it not.
    ///
    /// # Errors
    /// The database.
    pub async fn template_quality(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
    ) -> Result<TemplateQuality> {
        let rated = self.rated_template(waba, name, language).await?;
        Ok(rated.map_or(TemplateQuality::Unknown, |(_, quality)| {
            TemplateQuality::from_meta(&quality)
        }))
    }

    /// The approved languages of a name.
    pub(crate) async fn approved_languages(
        &mut self,
        waba: &WabaId,
        name: &str,
    ) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self
            .tx
            .rows(TEMPLATE_LANGUAGES, args![self.tenant, waba, name])
            .await?;
        Ok(rows.into_iter().map(|(language,)| language).collect())
    }

    /// Every template with its account and quality.
    ///
    /// # Errors
    /// The database.
    pub async fn templates(&mut self) -> Result<Vec<(WabaId, Template, String)>> {
        let rows: Vec<Raw> = self.tx.rows(TEMPLATES, args![self.tenant]).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Templates of the tenant by account, name and language, after those three of one of them.
    ///
    /// # Errors
    /// The database.
    pub async fn templates_page(
        &mut self,
        limit: usize,
        [waba, name, language]: [&str; 3],
    ) -> Result<Vec<(WabaId, Template, String)>> {
        let args = args![self.tenant, waba, name, language, db::limit(limit)];
        let rows: Vec<Raw> = self.tx.rows(TEMPLATES_PAGE, args).await?;
        rows.into_iter().map(Raw::read).collect()
    }

    /// Up to three templates of an account whose names are nearest: `name (language)`.
    ///
    /// # Errors
    /// The database.
    pub async fn closest_templates(&mut self, waba: &WabaId, name: &str) -> Result<Vec<String>> {
        let rows: Vec<(String, String)> = self
            .tx
            .rows(TEMPLATE_NAMES, args![self.tenant, waba])
            .await?;
        let mut ranked: Vec<(usize, String)> = rows
            .into_iter()
            .map(|(n, language)| (distance(&n, name), format!("{n} ({language})")))
            .collect();
        ranked.sort();
        Ok(ranked
            .into_iter()
            .take(CLOSEST)
            .map(|(_, shown)| shown)
            .collect())
    }

    /// Sets what Meta says of a template; `false` when it is not in the registry or Meta said something
    /// later than `at`. An approval releases what waited for the end of its pause.
    ///
    /// # Errors
    /// The database.
    pub async fn set_template_status(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
        status: &TemplateStatus,
        paused_until: Option<Ts>,
        at: Ts,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            waba,
            name,
            language,
            status.as_str(),
            paused_until,
            at,
            at.whole_secs()
        ];
        let of = Of::Templates(waba, Some((name, language)));
        let before = self.standing(of).await?;
        let known = self.tx.run(TEMPLATE_SET_STATUS, args).await? == 1;
        if known && *status == TemplateStatus::Approved {
            self.release_paused(waba, at).await?;
        }
        let kinds = [NoticeKind::TemplateStatus, NoticeKind::TemplateQuality];
        self.tell_changed(before, of, &kinds, at).await?;
        Ok(known)
    }

    /// Sets a template's category; `false` when it is not in the registry or Meta said something
    /// later than `at`.
    ///
    /// # Errors
    /// The database.
    pub async fn set_template_category(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
        category: TemplateCategory,
        at: Ts,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            waba,
            name,
            language,
            category.as_str(),
            at,
            at.whole_secs()
        ];
        let of = Of::Templates(waba, Some((name, language)));
        let before = self.standing(of).await?;
        let known = self.tx.run(TEMPLATE_SET_CATEGORY, args).await? == 1;
        self.tell_changed(before, of, &[NoticeKind::TemplateCategory], at)
            .await?;
        Ok(known)
    }

    /// Sets a template's quality (`GREEN`, `YELLOW`, `RED`, `UNKNOWN`); `false` when it is not in
    /// the registry or Meta said something later than `at`.
    ///
    /// # Errors
    /// The database.
    pub async fn set_template_quality(
        &mut self,
        waba: &WabaId,
        name: &str,
        language: &str,
        quality: &str,
        at: Ts,
    ) -> Result<bool> {
        let args = args![
            self.tenant,
            waba,
            name,
            language,
            quality,
            at,
            at.whole_secs()
        ];
        let of = Of::Templates(waba, Some((name, language)));
        let before = self.standing(of).await?;
        let known = self.tx.run(TEMPLATE_SET_QUALITY, args).await? == 1;
        self.tell_changed(before, of, &[NoticeKind::TemplateQuality], at)
            .await?;
        Ok(known)
    }
}

/// Levenshtein, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((cb, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            let change = diagonal + usize::from(ca != *cb);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_single_changes() {
        for (a, b, n) in [
            ("", "", 0),
            ("", "abc", 3),
            ("carrito", "carito", 1),
            ("pedido", "pedidos", 1),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a, b), n, "{a} {b}");
            assert_eq!(distance(b, a), n, "{b} {a}");
        }
    }
}
