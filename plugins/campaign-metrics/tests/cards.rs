//! Cards as an operator reads them, natively.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use campaign_metrics::CampaignMetrics;
use portero_sdk::testing::Host;
use portero_sdk::{Analytics, Card, Meta, Observation, ObservationBatch, ReportQuery, Total};

fn seen(name: &str, labels: &[(&str, &str)]) -> Observation {
    Observation {
        name: name.to_owned(),
        at: 1,
        labels: labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect(),
        value: 1,
    }
}

/// What the host does: adds the samples up and asks for cards.
fn cards(language: &str, observations: Vec<Observation>) -> Vec<Card> {
    let meta = Meta {
        language: language.to_owned(),
        ..Meta::default()
    };
    let batch = ObservationBatch {
        meta: meta.clone(),
        observations,
    };
    let totals = CampaignMetrics
        .observe(&batch)
        .unwrap()
        .into_iter()
        .map(|s| Total {
            metric: s.metric,
            labels: s.labels,
            value: s.add,
        })
        .collect();
    let query = ReportQuery {
        meta,
        since: 0,
        until: 2,
        totals,
    };
    let cards = CampaignMetrics.report(&query).unwrap();
    assert!(cards.len() <= 12);
    for card in &cards {
        assert!(
            card.title.chars().count() <= 80 && card.lines.len() <= 20,
            "{card:?}"
        );
        for (label, value) in &card.lines {
            assert!(
                label.chars().count() <= 80 && value.chars().count() <= 80,
                "{label}: {value}"
            );
        }
    }
    cards
}

fn value(cards: &[Card], title: &str, label: &str) -> Option<String> {
    let card = cards.iter().find(|c| c.title == title)?;
    Some(card.lines.iter().find(|(l, _)| l == label)?.1.clone())
}

const PROMO: [(&str, &str); 3] = [
    ("template", "promo"),
    ("topic", "ofertas"),
    ("country", "CO"),
];

#[test]
fn the_overview_counts_and_says_that_read_is_a_lower_bound() {
    let _host = Host::install();
    for (language, title, read) in [
        ("es", "Resumen", "Leídos (como mínimo)"),
        ("pt", "Resumo", "Lidas (no mínimo)"),
        ("en", "Overview", "Read (at least)"),
    ] {
        let all = cards(
            language,
            vec![
                seen("sent", &PROMO),
                seen("read", &PROMO),
                seen("read", &[]),
            ],
        );
        assert_eq!(value(&all, title, read).as_deref(), Some("2"));
    }
}

#[test]
fn a_template_has_a_line_with_its_whole_way() {
    let _host = Host::install();
    let mut day = vec![seen("sent", &PROMO); 3];
    day.extend([seen("delivered", &PROMO), seen("delivered", &PROMO)]);
    day.extend([
        seen("read", &PROMO),
        seen("replied", &PROMO),
        seen("opt_out", &PROMO),
    ]);
    let all = cards("en", day);
    assert_eq!(
        value(&all, "By template", "promo").as_deref(),
        Some("3 sent, 2 delivered, ≥1 read, 1 replied to, 1 opt-outs")
    );
    assert_eq!(value(&all, "By campaign", "promo"), None);
}

#[test]
fn blocks_and_reports_are_labelled_as_proxies() {
    let _host = Host::install();
    let all = cards(
        "en",
        vec![
            seen("failed", &[("code", "131049")]),
            seen("opt_out", &[("source", "wa_preference")]),
        ],
    );
    let title = "Signs of blocks or reports (Meta gives no figure)";
    assert_eq!(
        value(&all, title, "Held back by Meta, 131049 (proxy)").as_deref(),
        Some("1")
    );
    assert_eq!(
        value(&all, title, "Stopped offers in WhatsApp (proxy)").as_deref(),
        Some("1")
    );
    assert_eq!(
        value(&all, "Failed by Meta's code", "131049").as_deref(),
        Some("1")
    );
}

#[test]
fn a_cost_without_a_rate_is_unknown_and_never_nothing() {
    let host = Host::install();
    let delivered = || {
        vec![seen(
            "delivered",
            &[("country", "CO"), ("pricing", "marketing/regular")],
        )]
    };
    let all = cards("en", delivered());
    assert_eq!(value(&all, "Cost", "Cost").as_deref(), Some("unknown"));
    host.set_config(r#"{"currency":"USD","rates":{"CO/marketing":12500}}"#);
    let all = cards("en", delivered());
    assert_eq!(value(&all, "Cost", "Cost").as_deref(), Some("0.012500 USD"));
    assert_eq!(
        value(&all, "Cost", "Delivered at no known rate").as_deref(),
        Some("0")
    );
}

#[test]
fn opt_ins_and_opt_outs_are_told_by_source() {
    let _host = Host::install();
    let all = cards(
        "en",
        vec![
            seen("opt_in", &[("source", "wa_button")]),
            seen(
                "opt_out",
                &[("source", "wa_keyword"), ("opt_in_source", "wa_button")],
            ),
        ],
    );
    assert_eq!(
        value(&all, "Opt-ins by source", "wa_button").as_deref(),
        Some("1")
    );
    let title = "Opt-outs by source of the opt-in";
    assert_eq!(value(&all, title, "wa_button").as_deref(), Some("1"));
}

#[test]
fn twenty_five_rules_become_nineteen_lines_and_the_rest() {
    let _host = Host::install();
    let rules: Vec<String> = (10..35).map(|n| format!("r{n}")).collect();
    let day = rules
        .iter()
        .map(|r| seen("denied", &[("rule", r)]))
        .collect();
    let all = cards("en", day);
    assert_eq!(
        value(&all, "Denied by rule", "All others").as_deref(),
        Some("6")
    );
}

#[test]
fn every_metric_has_a_title_in_three_languages() {
    for metric in CampaignMetrics.metrics() {
        let languages: Vec<&str> = metric.titles.iter().map(|(l, _)| l.as_str()).collect();
        assert_eq!(languages, ["es", "pt", "en"], "{}", metric.id);
    }
}
