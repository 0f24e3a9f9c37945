//! The SHA-256 of a file that comes in pieces: its state is kept with the file, so that a file that
//! broke off and went on has the hash of the whole.

use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest, Sha256};

use crate::error::FlowError;

/// The hash so far.
#[derive(Clone)]
pub(super) struct FileHash(Sha256);

impl FileHash {
    /// Goes on from a kept state; from nothing, the file begins.
    ///
    /// # Errors
    /// A state that is none.
    pub(super) fn resume(state: Option<&str>) -> Result<FileHash, FlowError> {
        let Some(state) = state else {
            return Ok(FileHash(Sha256::new()));
        };
        let bytes = hex::decode(state).ok();
        let state = bytes
            .as_deref()
            .and_then(|b| SerializedState::<Sha256>::try_from(b).ok())
            .and_then(|s| Sha256::deserialize(&s).ok());
        // What we wrote reads back; a database that somebody edited does not.
        state
            .map(FileHash)
            .ok_or_else(|| FlowError::bad("id", "its stored state cannot be read; begin another"))
    }

    /// Takes bytes that are committed with it.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// What to keep.
    pub(super) fn state(&self) -> String {
        hex::encode(self.0.serialize())
    }

    /// The hash of what was taken, hex.
    pub(super) fn hex(&self) -> String {
        hex::encode(self.0.clone().finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_off_anywhere_it_is_the_hash_of_the_whole() {
        let file: Vec<u8> = (0..1_000_u32).flat_map(u32::to_le_bytes).collect();
        let whole = hex::encode(Sha256::digest(&file));
        for at in [0, 1, 63, 64, 65, 2_000, file.len()] {
            let mut first = FileHash::resume(None).unwrap();
            first.take(&file[..at]);
            let mut rest = FileHash::resume(Some(&first.state())).unwrap();
            rest.take(&file[at..]);
            assert_eq!(rest.hex(), whole, "{at}");
        }
        assert!(FileHash::resume(Some("00")).is_err());
    }
}
