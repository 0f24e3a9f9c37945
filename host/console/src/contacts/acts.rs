//! What the shop does about a person on their page: writes a consent down, asks for one, puts them on the block list,
//! takes the conversation from the bot, gives tags.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use portero_domain::ids::{ContactId, TokenId};
use portero_domain::proof::ConsentActor;
use portero_domain::template::TemplateCategory;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::consent_told::{self, ConsentRequest, ConsentWord, ProofRequest};
use portero_flow::desk::contacts::{self, BlockRequest, ContactView};
use portero_flow::desk::handovers;
use portero_flow::desk::ledger::{self, WordingView};
use portero_flow::desk::people::{self, PersonRequest};
use portero_flow::desk::questions::{self, QuestionRequest};
use portero_flow::desk::tenants::TenantView;
use portero_gate::facts::DoNotContact;
use serde::Deserialize;

use crate::frame::{may, query};
use crate::problem::Problem;
use crate::strings::Words;
use crate::{ConsoleState, reach};

/// Longest reason and proof, characters.
const TEXT_MOST: usize = 500;
/// Scopes of the block list with their words in forms.
const SCOPES: [(&str, DoNotContact); 3] = [
    ("promotional", DoNotContact::Promotional),
    ("all", DoNotContact::All),
    ("all_and_replies", DoNotContact::AllAndReplies),
];

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    lang: String,
    reason: String,
    topic: String,
    /// `name@version`.
    wording: String,
    template: String,
    scope: String,
    number: String,
    tags: String,
    /// A tag to be taken off.
    untag: String,
    key: String,
}

/// What the page offers.
pub(super) struct Offered {
    /// Whether the caller may change something here, and send.
    pub(super) edits: bool,
    pub(super) sends: bool,
    /// Versions that can be named: `name@version`.
    pub(super) wordings: Vec<String>,
    /// Templates that could ask: (name and language, in words).
    pub(super) templates: Vec<String>,
    /// How the person is blocked, in words; empty when they are not.
    pub(super) blocked: String,
    /// (word, in the page's words, whether it is so now).
    pub(super) scopes: Vec<(&'static str, String, bool)>,
    /// Numbers whose conversation the bot has.
    pub(super) takes: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) key: String,
}

