//! What is said of which template.

use portero_domain::clock::Ts;
use portero_domain::template::{Around, Template, TemplateCategory, TemplateSlots, TemplateStatus};

use super::*;

fn template(body: &str) -> Template {
    Template {
        name: "pedido".to_owned(),
        language: "es".to_owned(),
        category: TemplateCategory::Utility,
        status: TemplateStatus::Approved,
        paused_until: None,
        slots: TemplateSlots::default(),
        body: body.to_owned(),
        synced_at: Ts(0),
    }
}

fn codes(template: &Template) -> Vec<(&'static str, String)> {
    let all = lint(template).into_iter();
    all.map(|r| (r.about.code, r.at)).collect()
}

fn of_body(body: &str) -> Vec<&'static str> {
    codes(&template(body))
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

#[test]
fn a_template_as_it_should_be_is_left_in_peace() {
    for body in [
        "Hola, tu pedido ya salió.",
        "Hola {{1}}, tu pedido {{2}} llega mañana entre las 9 y las 12.",
        "Hola, tu pedido sale hoy.\n\nGracias por esperar.",
    ] {
        assert!(of_body(body).is_empty(), "{body}: {:?}", of_body(body));
    }
    let mut named = template("Hola {{nombre}}, tu pedido {{pedido_2}} llega mañana.");
    named.slots.named = true;
    assert!(codes(&named).is_empty(), "{:?}", codes(&named));
}

#[test]
fn each_rule_of_the_body_is_told_and_its_neighbour_is_not() {
    let long = "a".repeat(1_025);
    let close = format!("{} {{{{1}}}} y mucho más.", "palabra ".repeat(125));
    for (body, code) in [
        ("  ", "lint.empty"),
        ("Hola,\ttu pedido salió.", "lint.tab"),
        ("Hola,     tu pedido salió.", "lint.spaces"),
        ("Hola.\n\n\nTu pedido salió.", "lint.blank-lines"),
        ("{{1}}, tu pedido ya salió hoy.", "lint.value-first"),
        ("Tu pedido ya salió hoy, {{1}}", "lint.value-last"),
        (
            "Tu pedido {{1}}{{2}} ya salió hoy con todo.",
            "lint.values-touch",
        ),
        (
            "Tu pedido {{1}} {{2}} ya salió hoy con todo.",
            "lint.values-touch",
        ),
        ("Hola {{1}} y {{2}}.", "lint.few-words"),
        ("Hola {{}}, tu pedido ya salió.", "lint.empty-slot"),
        ("Hola {{1}, tu pedido ya salió.", "lint.open-slot"),
        ("Hola {{Nombre}}, tu pedido ya salió.", "lint.slot-name"),
        ("Hola {{2}}, tu pedido ya salió.", "lint.slot-order"),
        (
            "Hola {{1}}, tu pedido {{nombre}} ya salió hoy.",
            "lint.slots-mixed",
        ),
        (long.as_str(), "lint.too-long"),
        (close.as_str(), "lint.little-room"),
        ("Usa el cupón de tu pedido.", "lint.reads-as-promotion"),
    ] {
        assert_eq!(of_body(body), [code], "{body:.60}");
    }
    // Four spaces and the last character that fits are good.
    assert!(of_body("Hola,    tu pedido salió.").is_empty());
    assert!(of_body(&"a".repeat(1_024)).is_empty());
    // One slot asked for twice is one value.
    assert!(of_body("Hola {{1}}, tu pedido ya salió, {{1}}, hoy.").is_empty());
}

#[test]
fn header_footer_and_buttons_have_rules_of_their_own() {
    let mut t = template("Tu pedido ya salió.");
    t.slots.button_count = 4;
    t.slots.quick_replies = vec![0, 2];
    t.slots.around = Some(Around {
        header: Some(format!("*{}* {{{{1}}}} {{{{2}}}}", "x".repeat(60))),
        footer: Some("dos\nlíneas {{1}}".to_owned()),
        buttons: vec![
            (
                "Ver".to_owned(),
                Some("https://t.example/{{1}}/x".to_owned()),
            ),
            (
                "ver ".to_owned(),
                Some("https://t.example/{{1}}".to_owned()),
            ),
            (" ".to_owned(), None),
            ("b".repeat(26), None),
        ],
    });
    let at = |code: &'static str, at: &str| (code, at.to_owned());
    assert_eq!(
        codes(&t),
        [
            at("lint.markup", "header"),
            at("lint.too-many-values", "header"),
            at("lint.too-long", "header"),
            at("lint.several-lines", "footer"),
            at("lint.too-many-values", "footer"),
            at("lint.buttons-unseen", "buttons"),
            at("lint.buttons-mixed", "buttons"),
            at("lint.replies-apart", "buttons"),
            at("lint.value-in-address", "button.0"),
            at("lint.same-button", "button.1"),
            at("lint.empty", "button.2"),
            at("lint.too-long", "button.3"),
        ]
    );
    t.slots.button_count = 11;
    assert!(codes(&t).contains(&at("lint.too-many-buttons", "buttons")));
}

#[test]
fn marketing_may_read_as_promotion() {
    let mut t = template("Usa el cupón SOL20 en tu pedido.");
    assert_eq!(
        codes(&t),
        [("lint.reads-as-promotion", "category".to_owned())]
    );
    assert_eq!(lint(&t)[0].found, "coupon");
    t.category = TemplateCategory::Marketing;
    assert!(codes(&t).is_empty());
}

#[test]
fn each_remark_has_a_code_of_its_own_and_words_in_three_languages() {
    let mut seen = BTreeSet::new();
    for about in REMARKS {
        assert!(
            about.code.starts_with("lint.") && seen.insert(about.code),
            "{}",
            about.code
        );
        for words in [about.says, about.remedy] {
            for text in [words.es, words.pt, words.en] {
                assert!(text.len() > 4, "{}", about.code);
            }
        }
        assert_eq!(find(about.code), Some(about));
    }
    assert_eq!(find("lint.nothing"), None);
}
