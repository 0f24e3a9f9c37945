//! `GET /wordings`: the questions by which a shop asks for consent, by name and language, every version; a new one is
//! kept here. What was shown once never changes.

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use portero_domain::access::Right::{Edit, Read};
use portero_domain::consent::{FrequencyPromise, Period};
use portero_domain::language::Language;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::ledger::{self, WordingView};
use portero_flow::desk::tenants::{self, WordingRequest};
use portero_gate::detect::QuestionShape;
use serde::Deserialize;

use crate::doors::Pages;
use crate::frame::{Frame, Visit, query, render};
use crate::languages::NAMES;
use crate::problem::{Asks, Problem};
use crate::shown::{lacks, to};
use crate::strings::Words;
use crate::{ConsoleState, reach};

const PAGE: &str = "/wordings";
const KEEP: &str = "/console/wordings/{tenant}";
const PERIODS: [(&str, Period); 3] = [
    ("day", Period::Day),
    ("week", Period::Week),
    ("month", Period::Month),
];
/// Longest name, characters.
const NAME_MOST: usize = 64;
/// Longest words after a yes, characters.
const THANKS_MOST: usize = 1_024;

/// The pages and their rights.
pub(crate) fn pages(pages: Pages) -> Pages {
    pages.get(PAGE, &[Read], page).post(KEEP, &[Edit], keep)
}

/// Query of the page.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    lang: Option<String>,
    shop: Option<String>,
    /// A wording to begin from.
    name: String,
    language: String,
    /// The version that was kept a moment ago.
    kept: Option<String>,
}

/// What the form sends.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    lang: String,
    name: String,
    language: String,
    body: String,
    yes: String,
    no: String,
    thanks: String,
    max: String,
    per: String,
}

struct Version {
    version: u32,
    promise: String,
    body: String,
    buttons: String,
    thanks: String,
    sha256: String,
}

/// A wording in one language.
struct Tongue {
    code: &'static str,
    name: &'static str,
    newest: Version,
    older: Vec<Version>,
    again: String,
}

struct Group {
    name: String,
    tongues: Vec<Tongue>,
}

struct Choice {
    value: &'static str,
    words: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "wordings.html")]
struct Shown {
    f: Frame,
    w: Words,
    lang: &'static str,
    kept: String,
    /// What is wrong: (name of the field, in words).
    wrong: Vec<(&'static str, String)>,
    groups: Vec<Group>,
    typed: Sent,
    languages: Vec<Choice>,
    periods: Vec<Choice>,
    action: String,
    lacks: String,
}

/// The list.
pub(crate) async fn page(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Asks(asked): Asks<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/consents",
        lang: asked.lang.as_deref(),
        shop: asked.shop.as_deref(),
    };
    let mut typed = Sent {
        name: asked.name.clone(),
        language: asked.language.clone(),
        ..Sent::default()
    };
    if let Some(shop) = &visit.of_a_shop().await?.shop
        && !asked.name.is_empty()
    {
        let all = ledger::wordings(&state.ctx, shop.id).await?;
        begin_from(&mut typed, &all);
    }
    show(visit, typed, Vec::new(), asked.kept.unwrap_or_default()).await
}

/// Fills the form with the newest version of what it names.
fn begin_from(typed: &mut Sent, all: &[WordingView]) {
    let of = all.iter().filter(|v| v.name == typed.name);
    let Some((view, text)) = of
        .filter_map(|v| Some((v, v.texts.get(&typed.language)?)))
        .max_by_key(|(v, _)| v.version)
    else {
        return;
    };
    typed.body.clone_from(&text.body);
    typed.yes.clone_from(&text.yes);
    typed.no.clone_from(&text.no);
    typed.thanks.clone_from(&text.thanks);
    typed.max = view.promise.max.to_string();
    let per = PERIODS.iter().find(|(_, p)| *p == view.promise.per);
    typed.per = per.map_or("", |(word, _)| word).to_owned();
}

