//! Components whose point is the engine, as text; and files that are no plugin at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use portero_sandbox::{LoadError, embed_manifest, inspect};

use crate::harness::{
    BASELINE, RUNTIME, SANDBOX, assert_memory_back, assert_served, call_checked, limits,
};

const MANIFEST: &str = r#"
id = "test.portero.wat"
version = "0.1.0"
kind = "replies"
wit = "0.1"

[[permission]]
id = "log"
reason = "test"

[[permission]]
id = "config"
reason = "test"
"#;
const BOUND: Duration = Duration::from_secs(10);

enum End {
    /// Refused before anything runs: [`portero_sandbox::Refusal::as_str`].
    Refused(&'static str),
    /// Inspected well, and refused when it is linked.
    Unfit,
    /// Called, with this outcome and detail.
    Called(&'static str, Option<&'static str>),
}

/// Every file of `wat/`, and how it ends.
const FILES: [(&str, End); 13] = [
    ("bad_enum", End::Called("trap", None)),
    (
        "bad_utf8",
        End::Called("invalid-output", Some("a text is not UTF-8")),
    ),
    ("core_module", End::Refused("not-a-component")),
    (
        "deep_recursion",
        End::Called("trap", Some("stack-overflow")),
    ),
    ("length_lie", End::Called("invalid-output", None)),
    ("loop_in_realloc", End::Called("out-of-fuel", None)),
    ("loop_in_start", End::Called("out-of-fuel", None)),
    ("memory_bomb", End::Called("out-of-memory", None)),
    ("sockets_import", End::Refused("forbidden-import")),
    (
        "table_growth",
        End::Called("host-limit", Some("table-elements")),
    ),
    ("two_memories", End::Called("out-of-memory", None)),
    ("wrong_type", End::Unfit),
    ("wrong_world", End::Refused("no-export")),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile/wat")
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = FILES
        .iter()
        .map(|(name, end)| {
            Trial::test(format!("wat::{name}"), move || {
                run(name, end);
                Ok(())
            })
        })
        .collect();
    trials.push(Trial::test("every_wat_file_has_a_case", || {
        let told: BTreeSet<String> = FILES
            .iter()
            .map(|(name, _)| format!("{name}.wat"))
            .collect();
        let there: BTreeSet<String> = std::fs::read_dir(folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(told, there);
        Ok(())
    }));
    trials.push(Trial::test("file::elf", || {
        refused(b"\x7fELF\x02\x01\x01\0", "elf");
        Ok(())
    }));
    trials.push(Trial::test("file::33_megabytes_of_nothing", || {
        refused(&vec![0; 33 << 20], "too-large");
        Ok(())
    }));
    trials.push(Trial::test("file::33_megabytes_of_a_good_plugin", || {
        let bytes = grown(33 << 20);
        refused(&bytes, "too-large");
        Ok(())
    }));
    trials.push(Trial::test("file::31_megabytes_of_a_good_plugin", || {
        // Its size alone is no fault: the same plugin, just below the bound, is taken and answers.
        let bytes = grown(31 << 20);
        let (taken, took) = timed(|| {
            let digest = inspect(&bytes).unwrap().digest;
            RUNTIME.block_on(SANDBOX.load(bytes, &digest))
        });
        assert!(took <= BOUND, "{took:?}");
        let report = call_checked(&taken.unwrap(), "healthy", &limits(), BOUND);
        assert!(report.outcome.is_ok(), "{report:?}");
        Ok(())
    }));
    trials
}

/// The honest plugin with so many bytes of data that means nothing: a valid component of that size.
fn grown(bytes: usize) -> Vec<u8> {
    let mut component = std::fs::read(env!("PORTERO_GUEST_HOSTILE")).unwrap();
    // A custom section: id 0, length, name, and the rest is its own affair.
    let name = b"padding";
    let data = bytes - component.len();
    let mut section = vec![u8::try_from(name.len()).unwrap()];
    section.extend_from_slice(name);
    section.resize(data, 0x5a);
    component.push(0);
    let mut length = u32::try_from(section.len()).unwrap();
    loop {
        let low = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        if length == 0 {
            component.push(low);
            break;
        }
        component.push(low | 0x80);
    }
    component.extend_from_slice(&section);
    component
}

fn timed<T>(what: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let value = what();
    (value, started.elapsed())
}

fn run(name: &str, end: &End) {
    let file = wat::parse_file(folder().join(format!("{name}.wat"))).unwrap();
    let bytes = embed_manifest(&file, MANIFEST);
    match end {
        End::Refused(word) => refused(&bytes, word),
        End::Unfit => {
            let baseline = *BASELINE;
            let size = bytes.len();
            let digest = inspect(&bytes).unwrap().digest;
            let (load, took) = timed(|| RUNTIME.block_on(SANDBOX.load(bytes, &digest)));
            assert!(took <= BOUND, "{took:?}");
            assert!(matches!(load, Err(LoadError::Link { .. })), "{load:?}");
            assert_served();
            assert_memory_back(baseline, size);
        }
        End::Called(outcome, detail) => {
            let digest = inspect(&bytes).unwrap().digest;
            let plugin = RUNTIME.block_on(SANDBOX.load(bytes, &digest)).unwrap();
            let report = call_checked(&plugin, "anything", &limits(), BOUND);
            assert_eq!(report.outcome.as_str(), *outcome, "{report:?}");
            if detail.is_some() {
                assert_eq!(report.outcome.detail(), *detail, "{report:?}");
            }
        }
    }
}

/// Refused by inspection, and by loading even when nobody inspected; soon, and without keeping
/// anything of it.
fn refused(bytes: &[u8], word: &str) {
    let baseline = *BASELINE;
    let (refusal, took) = timed(|| inspect(bytes).unwrap_err());
    assert!(took <= BOUND, "looking took {took:?}");
    assert_eq!(refusal.as_str(), word, "{refusal}");
    let message = refusal.to_string();
    assert!(message.contains(": "), "says what to do: {message}");
    let (load, took) = timed(|| RUNTIME.block_on(SANDBOX.load(bytes, "any")));
    assert!(took <= BOUND, "loading took {took:?}");
    assert!(
        matches!(load, Err(LoadError::Refused(r)) if r == refusal),
        "loading refuses too"
    );
    assert_served();
    assert_memory_back(baseline, bytes.len());
}
