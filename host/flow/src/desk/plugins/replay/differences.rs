//! Two answers to one event, side by side. Pure.

use portero_domain::content::Content;
use portero_domain::plugin::Action;
use portero_sandbox::journal::CallResult;
use serde::Serialize;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The same component went another way: it must not.
    Diverged,
    /// A message says something else, or for another purpose.
    Text,
    /// The same message, and another verdict on it.
    Verdict,
    /// An action that was not there.
    ActionAdded,
    /// An action that is not there any more.
    ActionRemoved,
    /// An action of the same kind with other values.
    ActionChanged,
    /// It remembers something else.
    Memory,
    /// It failed, and did not before.
    FaultNew,
    /// It failed before, and does not now.
    FaultGone,
    /// It fails otherwise.
    FaultOther,
    /// It asked what the recorded call had not asked, and was told `unavailable`: nothing is said of what
    /// it would have done.
    NotRecorded,
}

/// What the gate said, or would have said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct VerdictSide {
    /// `allow`, `defer`, `hold` or `deny`.
    pub verdict: String,
    /// The first decisive rule.
    pub rule: Option<String>,
}

/// One difference.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Difference {
    /// What differs.
    pub what: Change,
    /// More of it: the part that diverged, the import that was asked, how the call ended.
    pub detail: String,
    /// The action as it was.
    #[schema(value_type = Option<Object>)]
    pub was: Option<Action>,
    /// The action now.
    #[schema(value_type = Option<Object>)]
    pub now: Option<Action>,
    /// What the gate said of it.
    pub verdict_was: Option<VerdictSide>,
    /// What it would have said of the other, on the facts of then; null where no fact of the call is kept.
    pub verdict_now: Option<VerdictSide>,
    /// Places of both in their answers.
    #[serde(skip)]
    pub(super) places: (Option<usize>, Option<usize>),
}

impl Difference {
    fn new(what: Change, detail: impl Into<String>) -> Difference {
        Difference {
            what,
            detail: detail.into(),
            was: None,
            now: None,
            verdict_was: None,
            verdict_now: None,
            places: (None, None),
        }
    }

    /// Its word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.what {
            Change::Diverged => "diverged",
            Change::Text => "text",
            Change::Verdict => "verdict",
            Change::ActionAdded => "action_added",
            Change::ActionRemoved => "action_removed",
            Change::ActionChanged => "action_changed",
            Change::Memory => "memory",
            Change::FaultNew => "fault_new",
            Change::FaultGone => "fault_gone",
            Change::FaultOther => "fault_other",
            Change::NotRecorded => "not_recorded",
        }
    }

    /// Whether the gate has a word in it.
    #[must_use]
    pub fn is_of_a_message(&self) -> bool {
        let sends = |a: &Option<Action>| matches!(a, Some(Action::Send(_)));
        sends(&self.was) || sends(&self.now)
    }

    /// `deny_to_allow`, where verdicts differ.
    #[must_use]
    pub fn verdict_change(&self) -> Option<String> {
        let (was, now) = self.verdict_was.as_ref().zip(self.verdict_now.as_ref())?;
        (was.verdict != now.verdict).then(|| format!("{}_to_{}", was.verdict, now.verdict))
    }
}

/// The same component on the same call: `differs` is where it went another way.
pub(super) fn diverged(
    was: &CallResult,
    now: &CallResult,
    strayed: Option<&'static str>,
    differs: Option<&'static str>,
) -> Vec<Difference> {
    let detail = match (strayed, differs) {
        (None, None) => return Vec::new(),
        (Some(import), _) => format!("it asked {import} otherwise"),
        (None, Some("outcome")) => format!("outcome: {}, was {}", now.outcome, was.outcome),
        (None, Some(part)) => part.to_owned(),
    };
    vec![Difference::new(Change::Diverged, detail)]
}

/// Another version on the same call. A message that is the same stands there as [`Change::Verdict`]: whether the gate
/// says the same of it, under what the other version may, is not known here.
pub(super) fn between(
    was: &CallResult,
    now: &CallResult,
    strayed: Option<&'static str>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    if let Some(import) = strayed {
        found.push(Difference::new(Change::NotRecorded, import));
    }
    let told = |r: &CallResult| match r.detail.as_str() {
        "" => r.outcome.clone(),
        detail => format!("{}: {detail}", r.outcome),
    };
    match (&was.actions, &now.actions) {
        (Some(was), Some(now)) => {
            actions(was, now, &mut found);
        }
        (Some(_), None) => found.push(Difference::new(Change::FaultNew, told(now))),
        (None, Some(_)) => found.push(Difference::new(Change::FaultGone, told(was))),
        (None, None) if (&was.outcome, &was.detail) != (&now.outcome, &now.detail) => {
            let detail = format!("{}, was {}", told(now), told(was));
            found.push(Difference::new(Change::FaultOther, detail));
        }
        (None, None) => {}
    }
    if was.kept != now.kept && was.actions.is_some() && now.actions.is_some() {
        found.push(Difference::new(Change::Memory, ""));
    }
    found
}

