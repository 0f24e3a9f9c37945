//! What the Rust guest does on request, and how each call must end.

use std::collections::BTreeSet;
use std::time::Duration;

use libtest_mimic::Trial;
use portero_domain::content::Content;
use portero_domain::plugin::Action;
use portero_domain::proposal::Purpose;
use portero_sandbox::{CallLimits, LogLevel, Outcome};

use crate::deeds::DEEDS;
use crate::harness::{HOSTILE, NOW, Replies, call_checked, limits, text_of};

struct Case {
    deed: &'static str,
    outcome: &'static str,
    /// What [`portero_sandbox::Outcome::detail`] must be one of; empty: not looked at.
    details: &'static [&'static str],
    limits: fn() -> CallLimits,
    check: fn(&Replies),
}

/// Fuel ends computation well before this on any machine that can run the tests.
const BOUND: Duration = Duration::from_secs(10);

fn hurried() -> CallLimits {
    CallLimits {
        wall: Duration::from_millis(300),
        ..limits()
    }
}

fn ends(deed: &'static str, outcome: &'static str, details: &'static [&'static str]) -> Case {
    Case {
        deed,
        outcome,
        details,
        limits,
        check: |_| {},
    }
}

fn answers(deed: &'static str, check: fn(&Replies)) -> Case {
    Case {
        check,
        ..ends(deed, "ok", &[])
    }
}

