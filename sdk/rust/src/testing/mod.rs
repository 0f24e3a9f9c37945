//! Native tests without wasm: a fake host, and events to hand to a plugin.
//!
//! Everything is granted unless [`Host::refuse`] says otherwise, except `http.fetch`, which needs an
//! answer first. A call behaves as in the real host: fresh plugin, kv writes kept only when it
//! answers well.
//!
//! ```
//! use portero_sdk::testing::Host;
//! use portero_sdk::{Action, Answer, Event, Message, Replies, kv};
//!
//! #[derive(Default)]
//! struct Counter;
//!
//! impl Replies for Counter {
//!     fn message(&mut self, event: &Event, _: &Message) -> Answer {
//!         let key = format!("seen:{}", event.contact.handle);
//!         let seen = kv::get(&key)?.map_or(0, |v| v.len()) + 1;
//!         kv::set(&key, vec![b'.'; seen])?;
//!         Ok(vec![Action::reply(format!("{seen}"))])
//!     }
//! }
//!
//! let host = Host::install();
//! assert_eq!(host.call::<Counter>(&host.event().text("hola")), Ok(vec![Action::reply("1")]));
//! assert_eq!(host.call::<Counter>(&host.event().text("hola")), Ok(vec![Action::reply("2")]));
//! ```

mod events;
pub(crate) mod fake;

use std::marker::PhantomData;

pub use events::EventBuilder;

use crate::http::{Request, Response};
use crate::log::Level;
use crate::{Answer, Event, HostError, Proposal, Replies, Verdict};

/// The fake host of this thread; gone when dropped.
#[derive(Debug)]
pub struct Host {
    /// Belongs to the thread that installed it.
    here: PhantomData<*const ()>,
}

impl Host {
    /// 2026-01-05 12:00:00 UTC, a Monday: where the clock starts.
    pub const START: u64 = 1_767_614_400_000;

    /// Installs an empty host on this thread, in place of the one before.
    #[must_use]
    pub fn install() -> Host {
        fake::with(|f| {
            *f = fake::Fake::default();
            f.now = Host::START;
        });
        Host { here: PhantomData }
    }

    /// What [`config::get`](crate::config::get) answers.
    pub fn set_config(&self, json: impl Into<String>) {
        fake::with(|f| f.config = json.into());
    }

    /// The clock, Unix milliseconds.
    #[must_use]
    pub fn now(&self) -> u64 {
        fake::with(|f| f.now)
    }

    /// Sets the clock.
    pub fn set_now(&self, now: u64) {
        fake::with(|f| f.now = now);
    }

    /// Moves the clock forward by milliseconds.
    pub fn advance(&self, ms: u64) {
        fake::with(|f| f.now = f.now.saturating_add(ms));
    }

    /// What kv holds under a key.
    #[must_use]
    pub fn kv_get(&self, key: &str) -> Option<Vec<u8>> {
        fake::with(|f| f.live(key))
    }

    /// Puts a value into kv.
    pub fn kv_set(&self, key: impl Into<String>, value: impl Into<Vec<u8>>) {
        fake::with(|f| f.kv.insert(key.into(), (value.into(), None)));
    }

    /// The lines logged so far.
    #[must_use]
    pub fn logs(&self) -> Vec<(Level, String)> {
        fake::with(|f| f.logs.clone())
    }

    /// Takes a permission away: `kv`, `log`, `config`, `gate.preview`, `contacts.read`,
    /// `contacts.read name`, `http.fetch`.
    pub fn refuse(&self, permission: impl Into<String>) {
        fake::with(|f| f.refused.insert(permission.into()));
    }

    /// What [`contacts::field`](crate::contacts::field) answers.
    pub fn set_field(
        &self,
        handle: impl Into<String>,
        field: impl Into<String>,
        value: impl Into<String>,
    ) {
        fake::with(|f| f.fields.insert((handle.into(), field.into()), value.into()));
    }

    /// The next answer of [`gate::preview`](crate::gate::preview); plain allow when none is left.
    pub fn next_verdict(&self, verdict: Verdict) {
        fake::with(|f| f.verdicts.push(verdict));
    }

