//! Carts left behind, natively.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use cart_recovery::CartRecovery;
use portero_sdk::testing::{EventBuilder, Host};
use portero_sdk::{Action, Content, Event, ParamValue, Purpose, Ruling, TemplateSend};

const HOUR: u64 = 3_600_000;

fn ask(host: &Host, event: &Event) -> Vec<Action> {
    let answer = host.call::<CartRecovery>(event).unwrap();
    for content in answer.iter().filter_map(Action::content) {
        assert_eq!(content.check(), Ok(()), "{content:?}");
    }
    answer
}

fn cart(host: &Host, name: &str, data: &str) -> Vec<Action> {
    ask(host, &host.event().window_closed().business(name, data))
}

fn goes_off(host: &Host, event: EventBuilder, id: &str) -> Vec<Action> {
    ask(
        host,
        &event.window_closed().timer(&format!("cart:{id}"), ""),
    )
}

fn template(action: &Action) -> &TemplateSend {
    match action.content() {
        Some(Content::Template(template)) => template,
        other => panic!("no template: {other:?}"),
    }
}

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

fn messages(actions: &[Action]) -> usize {
    actions.iter().filter(|a| a.content().is_some()).count()
}

#[test]
fn a_cart_left_behind_is_reminded_of_after_the_delay_and_once() {
    let host = Host::install();
    host.set_config(r#"{"delay_minutes":90}"#);
    let now = host.now();
    let first = cart(
        &host,
        "cart.abandoned",
        r#"{"cart":"C-1","items":["Taza"]}"#,
    );
    assert_eq!(
        first,
        [
            Action::timer("cart:C-1", now + 90 * 60_000, ""),
            Action::metric("cart.seen", 1)
        ]
    );
    host.advance(90 * 60_000);
    let event = host.event().name("Ana");
    let answer = goes_off(&host, event, "C-1");
    let sent = template(&answer[0]);
    assert_eq!(
        (sent.name.as_str(), sent.language.as_str()),
        ("carrito_recordatorio", "es")
    );
    assert_eq!(values(sent), [("nombre", "Ana")]);
    let Action::Send(proposal) = &answer[0] else {
        panic!("a proposal")
    };
    assert_eq!(proposal.purpose, Purpose::Promotional);
    assert_eq!(proposal.topic.as_deref(), Some("ofertas"));
    assert_eq!(goes_off(&host, host.event(), "C-1"), []);
    host.advance(HOUR);
    assert_eq!(
        cart(
            &host,
            "cart.updated",
            r#"{"cart":"C-1","items":["Taza","Té"]}"#
        ),
        []
    );
}

#[test]
fn the_template_comes_in_the_persons_language() {
    let host = Host::install();
    host.set_config(r#"{"template":{"params":["nombre","articulos","cantidad"]}}"#);
    for (language, code, customer, more) in [
        ("es", "es", "cliente", "Taza y más"),
        ("pt", "pt_BR", "cliente", "Taza e mais"),
        ("en", "en", "customer", "Taza and more"),
    ] {
        let event = || host.event().person(language).language(language);
        ask(
            &host,
            &event().business("cart.updated", r#"{"cart":"C","items":["Taza",{"sku":9}]}"#),
        );
        let answer = goes_off(&host, event(), "C");
        let sent = template(&answer[0]);
        assert_eq!(sent.language, code);
        assert_eq!(
            values(sent),
            [("nombre", customer), ("articulos", more), ("cantidad", "2")]
        );
    }
}

#[test]
fn every_news_of_the_cart_starts_the_timer_again_and_late_news_do_not() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
    host.advance(60_000);
    let now = host.now();
    let again = cart(&host, "cart.updated", r#"{"cart":"C","items":2}"#);
    assert_eq!(again, [Action::timer("cart:C", now + HOUR, "")]);
    let late = format!(r#"{{"cart":"C","items":1,"at_ms":{}}}"#, now - 1);
    assert_eq!(cart(&host, "cart.updated", &late), []);
    let same = format!(r#"{{"cart":"C","items":1,"at_ms":{now}}}"#);
    assert_eq!(cart(&host, "cart.updated", &same).len(), 1);
}

#[test]
fn news_told_long_after_they_happened_are_due_now_and_never_in_the_past() {
    let host = Host::install();
    let now = host.now();
    let old = format!(r#"{{"cart":"C","items":1,"at_ms":{}}}"#, now - 2 * HOUR);
    assert_eq!(
        cart(&host, "cart.abandoned", &old)[0],
        Action::timer("cart:C", now, "")
    );
}

#[test]
fn an_order_takes_the_timer_away_and_the_reminder_with_it() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
    assert_eq!(
        cart(&host, "order.placed", r#"{"cart":"C"}"#),
        [Action::cancel_timer("cart:C")]
    );
    assert_eq!(goes_off(&host, host.event(), "C"), []);
    host.advance(1);
    assert_eq!(cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#), []);
}

#[test]
fn a_cart_told_after_an_order_that_named_none_is_late_unless_it_is_newer() {
    let host = Host::install();
    let now = host.now();
    assert_eq!(cart(&host, "order.placed", r#"{"order":"A-1"}"#), []);
    host.advance(60_000);
    let late = format!(r#"{{"cart":"C","items":1,"at_ms":{}}}"#, now - 1);
    assert_eq!(cart(&host, "cart.abandoned", &late), []);
    let same = format!(r#"{{"cart":"C","items":1,"at_ms":{now}}}"#);
    assert_eq!(cart(&host, "cart.abandoned", &same).len(), 2);
    assert_eq!(
        cart(&host, "cart.abandoned", r#"{"cart":"D","items":1}"#).len(),
        2
    );
}

#[test]
fn an_order_that_is_told_before_its_cart_silences_it_too() {
    let host = Host::install();
    assert_eq!(
        cart(&host, "order.paid", r#"{"cart":"C","order":"A-1"}"#),
        []
    );
    assert_eq!(
        cart(&host, "cart.abandoned", r#"{"cart":"C","items":1}"#),
        []
    );
}

#[test]
fn an_order_without_a_cart_ends_all_carts_of_that_person_and_no_other() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"A","items":1}"#);
    cart(&host, "cart.updated", r#"{"cart":"B","items":1}"#);
    ask(
        &host,
        &host
            .event()
            .person("p2")
            .business("cart.updated", r#"{"cart":"A","items":1}"#),
    );
    let ended = cart(&host, "order.placed", r#"{"order":"O-1"}"#);
    assert_eq!(
        ended,
        [
            Action::cancel_timer("cart:A"),
            Action::cancel_timer("cart:B")
        ]
    );
    assert_eq!(
        messages(&goes_off(&host, host.event().person("p2"), "A")),
        1
    );
}

#[test]
fn an_emptied_cart_is_forgotten_until_something_is_in_it_again() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"C","items":["x"]}"#);
    assert_eq!(
        cart(&host, "cart.updated", r#"{"cart":"C","items":[]}"#),
        [Action::cancel_timer("cart:C")]
    );
    assert_eq!(goes_off(&host, host.event(), "C"), []);
    assert_eq!(
        cart(&host, "cart.updated", r#"{"cart":"C","items":["x"]}"#).len(),
        2
    );
    assert_eq!(messages(&goes_off(&host, host.event(), "C")), 1);
    // Emptied and filled after the reminder: still the same cart.
    assert_eq!(cart(&host, "cart.cleared", r#"{"cart":"C"}"#), []);
    assert_eq!(
        cart(&host, "cart.updated", r#"{"cart":"C","items":["x"]}"#),
        []
    );
}

#[test]
fn an_order_after_the_reminder_is_counted_as_recovered() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
    goes_off(&host, host.event(), "C");
    assert_eq!(
        cart(&host, "order.placed", r#"{"cart":"C"}"#),
        [Action::metric("cart.recovered", 1)]
    );
    assert_eq!(cart(&host, "order.paid", r#"{"cart":"C"}"#), []);
}

#[test]
fn after_an_opt_out_nothing_is_proposed_until_a_new_grant() {
    for (topic, state) in [
        ("*", "revoked"),
        ("*", "revoked_promotional"),
        ("ofertas", "declined"),
    ] {
        let host = Host::install();
        cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
        let gone = ask(&host, &host.event().consent(topic, state));
        assert_eq!(gone, [Action::cancel_timer("cart:C")], "{state}");
        assert_eq!(goes_off(&host, host.event(), "C"), []);
        let after = cart(&host, "cart.updated", r#"{"cart":"D","items":1}"#);
        assert_eq!(after, [Action::metric("cart.silent", 1)]);
        ask(&host, &host.event().consent("ofertas", "granted"));
        assert_eq!(
            cart(&host, "cart.updated", r#"{"cart":"D","items":1}"#).len(),
            2
        );
    }
}

#[test]
fn consent_about_another_topic_changes_nothing() {
    let host = Host::install();
    cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
    assert_eq!(ask(&host, &host.event().consent("boletin", "revoked")), []);
    assert_eq!(messages(&goes_off(&host, host.event(), "C")), 1);
}

#[test]
fn a_verdict_that_means_opt_out_silences_and_others_do_not() {
    let silent = |rule: &str, ruling: Ruling| {
        let host = Host::install();
        cart(&host, "cart.updated", r#"{"cart":"C","items":1}"#);
        ask(&host, &host.event().verdict("x", ruling, rule));
        goes_off(&host, host.event(), "C").is_empty()
    };
    for rule in [
        "consent.revoked",
        "consent.meta-stop",
        "recipient.do-not-contact",
        "data.erased",
    ] {
        assert!(silent(rule, Ruling::Deny), "{rule}");
    }
    assert!(!silent("quiet-hours.tenant", Ruling::Defer));
    assert!(!silent("template.paused", Ruling::Deny));
}

#[test]
fn a_discount_is_named_only_when_the_operator_set_one() {
    let shape = r#""template":{"params":["nombre","descuento"]}"#;
    let host = Host::install();
    host.set_config(format!("{{{shape}}}"));
    let claims = r#"{"cart":"C","items":["Taza -50%"],"discount":"50 %"}"#;
    cart(&host, "cart.updated", claims);
    assert_eq!(
        goes_off(&host, host.event(), "C"),
        [Action::metric("cart.unfilled", 1)]
    );
    host.set_config(format!(r#"{{{shape},"discount":"10 % con MARZO"}}"#));
    let answer = goes_off(&host, host.event(), "C");
    assert_eq!(
        values(template(&answer[0]))[1],
        ("descuento", "10 % con MARZO")
    );
}

#[test]
fn an_articles_name_cannot_smuggle_a_discount_in() {
    let host = Host::install();
    host.set_config(r#"{"template":{"params":["articulos"]}}"#);
    cart(
        &host,
        "cart.updated",
        r#"{"cart":"C","items":["Taza 20% OFF","Té"]}"#,
    );
    let answer = goes_off(&host, host.event(), "C");
    assert_eq!(values(template(&answer[0])), [("articulos", "Té y más")]);
}

#[test]
fn what_cannot_be_read_leaves_a_line_and_a_count_and_no_timer() {
    let host = Host::install();
    for data in ["[]", r#"{"items":2}"#, r#"{"cart":{}}"#] {
        assert_eq!(
            cart(&host, "cart.updated", data),
            [Action::metric("business.unreadable", 1)],
            "{data}"
        );
    }
    assert_eq!(host.logs().len(), 3);
    assert!(cart(&host, "cart.shared", r#"{"cart":"C"}"#).is_empty());
}

#[test]
fn a_cart_that_cannot_be_remembered_fails_rather_than_be_told_twice() {
    let host = Host::install();
    host.refuse("kv");
    let event = host
        .event()
        .business("cart.updated", r#"{"cart":"C","items":1}"#);
    assert_eq!(
        host.call::<CartRecovery>(&event).unwrap_err().code,
        "host.denied"
    );
}