async fn show(
    visit: Visit<'_>,
    typed: Sent,
    wrong: Vec<(&'static str, String)>,
    kept: String,
) -> Result<Response, Problem> {
    let f = visit.aside(PAGE).await?;
    let (w, lang) = (f.w, f.lang);
    let mut groups = Vec::new();
    let mut usual = w.0;
    if let Some(shop) = &f.shop {
        usual = shop.language;
        let all = ledger::wordings(&visit.state.ctx, shop.id).await?;
        groups = self::groups(w, &f, &all);
    }
    let chosen = match typed.language.as_str() {
        "" => usual.code(),
        code => code,
    };
    let languages = NAMES.iter().map(|(l, name)| Choice {
        value: l.code(),
        words: (*name).to_owned(),
        chosen: l.code() == chosen,
    });
    let periods = PERIODS.iter().map(|(word, _)| Choice {
        value: word,
        words: w.t(&format!("wording.per.{word}")).to_owned(),
        chosen: match typed.per.as_str() {
            "" => *word == "week",
            sent => sent == *word,
        },
    });
    Ok(render(&Shown {
        lang,
        kept: match kept.is_empty() {
            true => kept,
            false => w.t("wording.kept").replace("{name}", &kept),
        },
        wrong,
        groups,
        languages: languages.collect(),
        periods: periods.collect(),
        typed,
        action: KEEP.replace("{tenant}", f.shop_slug()),
        lacks: lacks(w, visit.principal.role, KEEP),
        f: f.titled(w.t("wording.title")),
        w,
    }))
}

fn groups(w: Words, f: &Frame, all: &[WordingView]) -> Vec<Group> {
    let mut names: Vec<&str> = all.iter().map(|v| v.name.as_str()).collect();
    names.dedup();
    let tongue = |name: &str, (language, called): &(Language, &'static str)| {
        let code = language.code();
        let mut versions = all
            .iter()
            .filter(|v| v.name == name)
            .filter_map(|v| version(w, v, code));
        let newest = versions.next()?;
        let fields = [
            ("lang", f.lang),
            ("shop", f.shop_slug()),
            ("name", name),
            ("language", code),
        ];
        Some(Tongue {
            code,
            name: called,
            older: versions.collect(),
            newest,
            again: query(PAGE, &fields) + "#new",
        })
    };
    let group = |name: &str| Group {
        name: name.to_owned(),
        tongues: NAMES.iter().filter_map(|l| tongue(name, l)).collect(),
    };
    names.into_iter().map(group).collect()
}

fn version(w: Words, view: &WordingView, code: &str) -> Option<Version> {
    let text = view.texts.get(code)?;
    Some(Version {
        version: view.version,
        promise: crate::contacts::promise(w, view.promise),
        body: text.body.clone(),
        buttons: format!("[{}] [{}]", text.yes, text.no),
        thanks: text.thanks.clone(),
        sha256: text.sha256.clone(),
    })
}

/// The version that a new text gets: the one after the newest in its language; in a language that the newest version
/// of this name does not have yet, that version.
fn next_version(all: &[WordingView], name: &str, language: Language) -> u32 {
    let of = || all.iter().filter(|v| v.name == name);
    let newest = of().map(|v| v.version).max().unwrap_or(1);
    let mine = of().filter(|v| v.texts.contains_key(language.code()));
    match mine.map(|v| v.version).max() {
        Some(mine) => newest.max(mine + 1),
        None => newest,
    }
}

/// What is wrong with it, field by field; and what to ask the host for.
fn read(w: Words, sent: &Sent) -> Result<WordingRequest, Vec<(&'static str, String)>> {
    let clean = |text: &str| text.trim().replace('\0', "").replace("\r\n", "\n");
    let mut wrong = Vec::new();
    let mut bad = |field: &'static str, words: String| wrong.push((field, words));
    let name = clean(&sent.name);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.chars().count() > NAME_MOST || !name.chars().all(plain) {
        bad("name", w.t("wording.wrong.name").to_owned());
    }
    let language = Language::ALL
        .into_iter()
        .find(|l| l.code() == sent.language);
    if language.is_none() {
        bad("language", w.t("wording.wrong.language").to_owned());
    }
    let body = clean(&sent.body);
    if body.is_empty() || body.chars().count() > 1_024 {
        bad("body", w.t("wording.wrong.length").to_owned());
    }
    let shape = QuestionShape::of(&body);
    for (there, words) in [
        (shape.whatsapp, w.t("wording.wrong.whatsapp")),
        (shape.frequency, w.t("wording.wrong.frequency")),
        (shape.stop, w.t("wording.wrong.stop")),
        (shape.privacy, w.t("wording.wrong.privacy")),
    ] {
        if !there {
            bad("body", words.to_owned());
        }
    }
    let labels = [("yes", clean(&sent.yes)), ("no", clean(&sent.no))];
    for (field, label) in &labels {
        if label.is_empty() || label.chars().count() > 20 {
            bad(field, w.t("wording.wrong.label").to_owned());
        }
    }
    let thanks = clean(&sent.thanks);
    if thanks.is_empty() || thanks.chars().count() > THANKS_MOST {
        bad("thanks", w.t("wording.wrong.thanks").to_owned());
    }
    let max = sent
        .max
        .trim()
        .parse()
        .ok()
        .filter(|n| (1..=100).contains(n));
    let per = PERIODS.iter().find(|(word, _)| *word == sent.per);
    let promise = max
        .zip(per)
        .map(|(max, (_, per))| FrequencyPromise { max, per: *per });
    if promise.is_none() {
        bad("max", w.t("wording.wrong.promise").to_owned());
    }
    let [(_, yes_label), (_, no_label)] = labels;
    match (language, promise) {
        (Some(language), Some(promise)) if wrong.is_empty() => Ok(WordingRequest {
            name,
            version: 1,
            language,
            body,
            yes_label,
            no_label,
            thanks,
            promise,
        }),
        _ => Err(wrong),
    }
}

/// `POST …`: keeps a new version.
pub(crate) async fn keep(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(shop): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    let tenant = reach::tenant(&state, &principal, &shop).await?;
    let visit = Visit {
        state: &state,
        principal: &principal,
        headers: &headers,
        entry: "/consents",
        lang: Some(&sent.lang),
        shop: Some(&tenant.slug),
    };
    let w = visit.of_all().w;
    let wrong = match read(w, &sent) {
        Ok(mut request) => {
            let all = ledger::wordings(&state.ctx, tenant.id).await?;
            request.version = next_version(&all, &request.name, request.language);
            match tenants::put_wording(&state.ctx, tenant.id, &request).await {
                Ok(_) => {
                    let kept = format!("{}@{}", request.name, request.version);
                    let fields = [
                        ("lang", sent.lang.as_str()),
                        ("shop", tenant.slug.as_str()),
                        ("kept", kept.as_str()),
                    ];
                    return Ok(to(PAGE, &fields));
                }
                // As far as the page does not know it by itself.
                Err(error @ FlowError::BadInput { .. }) => vec![("body", error.to_string())],
                Err(error) => return Err(error.into()),
            }
        }
        Err(wrong) => wrong,
    };
    let mut response = show(visit, sent.clone(), wrong, String::new()).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

impl Shown {
    /// What is wrong with a field, in words.
    fn bad(&self, field: &str) -> Vec<&str> {
        let of = self.wrong.iter().filter(|(name, _)| *name == field);
        of.map(|(_, words)| words.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(version: u32, languages: &[&str]) -> WordingView {
        let text = ledger::WordingText {
            body: "b".to_owned(),
            yes: "y".to_owned(),
            no: "n".to_owned(),
            thanks: "t".to_owned(),
            sha256: String::new(),
        };
        WordingView {
            name: "ofertas".to_owned(),
            version,
            newest: false,
            promise: FrequencyPromise {
                max: 2,
                per: Period::Week,
            },
            texts: languages
                .iter()
                .map(|l| ((*l).to_owned(), text.clone()))
                .collect(),
        }
    }

    #[test]
    fn a_new_text_never_takes_the_place_of_one_that_was_shown() {
        let all = [view(1, &["es", "pt"]), view(2, &["es"])];
        assert_eq!(next_version(&all, "ofertas", Language::Es), 3);
        assert_eq!(next_version(&all, "ofertas", Language::Pt), 2);
        assert_eq!(next_version(&all, "ofertas", Language::En), 2);
        assert_eq!(next_version(&all, "otro", Language::En), 1);
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        let w = Words(Language::En);
        let wrong = read(w, &Sent::default()).unwrap_err();
        let fields: Vec<&str> = wrong.iter().map(|(f, _)| *f).collect();
        for field in ["name", "language", "body", "yes", "no", "thanks", "max"] {
            assert!(fields.contains(&field), "{field}");
        }
        assert_eq!(fields.iter().filter(|f| **f == "body").count(), 5);
    }
}
