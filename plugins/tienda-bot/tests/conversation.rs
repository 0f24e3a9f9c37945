//! What people write, tap and send, in three languages.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use portero_sdk::testing::Host;
use portero_sdk::{
    Action, ContactCard, Content, Event, InboundBody, InboundMedia, InteractiveAction, Location,
    MediaKind, Order, OrderItem, Purpose,
};
use tienda_bot::TiendaBot;

const CONFIG: &str = r#"{
    "shop": "Flores del Sur",
    "address": "Av. Corrientes 1234",
    "hours": {"mon":"9 a 18","tue":"9 a 18","wed":"9 a 18","thu":"9 a 18","fri":"9 a 18","sat":"9 a 13"}
}"#;

fn shop() -> Host {
    let host = Host::install();
    host.set_config(CONFIG);
    host
}

/// Calls the bot and checks that everything it proposes would fit into WhatsApp.
fn ask(host: &Host, event: &Event) -> Vec<Action> {
    let answer = host.call::<TiendaBot>(event).unwrap();
    for action in &answer {
        if let Some(content) = action.content() {
            assert_eq!(content.check(), Ok(()), "{content:?}");
        }
    }
    answer
}

/// The body a person would read.
fn body(action: &Action) -> &str {
    match action.content() {
        Some(Content::Text(text)) => &text.body,
        Some(Content::Interactive(interactive)) => &interactive.body,
        other => panic!("no text: {other:?}"),
    }
}

fn button_ids(action: &Action) -> Vec<&str> {
    match action.content() {
        Some(Content::Interactive(i)) => match &i.action {
            InteractiveAction::Buttons(buttons) => buttons.iter().map(|b| b.id.as_str()).collect(),
            other => panic!("no buttons: {other:?}"),
        },
        other => panic!("nothing to tap: {other:?}"),
    }
}

fn hands_over(answer: &[Action]) -> bool {
    answer.iter().any(|a| matches!(a, Action::HandOver { .. }))
}

#[test]
fn a_greeting_names_the_shop_and_the_person_and_says_that_it_is_automatic() {
    let host = shop();
    for (language, hello, said) in [
        (
            "es",
            "¡Hola!",
            "¡Hola, Ana! Soy el asistente automático de Flores del Sur.",
        ),
        (
            "pt",
            "oi",
            "Oi, Ana! Sou o assistente automático de Flores del Sur.",
        ),
        (
            "en",
            "Hi",
            "Hi, Ana! I am the automatic assistant of Flores del Sur.",
        ),
    ] {
        let answer = ask(
            &host,
            &host.event().language(language).name("Ana").text(hello),
        );
        assert_eq!(answer.len(), 1);
        assert!(body(&answer[0]).starts_with(said), "{}", body(&answer[0]));
        assert_eq!(
            button_ids(&answer[0]),
            ["tienda:orders", "tienda:hours", "tienda:menu"]
        );
        assert!(matches!(&answer[0], Action::Send(p) if p.purpose == Purpose::Reply));
    }
}

#[test]
fn without_a_name_or_a_configuration_the_greeting_still_reads_well() {
    let host = Host::install();
    let answer = ask(&host, &host.event().text("hola"));
    assert!(body(&answer[0]).starts_with("¡Hola! Soy el asistente automático de la tienda."));
}

#[test]
fn a_name_full_of_braces_or_newlines_changes_nothing_else() {
    let host = shop();
    let answer = ask(&host, &host.event().name("{shop}\n\n x").text("hola"));
    assert!(
        body(&answer[0]).starts_with("¡Hola, {shop} x! Soy"),
        "{}",
        body(&answer[0])
    );
}

#[test]
fn opening_hours_join_days_with_the_same_text_and_leave_unknown_days_out() {
    let host = shop();
    for (language, question, lines) in [
        (
            "es",
            "¿A qué hora abren?",
            "lunes a viernes: 9 a 18\nsábado: 9 a 13",
        ),
        (
            "pt",
            "Qual o horário?",
            "segunda a sexta: 9 a 18\nsábado: 9 a 13",
        ),
        (
            "en",
            "opening hours?",
            "Monday to Friday: 9 a 18\nSaturday: 9 a 13",
        ),
    ] {
        let answer = ask(&host, &host.event().language(language).text(question));
        assert!(body(&answer[0]).ends_with(lines), "{}", body(&answer[0]));
        assert!(!body(&answer[0]).to_lowercase().contains("domingo"));
    }
}