fn cases() -> Vec<Case> {
    vec![
        answers("healthy", |r| {
            assert_eq!(text_of(r), "hola");
            assert_eq!(r.logs.len(), 1);
            assert!(r.logs[0].1.contains("Doña Ana"), "configuration is read");
            assert_eq!(r.kv_writes.len(), 1);
            assert!(r.fuel_used > 0 && r.host_calls == 3, "{r:?}");
        }),
        ends("infinite-loop", "out-of-fuel", &[]),
        ends(
            "deep-recursion",
            "trap",
            &["memory-out-of-bounds", "stack-overflow"],
        ),
        ends("memory-bomb", "out-of-memory", &[]),
        ends("giant-text", "host-limit", &["transfer-bytes"]),
        ends("giant-list", "host-limit", &["transfer-bytes"]),
        ends("bad-utf8", "invalid-output", &["a text is not UTF-8"]),
        answers("log-many", |r| {
            assert_eq!((r.logs.len(), r.logs_dropped), (64, 836));
        }),
        ends("log-flood", "host-limit", &["host-calls"]),
        ends("print-flood", "host-limit", &["host-calls"]),
        Case {
            check: |r| {
                assert!(
                    r.logs.iter().any(|(level, line)| *level == LogLevel::Warn
                        && line.contains("after the write")),
                    "the panic is told to the author"
                );
            },
            ..ends("kv-write-then-trap", "trap", &["unreachable"])
        },
        Case {
            check: |r| {
                let Outcome::PluginError { code, message } = &r.outcome else {
                    panic!("{r:?}");
                };
                assert_eq!(
                    (code.as_str(), message.as_str()),
                    ("changed_my_mind", "after the write")
                );
            },
            ..ends("kv-write-then-fail", "plugin-error", &[])
        },
        answers("kv-read-back", |r| {
            assert_eq!(
                text_of(r),
                "None Some(\"new\") [\"brief\", \"stored\"] Err(Limit(\"kv.value-bytes\"))"
            );
            let writes: Vec<(&str, Option<i64>)> = r
                .kv_writes
                .iter()
                .map(|w| (w.key.as_str(), w.ttl_ms))
                .collect();
            assert_eq!(
                writes,
                [("brief", Some(60_000)), ("gone", None), ("stored", None)]
            );
        }),
        answers("kv-too-many", |r| assert_eq!(text_of(r), "50 refused")),
        ends("host-call-flood", "host-limit", &["host-calls"]),
        ends("21-actions", "invalid-output", &["21 items, at most 20"]),
        ends("100000-actions", "host-limit", &["transfer-bytes"]),
        ends(
            "too-much-text",
            "invalid-output",
            &["more than 65536 bytes of text"],
        ),
        answers("undeclared-template", |r| {
            // Data like any other: refusing it is the gate's business.
            let Some([Action::Send(send)]) = r.value.as_deref() else {
                panic!("not one message: {r:?}");
            };
            assert_eq!(send.purpose, Purpose::Promotional);
            assert!(matches!(&send.content, Content::Template(t) if t.name == "black_friday"));
        }),
        Case {
            limits: hurried,
            ..ends("sleep", "wall-timeout", &[])
        },
        Case {
            limits: hurried,
            ..answers("wait-for-http", |r| assert_eq!(text_of(r), "Err(Timeout)"))
        },
        Case {
            check: |r| {
                assert!(r.logs.iter().any(|(_, line)| line.contains("on request")));
                assert!(r.backtrace.len() <= 8, "{r:?}");
            },
            ..ends("panic", "trap", &["unreachable"])
        },
        ends("exit", "trap", &["exit"]),
        answers("stranger", |r| {
            let text = text_of(r);
            assert!(text.starts_with("Ok(Some(\"Ana\")) Err(Invalid("), "{text}");
        }),
        answers("time-and-chance", |r| {
            let text = text_of(r);
            assert!(
                text.starts_with(&format!("{} 1ms ", NOW.ms())),
                "the clock stands on the event, the stopwatch steps: {text}"
            );
        }),
        answers("leave-secret", |r| assert_eq!(text_of(r), "left")),
        answers("find-secret", |r| assert_eq!(text_of(r), "0 found")),
        answers("mark", |r| assert_eq!(actions(r), 3)),
        answers("what-am-i-told", |r| {
            assert_eq!(text_of(r), "name:- attributes: tags: bots:0 campaign:-");
        }),
        ends("preview", "plugin-error", &[]),
        answers("wrong-category", |r| assert_eq!(actions(r), 1)),
        // Bounds of single actions are the flow's: the others of the answer stand.
        answers("out-of-bounds", |r| assert_eq!(actions(r), 11)),
        answers("zero-bytes", |r| {
            assert_eq!(actions(r), 3);
            assert_eq!(r.logs[0].1, "a b", "what no database keeps");
            assert!(r.kv_writes.is_empty());
        }),
        answers("fill-kv", |r| {
            let bytes = |w: &portero_sandbox::KvWrite| w.value.as_ref().map_or(0, Vec::len);
            assert_eq!(r.kv_writes.iter().map(bytes).sum::<usize>(), 199 << 16);
        }),
        answers("remember-me", |r| assert_eq!(r.kv_writes.len(), 1)),
        answers("react-to-me", |r| assert_eq!(actions(r), 1)),
        answers("react-to-the-remembered", |r| assert_eq!(actions(r), 1)),
    ]
}

fn actions(report: &Replies) -> usize {
    report.value.as_ref().expect("an answer").len()
}

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = cases()
        .into_iter()
        .map(|case| {
            Trial::test(format!("deed::{}", case.deed), move || {
                run(&case);
                Ok(())
            })
        })
        .collect();
    trials.push(Trial::test("every_deed_has_a_case", || {
        let told: BTreeSet<&str> = cases().iter().map(|case| case.deed).collect();
        assert_eq!(told, BTreeSet::from(DEEDS));
        assert_eq!(cases().len(), DEEDS.len(), "one case each");
        Ok(())
    }));
    trials
}

fn run(case: &Case) {
    let report = call_checked(&HOSTILE, case.deed, &(case.limits)(), BOUND);
    assert_eq!(report.outcome.as_str(), case.outcome, "{report:?}");
    if !case.details.is_empty() {
        let detail = report.outcome.detail().unwrap_or_default();
        assert!(case.details.contains(&detail), "{report:?}");
    }
    (case.check)(&report);
}
