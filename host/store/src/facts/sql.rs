//! The statements behind the facts, written once: `q` is what is asked, one proposal or many.
//!
//! `q` has the columns `i` (place), `n` (number), `c` (contact), `k` (key), `o` (outbox id),
//! `p` (installation), `a` (address).

/// Of the free-form messages of plugins since the person wrote to the number.
macro_rules! bot_since {
    ($what:literal) => {
        concat!(
            "(select ",
            $what,
            " from outbox b where b.tenant_id || '' = t.tenant_id and b.contact_id = q.c
                and b.phone_number_id = q.n and b.origin = 'plugin' and b.is_template = 0
                and b.state in ('attempting', 'unknown', 'sent', 'queued') and b.outbox_id <> q.o
                and b.created_at > coalesce(v.window_at, 0))"
        )
    };
}

/// What is the same for everybody a number of the tenant writes to.
macro_rules! shared_columns {
    () => {
        "t.mode, t.timezone, t.name as tenant_name,
            t.stopped_at as tenant_stopped_at, t.stop_reason as tenant_stop_reason,
            (select s.value from settings s where s.key = $3) as stop_all,
            n.tenant_id as number_tenant, n.waba_id, n.mps, n.tat_at,
            n.stopped_at as number_stopped_at, n.stop_reason as number_stop_reason,
            n.quality, n.quality_at, k.messaging_limit, k.restriction, k.restriction_reach, k.restricted_at,
            k.restricted_until_at, k.refused_code, k.refused_at"
    };
}

