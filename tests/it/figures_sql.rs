//! What every figure is counted by a second time: SQL over the raw rows, written apart from the host.
//!
//! `$1` is the tenant, `$2` the value of the label.

/// Metrics that are one number.
pub(crate) const TOTALS: &[&str] = &[
    "proposed",
    "denied",
    "expired",
    "cancelled",
    "sent",
    "delivered",
    "read",
    "failed",
    "inbound",
    "opt_out",
    "opt_in",
    "declined",
    "replied",
    "priced",
    "unpriced",
];

/// Messages in a state.
const IN_STATE: &str = "select o.outbox_id from outbox o where o.tenant_id = $1 and o.state = '{}'";
const DELIVERED: &str = "select distinct s.outbox_id from status_events s
    where s.tenant_id = $1 and s.status in ('delivered', 'read', 'played') and s.outbox_id is not null";
const READ: &str = "select distinct s.outbox_id from status_events s
    where s.tenant_id = $1 and s.status in ('read', 'played') and s.outbox_id is not null";
const FAILED: &str =
    "select o.outbox_id from outbox o where o.tenant_id = $1 and o.state = 'failed'
    union all select s.outbox_id from status_events s
    where s.tenant_id = $1 and s.status = 'failed' and s.outbox_id is not null";
const REPLIED: &str = "select o.outbox_id from outbox o
    where o.tenant_id = $1 and o.is_template = 1 and o.begun_at is not null
    and exists (select 1 from inbox e where e.tenant_id = o.tenant_id and e.kind = 'message'
        and e.contact_id = o.contact_id and e.received_at >= o.begun_at
        and e.received_at < o.begun_at + 259200000
        and not exists (select 1 from outbox p where p.contact_id = o.contact_id and p.is_template = 1
            and p.begun_at is not null and p.begun_at <= e.received_at
            and (p.begun_at > o.begun_at or (p.begun_at = o.begun_at and p.outbox_id > o.outbox_id))))";
/// The template that came last before each withdrawal.
const LEFT_AFTER: &str = "select (select o.outbox_id from outbox o where o.tenant_id = e.tenant_id
        and o.contact_id = e.contact_id and o.is_template = 1 and o.begun_at <= e.received_at
        and o.begun_at > e.received_at - 259200000 order by o.begun_at desc, o.outbox_id desc limit 1) as outbox_id
    from consent_events e where e.tenant_id = $1 and e.kind in ('revoked', 'meta_stop')";
/// The latest yes before a withdrawal.
const CAME_BY: &str =
    "coalesce((select g.event from consent_events g where g.tenant_id = e.tenant_id
        and g.contact_id = e.contact_id and g.kind = 'granted' and g.received_at <= e.received_at
        order by g.received_at desc, g.consent_event_id desc limit 1), '\"source\":\"none\"')
    like '%\"source\":\"' || $2 || '\"%'";
/// The yes that a promotion went out on.
const SENT_ON: &str = "o.is_promotional = 1 and (select g.event from consent_events g where g.tenant_id = o.tenant_id
        and g.contact_id = o.contact_id and g.kind = 'granted' and g.received_at <= o.created_at
        and g.scope in ('all', 'promotional', 'topic:' || o.topic)
        order by g.received_at desc, g.consent_event_id desc limit 1) like '%\"source\":\"' || $2 || '\"%'";
/// What Meta charges by: the statuses of a message name it.
const PRICING: &str = "(select min(s.pricing) from status_events s where s.tenant_id = o.tenant_id and s.wamid = o.wamid)";
const PEOPLE: &str = "select count(*) from consent_events e where e.tenant_id = $1 and e.kind in ";
const LEFT: &str = "('revoked', 'meta_stop')";
const SOURCE: &str = "e.event like '%\"source\":\"' || $2 || '\"%'";

fn messages(outcome: &str) -> Option<String> {
    Some(match outcome {
        "denied" | "expired" | "cancelled" | "sent" => IN_STATE.replace("{}", outcome),
        "delivered" => DELIVERED.to_owned(),
        "read" => READ.to_owned(),
        "failed" => FAILED.to_owned(),
        "replied" => REPLIED.to_owned(),
        "opt_out" => LEFT_AFTER.to_owned(),
        _ => return None,
    })
}

