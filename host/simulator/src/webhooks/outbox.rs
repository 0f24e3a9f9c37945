//! Webhooks that wait: lanes, duplicates, delays, batches, retries, what was delivered.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};

use portero_domain::clock::{Millis, Ts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire;
use crate::arena::Id;
use crate::people::Person;
use crate::queue::Queue;
use crate::world::{Number, Waba, World};

/// One element of `changes[]` with the account it belongs to.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) waba: Id<Waba>,
    pub(crate) field: Cow<'static, str>,
    pub(crate) value: Value,
    /// `entry.time`, seconds; absent on messages.
    pub(crate) time: Option<i64>,
}

/// Deliveries of one lane leave one after another; lanes run beside each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Lane {
    Pair(Id<Number>, Id<Person>),
    Account(Id<Waba>),
}

/// One POST, before or between attempts.
#[derive(Serialize, Deserialize)]
pub(crate) struct Delivery {
    lanes: Vec<Lane>,
    changes: Vec<Change>,
    url: String,
    /// Built at the first attempt; a repetition sends the same bytes.
    #[serde(with = "as_text")]
    body: Option<Vec<u8>>,
    attempts: u32,
    since: Ts,
}

/// One POST with all it needs.
pub(crate) struct Post {
    pub(crate) url: String,
    pub(crate) body: Vec<u8>,
    pub(crate) signature: String,
    delivery: Delivery,
    /// The world it belongs to.
    epoch: u64,
}

/// A line of `/_sim/webhooks`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Logged {
    /// Its place among all of them, from 1: what `replay` takes.
    pub(crate) nth: u64,
    pub(crate) at: Ts,
    pub(crate) fields: Vec<Cow<'static, str>>,
    pub(crate) attempts: u32,
    pub(crate) bytes: usize,
    pub(crate) outcome: String,
    /// What was sent, as far as something was.
    #[serde(with = "as_text")]
    pub(crate) body: Option<Vec<u8>>,
    url: String,
    lanes: Vec<Lane>,
    delivered: bool,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Outbox {
    queue: Queue<Delivery>,
    #[serde(skip)]
    busy: HashSet<Lane>,
    #[serde(skip)]
    pub(crate) in_flight: usize,
    pub(crate) log: VecDeque<Logged>,
    pub(crate) delivered: u64,
    /// Attempts noted so far.
    noted: u64,
}

const LOG_KEPT: usize = 2_000;
/// Deliveries looked at for a free lane in one step.
const LOOK: usize = 2_048;
/// Concurrent POSTs.
pub(crate) const MAX_IN_FLIGHT: usize = 64;
/// Gaps between attempts (§11.2b); afterwards every 6 h.
const GAPS: [Millis; 5] = [
    Millis::secs(10),
    Millis::minutes(1),
    Millis::minutes(5),
    Millis::minutes(30),
    Millis::hours(2),
];
/// Meta gives up after that (§2.2).
const GIVE_UP: Millis = Millis::days(7);

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
    pub(crate) fn due(&self, now: Ts) -> usize {
        self.queue.due(now)
    }
    pub(crate) fn next_at(&self) -> Option<Ts> {
        self.queue.next_at()
    }
    fn note(&mut self, mut line: Logged) {
        self.noted += 1;
        line.nth = self.noted;
        if self.log.len() >= LOG_KEPT {
            self.log.pop_front();
        }
        self.log.push_back(line);
    }
}

impl World {
    /// Where the account's webhooks go; `None` when nobody is subscribed.
    pub(crate) fn callback_of(&self, waba: Id<Waba>) -> Option<&str> {
        let waba = &self.wabas[waba];
        if !waba.is.subscribed {
            return None;
        }
        waba.callback
            .as_deref()
            .or(self.config.callback_url.as_deref())
    }

    pub(super) fn enqueue(&mut self, change: Change, lane: Lane, at: Ts) {
        let Some(url) = self.callback_of(change.waba).map(str::to_owned) else {
            self.outbox.note(Logged {
                nth: 0,
                at,
                fields: vec![change.field.clone()],
                attempts: 0,
                bytes: 0,
                outcome: "not sent: no callback is subscribed".to_owned(),
                body: None,
                url: String::new(),
                lanes: vec![lane],
                delivered: false,
            });
            return;
        };
        let copies = 1 + usize::from(self.chance.toss(self.faults.duplicate_percent));
        for _ in 0..copies {
            let jitter = if self.faults.reorder {
                self.chance.up_to_ms(self.faults.reorder_ms)
            } else {
                0
            };
            let due = at.plus_ms(self.faults.delay_ms).plus_ms(jitter);
            self.outbox.queue.push(
                due,
                Delivery {
                    lanes: vec![lane],
                    changes: vec![change.clone()],
                    url: url.clone(),
                    body: None,
                    attempts: 0,
                    since: at,
                },
            );
        }
    }

    /// Takes what is due and whose lane is free, as finished POSTs.
    pub(super) fn take_posts(&mut self, now: Ts) -> Vec<Post> {
        if self.faults.pause_webhooks {
            return Vec::new();
        }
        let free = MAX_IN_FLIGHT.saturating_sub(self.outbox.in_flight);
        if free == 0 {
            return Vec::new();
        }
        let batch = self.faults.batch.max(1);
        let outbox = &mut self.outbox;
        let mut taken = outbox.busy.clone();
        let due = outbox
            .queue
            .take_due(now, free.saturating_mul(batch), LOOK, |delivery| {
                // A batch may hold a lane's updates one after another; a POST of its own may not.
                if batch > 1 && delivery.attempts == 0 {
                    return delivery
                        .lanes
                        .iter()
                        .all(|lane| !outbox.busy.contains(lane));
                }
                let clear = delivery.lanes.iter().all(|lane| !taken.contains(lane));
                // Also when it is not clear: what comes later in the lane must not overtake it.
                taken.extend(delivery.lanes.iter().copied());
                clear
            });
        let posts: Vec<Post> = merged(due, batch)
            .into_iter()
            .map(|delivery| self.make_post(delivery))
            .collect();
        self.outbox.in_flight += posts.len();
        posts
    }