/// What is known of the person, the conversation, and the messages before. Two counts come out of one walk: the
/// later one in thousands of millions.
macro_rules! person_columns {
    () => {
        concat!("q.i as place, c.contact_id, c.country, c.language, c.erased_at,
            y.inbound_at as sign_inbound, y.read_at as sign_read, y.clicked_at as sign_clicked,
            v.window_at, v.window_wamid, v.human_since_at, v.pair_tat_at,
            d.outbox_id as duplicate_of, d.content_hash as duplicate_hash,
            ", $crate::facts::sql::bot_since!("coalesce(sum(case when b.created_at > $2 - 60000 then 1000000001 else 1 end), 0)"), " as bot,
            (select coalesce(sum(case when p.state in ('queued', 'deferred', 'in_review', 'attempting', 'unknown', 'sent')
                then 1000000000 else 0 end + case when p.created_at > $2 - 3600000 then 1 else 0 end), 0)
                from outbox p where p.tenant_id || '' = t.tenant_id and p.installation_id = q.p
                and p.contact_id = q.c and p.created_at > $2 - 86400000 and p.outbox_id <> q.o) as plugin_day,
            (select count(*) from outbox p where p.tenant_id || '' = t.tenant_id and p.installation_id = q.p
                and p.created_at > $2 - 60000 and p.outbox_id <> q.o) as plugin_minute")
    };
}

/// Where the person's columns come from, beside `q` and the tenant.
macro_rules! of_person {
    () => {
        "left join contacts c on c.contact_id = q.c and c.tenant_id = t.tenant_id
        left join contact_activity y on y.tenant_id = t.tenant_id and y.contact_id = q.c
        left join conversations v on v.phone_number_id = q.n and v.contact_id = q.c and v.tenant_id = t.tenant_id
        left join outbox d on d.tenant_id = t.tenant_id and d.proposal_key = q.k and d.outbox_id <> q.o
        where t.tenant_id = $1"
    };
}

/// Where the shared columns come from.
macro_rules! of_number {
    () => {
        "left join accounts k on k.tenant_id = n.tenant_id and k.waba_id = n.waba_id"
    };
}

/// One row for each of `q`, with everything; whose messages they are is asked as in [`lists!`]. $1 tenant, $2 now,
/// $3 the setting that stops everything.
macro_rules! facts {
    () => {
        concat!(
            "select ",
            $crate::facts::sql::person_columns!(),
            ", ",
            $crate::facts::sql::shared_columns!(),
            " from q cross join tenants t left join numbers n on n.phone_number_id = q.n ",
            $crate::facts::sql::of_number!(),
            " ",
            $crate::facts::sql::of_person!()
        )
    };
}

/// One row for each of `q`, with what is the person's alone.
macro_rules! facts_of_people {
    () => {
        concat!(
            "select ",
            $crate::facts::sql::person_columns!(),
            " from q cross join tenants t ",
            $crate::facts::sql::of_person!()
        )
    };
}

/// What the people of one number share. $1 tenant, $2 number, $3 as above.
macro_rules! facts_shared {
    () => {
        concat!(
            "select ",
            $crate::facts::sql::shared_columns!(),
            " from tenants t left join numbers n on n.phone_number_id = $2 ",
            $crate::facts::sql::of_number!(),
            " where t.tenant_id = $1"
        )
    };
}

/// The lists of each person, oldest first. $1 tenant, $2 since when promotions, $3 since when other
/// templates and people written to first.
///
/// Whose messages they are is asked in a way no index answers: either engine would read all messages of the
/// tenant instead of the person's.
/// A lateral subquery with an offset is the one way to tell Postgres in which order to go: from each person to
/// their rows. It takes a campaign's messages for few, since they were when it last counted, and compares each
/// of them with each person.
macro_rules! lists {
    ($rare:expr) => {
        $crate::facts::sql::lists!("outbox", "tier_recipients", $rare)
    };
    (postgres $rare:expr) => {
        $crate::facts::sql::lists!(
            "lateral (select * from outbox x where x.contact_id = q.c offset 0)",
            "lateral (select * from tier_recipients x where x.tenant_id = $1 and x.contact_id = q.c offset 0)",
            $rare
        )
    };
    ($messages:literal, $counted:literal, $rare:expr) => {
        concat!("select i, kind, body, at from (
            select q.i, 'consent' as kind, e.event as body, e.captured_at as at, e.received_at as at2, e.consent_event_id as id
            from q cross join consent_events e where e.tenant_id = $1 and e.contact_id = q.c
            union all
            select q.i, 'open', x.reference, x.opened_at, 0, x.reference from q cross join transactions x
            where x.tenant_id = $1 and x.contact_id = q.c and x.closed_at is null
            union all
            select q.i, 'promotion', o.topic, o.begun_at, 0, o.outbox_id from q cross join ", $messages, " o
            where o.tenant_id || '' = $1 and o.contact_id = q.c and o.is_promotional = 1 and o.outbox_id <> q.o
              and o.state in ('attempting', 'unknown', 'sent') and (o.status is null or o.status <> 'failed')
              and o.begun_at > $2
            union all
            select q.i, 'refusal', null, coalesce(o.status_at, o.settled_at, o.begun_at), 0, o.outbox_id
            from q cross join ", $messages, " o
            where o.tenant_id || '' = $1 and o.contact_id = q.c and o.is_promotional = 1 and o.error_code = 131049
              and o.begun_at > $2 and not exists (select 1 from outbox d
                where d.tenant_id || '' = $1 and d.contact_id = q.c and d.is_promotional = 1
                  and d.status in ('delivered', 'read') and d.begun_at > o.begun_at)
            union all
            select q.i, 'template', o.purpose, o.begun_at, 0, o.outbox_id from q cross join ", $messages, " o
            where o.tenant_id || '' = $1 and o.contact_id = q.c and o.class = 'transactional' and o.is_promotional = 0
              and o.outbox_id <> q.o and o.state in ('attempting', 'unknown', 'sent')
              and (o.status is null or o.status <> 'failed') and o.begun_at > $3 and o.created_at > $3 - 86400000
            union all
            select q.i, 'blocked', b.scope, b.since_at, 0, b.address from q cross join do_not_contact b
            where b.tenant_id = $1 and b.address = q.a
            union all
            select q.i, 'blocked', b.scope, b.since_at, 0, b.address from q cross join contact_aliases a
            cross join do_not_contact b
            where a.tenant_id = $1 and a.contact_id = q.c and b.tenant_id = $1 and b.address = a.address
            ", $rare, "
            union all
            select q.i, 'counted', null, r.last_at, 0, r.contact_id from q cross join ", $counted, " r
            where r.tenant_id = $1 and r.contact_id = q.c and r.last_at > $3
        ) f order by i, kind, at, at2, id")
    };
}

/// Lists that most tenants have nothing on: who tries the sandbox, who stands on a register of refusals.
macro_rules! rare_lists {
    () => {
        "union all
            select q.i, 'sandbox', s.address, s.confirmed_at, 0, s.address from q cross join contact_aliases a
            cross join sandbox_people s
            where a.tenant_id = $1 and a.contact_id = q.c and s.tenant_id = $1 and s.address = a.address
              and s.confirmed_at is not null
            union all
            select q.i, 'copy', g.registry, g.as_of, 0, g.registry from q cross join registries g
            where g.tenant_id = $1 and g.applies = 1
            union all
            select q.i, 'listed', r.registry, r.listed_at, 0, r.address from q cross join contact_aliases a
            cross join registries g
            cross join registry_people r
            where a.tenant_id = $1 and a.contact_id = q.c and g.tenant_id = $1 and g.applies = 1
              and a.until_at is null and r.tenant_id = $1 and r.registry = g.registry
              and r.edition = g.edition and r.address = a.address"
    };
}

pub(crate) use {
    bot_since, facts, facts_of_people, facts_shared, lists, of_number, of_person, person_columns,
    rare_lists, shared_columns,
};
