//! Trouble on demand (§11.2): errors, lost answers, webhooks doubled, shuffled, late, held.

use serde::{Deserialize, Serialize};

use crate::errors::{self, GraphError};

/// What goes wrong; posted as JSON to `/_sim/faults`, where absent fields keep their value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Errors for the coming message sends, in this order.
    pub next: Vec<NextError>,
    /// So many sends are accepted and their answer lost: the connection closes without a byte.
    pub drop_answer_next: u32,
    /// Percentage of webhooks delivered twice, 0 to 100.
    pub duplicate_percent: u8,
    /// Delay each webhook by chance, up to `reorder_ms`, so that they overtake each other.
    pub reorder: bool,
    /// Longest delay of `reorder`, business milliseconds.
    pub reorder_ms: i64,
    /// Delay every webhook by so many business milliseconds.
    pub delay_ms: i64,
    /// Hold all webhooks back; they leave when this is false again.
    pub pause_webhooks: bool,
    /// Put up to so many updates into one POST (1 to 1000).
    pub batch: usize,
    /// So many webhooks are signed with a wrong secret.
    pub bad_signature_next: u32,
}

impl Default for Faults {
    fn default() -> Self {
        Faults {
            next: Vec::new(),
            drop_answer_next: 0,
            duplicate_percent: 0,
            reorder: false,
            reorder_ms: 10_000,
            delay_ms: 0,
            pause_webhooks: false,
            batch: 1,
            bad_signature_next: 0,
        }
    }
}

/// An error for the next sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextError {
    /// One of Meta's codes (§7).
    pub code: i64,
    /// For how many sends.
    #[serde(default = "once")]
    pub times: u32,
    /// As the answer, or as a `failed` status afterwards.
    #[serde(default)]
    pub mode: FaultMode,
}

/// How an injected error shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultMode {
    /// HTTP error, nothing accepted.
    #[default]
    Sync,
    /// HTTP 200, then a `failed` status.
    Async,
}

const fn once() -> u32 {
    1
}

impl Faults {
    /// Refuses values that mean nothing.
    pub(crate) fn check(&self) -> Result<(), String> {
        if let Some(wrong) = self.next.iter().find(|next| !errors::is_known(next.code)) {
            return Err(format!("`{}` is none of Meta's error codes", wrong.code));
        }
        if self.duplicate_percent > 100 {
            return Err("`duplicate_percent` is 0 to 100".to_owned());
        }
        if !(1..=1_000).contains(&self.batch) {
            return Err("`batch` is 1 to 1000".to_owned());
        }
        if self.delay_ms < 0 || self.reorder_ms < 0 {
            return Err("delays are not negative".to_owned());
        }
        Ok(())
    }

    /// The error that waits for this send, used up.
    pub(crate) fn take_next(&mut self, mode: FaultMode) -> Option<GraphError> {
        self.next.retain(|next| next.times > 0);
        let first = self.next.first_mut()?;
        if first.mode != mode {
            return None;
        }
        first.times -= 1;
        let code = first.code;
        Some(GraphError::new(code, "injected by /_sim/faults"))
    }

    /// Whether this accepted send's answer is to be lost, used up.
    pub(crate) fn take_drop(&mut self) -> bool {
        take_one(&mut self.drop_answer_next)
    }

    /// Whether this webhook is to be signed wrongly, used up.
    pub(crate) fn take_bad_signature(&mut self) -> bool {
        take_one(&mut self.bad_signature_next)
    }
}

fn take_one(counter: &mut u32) -> bool {
    let taken = *counter > 0;
    *counter = counter.saturating_sub(1);
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn injected_errors_come_in_order_and_run_out() {
        let mut faults: Faults = serde_json::from_str(
            r#"{"next":[{"code":131056,"times":0},{"code":130429,"times":2},{"code":131026,"mode":"async"}]}"#,
        )
        .unwrap();
        assert_eq!(faults.take_next(FaultMode::Async), None);
        let codes: Vec<i64> = std::iter::from_fn(|| faults.take_next(FaultMode::Sync))
            .map(|error| error.code)
            .collect();
        assert_eq!(codes, [130_429, 130_429]);
        assert_eq!(faults.take_next(FaultMode::Async).unwrap().code, 131_026);
        assert_eq!(faults.take_next(FaultMode::Async), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [
            r#"{"next":[{"code":7777777}]}"#,
            r#"{"duplicate_percent":101}"#,
            r#"{"batch":0}"#,
            r#"{"delay_ms":-1}"#,
        ] {
            let faults: Faults = serde_json::from_str(bad).unwrap();
            assert!(faults.check().is_err(), "{bad}");
        }
    }
}
