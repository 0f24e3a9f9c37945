//! What goes at the end of its term, part by part: the statements, and what they are asked with.
//!
//! Rows that only lose their words are walked over in the order of their ids, which is that of time; a
//! mark says how far. Rows that go are found anew each time: they are the oldest. Every statement of
//! the second kind comes three times: is there any, how many, away with some.

use portero_domain::clock::Ts;
use portero_domain::retention::Kind;

use crate::db::Sql;

/// What a term is applied to at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Words of what was written to people.
    Written,
    /// Words of what people wrote.
    Heard,
    /// Notes of hand-overs.
    Notes,
    /// What other events said, and bodies of webhooks.
    Events,
    /// Lines of imports that were no good.
    ImportLines,
    /// Whom a dry run has read of.
    ImportSeen,
    /// Notices with their deliveries.
    Notices,
    /// Calls of plugins for events.
    Calls,
    /// Calls of analytics plugins.
    Tallies,
    /// What plugins logged.
    Logs,
    /// Calls of plugins as they were.
    Journal,
    /// The log of who did what.
    Audit,
    /// Consent events of erased people.
    Proofs,
    /// Decision records.
    Verdicts,
    /// Sessions of the console.
    Sessions,
    /// Tokens of programs.
    Tokens,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 16] = [
        Part::Written,
        Part::Heard,
        Part::Notes,
        Part::Events,
        Part::ImportLines,
        Part::ImportSeen,
        Part::Notices,
        Part::Calls,
        Part::Tallies,
        Part::Logs,
        Part::Journal,
        Part::Audit,
        Part::Proofs,
        Part::Verdicts,
        Part::Sessions,
        Part::Tokens,
    ];

    /// Those that there are of what belongs to no tenant.
    pub const OF_NOBODY: [Part; 3] = [Part::Events, Part::Sessions, Part::Tokens];

    /// The kind it is of.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Part::Written | Part::Heard | Part::Notes => Kind::Messages,
            Part::Events => Kind::Events,
            Part::ImportLines | Part::ImportSeen => Kind::Imports,
            Part::Notices => Kind::Notices,
            Part::Calls | Part::Tallies | Part::Logs => Kind::PluginLogs,
            Part::Journal => Kind::PluginJournal,
            Part::Audit => Kind::Audit,
            Part::Proofs => Kind::Proofs,
            Part::Verdicts => Kind::Verdicts,
            Part::Sessions | Part::Tokens => Kind::Sessions,
        }
    }

    /// Its word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Written => "written",
            Part::Heard => "heard",
            Part::Notes => "notes",
            Part::Events => "events",
            Part::ImportLines => "import_lines",
            Part::ImportSeen => "import_seen",
            Part::Notices => "notices",
            Part::Calls => "calls",
            Part::Tallies => "tallies",
            Part::Logs => "logs",
            Part::Journal => "journal",
            Part::Audit => "audit",
            Part::Proofs => "proofs",
            Part::Verdicts => "verdicts",
            Part::Sessions => "sessions",
            Part::Tokens => "tokens",
        }
    }

    /// The part of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.as_str() == word)
    }

    pub(crate) const fn way(self) -> Way {
        match self {
            Part::Written => Way::Walked(&WRITTEN),
            Part::Heard => Way::Walked(&HEARD),
            Part::Notes => Way::Walked(&NOTES),
            Part::Events => Way::Walked(&EVENTS),
            Part::ImportLines => Way::Gone(&IMPORT_LINES),
            Part::ImportSeen => Way::Gone(&IMPORT_SEEN),
            Part::Notices => Way::Gone(&NOTICES),
            Part::Calls => Way::Gone(&CALLS),
            Part::Tallies => Way::Gone(&TALLIES),
            Part::Logs => Way::Gone(&LOGS),
            Part::Journal => Way::Gone(&JOURNAL),
            Part::Audit => Way::Gone(&AUDIT),
            Part::Proofs => Way::Dropped(&PROOFS),
            Part::Verdicts => Way::Dropped(&VERDICTS),
            Part::Sessions => Way::Gone(&SESSIONS),
            Part::Tokens => Way::Gone(&TOKENS),
        }
    }
}