/// Pairs actions of one kind and name, in order; what is left over was added or removed.
fn actions(was: &[Action], now: &[Action], found: &mut Vec<Difference>) {
    let mut open: Vec<Option<(usize, &Action)>> = was.iter().enumerate().map(Some).collect();
    // What stayed as it is finds its pair first, so that a message put before another changes nothing else.
    let mut pairs: Vec<Option<(usize, &Action)>> = now
        .iter()
        .map(|action| take(&mut open, |other| other == action))
        .collect();
    for (pair, action) in pairs.iter_mut().zip(now) {
        if pair.is_none() {
            *pair = take(&mut open, |other| name(other) == name(action));
        }
    }
    for (place, (action, pair)) in now.iter().zip(&pairs).enumerate() {
        let what = match pair {
            Some((_, other)) if *other == action => match action {
                Action::Send(_) => Change::Verdict,
                _ => continue,
            },
            Some(_) if matches!(action, Action::Send(_)) => Change::Text,
            Some(_) => Change::ActionChanged,
            None => Change::ActionAdded,
        };
        found.push(Difference {
            was: pair.map(|(_, other)| other.clone()),
            now: Some(action.clone()),
            places: (pair.map(|(at, _)| at), Some(place)),
            ..Difference::new(what, "")
        });
    }
    for (at, gone) in open.into_iter().flatten() {
        found.push(Difference {
            was: Some(gone.clone()),
            places: (Some(at), None),
            ..Difference::new(Change::ActionRemoved, "")
        });
    }
}

fn take<'a>(
    open: &mut [Option<(usize, &'a Action)>],
    fits: impl Fn(&Action) -> bool,
) -> Option<(usize, &'a Action)> {
    let slot = open
        .iter_mut()
        .find(|slot| slot.is_some_and(|(_, other)| fits(other)))?;
    slot.take()
}

/// What an action is called by: two of one name are the same action with other values.
fn name(action: &Action) -> (&'static str, &str) {
    match action {
        Action::Send(send) => match &send.content {
            Content::Template(template) => ("template", &template.name),
            _ => ("send", ""),
        },
        Action::AskConsent { topic, .. } => ("ask-consent", topic),
        Action::SetAttribute { key, .. } => ("set-attribute", key),
        Action::Tag { tag, .. } => ("tag", tag),
        Action::SetTimer { name, .. } => ("set-timer", name),
        Action::CancelTimer { name } => ("cancel-timer", name),
        Action::HandOver { .. } => ("hand-over", ""),
        Action::Metric { name, .. } => ("metric", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::content::Text;
    use portero_domain::plugin::SendAction;
    use portero_domain::proposal::Purpose;

    fn says(text: &str) -> Action {
        Action::Send(SendAction {
            content: Content::Text(Text {
                body: text.to_owned(),
                preview_url: false,
            }),
            purpose: Purpose::Reply,
            topic: None,
            ext: Vec::new(),
        })
    }

    fn tag(tag: &str, add: bool) -> Action {
        Action::Tag {
            tag: tag.to_owned(),
            add,
        }
    }

    fn result(actions: Option<Vec<Action>>) -> CallResult {
        CallResult {
            outcome: if actions.is_some() { "ok" } else { "trap" }.to_owned(),
            detail: String::new(),
            actions,
            kept: Vec::new(),
            fuel: 1,
            peak_memory_bytes: 1,
            host_calls: 0,
        }
    }

    fn kinds(was: Option<Vec<Action>>, now: Option<Vec<Action>>) -> Vec<&'static str> {
        let found = between(&result(was), &result(now), None);
        let seen = found.iter().filter(|d| d.what != Change::Verdict);
        seen.map(Difference::kind).collect()
    }

    #[test]
    fn each_difference_has_its_word() {
        let a = || Some(vec![says("a"), tag("vip", true)]);
        assert_eq!(kinds(a(), a()), Vec::<&str>::new());
        assert_eq!(
            kinds(a(), Some(vec![says("b"), tag("vip", true)])),
            ["text"]
        );
        assert_eq!(
            kinds(a(), Some(vec![says("a"), tag("vip", false)])),
            ["action_changed"]
        );
        assert_eq!(kinds(a(), Some(vec![says("a")])), ["action_removed"]);
        assert_eq!(kinds(a(), None), ["fault_new"]);
        assert_eq!(kinds(None, a()), ["fault_gone"]);
        assert_eq!(kinds(None, None), Vec::<&str>::new());
    }

    #[test]
    fn a_message_put_before_others_is_the_one_that_was_added() {
        let now = vec![says("new"), says("a"), tag("vip", true)];
        let found = between(
            &result(Some(vec![says("a"), tag("vip", true)])),
            &result(Some(now)),
            None,
        );
        let seen: Vec<_> = found.iter().map(|d| (d.what, d.places)).collect();
        assert_eq!(
            seen,
            [
                (Change::ActionAdded, (None, Some(0))),
                (Change::Verdict, (Some(0), Some(1))),
            ]
        );
    }

    #[test]
    fn where_the_same_component_went_another_way_is_said() {
        let (was, now) = (result(Some(vec![])), result(None));
        assert!(diverged(&was, &was, None, None).is_empty());
        let found = diverged(&was, &now, None, Some("outcome"));
        assert_eq!(found[0].detail, "outcome: trap, was ok");
        let found = diverged(&was, &was, Some("kv.get"), None);
        assert_eq!(found[0].detail, "it asked kv.get otherwise");
    }
}
