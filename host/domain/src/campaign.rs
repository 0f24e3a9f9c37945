//! Campaigns: one template to many people, planned, approved, then run at a pace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::{Millis, Ts};
use crate::content::{
    ButtonParam, ButtonParamKind, MediaKind, MediaSource, Param, ParamValue, TemplateSend,
};
use crate::ids::{InstallationId, PhoneNumberId};
use crate::proposal::Purpose;
use crate::template::TemplateSlots;

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignState {
    /// Written down, nobody counted.
    Draft,
    /// Counted: its audience is fixed and its plan has a hash.
    Planned,
    /// Somebody approved that very plan.
    Approved,
    /// On its way.
    Running,
    /// Resting, with a reason; can go on.
    Paused,
    /// Ended before its end, by a person.
    Stopped,
    /// Everybody's turn has come.
    Done,
}

impl CampaignState {
    /// All of them, in the order of a campaign's life.
    pub const ALL: [CampaignState; 7] = [
        CampaignState::Draft,
        CampaignState::Planned,
        CampaignState::Approved,
        CampaignState::Running,
        CampaignState::Paused,
        CampaignState::Stopped,
        CampaignState::Done,
    ];

    /// Name in columns, JSON and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            CampaignState::Draft => "draft",
            CampaignState::Planned => "planned",
            CampaignState::Approved => "approved",
            CampaignState::Running => "running",
            CampaignState::Paused => "paused",
            CampaignState::Stopped => "stopped",
            CampaignState::Done => "done",
        }
    }

    /// Reads [`CampaignState::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<CampaignState> {
        CampaignState::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether a campaign may go from this state to `next`. (A paused one is planned anew only while
    /// it never started.)
    #[must_use]
    pub const fn may_become(self, next: CampaignState) -> bool {
        use CampaignState::{Approved, Done, Draft, Paused, Planned, Running, Stopped};
        matches!(
            (self, next),
            (Draft | Planned | Approved | Paused, Planned)
                | (Planned, Approved)
                | (Approved, Running | Paused)
                | (Running, Paused | Done)
                | (Paused, Running)
                | (Draft | Planned | Approved | Running | Paused, Stopped)
        )
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, CampaignState::Stopped | CampaignState::Done)
    }
}

/// Whom a campaign is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "who", rename_all = "snake_case", deny_unknown_fields)]
pub enum Audience {
    /// Members of a segment, as its plugin said last.
    Segment {
        /// The installation whose segment it is.
        installation: InstallationId,
        /// Which of its segments.
        segment: String,
    },
    /// Everybody with a tag.
    Tag {
        /// Which.
        tag: String,
    },
    /// Everybody the tenant knows.
    All,
}

/// Where the value of one slot comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum ValueSource {
    /// The same for everybody (for a media header: an https link).
    Fixed {
        /// The value.
        text: String,
    },
    /// The person's name.
    Name {
        /// For whom has none; without it such people are left out and counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<String>,
    },
    /// An attribute of the person.
    Attribute {
        /// Which.
        key: String,
        /// For whom has none; without it such people are left out and counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<String>,
    },
    /// Words of a segmentation plugin (`personalise`).
    Personalise {
        /// Which installation.
        installation: InstallationId,
        /// What belongs there, in the operator's words.
        #[serde(default)]
        hint: String,
    },
}

/// When a campaign goes out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Not before; without it somebody has to start it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_at: Option<Ts>,
    /// Spread evenly over so many hours, 0 (as fast as the number may) to 168.
    pub spread_hours: u32,
}

impl Schedule {
    /// Most hours a campaign may be spread over: a week.
    pub const MAX_SPREAD_HOURS: u32 = 168;

    /// The spread as a duration.
    #[must_use]
    pub fn spread(&self) -> Millis {
        Millis::hours(i64::from(self.spread_hours))
    }
}

/// Everything about a campaign that its approval covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CampaignDefinition {
    /// Name for people, 1 to 80 characters.
    pub name: String,
    /// From which number.
    pub phone_number_id: PhoneNumberId,
    /// Template by name.
    pub template: String,
    /// Meta's language code.
    pub language: String,
    /// What for, as declared; the template's category can only make it stricter.
    pub purpose: Purpose,
    /// Word of the tenant's vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Why these people get it: the answer to "why did you write to me?", 1 to 500 characters.
    pub why: String,
    /// Whom it is for.
    pub audience: Audience,
    /// Slot (`header.1`, `header.media`, `body.nombre`, `button.0`) → where its value comes from.
    #[serde(default)]
    pub values: BTreeMap<String, ValueSource>,
    /// When.
    #[serde(default)]
    pub schedule: Schedule,
}

impl CampaignDefinition {
    /// The installation asked for words, if any slot needs it; the first named.
    #[must_use]
    pub fn personaliser(&self) -> Option<InstallationId> {
        self.values.values().find_map(|v| match v {
            ValueSource::Personalise { installation, .. } => Some(*installation),
            _ => None,
        })
    }