/// How a part goes.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// Rows stay and lose their words.
    Walked(&'static Walk),
    /// Rows go.
    Gone(&'static Go),
    /// Rows go, and their seals say so. `gone.away` gives their ids.
    Dropped(&'static Go),
}

/// What a row's age is told by.
#[derive(Clone, Copy)]
pub(crate) enum Edge {
    /// A column with an instant.
    At,
    /// Its id, which begins with this and then its time.
    Id(&'static str),
}

impl Edge {
    /// What everything older than `cutoff` is less than.
    pub(crate) fn bound(self, cutoff: Ts) -> crate::db::Arg {
        match self {
            Edge::At => cutoff.into(),
            Edge::Id(prefix) => id_bound(prefix, cutoff).into(),
        }
    }
}

/// Ids of rows from before an instant sort before this.
pub(crate) fn id_bound(prefix: &str, at: Ts) -> String {
    let ms = at.ms().clamp(0, (1 << 48) - 1);
    format!("{prefix}_{ms:012x}{:020}", 0)
}

/// $1 tenant, $2 bound, $3 how many.
pub(crate) struct Go {
    pub(crate) edge: Edge,
    pub(crate) any: Sql,
    pub(crate) count: Sql,
    pub(crate) away: Sql,
    /// The same of what belongs to nobody.
    pub(crate) of_nobody: Option<(Sql, Sql)>,
}

/// `pick` and `count`: $1 tenant, $2 after which id, $3 bound; `pick` gives (id, other, other).
pub(crate) struct Walk {
    pub(crate) prefix: &'static str,
    pub(crate) pick: Sql,
    pub(crate) count: Sql,
    /// Those that were left behind and have ended by now. $1 tenant, $2 how many.
    pub(crate) ended: Option<Sql>,
    pub(crate) pick_of_nobody: Option<Sql>,
}

/// Messages that may still leave need their words.
macro_rules! rests {
    () => {
        "('queued', 'deferred', 'in_review', 'attempting')"
    };
}
macro_rules! written {
    () => {
        "from outbox o where o.tenant_id = $1 and o.outbox_id > $2 and o.outbox_id < $3"
    };
}
macro_rules! heard {
    () => {
        "from inbox i where i.tenant_id = $1 and i.event_id > $2 and i.event_id < $3 and i.kind = 'message'"
    };
}
macro_rules! notes {
    () => {
        "from handover_events h where h.tenant_id = $1 and h.event_id > $2 and h.event_id < $3"
    };
}
macro_rules! events {
    () => {
        "from inbox i where i.tenant_id = $1 and i.event_id > $2 and i.event_id < $3"
    };
}
macro_rules! events_of_nobody {
    () => {
        "from inbox i where i.tenant_id is null and cast($1 as text) is null and i.event_id > $2 and i.event_id < $3"
    };
}
macro_rules! import_lines {
    () => {
        "from imports m cross join import_faults f where m.tenant_id = $1 and coalesce(m.finished_at, m.updated_at) < $2
            and f.tenant_id = m.tenant_id and f.import_id = m.import_id"
    };
}
macro_rules! import_seen {
    () => {
        "from imports m cross join import_seen f where m.tenant_id = $1 and m.dry_run = 1 and m.updated_at < $2
            and f.tenant_id = m.tenant_id and f.import_id = m.import_id"
    };
}
macro_rules! notices {
    () => {
        "from notices n where n.tenant_id = $1 and n.created_at < $2 and not exists (
            select 1 from webhook_deliveries d where d.notice_id = n.notice_id and d.next_at is not null)"
    };
}
macro_rules! calls {
    () => {
        "from installations n cross join plugin_calls c where n.tenant_id = $1
            and c.installation_id = n.installation_id and c.call_id < $2"
    };
}
macro_rules! tallies {
    () => {
        "from installations n cross join plugin_calls c where n.tenant_id = $1
            and c.installation_id = n.installation_id and c.call_id >= 'tally:' and c.called_at < $2"
    };
}
macro_rules! logs {
    () => {
        "from installations n cross join plugin_logs l where n.tenant_id = $1
            and l.installation_id = n.installation_id and l.event_id < $2"
    };
}
macro_rules! journal {
    () => {
        "from plugin_journal j where j.tenant_id = $1 and j.call_id < $2"
    };
}
macro_rules! audit {
    () => {
        "from audit a where a.tenant_id = $1 and a.audit_id < $2"
    };
}
macro_rules! proofs {
    () => {
        "from erasures e cross join consent_events c where e.tenant_id = $1 and e.erased_at < $2
            and c.tenant_id = e.tenant_id and c.contact_id = e.contact_id and c.sealed = 1"
    };
}
macro_rules! verdicts {
    () => {
        "from decisions d where d.tenant_id = $1 and d.decision_id < $2 and not exists (
            select 1 from unsealed_decisions u where u.tenant_id = d.tenant_id and u.decision_id = d.decision_id)"
    };
}
/// Ended by somebody, or by itself.
macro_rules! ended {
    () => {
        "case when t.expires_at is null or t.revoked_at < t.expires_at then t.revoked_at else t.expires_at end"
    };
}
macro_rules! sessions {
    () => {
        concat!(
            "from tokens t where t.tenant_id = $1 and t.user_id is not null and ",
            ended!(),
            " < $2"
        )
    };
}
macro_rules! sessions_of_nobody {
    () => {
        concat!("from tokens t where t.tenant_id is null and cast($1 as text) is null and t.user_id is not null and ",
            ended!(), " < $2")
    };
}
macro_rules! tokens {
    () => {
        concat!(
            "from tokens t where t.tenant_id = $1 and t.user_id is null and ",
            ended!(),
            " < $2"
        )
    };
}
macro_rules! tokens_of_nobody {
    () => {
        concat!("from tokens t where t.tenant_id is null and cast($1 as text) is null and t.user_id is null and ",
            ended!(), " < $2")
    };
}
macro_rules! any {
    ($from:expr) => {
        concat!("select count(*) from (select 1 ", $from, " limit 1) x")
    };
}

statements! {
    WRITTEN_PICK = concat!("select o.outbox_id, case when o.state in ", rests!(), " then 'rests' else 'ended' end, o.proposal ",
        written!(), " and o.content_hash <> '' order by o.outbox_id limit $4");
    WRITTEN_COUNT = concat!("select count(*), min(o.created_at), cast(coalesce(sum(case when o.state in ", rests!(),
        " then 1 else 0 end), 0) as bigint) ", written!(), " and o.content_hash <> ''");
    WRITTEN_ENDED = concat!("select o.outbox_id, 'ended', o.proposal from retention_left l cross join outbox o
        where l.tenant_id = $1 and l.part = 'written' and o.outbox_id = l.row_id and o.tenant_id || '' = $1
          and o.state not in ", rests!(), " order by o.outbox_id limit $2");
    HEARD_PICK = concat!("select i.event_id, case when i.state = 'pending' then 'rests' else 'ended' end, '' ", heard!(),
        " order by i.event_id limit $4");
    HEARD_COUNT = concat!("select count(*), min(i.received_at), cast(coalesce(sum(case when i.state = 'pending'
        then 1 else 0 end), 0) as bigint) ", heard!(), " and i.payload <> 'null'");
    HEARD_ENDED = "select i.event_id, 'ended', '' from retention_left l cross join inbox i
        where l.tenant_id = $1 and l.part = 'heard' and i.event_id = l.row_id and i.tenant_id = $1
          and i.state <> 'pending' order by i.event_id limit $2";
    NOTES_PICK = concat!("select h.event_id, 'ended', '' ", notes!(), " order by h.event_id limit $4");
    NOTES_COUNT = concat!("select count(*), min(h.at), cast(0 as bigint) ", notes!(), " and h.note <> ''");
    /// Bodies of webhooks go with whatever came in them; what people wrote stays for its own term.
    EVENTS_PICK = concat!("select i.event_id, case when i.state = 'pending' then 'rests' when i.kind = 'message' then 'body'
        else 'ended' end, coalesce(i.delivery_id, '') ", events!(), " order by i.event_id limit $4");
    EVENTS_COUNT = concat!("select count(*), min(i.received_at), cast(coalesce(sum(case when i.state = 'pending'
        then 1 else 0 end), 0) as bigint) ", events!(), " and i.kind <> 'message' and i.payload <> 'null'");
    EVENTS_ENDED = "select i.event_id, case when i.kind = 'message' then 'body' else 'ended' end, coalesce(i.delivery_id, '')
        from retention_left l cross join inbox i
        where l.tenant_id = $1 and l.part = 'events' and i.event_id = l.row_id and i.tenant_id = $1
          and i.state <> 'pending' order by i.event_id limit $2";
    EVENTS_PICK_NOBODY = concat!("select i.event_id, case when i.state = 'pending' then 'body' else 'ended' end,
        coalesce(i.delivery_id, '') ", events_of_nobody!(), " order by i.event_id limit $4");
    IMPORT_LINES_ANY = any!(import_lines!());
    IMPORT_LINES_COUNT = concat!("select count(*), min(coalesce(m.finished_at, m.updated_at)) ", import_lines!());
    IMPORT_LINES_AWAY = concat!("delete from import_faults where (tenant_id, import_id, line_no) in (
        select f.tenant_id, f.import_id, f.line_no ", import_lines!(), " limit $3)");
    IMPORT_SEEN_ANY = any!(import_seen!());
    IMPORT_SEEN_COUNT = concat!("select count(*), min(m.updated_at) ", import_seen!());
    IMPORT_SEEN_AWAY = concat!("delete from import_seen where (tenant_id, import_id, address) in (
        select f.tenant_id, f.import_id, f.address ", import_seen!(), " limit $3)");
    NOTICES_ANY = any!(notices!());
    NOTICES_COUNT = concat!("select count(*), min(n.created_at) ", notices!());
    NOTICES_AWAY = concat!("select n.notice_id ", notices!(), " order by n.created_at limit $3");
    CALLS_ANY = any!(calls!());
    CALLS_COUNT = concat!("select count(*), min(c.called_at) ", calls!());
    CALLS_AWAY = concat!("delete from plugin_calls where call_id in (select c.call_id ", calls!(), " limit $3)");
    TALLIES_ANY = any!(tallies!());
    TALLIES_COUNT = concat!("select count(*), min(c.called_at) ", tallies!());
    TALLIES_AWAY = concat!("delete from plugin_calls where call_id in (select c.call_id ", tallies!(), " limit $3)");
    LOGS_ANY = any!(logs!());
    LOGS_COUNT = concat!("select count(*), min(l.logged_at) ", logs!());
    LOGS_AWAY = concat!("delete from plugin_logs where (installation_id, event_id, line_no) in (
        select l.installation_id, l.event_id, l.line_no ", logs!(), " limit $3)");
    JOURNAL_ANY = any!(journal!());
    JOURNAL_COUNT = concat!("select count(*), min(j.called_at) ", journal!());
    JOURNAL_AWAY = concat!("delete from plugin_journal where (tenant_id, call_id) in (
        select j.tenant_id, j.call_id ", journal!(), " limit $3)");
    AUDIT_ANY = any!(audit!());
    AUDIT_COUNT = concat!("select count(*), min(a.done_at) ", audit!());
    AUDIT_AWAY = concat!("delete from audit where audit_id in (select a.audit_id ", audit!(), " limit $3)");
    PROOFS_ANY = any!(proofs!());
    PROOFS_COUNT = concat!("select count(*), min(e.erased_at) ", proofs!());
    PROOFS_AWAY = concat!("select c.consent_event_id ", proofs!(), " order by c.consent_event_id limit $3");
    VERDICTS_ANY = any!(verdicts!());
    VERDICTS_COUNT = concat!("select count(*), min(d.decided_at) ", verdicts!());
    VERDICTS_AWAY = concat!("select d.decision_id ", verdicts!(), " order by d.decision_id limit $3");
    SESSIONS_ANY = any!(sessions!());
    SESSIONS_COUNT = concat!("select count(*), min(", ended!(), ") ", sessions!());
    SESSIONS_AWAY = concat!("delete from tokens where token_id in (select t.token_id ", sessions!(), " limit $3)");
    SESSIONS_ANY_NOBODY = any!(sessions_of_nobody!());
    SESSIONS_AWAY_NOBODY = concat!("delete from tokens where token_id in (select t.token_id ", sessions_of_nobody!(), " limit $3)");
    TOKENS_ANY = any!(tokens!());
    TOKENS_COUNT = concat!("select count(*), min(", ended!(), ") ", tokens!());
    TOKENS_AWAY = concat!("delete from tokens where token_id in (select t.token_id ", tokens!(), " limit $3)");
    TOKENS_ANY_NOBODY = any!(tokens_of_nobody!());
    TOKENS_AWAY_NOBODY = concat!("delete from tokens where token_id in (select t.token_id ", tokens_of_nobody!(), " limit $3)");
}

