//! What the bot says without being asked, in three languages.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use portero_sdk::testing::{EventBuilder, Host};
use portero_sdk::{
    Action, Content, Event, ParamValue, Proposal, Purpose, Ruling, TemplateSend, Verdict,
};
use tienda_bot::TiendaBot;

const HOUR: u64 = 3_600_000;

fn shop() -> Host {
    let host = Host::install();
    host.set_config(r#"{"shop":"Flores del Sur"}"#);
    host
}

fn ask(host: &Host, event: &Event) -> Vec<Action> {
    let answer = host.call::<TiendaBot>(event).unwrap();
    for action in &answer {
        if let Some(content) = action.content() {
            assert_eq!(content.check(), Ok(()), "{content:?}");
        }
    }
    answer
}

fn proposal(action: &Action) -> &Proposal {
    match action {
        Action::Send(proposal) => proposal,
        other => panic!("no message: {other:?}"),
    }
}

fn template(action: &Action) -> &TemplateSend {
    match &proposal(action).content {
        Content::Template(template) => template,
        other => panic!("no template: {other:?}"),
    }
}

fn text(action: &Action) -> &str {
    match &proposal(action).content {
        Content::Text(text) => &text.body,
        other => panic!("no text: {other:?}"),
    }
}

/// (name, value) of the body; an empty name for a place.
fn values(template: &TemplateSend) -> Vec<(&str, &str)> {
    template
        .body
        .iter()
        .map(|p| match &p.value {
            ParamValue::Text(value) => (p.name.as_deref().unwrap_or_default(), value.as_str()),
            other => panic!("no text: {other:?}"),
        })
        .collect()
}

#[test]
fn news_go_out_as_text_while_the_conversation_is_open() {
    let host = shop();
    for (language, person, said) in [
        (
            "es",
            "a",
            "Novedades de tu pedido A-1 en Flores del Sur: enviado.",
        ),
        (
            "pt",
            "b",
            "Novidades do seu pedido A-1 em Flores del Sur: enviado.",
        ),
        (
            "en",
            "c",
            "News of your order A-1 at Flores del Sur: shipped.",
        ),
    ] {
        let event = host.event().language(language).person(person);
        let answer = ask(
            &host,
            &event.business("order.shipped", r#"{"order":"A-1"}"#),
        );
        assert_eq!(answer.len(), 1);
        assert_eq!(text(&answer[0]), said);
        assert_eq!(proposal(&answer[0]).purpose, Purpose::Transactional);
    }
}

#[test]
fn news_become_the_template_when_the_conversation_is_closed() {
    let host = shop();
    for (language, code, person, state) in [
        ("es", "es", "a", "pagado"),
        ("pt", "pt_BR", "b", "pago"),
        ("en", "en", "c", "paid"),
    ] {
        let event = host
            .event()
            .language(language)
            .person(person)
            .window_closed();
        let answer = ask(&host, &event.business("order.paid", r#"{"order":"A-1"}"#));
        let sent = template(&answer[0]);
        assert_eq!(
            (sent.name.as_str(), sent.language.as_str()),
            ("pedido_estado", code)
        );
        assert_eq!(values(sent), [("pedido", "A-1"), ("estado", state)]);
        assert_eq!(proposal(&answer[0]).purpose, Purpose::Transactional);
    }
}

#[test]
fn the_window_is_open_until_the_millisecond_before_it_closes() {
    let host = shop();
    let now = host.now();
    let at = |closes: u64, order: &str| {
        let event = host.event().window_closes_at(closes);
        ask(
            &host,
            &event.business("order.paid", &format!(r#"{{"order":"{order}"}}"#)),
        )
    };
    assert!(matches!(
        proposal(&at(now + 1, "A")[0]).content,
        Content::Text(_)
    ));
    assert!(matches!(
        proposal(&at(now, "B")[0]).content,
        Content::Template(_)
    ));
    assert!(matches!(
        proposal(&at(now - 1, "C")[0]).content,
        Content::Template(_)
    ));
}

#[test]
fn a_template_may_have_places_and_another_name() {
    let host = shop();
    host.set_config(
        r#"{"shop":"X","template_languages":{"es":"es_MX"},
            "order_template":{"name":"pedido_aviso","named":false,"params":["pedido","estado","tienda"]}}"#,
    );
    let event = host.event().window_closed();
    let answer = ask(&host, &event.business("order.ready", r#"{"order":7}"#));
    let sent = template(&answer[0]);
    assert_eq!(
        (sent.name.as_str(), sent.language.as_str()),
        ("pedido_aviso", "es_MX")
    );
    assert_eq!(
        values(sent),
        [("", "7"), ("", "listo para retirar"), ("", "X")]
    );
}

#[test]
fn a_name_is_made_fit_for_a_template_and_a_missing_one_has_a_word() {
    let host = shop();
    host.set_config(r#"{"order_template":{"params":["nombre"]}}"#);
    let paid = |event: EventBuilder, order: &str| {
        let data = format!(r#"{{"order":"{order}"}}"#);
        let answer = ask(&host, &event.window_closed().business("order.paid", &data));
        values(template(&answer[0]))[0].1.to_owned()
    };
    assert_eq!(
        paid(host.event().name("Ana\n\tMaría      Paz"), "A"),
        "Ana María Paz"
    );
    assert_eq!(paid(host.event().name(" \n"), "B"), "cliente");
    assert_eq!(paid(host.event().language("pt"), "C"), "cliente");
    assert_eq!(paid(host.event().language("en"), "D"), "customer");
}

#[test]
fn the_template_is_chosen_at_once_when_the_gate_would_refuse_the_text() {
    let host = shop();
    host.next_verdict(Verdict {
        ruling: Ruling::Deny,
        rule: "session.window-margin".to_owned(),
        earliest: None,
        remedy: String::new(),
    });
    let answer = ask(
        &host,
        &host.event().business("order.paid", r#"{"order":"A"}"#),
    );
    assert_eq!(template(&answer[0]).name, "pedido_estado");
    assert_eq!(host.previewed().len(), 1);
}

#[test]
fn the_same_news_twice_and_late_news_say_nothing() {
    let host = shop();
    let send = |name: &str, data: &str| ask(&host, &host.event().business(name, data)).len();
    let now = host.now();
    assert_eq!(
        send(
            "order.shipped",
            &format!(r#"{{"order":"A","at_ms":{}}}"#, now - 10)
        ),
        1
    );
    assert_eq!(
        send(
            "order.shipped",
            &format!(r#"{{"order":"A","at_ms":{}}}"#, now - 10)
        ),
        0
    );
    assert_eq!(
        send(
            "order.paid",
            &format!(r#"{{"order":"A","at_ms":{}}}"#, now - 11)
        ),
        0
    );
    assert_eq!(
        send(
            "order.delivered",
            &format!(r#"{{"order":"A","at_ms":{}}}"#, now - 9)
        ),
        2
    );
}

#[test]
fn news_that_cannot_be_read_leave_a_line_and_a_count_and_no_message() {
    let host = shop();
    for data in [r#"{"total":3}"#, "[]", r#"{"order":{}}"#] {
        let answer = ask(&host, &host.event().business("order.paid", data));
        assert_eq!(answer, [Action::metric("business.unreadable", 1)], "{data}");
    }
    assert_eq!(host.logs().len(), 3);
    assert!(ask(&host, &host.event().business("stock.low", "{}")).is_empty());
}

#[test]
fn news_that_cannot_be_remembered_fail_rather_than_be_told() {
    let host = shop();
    host.refuse("kv");
    let failed = host.call::<TiendaBot>(&host.event().business("order.paid", r#"{"order":"A"}"#));
    assert_eq!(failed.unwrap_err().code, "host.denied");
}

#[test]
fn a_closed_window_in_the_verdict_becomes_the_template_once() {
    let host = shop();
    for (language, person, state) in [
        ("es", "a", "listo para retirar"),
        ("pt", "b", "pronto para retirada"),
        ("en", "c", "ready for pick-up"),
    ] {
        let event = || host.event().language(language).person(person);
        ask(&host, &event().business("order.ready", r#"{"order":"A"}"#));
        let refused = event()
            .window_closed()
            .verdict("x", Ruling::Deny, "session.window-closed");
        let answer = ask(&host, &refused);
        assert_eq!(answer.len(), 1);
        assert_eq!(values(template(&answer[0]))[1], ("estado", state));
        assert_eq!(ask(&host, &refused), []);
    }
}

#[test]
fn any_other_verdict_gets_no_second_try() {
    let host = shop();
    ask(
        &host,
        &host.event().business("order.ready", r#"{"order":"A"}"#),
    );
    for rule in [
        "template.paused",
        "consent.missing",
        "recipient.do-not-contact",
        "",
    ] {
        assert_eq!(
            ask(&host, &host.event().verdict("x", Ruling::Deny, rule)),
            [],
            "{rule}"
        );
    }
}

#[test]
fn a_verdict_on_a_template_does_not_bring_the_template_again() {
    let host = shop();
    ask(
        &host,
        &host
            .event()
            .window_closed()
            .business("order.ready", r#"{"order":"A"}"#),
    );
    let refused = host
        .event()
        .window_closed()
        .verdict("x", Ruling::Deny, "session.window-closed");
    assert_eq!(ask(&host, &refused), []);
}

#[test]
fn once_the_person_has_written_old_news_do_not_come_back_as_a_template() {
    let host = shop();
    ask(
        &host,
        &host.event().business("order.ready", r#"{"order":"A"}"#),
    );
    ask(&host, &host.event().text("hola"));
    let refused = host
        .event()
        .window_closed()
        .verdict("x", Ruling::Deny, "session.window-closed");
    assert_eq!(ask(&host, &refused), []);
}

#[test]
fn a_cart_left_behind_is_proposed_as_promotion_of_the_topic() {
    let host = shop();
    for (language, code) in [("es", "es"), ("pt", "pt_BR"), ("en", "en")] {
        let event = host.event().language(language).name("Ana").window_closed();
        let answer = ask(&host, &event.business("cart.abandoned", r#"{"items":2}"#));
        assert_eq!(answer.len(), 1);
        let sent = template(&answer[0]);
        assert_eq!(
            (sent.name.as_str(), sent.language.as_str()),
            ("carrito_recordatorio", code)
        );
        assert_eq!(values(sent), [("nombre", "Ana")]);
        assert_eq!(proposal(&answer[0]).purpose, Purpose::Promotional);
        assert_eq!(proposal(&answer[0]).topic.as_deref(), Some("ofertas"));
    }
}

#[test]
fn an_empty_cart_is_nothing_to_be_reminded_of() {
    let host = shop();
    for data in [r#"{"items":0}"#, r#"{"items":[]}"#] {
        assert_eq!(
            ask(&host, &host.event().business("cart.abandoned", data)),
            []
        );
    }
}

#[test]
fn a_cart_template_that_counts_needs_a_count() {
    let host = shop();
    host.set_config(r#"{"cart_template":{"params":["articulos"]}}"#);
    let counted = ask(
        &host,
        &host
            .event()
            .business("cart.abandoned", r#"{"items":[1,2]}"#),
    );
    assert_eq!(values(template(&counted[0])), [("articulos", "2")]);
    let answer = ask(&host, &host.event().business("cart.abandoned", "{}"));
    assert_eq!(answer, [Action::metric("business.unreadable", 1)]);
}

#[test]
fn delivery_sets_a_timer_for_a_day_later_and_cancelling_removes_it() {
    let host = shop();
    let now = host.now();
    let answer = ask(
        &host,
        &host
            .event()
            .business("order.delivered", r#"{"order":"A-1"}"#),
    );
    assert_eq!(
        answer[1],
        Action::timer("after:A-1", now + 24 * HOUR, "A-1")
    );
    host.advance(1);
    let answer = ask(
        &host,
        &host
            .event()
            .business("order.cancelled", r#"{"order":"A-1"}"#),
    );
    assert_eq!(answer[1], Action::cancel_timer("after:A-1"));
}

#[test]
fn a_day_after_delivery_it_asks_only_while_the_conversation_is_open() {
    let host = shop();
    for (language, person, said) in [
        (
            "es",
            "a",
            "Tu pedido A-1 figura como entregado. ¿Llegó todo bien?",
        ),
        (
            "pt",
            "b",
            "Seu pedido A-1 consta como entregue. Chegou tudo certo?",
        ),
        (
            "en",
            "c",
            "Your order A-1 is marked as delivered. Is everything fine?",
        ),
    ] {
        let event = || host.event().language(language).person(person);
        ask(
            &host,
            &event().business("order.delivered", r#"{"order":"A-1"}"#),
        );
        let answer = ask(&host, &event().timer("after:A-1", "A-1"));
        match &proposal(&answer[0]).content {
            Content::Interactive(question) => assert_eq!(question.body, said),
            other => panic!("no question: {other:?}"),
        }
        assert_eq!(
            ask(&host, &event().window_closed().timer("after:A-1", "A-1")),
            []
        );
    }
}

#[test]
fn a_timer_about_an_order_that_moved_on_or_was_never_known_says_nothing() {
    let host = shop();
    assert_eq!(ask(&host, &host.event().timer("after:A-1", "A-1")), []);
    ask(
        &host,
        &host
            .event()
            .business("order.delivered", r#"{"order":"A-1"}"#),
    );
    assert_eq!(ask(&host, &host.event().timer("other", "A-1")), []);
    host.advance(1);
    ask(
        &host,
        &host
            .event()
            .business("order.cancelled", r#"{"order":"A-1"}"#),
    );
    assert_eq!(ask(&host, &host.event().timer("after:A-1", "A-1")), []);
}

#[test]
fn the_answers_to_that_question_thank_or_call_a_person() {
    let host = shop();
    for (language, fine) in [
        ("es", "¡Qué bueno!"),
        ("pt", "Que bom!"),
        ("en", "Good to hear!"),
    ] {
        let good = ask(
            &host,
            &host.event().language(language).tap_button("tienda:fine"),
        );
        assert!(text(&good[0]).starts_with(fine));
        let bad = ask(
            &host,
            &host.event().language(language).tap_button("tienda:problem"),
        );
        assert_eq!(bad[1], Action::hand_over("problem with a delivery"));
    }
}

#[test]
fn consent_is_only_counted_and_only_for_the_topic() {
    let host = shop();
    let count = |topic: &str, state: &str| ask(&host, &host.event().consent(topic, state));
    assert_eq!(
        count("ofertas", "granted"),
        [Action::metric("offers.granted", 1)]
    );
    assert_eq!(count("*", "revoked"), [Action::metric("offers.revoked", 1)]);
    assert_eq!(count("pedidos", "granted"), []);
    assert_eq!(count("ofertas", "unheard_of"), []);
}
