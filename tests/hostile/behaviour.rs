//! What holds across calls: isolation, fairness, grants, determinism, cache, the other two worlds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use portero_domain::clock::Ts;
use portero_domain::plugin::{Observation, PluginKind, Sample, SegmentContact};
use portero_sandbox::{
    Allocator, CallLimits, Outcome, ReportQuery, Sandbox, SandboxConfig, TemplateSignature,
};

use crate::harness::{
    HOSTILE, NOW, RUNTIME, Replies, SANDBOX, SEED, assert_served, event, limits, load, meta,
    sandbox, text_of,
};
use crate::host::TestHost;

pub(crate) fn trials() -> Vec<Trial> {
    let all: [(&str, fn()); 12] = [
        (
            "a_reused_slot_shows_nothing_of_the_guest_before",
            slot_reuse,
        ),
        (
            "a_looping_guest_lets_others_run_on_the_same_thread",
            fairness,
        ),
        ("calls_beyond_the_slots_wait_and_are_served", waiting),
        ("a_dropped_call_gives_its_slot_back", dropped_call),
        ("what_is_not_granted_is_refused_as_a_value", not_granted),
        (
            "the_same_seed_answers_the_same_with_the_same_fuel",
            determinism,
        ),
        (
            "a_panic_of_the_host_ends_the_call_and_nothing_else",
            host_panic,
        ),
        ("stored_values_are_read_under_the_overlay", stored_values),
        ("the_cache_is_used_and_a_damaged_file_is_replaced", cache),
        ("another_digest_than_installed_is_refused", other_digest),
        ("segments_classifies_and_personalises", segmentation),
        ("counts_observes_and_reports", analytics),
    ];
    all.into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || -> Result<(), Failed> {
                test();
                Ok(())
            })
        })
        .collect()
}

fn ask(text: &str, host: TestHost) -> Replies {
    RUNTIME.block_on(SANDBOX.call_replies(&HOSTILE, &limits(), Arc::new(host), event(text), SEED))
}

fn slot_reuse() {
    for allocator in [Allocator::Auto, Allocator::OnDemand] {
        // One slot: the second call gets the memory of the first.
        let small = sandbox(allocator, 1);
        RUNTIME.block_on(async {
            let plugin = load(&small, env!("PORTERO_GUEST_HOSTILE")).await;
            for (deed, answer) in [("leave-secret", "left"), ("find-secret", "0 found")] {
                let report = small
                    .call_replies(
                        &plugin,
                        &limits(),
                        Arc::new(TestHost::default()),
                        event(deed),
                        SEED,
                    )
                    .await;
                assert_eq!(text_of(&report), answer, "{allocator:?}");
            }
        });
    }
}

fn fairness() {
    let one_thread = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    one_thread.block_on(async {
        let limits = limits();
        let looping = SANDBOX.call_replies(
            &HOSTILE,
            &limits,
            Arc::new(TestHost::default()),
            event("infinite-loop"),
            SEED,
        );
        let honest = SANDBOX.call_replies(
            &HOSTILE,
            &limits,
            Arc::new(TestHost::default()),
            event("healthy"),
            SEED,
        );
        tokio::pin!(looping, honest);
        // Biased: the loop is polled first, and must come back unfinished for the other to run.
        tokio::select! {
            biased;
            report = &mut looping => panic!("the loop did not yield: {report:?}"),
            report = &mut honest => assert!(report.outcome.is_ok(), "{report:?}"),
        }
        assert_eq!(looping.await.outcome, Outcome::OutOfFuel);
    });
}

fn waiting() {
    let small = sandbox(Allocator::Auto, 2);
    RUNTIME.block_on(async {
        let plugin = load(&small, env!("PORTERO_GUEST_HOSTILE")).await;
        let limits = limits();
        let call = || {
            small.call_replies(
                &plugin,
                &limits,
                Arc::new(TestHost::default()),
                event("healthy"),
                SEED,
            )
        };
        let (a, b, c, d, e) = tokio::join!(call(), call(), call(), call(), call());
        for report in [a, b, c, d, e] {
            assert!(report.outcome.is_ok(), "{report:?}");
        }
    });
}

