//! What people write: the vectors of `tests/vectors/words.toml`, and what no vector says.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helper may fail loudly"
)]

use portero_domain::consent::ConsentScope;
use portero_gate::words::{Recognition, WordContext, also_wants_a_person, recognise};
use proptest::prelude::*;

#[derive(serde::Deserialize)]
struct Vectors {
    vector: Vec<Vector>,
}

#[derive(serde::Deserialize)]
struct Vector {
    n: u32,
    ctx: String,
    text: String,
    means: String,
}

fn context(ctx: &str) -> WordContext {
    match ctx {
        "-" => WordContext::None,
        "mk" => WordContext::Marketing,
        "ut" => WordContext::Utility,
        "cr" => WordContext::ConsentQuestion,
        "tx" => WordContext::Flow,
        other => panic!("no context `{other}`"),
    }
}

fn label(found: &Recognition) -> String {
    match found {
        Recognition::OptOut(ConsentScope::All) => "opt_out:all".into(),
        Recognition::OptOut(ConsentScope::Promotional) => "opt_out:promotional".into(),
        Recognition::OptOut(ConsentScope::Topic(t)) => format!("opt_out:topic:{t}"),
        Recognition::OptIn => "opt_in".into(),
        Recognition::Help => "help".into(),
        Recognition::Human => "human".into(),
        Recognition::Ask => "ask".into(),
        Recognition::Permissions => "permissions".into(),
        Recognition::None => "none".into(),
        other => panic!("no text means {other:?}"),
    }
}

#[test]
fn every_vector_means_what_it_says() {
    let vectors: Vectors = toml::from_str(include_str!("vectors/words.toml")).unwrap();
    assert_eq!(vectors.vector.len(), 130);
    let wrong: Vec<String> = vectors
        .vector
        .iter()
        .filter_map(|v| {
            let found = label(&recognise(&v.text, context(&v.ctx)));
            (found != v.means)
                .then(|| format!("{} [{}] {}: {} not {}", v.n, v.ctx, v.text, found, v.means))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_opt_out_that_asks_for_a_person_does_both() {
    assert!(also_wants_a_person(
        "no quiero más mensajes, quiero hablar con un asesor"
    ));
    assert!(!also_wants_a_person("no quiero más mensajes"));
}

#[test]
fn a_long_letter_with_the_phrase_in_it_is_asked_about() {
    let letter = format!("{} no me escriban más", "bla ".repeat(30));
    assert_eq!(recognise(&letter, WordContext::Marketing), Recognition::Ask);
}

proptest! {
    #[test]
    fn an_opt_out_word_survives_case_accents_punctuation_and_courtesy(
        word in prop::sample::select(vec!["baja", "stop", "sair", "parar", "unsubscribe", "no más mensajes", "não quero mais"]),
        upper in any::<bool>(),
        before in prop::sample::select(vec!["", "Hola, ", "¡", "Bom dia. ", "please "]),
        after in prop::sample::select(vec!["", "!!!", " por favor", ", gracias", "…", " 🙏"]),
    ) {
        let word = if upper { word.to_uppercase() } else { word.to_owned() };
        let text = format!("{before}{word}{after}");
        let found = recognise(&text, WordContext::Marketing);
        prop_assert!(matches!(found, Recognition::OptOut(_)), "{} {:?}", text, found);
    }

    #[test]
    fn no_text_makes_it_stumble(text in "\\PC{0,200}") {
        let _ = recognise(&text, WordContext::Marketing);
        let _ = recognise(&text, WordContext::ConsentQuestion);
    }
}