    /// Attributes its values are taken from.
    #[must_use]
    pub fn attributes(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = self
            .values
            .values()
            .filter_map(|v| match v {
                ValueSource::Attribute { key, .. } => Some(key.as_str()),
                _ => None,
            })
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Names of the slots a template has, in reading order.
#[must_use]
pub fn slot_names(slots: &TemplateSlots) -> Vec<String> {
    let mut names = Vec::new();
    if slots.header_media.is_some() {
        names.push("header.media".to_owned());
    }
    if let Some(header) = &slots.header_text {
        names.push(format!("header.{header}"));
    }
    names.extend(slots.body.iter().map(|s| format!("body.{s}")));
    names.extend(slots.buttons.iter().map(|(i, _)| format!("button.{i}")));
    names
}

/// Puts values into a template's slots.
///
/// # Errors
/// The names of the slots without a value, in reading order.
pub fn fill(
    name: &str,
    language: &str,
    slots: &TemplateSlots,
    values: &BTreeMap<String, String>,
) -> Result<TemplateSend, Vec<String>> {
    let missing: Vec<String> = slot_names(slots)
        .into_iter()
        .filter(|slot| values.get(slot).is_none_or(|v| v.trim().is_empty()))
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    let value = |slot: String| values.get(&slot).cloned().unwrap_or_default();
    let param = |name: &str, text: String| Param {
        name: slots.named.then(|| name.to_owned()),
        value: ParamValue::Text { text },
    };
    let mut header = Vec::new();
    if let Some(kind) = &slots.header_media {
        header.push(Param {
            name: None,
            value: ParamValue::Media {
                kind: match kind.as_str() {
                    "video" => MediaKind::Video,
                    "document" => MediaKind::Document,
                    _ => MediaKind::Image,
                },
                source: MediaSource::Link(value("header.media".to_owned())),
            },
        });
    }
    if let Some(slot) = &slots.header_text {
        header.push(param(slot, value(format!("header.{slot}"))));
    }
    let body = slots
        .body
        .iter()
        .map(|slot| param(slot, value(format!("body.{slot}"))))
        .collect();
    let buttons = slots
        .buttons
        .iter()
        .map(|(index, kind)| ButtonParam {
            index: *index,
            kind: if kind == "copy_code" {
                ButtonParamKind::CopyCode
            } else {
                ButtonParamKind::Url
            },
            value: Param {
                name: None,
                value: ParamValue::Text {
                    text: value(format!("button.{index}")),
                },
            },
        })
        .collect();
    Ok(TemplateSend {
        name: name.to_owned(),
        language: language.to_owned(),
        header,
        body,
        buttons,
    })
}

/// How many people's turn has come at `now` when `people` are spread evenly from `start` to `end`.
///
/// Everybody's when there is no spread. The first person's turn is at the start.
#[must_use]
pub fn due_by(people: u64, start: Ts, end: Ts, now: Ts) -> u64 {
    let (length, gone) = (end.since(start), now.since(start));
    if length <= 0 || gone >= length {
        return people;
    }
    if gone < 0 {
        return 0;
    }
    let share = i128::from(people) * i128::from(gone) / i128::from(length);
    u64::try_from(share)
        .unwrap_or(people)
        .saturating_add(1)
        .min(people)
}

/// When the turn of person number `n` (from 0) comes.
#[must_use]
pub fn turn_of(n: u64, people: u64, start: Ts, end: Ts) -> Ts {
    let length = end.since(start).max(0);
    if people == 0 {
        return start;
    }
    // Rounded up, so that `due_by` counts the person at that very instant.
    let ms = (i128::from(n.min(people)) * i128::from(length) + i128::from(people) - 1)
        / i128::from(people);
    start.plus_ms(i64::try_from(ms).unwrap_or(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_only_goes_forward_and_ends_stay_ends() {
        use CampaignState as S;
        assert!(S::Draft.may_become(S::Planned));
        assert!(
            S::Approved.may_become(S::Planned),
            "a new plan undoes an approval"
        );
        assert!(
            !S::Draft.may_become(S::Approved),
            "nothing is approved unseen"
        );
        assert!(
            !S::Planned.may_become(S::Running),
            "nothing runs unapproved"
        );
        assert!(!S::Running.may_become(S::Planned));
        for end in [S::Stopped, S::Done] {
            assert!(end.is_final());
            assert!(S::ALL.into_iter().all(|next| !end.may_become(next)));
        }
        for state in S::ALL {
            assert_eq!(S::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn turns_are_spread_evenly_and_both_ways_of_counting_agree() {
        let (start, end) = (Ts(1_000), Ts(11_000));
        for people in [1_u64, 2, 3, 7, 10, 1_000] {
            for n in 0..people {
                let at = turn_of(n, people, start, end);
                assert!(due_by(people, start, end, at) > n, "{people} {n}");
                if at > start {
                    assert!(
                        due_by(people, start, end, at.plus_ms(-1)) <= n,
                        "{people} {n}"
                    );
                }
            }
        }
        assert_eq!(
            due_by(5, start, start, start),
            5,
            "no spread: everybody at once"
        );
        assert_eq!(due_by(5, start, end, Ts(999)), 0);
        assert_eq!(due_by(5, start, end, end), 5);
    }

    #[test]
    fn slots_are_filled_in_order_and_what_is_missing_is_named() {
        let slots = TemplateSlots {
            named: true,
            header_text: Some("tienda".into()),
            body: vec!["nombre".into(), "dias".into()],
            buttons: vec![(1, "url".into())],
            button_count: 2,
            ..TemplateSlots::default()
        };
        assert_eq!(
            slot_names(&slots),
            ["header.tienda", "body.nombre", "body.dias", "button.1"]
        );
        let mut values: BTreeMap<String, String> = [
            ("header.tienda", "Sol"),
            ("body.nombre", "Ana"),
            ("body.dias", " "),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        assert_eq!(
            fill("promo", "es", &slots, &values).unwrap_err(),
            ["body.dias", "button.1"]
        );
        values.insert("body.dias".into(), "3".into());
        values.insert("button.1".into(), "x1".into());
        let send = fill("promo", "es", &slots, &values).unwrap();
        assert_eq!(send.body.len(), 2);
        assert_eq!(send.body[0].name.as_deref(), Some("nombre"));
        assert_eq!(send.buttons[0].index, 1);
    }
}
