//! News of parcels, natively.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use portero_sdk::testing::{EventBuilder, Host};
use portero_sdk::{Action, Content, Event, ParamValue, Purpose, Ruling, TemplateSend, Verdict};
use shipping_notice::ShippingNotice;

fn ask(host: &Host, event: &Event) -> Vec<Action> {
    let answer = host.call::<ShippingNotice>(event).unwrap();
    for content in answer.iter().filter_map(Action::content) {
        assert_eq!(content.check(), Ok(()), "{content:?}");
    }
    answer
}

fn tell(host: &Host, event: EventBuilder, name: &str, data: &str) -> Vec<Action> {
    ask(host, &event.business(name, data))
}

fn text(action: &Action) -> &str {
    match action.content() {
        Some(Content::Text(text)) => &text.body,
        other => panic!("no text: {other:?}"),
    }
}

fn template(action: &Action) -> &TemplateSend {
    match action.content() {
        Some(Content::Template(template)) => template,
        other => panic!("no template: {other:?}"),
    }
}

fn values(template: &TemplateSend) -> Vec<&str> {
    template
        .body
        .iter()
        .map(|p| match &p.value {
            ParamValue::Text(value) => value.as_str(),
            other => panic!("no text: {other:?}"),
        })
        .collect()
}

fn messages(actions: &[Action]) -> usize {
    actions.iter().filter(|a| a.content().is_some()).count()
}

const SHIPPED: &str = r#"{"order":"A-1","carrier":"Andes","tracking":"X9"}"#;

