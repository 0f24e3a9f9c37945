//! The only checks on what a guest returned: count, bytes, known handles. UTF-8 was checked on the
//! way out of the guest. What a message says is the gate's to judge, the bounds of one action the flow's.

use portero_domain::plugin::Failure;

use crate::guest_state::GuestState;

/// Bytes of a plugin's failure code that are kept.
pub(crate) const MAX_CODE_BYTES: usize = 64;
/// Bytes of a plugin's failure message that are kept.
pub(crate) const MAX_MESSAGE_BYTES: usize = 1_024;

/// What a guest that came to its end said.
pub(crate) enum Answer<T> {
    /// A checked value.
    Value(T),
    /// "I could not."
    Failure(Failure),
    /// Something that is no valid answer; what is wrong with it.
    Invalid(String),
    /// The host called a plugin of another kind.
    WrongKind,
}

/// Takes values over from a guest, counting items and bytes of text.
pub(crate) struct Taker<'s> {
    state: &'s GuestState,
    bytes_left: usize,
}

impl<'s> Taker<'s> {
    pub(crate) fn new(state: &'s GuestState) -> Taker<'s> {
        Taker {
            state,
            bytes_left: state.limits.max_output_bytes,
        }
    }

    /// A list at the top of an answer.
    pub(crate) fn list<W, T>(
        &mut self,
        items: Vec<W>,
        mut take: impl FnMut(&mut Self, W) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let most = self.state.limits.max_items;
        if items.len() > most {
            return Err(format!("{} items, at most {most}", items.len()));
        }
        items.into_iter().map(|item| take(self, item)).collect()
    }

    /// Any text.
    pub(crate) fn text(&mut self, text: String) -> Result<String, String> {
        self.spend(text.len())?;
        Ok(text)
    }

    /// A text that may be absent.
    pub(crate) fn maybe(&mut self, text: Option<String>) -> Result<Option<String>, String> {
        text.map(|text| self.text(text)).transpose()
    }

    /// Pairs of texts. An entry costs at least one byte, so that empty ones are bounded too.
    pub(crate) fn pairs(
        &mut self,
        pairs: Vec<(String, String)>,
    ) -> Result<Vec<(String, String)>, String> {
        self.each(pairs, |taker, (key, value)| {
            Ok((taker.text(key)?, taker.text(value)?))
        })
    }

    /// A text that becomes a column as it is: no zero byte, which not every database can keep.
    pub(crate) fn plain(&mut self, text: String) -> Result<String, String> {
        if text.contains('\0') {
            return Err("a text holds a zero byte".to_owned());
        }
        self.text(text)
    }

    /// Pairs of such texts.
    pub(crate) fn plain_pairs(
        &mut self,
        pairs: Vec<(String, String)>,
    ) -> Result<Vec<(String, String)>, String> {
        self.each(pairs, |taker, (key, value)| {
            Ok((taker.plain(key)?, taker.plain(value)?))
        })
    }

    /// A list within an item; every element costs at least one byte.
    pub(crate) fn each<W, T>(
        &mut self,
        items: Vec<W>,
        mut take: impl FnMut(&mut Self, W) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.spend(items.len())?;
        items.into_iter().map(|item| take(self, item)).collect()
    }

    /// A handle that this call was given.
    pub(crate) fn handle(&mut self, handle: String) -> Result<String, String> {
        if self.state.knows_handle(&handle) {
            self.text(handle)
        } else {
            Err("a handle that this call was not given".to_owned())
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes_left = self.bytes_left.checked_sub(bytes).ok_or_else(|| {
            format!(
                "more than {} bytes of text",
                self.state.limits.max_output_bytes
            )
        })?;
        Ok(())
    }
}