fn over(what: &str, set: &str, filter: &str) -> String {
    format!(
        "select {what} from ({set}) x join outbox o on o.outbox_id = x.outbox_id
            join contacts c on c.contact_id = o.contact_id
            left join installations i on i.installation_id = o.installation_id
            left join campaigns k on k.campaign_id = o.campaign_id where {filter}"
    )
}

/// Colombia's column of the rate table, typed off by hand.
fn rate() -> String {
    format!(
        "case when {PRICING} like '%/free%' then 0 when c.country <> 'CO' then null
            when {PRICING} = 'marketing/regular' then 12500
            when {PRICING} in ('utility/regular', 'authentication/regular', 'service/regular') then 800
            when {PRICING} is null and o.template_name in ('promo_semana', 'carrito_recordatorio') then 12500
            when {PRICING} is null and o.is_template = 1 then 800
            when {PRICING} is null then 0 end"
    )
}

/// The count of a metric without labels.
pub(crate) fn total(metric: &str) -> Option<String> {
    Some(match metric {
        "proposed" => "select count(*) from outbox where tenant_id = $1".to_owned(),
        "inbound" => {
            "select count(*) from inbox where tenant_id = $1 and kind = 'message'".to_owned()
        }
        "opt_out" => format!("{PEOPLE}{LEFT}"),
        "opt_in" => format!("{PEOPLE}('granted')"),
        "declined" => format!("{PEOPLE}('declined')"),
        "priced" => over("count(*)", DELIVERED, &format!("{} is not null", rate())),
        "unpriced" => over("count(*)", DELIVERED, &format!("{} is null", rate())),
        other => format!("select count(*) from ({}) x", messages(other)?),
    })
}

/// Labels that break a metric down.
pub(crate) fn labels(metric: &str) -> impl Iterator<Item = &'static str> {
    [
        "template",
        "campaign",
        "segment",
        "plugin",
        "topic",
        "purpose",
        "opt_in_source",
        "code",
        "rule",
        "source",
        "name",
        "currency",
        "quality",
    ]
    .into_iter()
    .filter(move |label| broken_down(metric, label).is_some())
}

/// The count of a metric where a label has the value `$2`.
pub(crate) fn broken_down(metric: &str, label: &str) -> Option<String> {
    Some(match (metric, label) {
        ("denied.rule", "rule") => over("count(*)", &messages("denied")?, "o.rule = $2"),
        ("failed.code", "code") => "select (select count(*) from outbox where tenant_id = $1 and state = 'failed'
                and cast(error_code as text) = $2)
            + (select count(*) from status_events where tenant_id = $1 and status = 'failed'
                and outbox_id is not null and cast(error_code as text) = $2)"
            .to_owned(),
        ("counted", "name") => {
            "select cast(sum(value) as bigint) from metric_events where tenant_id = $1 and name = $2".to_owned()
        }
        ("quality", "quality") => {
            "select count(*) from account_changes where tenant_id = $1 and aspect = 'quality' and value = $2".to_owned()
        }
        ("cost", "currency") => {
            let sum = format!("cast(sum({}) as bigint)", rate());
            over(&sum, DELIVERED, "$2 = 'USD'")
        }
        ("opt_in.source", "source") => format!("{PEOPLE}('granted') and {SOURCE}"),
        ("opt_out.source", "source") => format!("{PEOPLE}{LEFT} and {SOURCE}"),
        ("opt_out.opt_in", "source") | ("opt_out.by", "opt_in_source") => {
            format!("{PEOPLE}{LEFT} and {CAME_BY}")
        }
        (by, way) => {
            let outcome = by.strip_suffix(".by")?;
            let filter = match way {
                "template" => "o.template_name = $2",
                "campaign" => "o.campaign_id = $2",
                "segment" => "k.definition like '%\"segment\":\"' || $2 || '\"%'",
                "plugin" => "i.plugin_id = $2",
                "topic" => "o.topic = $2",
                "purpose" => "o.purpose = $2",
                "opt_in_source" => SENT_ON,
                _ => return None,
            };
            over("count(*)", &messages(outcome)?, filter)
        }
    })
}