#[test]
fn news_are_text_while_the_conversation_is_open_in_three_languages() {
    let host = Host::install();
    host.set_config(r#"{"shop":"Sol"}"#);
    for (language, said) in [
        (
            "es",
            "Tu pedido A-1 de Sol: enviado. Transporte: Andes. Guía: X9.",
        ),
        (
            "pt",
            "Seu pedido A-1 da Sol: enviado. Transportadora: Andes. Rastreio: X9.",
        ),
        (
            "en",
            "Your order A-1 from Sol: shipped. Carrier: Andes. Tracking: X9.",
        ),
    ] {
        let event = host.event().person(language).language(language);
        let answer = tell(&host, event, "order.shipped", SHIPPED);
        assert_eq!(text(&answer[0]), said);
        let Action::Send(proposal) = &answer[0] else {
            panic!("a proposal")
        };
        assert_eq!(proposal.purpose, Purpose::Transactional);
    }
}

#[test]
fn news_are_the_utility_template_when_the_conversation_is_closed() {
    let host = Host::install();
    for (language, code, out) in [
        ("es", "es", "en reparto"),
        ("pt", "pt_BR", "saiu para entrega"),
        ("en", "en", "out for delivery"),
    ] {
        let event = host
            .event()
            .person(language)
            .language(language)
            .window_closed();
        let answer = tell(&host, event, "order.out_for_delivery", r#"{"order":7}"#);
        let sent = template(&answer[0]);
        assert_eq!(
            (sent.name.as_str(), sent.language.as_str()),
            ("pedido_estado", code)
        );
        assert_eq!(values(sent), ["7", out]);
    }
}

#[test]
fn the_window_is_open_until_the_millisecond_before_it_closes() {
    let host = Host::install();
    let now = host.now();
    for (closes, person, free) in [
        (now + 1, "a", true),
        (now, "b", false),
        (now - 1, "c", false),
    ] {
        let event = host.event().person(person).window_closes_at(closes);
        let answer = tell(&host, event, "order.shipped", SHIPPED);
        let is_text = matches!(answer[0].content(), Some(Content::Text(_)));
        assert_eq!(is_text, free, "{person}");
    }
}

#[test]
fn the_template_is_chosen_at_once_when_the_gate_would_refuse_the_text() {
    let host = Host::install();
    host.next_verdict(Verdict {
        ruling: Ruling::Deny,
        rule: "session.window-margin".to_owned(),
        earliest: None,
        remedy: String::new(),
    });
    let answer = tell(&host, host.event(), "order.shipped", SHIPPED);
    assert_eq!(template(&answer[0]).name, "pedido_estado");
}

#[test]
fn a_state_is_told_once_and_nothing_follows_a_later_one() {
    let host = Host::install();
    let count = |name: &str| messages(&tell(&host, host.event(), name, SHIPPED));
    assert_eq!(count("order.shipped"), 1);
    assert_eq!(count("order.shipped"), 0);
    assert_eq!(count("order.delivered"), 1);
    assert_eq!(count("order.out_for_delivery"), 0);
    let other = tell(
        &host,
        host.event(),
        "order.out_for_delivery",
        r#"{"order":"B"}"#,
    );
    assert_eq!(messages(&other), 1);
}

#[test]
fn an_opt_out_of_everything_silences_until_a_new_grant() {
    let host = Host::install();
    ask(&host, &host.event().consent("*", "revoked"));
    let silent = tell(&host, host.event(), "order.shipped", SHIPPED);
    assert_eq!(silent, [Action::metric("notice.silent", 1)]);
    // Silence ate nothing: after a new grant the order's next news are told.
    ask(&host, &host.event().consent("pedidos", "granted"));
    assert_eq!(
        messages(&tell(&host, host.event(), "order.shipped", SHIPPED)),
        1
    );
}

#[test]
fn an_opt_out_of_promotions_or_a_topic_does_not_silence_the_news() {
    let host = Host::install();
    ask(&host, &host.event().consent("*", "revoked_promotional"));
    ask(&host, &host.event().consent("ofertas", "revoked"));
    assert_eq!(
        messages(&tell(&host, host.event(), "order.shipped", SHIPPED)),
        1
    );
}

#[test]
fn a_verdict_that_means_opt_out_silences() {
    let host = Host::install();
    ask(
        &host,
        &host.event().verdict("x", Ruling::Deny, "consent.revoked"),
    );
    assert_eq!(
        messages(&tell(&host, host.event(), "order.shipped", SHIPPED)),
        0
    );
}

#[test]
fn a_closed_window_in_the_verdict_becomes_the_template_once() {
    let host = Host::install();
    tell(&host, host.event(), "order.shipped", SHIPPED);
    let refused = host
        .event()
        .window_closed()
        .verdict("x", Ruling::Deny, "session.window-closed");
    let answer = ask(&host, &refused);
    assert_eq!(values(template(&answer[0])), ["A-1", "enviado"]);
    assert_eq!(ask(&host, &refused), []);
}

#[test]
fn the_operators_template_is_filled_in_its_order() {
    let host = Host::install();
    host.set_config(
        r#"{"shop":"Sol","template_languages":{"es":"es_MX"},
            "template":{"name":"envio","named":false,"params":["nombre","pedido","transporte","guia"]}}"#,
    );
    let event = host.event().name("Ana\nPaz").window_closed();
    let answer = tell(&host, event, "order.delivered", r#"{"order":"A"}"#);
    let sent = template(&answer[0]);
    assert_eq!(
        (sent.name.as_str(), sent.language.as_str()),
        ("envio", "es_MX")
    );
    assert_eq!(values(sent), ["Ana Paz", "A", "Sol", "sin guía"]);
}

#[test]
fn what_cannot_be_read_leaves_a_line_and_a_count_and_no_message() {
    let host = Host::install();
    for data in ["[]", r#"{"total":3}"#, r#"{"order":{}}"#] {
        let answer = tell(&host, host.event(), "order.shipped", data);
        assert_eq!(answer, [Action::metric("business.unreadable", 1)], "{data}");
    }
    assert_eq!(host.logs().len(), 3);
}

#[test]
fn news_that_cannot_be_remembered_fail_rather_than_be_told_twice() {
    let host = Host::install();
    host.refuse("kv");
    let failed = host.call::<ShippingNotice>(&host.event().business("order.shipped", SHIPPED));
    assert_eq!(failed.unwrap_err().code, "host.denied");
}