    /// What the plugin asked the gate about.
    #[must_use]
    pub fn previewed(&self) -> Vec<Proposal> {
        fake::with(|f| f.previewed.clone())
    }

    /// Answers [`http::fetch`](crate::http::fetch). The closure must not call the host.
    pub fn on_fetch(&self, answer: impl FnMut(&Request) -> Result<Response, HostError> + 'static) {
        fake::with(|f| f.fetch = Some(Box::new(answer)));
    }

    /// Starts an event at the host's clock, about person `p1`, with an open window.
    pub fn event(&self) -> EventBuilder {
        EventBuilder::at(self.now())
    }

    /// Calls a replies plugin as the real host does: a fresh one, and a failure undoes its kv
    /// writes.
    ///
    /// # Errors
    /// What the plugin answers.
    pub fn call<P: Replies>(&self, event: &Event) -> Answer {
        let before = fake::with(|f| {
            f.begin_call();
            f.kv.clone()
        });
        let answer = P::default().handle(event);
        if answer.is_err() {
            fake::with(|f| f.kv = before);
        }
        answer
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        fake::with(|f| *f = fake::Fake::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Message, kv, log};

    #[derive(Default)]
    struct WriteThenFail;

    impl Replies for WriteThenFail {
        fn message(&mut self, _: &Event, _: &Message) -> Answer {
            kv::set("half", "done")?;
            assert_eq!(kv::get_text("half")?, Some("done".to_owned()));
            Err(Failure::new("stop", "on purpose"))
        }
    }

    #[test]
    fn a_failed_call_leaves_no_kv_write() {
        let host = Host::install();
        host.kv_set("kept", "yes");
        let answer = host.call::<WriteThenFail>(&host.event().text("x"));
        assert_eq!(answer.unwrap_err().code, "stop");
        assert_eq!(host.kv_get("half"), None);
        assert_eq!(host.kv_get("kept"), Some(b"yes".to_vec()));
    }

    #[test]
    fn a_value_is_gone_exactly_when_its_seconds_have_passed() {
        let host = Host::install();
        kv::set_for("k", "v", 10).unwrap();
        host.advance(9_999);
        assert!(kv::get("k").unwrap().is_some());
        host.advance(1);
        assert!(kv::get("k").unwrap().is_none());
        assert!(kv::keys("", None, 10).unwrap().is_empty());
    }

    #[test]
    fn keys_come_in_order_behind_the_cursor() {
        let _host = Host::install();
        for k in ["b", "a", "c", "x"] {
            kv::set(&format!("p:{k}"), k).unwrap();
        }
        assert_eq!(kv::keys("p:", Some("p:a"), 2).unwrap(), ["p:b", "p:c"]);
        assert!(matches!(
            kv::keys("p:", None, 0),
            Err(HostError::Invalid(_))
        ));
        assert!(matches!(
            kv::keys("p:", None, 101),
            Err(HostError::Invalid(_))
        ));
    }

    #[test]
    fn bounds_of_keys_and_values_are_those_of_the_host() {
        let _host = Host::install();
        assert!(kv::set(&"k".repeat(256), vec![0; 65_536]).is_ok());
        assert!(matches!(
            kv::set(&"k".repeat(257), "v"),
            Err(HostError::Invalid(_))
        ));
        assert!(matches!(kv::set("", "v"), Err(HostError::Invalid(_))));
        assert!(matches!(
            kv::set("k", vec![0; 65_537]),
            Err(HostError::Limit(_))
        ));
    }

    #[test]
    fn what_is_refused_is_a_value_and_names_the_permission() {
        let host = Host::install();
        host.refuse("kv");
        assert_eq!(kv::get("k"), Err(HostError::Denied("kv".to_owned())));
        assert!(matches!(
            crate::http::fetch(&Request::get("https://a.example/")),
            Err(HostError::Denied(_))
        ));
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let host = Host::install();
        log::info("ñ".repeat(3_000));
        let (level, line) = host.logs().remove(0);
        assert_eq!((level, line.len()), (Level::Info, 4_096));
    }

    #[test]
    fn a_dropped_host_leaves_nothing_behind() {
        let host = Host::install();
        kv::set("k", "v").unwrap();
        drop(host);
        let again = Host::install();
        assert_eq!(again.kv_get("k"), None);
    }
}