    fn make_post(&mut self, mut delivery: Delivery) -> Post {
        let body = match delivery.body.take() {
            Some(body) => body,
            None => wire::encode(&self.envelope(&delivery.changes)),
        };
        let mut signature = wire::signature(&self.config.app_secret, &body);
        if self.faults.take_bad_signature() {
            signature = wire::signature("not the app secret", &body);
        }
        delivery.attempts = delivery.attempts.saturating_add(1);
        self.outbox.busy.extend(delivery.lanes.iter().copied());
        Post {
            url: delivery.url.clone(),
            body,
            signature,
            delivery,
            epoch: self.epoch,
        }
    }

    fn envelope(&self, changes: &[Change]) -> Value {
        let mut entries: Vec<(Id<Waba>, Option<i64>, Vec<Value>)> = Vec::new();
        for change in changes {
            let told = json!({"value": change.value, "field": change.field});
            match entries.last_mut() {
                Some((waba, time, list)) if *waba == change.waba && *time == change.time => {
                    list.push(told);
                }
                _ => entries.push((change.waba, change.time, vec![told])),
            }
        }
        let entries: Vec<Value> = entries
            .into_iter()
            .map(|(waba, time, changes)| {
                let mut entry = json!({"id": self.wabas[waba].is.id});
                if let Some(fields) = entry.as_object_mut() {
                    if let Some(time) = time {
                        fields.insert("time".into(), time.into());
                    }
                    fields.insert("changes".into(), changes.into());
                }
                entry
            })
            .collect();
        json!({"object": "whatsapp_business_account", "entry": entries})
    }

    /// Settles a POST: done, or again later.
    pub(super) fn settle_post(&mut self, post: Post, answer: Result<u16, String>, now: Ts) {
        let Post {
            body,
            mut delivery,
            epoch,
            ..
        } = post;
        if epoch != self.epoch {
            return;
        }
        self.outbox.in_flight = self.outbox.in_flight.saturating_sub(1);
        for lane in &delivery.lanes {
            self.outbox.busy.remove(lane);
        }
        let delivered = answer == Ok(200);
        let gap = usize::try_from(delivery.attempts)
            .ok()
            .and_then(|done| GAPS.get(done.saturating_sub(1)))
            .copied()
            .unwrap_or(Millis::hours(6));
        let again = now + gap;
        let given_up = !delivered && again.since(delivery.since) > GIVE_UP.0;
        let said = match &answer {
            Ok(status) => format!("HTTP {status}"),
            Err(why) => why.clone(),
        };
        let outcome = if delivered {
            self.outbox.delivered += 1;
            "delivered".to_owned()
        } else if given_up {
            format!("given up after 7 days: {said}")
        } else {
            format!("will be repeated: {said}")
        };
        self.outbox.note(Logged {
            nth: 0,
            at: now,
            fields: delivery
                .changes
                .iter()
                .map(|change| change.field.clone())
                .collect(),
            attempts: delivery.attempts,
            bytes: body.len(),
            outcome,
            body: Some(body.clone()),
            url: delivery.url.clone(),
            lanes: delivery.lanes.clone(),
            delivered,
        });
        if !delivered && !given_up {
            delivery.body = Some(body);
            self.outbox.queue.push(again, delivery);
        }
    }

    /// Queues bodies once more, byte for byte: the one with this number, or the last `count` that
    /// were delivered; says how many.
    pub(crate) fn replay(&mut self, nth: Option<u64>, count: usize, now: Ts) -> usize {
        let again: Vec<Delivery> = self
            .outbox
            .log
            .iter()
            .rev()
            .filter(|line| match nth {
                Some(nth) => line.nth == nth && line.body.is_some(),
                None => line.delivered,
            })
            .take(count)
            .map(|line| Delivery {
                lanes: line.lanes.clone(),
                changes: Vec::new(),
                url: line.url.clone(),
                body: line.body.clone(),
                attempts: 0,
                since: now,
            })
            .collect();
        let count = again.len();
        for delivery in again.into_iter().rev() {
            self.outbox.queue.push(now, delivery);
        }
        count
    }
}

/// Joins first attempts to the same address into POSTs of up to `batch` updates.
fn merged(due: Vec<Delivery>, batch: usize) -> Vec<Delivery> {
    let mut out: Vec<Delivery> = Vec::new();
    for delivery in due {
        let fresh = |d: &Delivery| d.attempts == 0 && d.body.is_none();
        match out.last_mut() {
            Some(last)
                if fresh(last)
                    && fresh(&delivery)
                    && last.url == delivery.url
                    && last.changes.len() < batch =>
            {
                last.changes.extend(delivery.changes);
                last.lanes.extend(delivery.lanes);
            }
            _ => out.push(delivery),
        }
    }
    out
}

/// Bodies are ASCII as Meta escapes it: text in a saved world.
mod as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        body: &Option<Vec<u8>>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        body.as_deref().map(String::from_utf8_lossy).serialize(s)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        Ok(Option::<String>::deserialize(d)?.map(String::into_bytes))
    }
}