/// What can be done about a person now.
pub(super) async fn offered(
    state: &ConsoleState,
    principal: &Principal,
    w: Words,
    tenant: &TenantView,
    person: &ContactView,
) -> Result<Offered, Problem> {
    let ctx = &state.ctx;
    let now = contacts::blocked(ctx, tenant.id, person.id).await?;
    let library = ledger::wordings(ctx, tenant.id).await?;
    let scopes = SCOPES.iter().map(|(word, scope)| {
        let words = w.t(&format!("person.block.{word}")).to_owned();
        (*word, words, now == Some(*scope))
    });
    let scopes: Vec<(&'static str, String, bool)> = scopes.collect();
    let blocked = scopes.iter().find(|(_, _, is)| *is);
    let blocked = blocked.map(|(_, words, _)| words.clone());
    let number = person.conversations.first();
    let number = number.map(|c| c.phone_number_id.as_str());
    let usable = match handovers::offered(ctx, tenant.id, number).await {
        Ok(usable) => usable,
        // A shop with no number yet, or with several and none that the person wrote to.
        Err(FlowError::BadInput { .. } | FlowError::NotFound { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let asks = usable.into_iter().map(|u| u.template);
    let asks = asks
        .filter(|t| t.category == TemplateCategory::Utility && t.slots.quick_replies.len() == 2);
    let role = principal.role;
    Ok(Offered {
        edits: may(role, "POST", "/console/contacts/{tenant}/{who}/block"),
        sends: may(role, "POST", "/console/contacts/{tenant}/{who}/ask"),
        wordings: library
            .iter()
            .filter(|v| v.newest)
            .map(|v| format!("{}@{}", v.name, v.version))
            .collect(),
        templates: asks.map(|t| format!("{} {}", t.name, t.language)).collect(),
        blocked: blocked.unwrap_or_default(),
        scopes,
        takes: person
            .conversations
            .iter()
            .filter(|c| c.handed_over.is_none())
            .map(|c| c.phone_number_id.clone())
            .collect(),
        tags: person.tags.clone(),
        key: TokenId::new(&*ctx.ids, ctx.now()).to_string(),
    })
}

fn read(form: Result<Form<Sent>, FormRejection>) -> Result<Sent, Problem> {
    form.map(|Form(sent)| sent)
        .map_err(|wrong| Problem::BadInput(wrong.body_text()))
}

/// What somebody typed, cut where it is too long; nothing is kept of U+0000, which Postgres does not take.
fn plain(text: &str) -> String {
    let text = text.trim().replace('\0', "");
    text.chars().take(TEXT_MOST).collect()
}

/// The shop, the person and what was sent, for every act alike.
struct Act {
    tenant: TenantView,
    who: ContactId,
    sent: Sent,
}

impl Act {
    async fn of(
        state: &ConsoleState,
        principal: &Principal,
        (shop, who): (String, String),
        form: Result<Form<Sent>, FormRejection>,
    ) -> Result<Act, Problem> {
        let sent = read(form)?;
        let tenant = reach::tenant(state, principal, &shop).await?;
        let who = match contacts::get(&state.ctx, tenant.id, &who).await {
            Ok(person) => person.id,
            Err(FlowError::BadInput { .. }) => return Err(Problem::NotFound { what: "contact" }),
            Err(error) => return Err(error.into()),
        };
        Ok(Act { tenant, who, sent })
    }

    /// Back to the person, with what came of it: the word for what was done, or why it was not.
    fn came<T>(&self, done: Result<T, FlowError>, word: &str) -> Result<Response, Problem> {
        match done {
            Ok(_) => Ok(self.back(word, "")),
            Err(FlowError::BadInput { field, .. }) => {
                let why = match field.as_str() {
                    "reason" | "evidence" => "act_no_reason",
                    "template" => "other_words",
                    "wording" => "no_wording",
                    _ => "act_refused",
                };
                Ok(self.back(why, ""))
            }
            Err(FlowError::Erased { .. }) => Ok(self.back("act_refused", "")),
            Err(error) => Err(error.into()),
        }
    }

    fn back(&self, said: &str, verdict: &str) -> Response {
        let here = format!("/contacts/{}/{}", self.tenant.slug, self.who);
        let fields = [
            ("lang", self.sent.lang.as_str()),
            ("said", said),
            ("verdict", verdict),
        ];
        Redirect::to(&format!("{}#acts", query(&here, &fields))).into_response()
    }
}

/// `POST …/agree`: a yes that the person gave to the shop is written down, with its proof and the words they agreed to.
pub(crate) async fn agree(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(of): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let act = Act::of(&state, &principal, of, form).await?;
    let library = ledger::wordings(&state.ctx, act.tenant.id).await?;
    let named = |v: &&WordingView| format!("{}@{}", v.name, v.version) == act.sent.wording;
    let Some(wording) = library.iter().find(named) else {
        return Ok(act.back("no_wording", ""));
    };
    let own = act.tenant.language.code();
    let language = match wording.texts.contains_key(own) {
        true => Some(own.to_owned()),
        false => wording.texts.keys().next().cloned(),
    };
    let topic = plain(&act.sent.topic);
    let request = ConsentRequest {
        event: ConsentWord::Granted,
        topic: Some(match topic.is_empty() {
            true => wording.name.clone(),
            false => topic,
        }),
        promise: Some(wording.promise),
        wording: Some(act.sent.wording.clone()),
        wording_text: None,
        language,
        evidence: plain(&act.sent.reason),
        captured_at: None,
        expires_at: None,
        origin: None,
        proof: ProofRequest::default(),
    };
    let actor = ConsentActor::Operator {
        name: principal.author(),
    };
    let who = act.who.to_string();
    let done = consent_told::record(&state.ctx, act.tenant.id, &who, &request, actor).await;
    act.came(done, "agreed")
}

/// `POST …/ask`: the consent question goes out as a template that says what the wording says.
pub(crate) async fn ask(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(of): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let act = Act::of(&state, &principal, of, form).await?;
    let wording = act
        .sent
        .wording
        .rsplit_once('@')
        .map_or("", |(name, _)| name);
    let (template, language) = act.sent.template.rsplit_once(' ').unwrap_or_default();
    if wording.is_empty() || template.is_empty() {
        return Ok(act.back("no_wording", ""));
    }
    let request = QuestionRequest {
        wording: wording.to_owned(),
        template: template.to_owned(),
        language: Some(language.to_owned()),
        topic: None,
        phone_number_id: Some(act.sent.number.clone()).filter(|n| !n.is_empty()),
    };
    let (who, key) = (act.who.to_string(), format!("console:{}", act.sent.key));
    let asked = questions::ask(&state.ctx, &principal, act.tenant.id, &who, &key, &request).await;
    match asked {
        Ok(proposed) => Ok(act.back("asked", &proposed.verdict.id.to_string())),
        Err(error) => act.came(Err::<(), _>(error), ""),
    }
}

/// `POST …/block`: puts a person on the shop's block list, or takes them off.
pub(crate) async fn block(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(of): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let act = Act::of(&state, &principal, of, form).await?;
    let scope = SCOPES.iter().find(|(word, _)| *word == act.sent.scope);
    if scope.is_none() && act.sent.scope != "off" {
        return Ok(act.back("act_refused", ""));
    }
    let request = BlockRequest {
        scope: scope.map(|(_, scope)| *scope),
        reason: plain(&act.sent.reason),
    };
    let (who, author) = (act.who.to_string(), principal.author());
    let done = contacts::block(&state.ctx, act.tenant.id, &who, &request, &author).await;
    let word = match request.scope {
        Some(_) => "blocked",
        None => "unblocked",
    };
    act.came(done, word)
}

/// `POST …/take`: somebody of the shop takes the conversation; the bot is silent until it is given back.
pub(crate) async fn take(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(of): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let act = Act::of(&state, &principal, of, form).await?;
    let reason = plain(&act.sent.reason);
    if reason.is_empty() {
        return Ok(act.back("act_no_reason", ""));
    }
    let (who, author) = (act.who.to_string(), principal.author());
    let number = Some(act.sent.number.as_str()).filter(|n| !n.is_empty());
    let own = contacts::own(
        &state.ctx,
        act.tenant.id,
        &who,
        number,
        Some(&reason),
        &author,
    );
    act.came(own.await, "taken")
}

/// `POST …/tags`: gives tags, separated by commas, or takes one off.
pub(crate) async fn tags(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path(of): Path<(String, String)>,
    form: Result<Form<Sent>, FormRejection>,
) -> Result<Response, Problem> {
    let act = Act::of(&state, &principal, of, form).await?;
    let list = |text: &str| -> Vec<String> {
        let all = text.split(',').map(plain);
        all.filter(|t| !t.is_empty()).collect()
    };
    let request = PersonRequest {
        tags: list(&act.sent.tags),
        untag: Some(act.sent.untag.clone())
            .filter(|t| !t.is_empty())
            .into_iter()
            .collect(),
        ..PersonRequest::default()
    };
    let who = act.who.to_string();
    let done = people::put(&state.ctx, act.tenant.id, &who, &request, None).await;
    act.came(done, "tagged")
}

/// The sentence for what came of an act, and whether it was refused; nothing for a word of others.
pub(super) fn said(w: Words, word: &str) -> Option<(&'static str, bool)> {
    Some(match word {
        "agreed" => (w.t("person.did.agreed"), false),
        "asked" => (w.t("person.did.asked"), false),
        "blocked" => (w.t("person.did.blocked"), false),
        "unblocked" => (w.t("person.did.unblocked"), false),
        "taken" => (w.t("person.did.taken"), false),
        "tagged" => (w.t("person.did.tagged"), false),
        "act_no_reason" => (w.t("person.said.no_reason"), true),
        "act_refused" => (w.t("person.said.refused"), true),
        "other_words" => (w.t("person.not.other_words"), true),
        "no_wording" => (w.t("person.not.no_wording"), true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::language::Language;

    #[test]
    fn every_scope_has_its_words_and_what_is_typed_is_cut() {
        for language in Language::ALL {
            for (word, _) in SCOPES {
                let key = format!("person.block.{word}");
                assert_ne!(Words(language).t(&key), key, "{language:?}");
            }
        }
        assert_eq!(plain(" a\0b "), "ab");
        assert_eq!(plain(&"ñ".repeat(900)).chars().count(), TEXT_MOST);
    }
}