fn dropped_call() {
    let small = sandbox(Allocator::Auto, 1);
    RUNTIME.block_on(async {
        let plugin = load(&small, env!("PORTERO_GUEST_HOSTILE")).await;
        let limits = limits();
        for _ in 0..3 {
            let sleeping = small.call_replies(
                &plugin,
                &limits,
                Arc::new(TestHost::default()),
                event("sleep"),
                SEED,
            );
            let given_up = tokio::time::timeout(Duration::from_millis(50), sleeping).await;
            assert!(given_up.is_err());
        }
        let report = small
            .call_replies(
                &plugin,
                &limits,
                Arc::new(TestHost::default()),
                event("healthy"),
                SEED,
            )
            .await;
        assert!(report.outcome.is_ok(), "{report:?}");
    });
}

fn not_granted() {
    for permission in ["config", "kv"] {
        let report = ask(
            "healthy",
            TestHost {
                denied: vec![permission],
                ..TestHost::default()
            },
        );
        let Outcome::PluginError { code, message } = &report.outcome else {
            panic!("{report:?}");
        };
        assert_eq!(code, "refused");
        assert_eq!(message, &format!("Denied(\"{permission}\")"));
        assert!(report.kv_writes.is_empty());
    }
    let report = ask(
        "healthy",
        TestHost {
            denied: vec!["log"],
            ..TestHost::default()
        },
    );
    assert!(report.outcome.is_ok(), "{report:?}");
    assert_eq!((report.logs.len(), report.logs_dropped), (0, 1));
    let report = ask(
        "wait-for-http",
        TestHost {
            denied: vec!["http.fetch"],
            ..TestHost::default()
        },
    );
    assert_eq!(text_of(&report), "Err(Denied(\"http.fetch\"))");
}

fn determinism() {
    let draw = |seed: u8| {
        let report = RUNTIME.block_on(SANDBOX.call_replies(
            &HOSTILE,
            &limits(),
            Arc::new(TestHost::default()),
            event("time-and-chance"),
            [seed; 32],
        ));
        (text_of(&report).to_owned(), report.fuel_used)
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1).0, draw(2).0);
}

fn host_panic() {
    let report = ask(
        "kv-read-back",
        TestHost {
            broken: true,
            ..TestHost::default()
        },
    );
    assert_eq!(report.outcome, Outcome::HostBug, "{report:?}");
    assert!(!report.outcome.is_hard_failure());
    assert_served();
}

fn stored_values() {
    let stored: BTreeMap<String, Vec<u8>> = [("stored", "old"), ("gone", "g"), ("zebra", "z")]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec()))
        .collect();
    let report = ask(
        "kv-read-back",
        TestHost {
            stored,
            ..TestHost::default()
        },
    );
    let text = text_of(&report);
    assert!(
        text.starts_with("Some([111, 108, 100]) Some(\"new\")"),
        "{text}"
    );
    assert!(
        text.contains("[\"brief\", \"stored\", \"zebra\"]"),
        "{text}"
    );
}

fn cache() {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        Sandbox::new(SandboxConfig {
            cache_dir: Some(dir.path().join("aot")),
            cache_key: [3; 32],
            allocator: Allocator::Auto,
            max_concurrent: 1,
        })
        .unwrap()
    };
    let serve = |sandbox: &Sandbox| {
        RUNTIME.block_on(async {
            let plugin = load(sandbox, env!("PORTERO_GUEST_HOSTILE")).await;
            let report = sandbox
                .call_replies(
                    &plugin,
                    &limits(),
                    Arc::new(TestHost::default()),
                    event("healthy"),
                    SEED,
                )
                .await;
            assert_eq!(text_of(&report), "hola");
        });
    };
    let file = || {
        let mut files = std::fs::read_dir(dir.path().join("aot")).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "one file, no scraps");
        file
    };
    serve(&open());
    let written = std::fs::metadata(file()).unwrap().modified().unwrap();
    serve(&open());
    assert_eq!(
        std::fs::metadata(file()).unwrap().modified().unwrap(),
        written,
        "the second start did not compile"
    );
    let good = std::fs::read(file()).unwrap();
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(file(), &bad).unwrap();
    serve(&open());
    assert_ne!(
        std::fs::read(file()).unwrap(),
        bad,
        "the damaged file was replaced"
    );
}