#[test]
fn a_day_without_text_breaks_a_run_of_days() {
    let host = Host::install();
    host.set_config(r#"{"hours":{"mon":"9 a 18","wed":"9 a 18"}}"#);
    let answer = ask(&host, &host.event().tap_button("tienda:hours"));
    assert!(body(&answer[0]).ends_with("lunes: 9 a 18\nmiércoles: 9 a 18"));
}

#[test]
fn hours_may_be_one_text_for_the_whole_week() {
    let host = Host::install();
    host.set_config(r#"{"shop":"Lua","hours":"segunda a sexta das 9 às 18"}"#);
    let answer = ask(&host, &host.event().language("pt").text("qual o horário?"));
    assert_eq!(
        body(&answer[0]),
        "Horários de Lua:\nsegunda a sexta das 9 às 18"
    );
}

#[test]
fn unknown_hours_are_not_invented() {
    let host = Host::install();
    for (language, said) in [
        ("es", "No tengo cargados los horarios"),
        ("pt", "Não tenho os horários"),
        ("en", "I do not have the opening hours"),
    ] {
        let answer = ask(
            &host,
            &host.event().language(language).tap_row("tienda:hours"),
        );
        assert!(body(&answer[0]).starts_with(said));
        assert_eq!(button_ids(&answer[0]), ["tienda:person", "tienda:menu"]);
    }
}

#[test]
fn the_menu_is_a_list_and_offers_the_address_only_when_there_is_one() {
    let rows = |answer: &[Action]| match answer[0].content() {
        Some(Content::Interactive(i)) => match &i.action {
            InteractiveAction::List { sections, .. } => sections
                .iter()
                .flat_map(|s| s.rows.iter().map(|r| r.id.clone()))
                .collect::<Vec<_>>(),
            other => panic!("no list: {other:?}"),
        },
        other => panic!("no menu: {other:?}"),
    };
    let host = shop();
    for (language, word) in [("es", "menú"), ("pt", "opções"), ("en", "help")] {
        let with = ask(&host, &host.event().language(language).text(word));
        assert_eq!(
            rows(&with),
            [
                "tienda:orders",
                "tienda:offers",
                "tienda:hours",
                "tienda:address",
                "tienda:person"
            ]
        );
    }
    host.set_config("{}");
    let without = ask(&host, &host.event().tap_button("tienda:menu"));
    assert!(!rows(&without).contains(&"tienda:address".to_owned()));
}

#[test]
fn the_address_is_told() {
    let host = shop();
    for (language, question) in [
        ("es", "¿dónde están?"),
        ("pt", "onde fica?"),
        ("en", "address?"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(question));
        assert!(body(&answer[0]).contains("Av. Corrientes 1234"));
    }
}

#[test]
fn an_order_that_nobody_told_of_is_not_claimed() {
    let host = shop();
    for (language, question, said) in [
        (
            "es",
            "¿Dónde está mi pedido?",
            "No tengo ningún pedido tuyo",
        ),
        ("pt", "cadê meu pedido?", "Não tenho nenhum pedido seu"),
        ("en", "where is my order", "I have no news of any order"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(question));
        assert!(body(&answer[0]).starts_with(said), "{}", body(&answer[0]));
        assert_eq!(button_ids(&answer[0]), ["tienda:person", "tienda:menu"]);
    }
}

#[test]
fn an_order_is_told_as_the_shop_told_it_and_only_to_its_person() {
    let host = shop();
    ask(
        &host,
        &host
            .event()
            .business("order.shipped", r#"{"order":"A-102"}"#),
    );
    for (language, question, said) in [
        ("es", "mi pedido", "Pedido A-102: enviado"),
        ("pt", "meu pedido", "Pedido A-102: enviado"),
        ("en", "my order", "Order A-102: shipped"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(question));
        assert!(body(&answer[0]).ends_with(said), "{}", body(&answer[0]));
    }
    let other = ask(&host, &host.event().person("p2").text("mi pedido"));
    assert!(body(&other[0]).starts_with("No tengo ningún pedido tuyo"));
}

#[test]
fn a_number_picks_its_order_and_an_unknown_number_gets_no_other_orders_state() {
    let host = shop();
    ask(
        &host,
        &host.event().business("order.paid", r#"{"order":"A-1"}"#),
    );
    ask(
        &host,
        &host.event().business("order.ready", r#"{"order":1042}"#),
    );
    let one = ask(&host, &host.event().text("¿y el 1042?"));
    assert!(
        body(&one[0]).ends_with("\nPedido 1042: listo para retirar"),
        "{}",
        body(&one[0])
    );
    let unknown = ask(&host, &host.event().text("mi pedido A-777"));
    assert!(body(&unknown[0]).starts_with("No tengo novedades de un pedido con ese número"));
}

#[test]
fn a_state_without_words_is_told_as_unknown_not_as_the_one_before() {
    let host = shop();
    ask(
        &host,
        &host.event().business("order.paid", r#"{"order":"A-1"}"#),
    );
    host.advance(1);
    let silent = ask(
        &host,
        &host
            .event()
            .business("order.held_at_customs", r#"{"order":"A-1"}"#),
    );
    assert_eq!(silent, []);
    let answer = ask(&host, &host.event().text("mi pedido"));
    assert!(!body(&answer[0]).contains("pagado"));
    assert!(body(&answer[0]).contains("hubo un cambio que no puedo ver"));
}

#[test]
fn asking_for_offers_puts_the_hosts_own_question() {
    let host = shop();
    for (language, text) in [
        ("es", "quiero ofertas"),
        ("pt", "promoções"),
        ("en", "offers"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(text));
        assert_eq!(answer, [Action::ask_consent("ofertas", "ofertas")]);
    }
    host.set_config(r#"{"offers":{"topic":"novedades","wording":"opt-in-2"}}"#);
    let answer = ask(&host, &host.event().tap_row("tienda:offers"));
    assert_eq!(answer, [Action::ask_consent("opt-in-2", "novedades")]);
}

#[test]
fn whoever_has_agreed_is_not_asked_again() {
    let host = shop();
    for (language, word) in [("es", "BAJA"), ("pt", "SAIR"), ("en", "STOP")] {
        let event = host
            .event()
            .language(language)
            .agreed_to("ofertas")
            .text("ofertas");
        let answer = ask(&host, &event);
        assert!(body(&answer[0]).contains(word));
        assert_eq!(answer.len(), 1);
    }
}

#[test]
fn not_wanting_offers_is_never_taken_as_wanting_them() {
    let host = shop();
    for text in [
        "no quiero más ofertas",
        "não quero promoção",
        "no offers please",
    ] {
        let answer = ask(&host, &host.event().text(text));
        assert!(
            !answer
                .iter()
                .any(|a| matches!(a, Action::AskConsent { .. })),
            "{text}"
        );
    }
}

#[test]
fn a_person_is_called_on_request() {
    let host = shop();
    for (language, text) in [
        ("es", "hola, quiero hablar con una persona"),
        ("pt", "quero falar com um atendente"),
        ("en", "can I talk to a human?"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(text));
        assert!(body(&answer[0]).contains("Flores del Sur"));
        assert_eq!(answer[1], Action::hand_over("asked for a person"));
    }
    assert!(hands_over(&ask(
        &host,
        &host.event().tap_row("tienda:person")
    )));
}

#[test]
fn two_turns_not_understood_call_a_person_and_the_count_starts_again() {
    let host = shop();
    for (language, sorry) in [("es", "Perdón"), ("pt", "Desculpe"), ("en", "Sorry")] {
        let event = host.event().language(language).text("xyzzy");
        let first = ask(&host, &event);
        assert!(body(&first[0]).starts_with(sorry));
        assert_eq!(
            button_ids(&first[0]),
            ["tienda:orders", "tienda:menu", "tienda:person"]
        );
        assert!(!hands_over(&first));
        let second = ask(&host, &event);
        assert!(hands_over(&second), "{second:?}");
    }
    assert!(!hands_over(&ask(&host, &host.event().text("xyzzy"))));
}

#[test]
fn being_understood_in_between_or_an_hour_forgets_the_first_miss() {
    let host = shop();
    ask(&host, &host.event().text("xyzzy"));
    ask(&host, &host.event().text("hola"));
    assert!(!hands_over(&ask(&host, &host.event().text("xyzzy"))));
    host.advance(3_599_999);
    assert!(hands_over(&ask(&host, &host.event().text("xyzzy"))));
    ask(&host, &host.event().text("xyzzy"));
    host.advance(3_600_000);
    assert!(!hands_over(&ask(&host, &host.event().text("xyzzy"))));
}

#[test]
fn files_are_not_read_but_their_caption_is() {
    let host = shop();
    let media = |kind, caption: Option<&str>| {
        InboundBody::Media(InboundMedia {
            kind,
            id: "m1".to_owned(),
            mime: "image/jpeg".to_owned(),
            caption: caption.map(str::to_owned),
            filename: None,
            voice: kind == MediaKind::Audio,
        })
    };
    for (language, file, audio) in [
        ("es", "Recibí tu archivo", "Recibí tu audio"),
        ("pt", "Recebi seu arquivo", "Recebi seu áudio"),
        ("en", "I got your file", "I got your voice message"),
    ] {
        let send = |body| ask(&host, &host.event().language(language).message(body));
        assert!(body(&send(media(MediaKind::Image, None))[0]).starts_with(file));
        assert!(body(&send(media(MediaKind::Audio, None))[0]).starts_with(audio));
        assert_eq!(send(media(MediaKind::Sticker, None)), []);
    }
    let captioned = ask(
        &host,
        &host
            .event()
            .message(media(MediaKind::Image, Some("¿horarios?"))),
    );
    assert!(body(&captioned[0]).starts_with("Horarios de"));
}

#[test]
fn places_and_cards_are_offered_to_a_person() {
    let host = shop();
    let place = InboundBody::Location(Location::default());
    let cards = InboundBody::Contacts {
        cards: vec![ContactCard::default()],
        requested: false,
    };
    for sent in [place, cards] {
        for language in ["es", "pt", "en"] {
            let answer = ask(
                &host,
                &host.event().language(language).message(sent.clone()),
            );
            assert_eq!(button_ids(&answer[0]), ["tienda:person", "tienda:menu"]);
        }
    }
}

#[test]
fn a_cart_is_acknowledged_as_a_wish_and_handed_to_a_person() {
    let host = shop();
    let cart = |quantities: &[u32]| {
        InboundBody::Order(Order {
            items: quantities
                .iter()
                .map(|q| OrderItem {
                    quantity: *q,
                    ..OrderItem::default()
                })
                .collect(),
            ..Order::default()
        })
    };
    for (language, said) in [
        ("es", "tu carrito con 3 artículos. Todavía no es un pedido"),
        ("pt", "seu carrinho com 3 itens. Ainda não é um pedido"),
        ("en", "your cart with 3 items. It is not an order yet"),
    ] {
        let answer = ask(
            &host,
            &host.event().language(language).message(cart(&[1, 2])),
        );
        assert!(body(&answer[0]).contains(said), "{}", body(&answer[0]));
        assert!(hands_over(&answer));
    }
    assert!(!hands_over(&ask(&host, &host.event().message(cart(&[])))));
}

#[test]
fn reactions_and_changed_numbers_get_no_answer() {
    let host = shop();
    let reaction = InboundBody::Reaction {
        message_id: "wamid.1".to_owned(),
        emoji: Some("👍".to_owned()),
    };
    let system = InboundBody::System {
        event: "user_changed_number".to_owned(),
    };
    assert_eq!(ask(&host, &host.event().message(reaction)), []);
    assert_eq!(ask(&host, &host.event().message(system)), []);
}

#[test]
fn what_cannot_be_read_is_answered_only_while_the_window_is_open() {
    let host = shop();
    let poll = || InboundBody::Unsupported("poll".to_owned());
    let open = ask(&host, &host.event().message(poll()));
    assert_eq!(button_ids(&open[0]), ["tienda:person", "tienda:menu"]);
    assert_eq!(
        ask(&host, &host.event().window_closed().message(poll())),
        []
    );
}

#[test]
fn a_form_goes_to_a_person() {
    let host = shop();
    let form = InboundBody::FlowReply {
        name: "flow".to_owned(),
        response_json: "{".to_owned(),
    };
    assert!(hands_over(&ask(&host, &host.event().message(form))));
}

#[test]
fn taps_on_the_hosts_own_buttons_are_the_hosts() {
    let host = shop();
    assert_eq!(
        ask(&host, &host.event().tap_button("portero:yes:ofertas")),
        []
    );
}

#[test]
fn a_quick_reply_of_a_template_is_read_by_its_label() {
    let host = shop();
    let tap = InboundBody::TemplateButton {
        payload: "Ver meu pedido".to_owned(),
        text: "Ver meu pedido".to_owned(),
    };
    let answer = ask(&host, &host.event().language("pt").message(tap));
    assert!(body(&answer[0]).starts_with("Não tenho nenhum pedido"));
}

#[test]
fn thanks_are_returned() {
    let host = shop();
    for (language, text, said) in [
        ("es", "gracias", "¡De nada!"),
        ("pt", "obrigada", "De nada!"),
        ("en", "thanks", "You are welcome!"),
    ] {
        let answer = ask(&host, &host.event().language(language).text(text));
        assert!(body(&answer[0]).starts_with(said));
    }
}

#[test]
fn the_same_event_gets_the_same_answer() {
    let host = shop();
    let event = host.event().name("Ana").text("hola");
    assert_eq!(ask(&host, &event), ask(&host, &event));
}

#[test]
fn without_any_grant_the_bot_still_greets_and_claims_nothing() {
    let host = shop();
    for permission in ["kv", "config", "log", "gate.preview", "contacts.read"] {
        host.refuse(permission);
    }
    assert!(body(&ask(&host, &host.event().text("hola"))[0]).starts_with("¡Hola!"));
    let order = ask(&host, &host.event().text("mi pedido"));
    assert!(body(&order[0]).starts_with("No tengo ningún pedido"));
}