const WRITTEN: Walk = Walk {
    prefix: "out",
    pick: WRITTEN_PICK,
    count: WRITTEN_COUNT,
    ended: Some(WRITTEN_ENDED),
    pick_of_nobody: None,
};
const HEARD: Walk = Walk {
    prefix: "evt",
    pick: HEARD_PICK,
    count: HEARD_COUNT,
    ended: Some(HEARD_ENDED),
    pick_of_nobody: None,
};
const NOTES: Walk = Walk {
    prefix: "evt",
    pick: NOTES_PICK,
    count: NOTES_COUNT,
    ended: None,
    pick_of_nobody: None,
};
const EVENTS: Walk = Walk {
    prefix: "evt",
    pick: EVENTS_PICK,
    count: EVENTS_COUNT,
    ended: Some(EVENTS_ENDED),
    pick_of_nobody: Some(EVENTS_PICK_NOBODY),
};

const fn go(edge: Edge, any: Sql, count: Sql, away: Sql) -> Go {
    Go {
        edge,
        any,
        count,
        away,
        of_nobody: None,
    }
}

const IMPORT_LINES: Go = go(
    Edge::At,
    IMPORT_LINES_ANY,
    IMPORT_LINES_COUNT,
    IMPORT_LINES_AWAY,
);
const IMPORT_SEEN: Go = go(
    Edge::At,
    IMPORT_SEEN_ANY,
    IMPORT_SEEN_COUNT,
    IMPORT_SEEN_AWAY,
);
const NOTICES: Go = go(Edge::At, NOTICES_ANY, NOTICES_COUNT, NOTICES_AWAY);
const CALLS: Go = go(Edge::Id("evt"), CALLS_ANY, CALLS_COUNT, CALLS_AWAY);
const TALLIES: Go = go(Edge::At, TALLIES_ANY, TALLIES_COUNT, TALLIES_AWAY);
const LOGS: Go = go(Edge::Id("evt"), LOGS_ANY, LOGS_COUNT, LOGS_AWAY);
const JOURNAL: Go = go(Edge::Id("evt"), JOURNAL_ANY, JOURNAL_COUNT, JOURNAL_AWAY);
const AUDIT: Go = go(Edge::Id("aud"), AUDIT_ANY, AUDIT_COUNT, AUDIT_AWAY);
const PROOFS: Go = go(Edge::At, PROOFS_ANY, PROOFS_COUNT, PROOFS_AWAY);
const VERDICTS: Go = go(Edge::Id("dec"), VERDICTS_ANY, VERDICTS_COUNT, VERDICTS_AWAY);
const SESSIONS: Go = Go {
    of_nobody: Some((SESSIONS_ANY_NOBODY, SESSIONS_AWAY_NOBODY)),
    ..go(Edge::At, SESSIONS_ANY, SESSIONS_COUNT, SESSIONS_AWAY)
};
const TOKENS: Go = Go {
    of_nobody: Some((TOKENS_ANY_NOBODY, TOKENS_AWAY_NOBODY)),
    ..go(Edge::At, TOKENS_ANY, TOKENS_COUNT, TOKENS_AWAY)
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_instant_itself_is_not_older() {
        let made = |ms: u128| {
            let id = uuid::Uuid::from_u128((ms << 80) | (7 << 76) | (0b10 << 62));
            format!("out_{}", id.simple())
        };
        let bound = id_bound("out", Ts(1_795_348_800_000));
        assert_eq!(bound.len(), made(1).len());
        assert!(made(1_795_348_799_999) < bound && made(1_795_348_800_000) > bound);
    }

    #[test]
    fn every_part_has_a_word_of_its_own() {
        for part in Part::ALL {
            assert_eq!(Part::from_word(part.as_str()), Some(part));
        }
    }
}