fn other_digest() {
    let bytes = std::fs::read(env!("PORTERO_GUEST_COUNTS")).unwrap();
    let error = RUNTIME
        .block_on(SANDBOX.load(bytes, &"0".repeat(64)))
        .unwrap_err();
    assert!(error.to_string().contains("is installed"), "{error}");
}

fn contact(handle: &str, ago: i64, tags: &[&str]) -> SegmentContact {
    SegmentContact {
        handle: handle.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        last: vec![("inbound".to_owned(), ago)],
        ..SegmentContact::default()
    }
}

fn segmentation() {
    RUNTIME.block_on(async {
        let plugin = load(&SANDBOX, env!("PORTERO_GUEST_SEGMENTS")).await;
        let limits = CallLimits::for_kind(PluginKind::Segmentation);
        let host = || Arc::new(TestHost::default());

        let report = SANDBOX
            .call_segments(&plugin, &limits, host(), NOW, SEED)
            .await;
        assert_eq!(report.value.unwrap()[0].id, "recent");

        let people: Vec<SegmentContact> = (0..500)
            .map(|n| contact(&format!("h-{n}"), n * 3_600_000, &[]))
            .collect();
        let report = SANDBOX
            .call_classify(&plugin, &limits, host(), meta(), people.clone(), SEED)
            .await;
        let members = report.value.unwrap();
        assert_eq!(members.len(), 7 * 24);
        assert_eq!(members[1].handle, "h-1");
        assert_eq!(members[1].reason, "wrote 3600000 ms ago");

        let forged = vec![contact("h-x", 1, &["forge"])];
        let report = SANDBOX
            .call_classify(&plugin, &limits, host(), meta(), forged, SEED)
            .await;
        assert_eq!(report.outcome.as_str(), "invalid-output", "{report:?}");
        assert!(report.value.is_none());

        let template = TemplateSignature {
            name: "hola".to_owned(),
            language: "es".to_owned(),
            slots: vec![("body.nombre".to_owned(), String::new())],
            body: "Hola {{nombre}}".to_owned(),
        };
        let report = SANDBOX
            .call_personalise(&plugin, &limits, host(), meta(), people, template, SEED)
            .await;
        let values = report.value.unwrap();
        assert_eq!(values.len(), 500);
        assert_eq!(
            values[3].values,
            [("body.nombre".to_owned(), "for h-3".to_owned())]
        );
    });
}

fn analytics() {
    RUNTIME.block_on(async {
        let plugin = load(&SANDBOX, env!("PORTERO_GUEST_COUNTS")).await;
        let limits = CallLimits::for_kind(PluginKind::Analytics);
        let host = || Arc::new(TestHost::default());

        let report = SANDBOX
            .call_metrics(&plugin, &limits, host(), NOW, SEED)
            .await;
        assert_eq!(report.value.unwrap()[0].unit, "messages");

        let seen = |name: &str| Observation {
            name: name.to_owned(),
            at: NOW,
            labels: vec![("template".to_owned(), "hola".to_owned())],
            value: 2,
        };
        let report = SANDBOX
            .call_observe(
                &plugin,
                &limits,
                host(),
                meta(),
                vec![seen("sent"), seen("read")],
                SEED,
            )
            .await;
        let samples = report.value.unwrap();
        assert_eq!((samples.len(), samples[0].add), (1, 2));

        let query = ReportQuery {
            meta: meta(),
            since: Ts(0),
            until: NOW,
            totals: [40, 2]
                .map(|add| Sample {
                    metric: "sent".to_owned(),
                    labels: Vec::new(),
                    add,
                })
                .to_vec(),
        };
        let report = SANDBOX
            .call_report(&plugin, &limits, host(), query, SEED)
            .await;
        let cards = report.value.unwrap();
        assert_eq!(cards[0].title, "sent (es)");
        assert_eq!(cards[0].lines, [("total".to_owned(), "42".to_owned())]);

        // The wrong question to the right plugin is the host's fault, not the plugin's.
        let report = SANDBOX
            .call_replies(&plugin, &limits, host(), event("healthy"), SEED)
            .await;
        assert_eq!(report.outcome, Outcome::HostBug);
    });
}
