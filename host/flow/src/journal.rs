//! How a recorded call is kept: as JSON, small ones as they are, large ones compressed.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use portero_sandbox::Recording;
use portero_sandbox::journal::FORM;

use crate::error::FlowError;

/// From this size on it pays to compress: most calls are smaller, and it would take as long as the call.
const LARGE: usize = 16 * 1024;
/// Largest recording that is read back; what a tape keeps is far below.
const LARGEST: u64 = 16 * 1024 * 1024;
const PLAIN: u8 = 0;
const DEFLATED: u8 = 1;

/// As it is kept, before it is sealed. `None` when it cannot be written, which is no reason for a call to fail.
pub(crate) fn packed(json: &[u8]) -> Option<Vec<u8>> {
    if json.len() < LARGE {
        let mut out = Vec::with_capacity(json.len().saturating_add(1));
        out.push(PLAIN);
        out.extend_from_slice(json);
        return Some(out);
    }
    let mut out = DeflateEncoder::new(vec![DEFLATED], Compression::fast());
    out.write_all(json).ok()?;
    out.finish().ok()
}

/// Reads one back.
///
/// # Errors
/// [`FlowError::Stored`] when it is none of ours, or in a newer form.
pub(crate) fn read(kept: &[u8]) -> Result<Recording, FlowError> {
    let what = "recorded call";
    let bad = |why: &str| FlowError::Stored {
        what,
        source: serde::de::Error::custom(why),
    };
    let recording: Recording = match kept.split_first() {
        Some((&PLAIN, json)) => serde_json::from_slice(json),
        Some((&DEFLATED, deflated)) => {
            let mut json = Vec::new();
            DeflateDecoder::new(deflated)
                .take(LARGEST)
                .read_to_end(&mut json)
                .map_err(|e| bad(&e.to_string()))?;
            serde_json::from_slice(&json)
        }
        _ => return Err(bad("of an unknown packing")),
    }
    .map_err(|source| FlowError::Stored { what, source })?;
    if recording.form > FORM {
        return Err(bad("recorded by a newer version"));
    }
    Ok(recording)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn recording(config: &str) -> serde_json::Value {
        json!({
            "form": 1, "build": "b", "seed": "00", "granted": ["kv"], "config": config, "asked": [], "whole": true,
            "event": {
                "meta": { "event_id": "evt_1", "now": 1, "timezone": "UTC", "language": "es" },
                "contact": { "handle": "h" }, "conversation": {},
                "what": { "kind": "timer", "name": "t", "payload": "" },
            },
            "result": { "outcome": "ok", "detail": "", "actions": [], "kept": [], "fuel": 1,
                        "peak_memory_bytes": 1, "host_calls": 0 },
        })
    }

    #[test]
    fn small_and_large_ones_come_back_and_large_ones_shrink() {
        for config in ["{}".to_owned(), "año ".repeat(20_000)] {
            let json = recording(&config).to_string();
            let kept = packed(json.as_bytes()).unwrap();
            assert!(kept.len() <= json.len() / if json.len() > LARGE { 10 } else { 1 } + 1);
            let back = read(&kept).unwrap();
            assert_eq!(back.config, config);
        }
    }

    #[test]
    fn what_is_none_of_ours_is_said() {
        assert!(read(&[]).is_err() && read(&[7, 1]).is_err() && read(&[DEFLATED, 9, 9]).is_err());
        let mut newer = recording("{}");
        newer["form"] = json!(FORM + 1);
        let kept = packed(newer.to_string().as_bytes()).unwrap();
        assert!(read(&kept).unwrap_err().chain().contains("newer"));
    }
}
