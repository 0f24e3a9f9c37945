//! `/v1`: the documented API. Router and OpenAPI document come from one list.

mod audit;
mod campaigns;
mod checklist;
mod contacts;
mod events;
mod handovers;
mod imports;
mod inputs;
mod ledger;
mod me;
mod messages;
mod operator;
mod plugin_calls;
mod plugin_journal;
mod plugin_keys;
mod plugin_secrets;
mod plugin_versions;
mod plugins;
mod policy;
mod proofs;
mod registries;
mod reports;
mod retention;
mod sandbox;
mod segments;
mod sending;
mod templates;
mod tokens;
pub(crate) mod trigger;
mod users;
mod webhooks;
mod wordings;

use axum::extract::DefaultBodyLimit;
use portero_domain::access::Right;
use serde::Deserialize;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt as _};
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::doors::{Doors, Guarded};
use crate::http::problem::Problem;

pub(crate) use inputs::{ApiJson, ApiOnce, ApiPath, ApiQuery, key_of, whole_text};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portero",
        description = "WhatsApp Business messaging where bots propose, the gate judges, and only what it clears leaves. \
                       A refusal is an answer, not an error: look at `verdict`."
    ),
    components(schemas(Problem)),
    modifiers(&Bearer, &OtherMethods)
)]
struct Document;

/// What every path answers to a method that it does not take: no operation can name it.
struct OtherMethods;

impl utoipa::Modify for OtherMethods {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::header::Header;
        use utoipa::openapi::{ContentBuilder, Object, Ref, ResponseBuilder, schema::Type};
        let mut allow = Header::new(Object::with_type(Type::String));
        allow.description = Some("The methods that the path takes.".to_owned());
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let answer = ResponseBuilder::new()
            .description("Any path, to a method that is not described here: `no_such_method`.")
            .header("Allow", allow)
            .content("application/problem+json", problem);
        let components = document.components.get_or_insert_with(Default::default);
        components
            .responses
            .insert("MethodNotAllowed".to_owned(), answer.into());
    }
}

struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{
            Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
        };
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme(
            "bearer",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
        document.security = Some(vec![SecurityRequirement::new(
            "bearer",
            Vec::<String>::new(),
        )]);
    }
}

/// Routes of `/v1` with their document, each with the rights it needs: all of them.
///
/// What changes something needs another right than `Read` and `SeePersonalData`; what shows anything
/// of a person needs `SeePersonalData`, or masks it ([`portero_domain::access::MASKED`]). Tests hold both.
pub fn routes() -> (OpenApiRouter<AppState>, Doors) {
    use Right::{
        Approve, ChangePolicy, Edit, InstallPlugin, ManageAccess, Read, ReadAudit, SeePersonalData,
        Send, Stop,
    };
    Guarded::new(Document::openapi())
        .routes(
            routes!(messages::list, messages::propose),
            &[
                ("GET", &[Read, SeePersonalData]),
                ("POST", &[Send, SeePersonalData]),
            ],
        )
        .routes(routes!(messages::get), &[("GET", &[Read, SeePersonalData])])
        .routes(
            routes!(messages::verdicts),
            // Masked for whoever may not see people, as the other lists of `access::MASKED`.
            &[("GET", &[Read])],
        )
        .routes(
            routes!(messages::verdict),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(messages::rejudge),
            &[("POST", &[Read, SeePersonalData])],
        )
        // Whoever sees a verdict may show it: no more than that is handed on.
        .routes(
            routes!(proofs::link, proofs::links),
            &[
                ("POST", &[Read, SeePersonalData]),
                ("GET", &[Read, SeePersonalData]),
            ],
        )
        .routes(
            routes!(proofs::unlink),
            &[("DELETE", &[Read, SeePersonalData])],
        )
        .routes(routes!(messages::why), &[("GET", &[Read, SeePersonalData])])
        .routes(routes!(events::inbox), &[("GET", &[Read, SeePersonalData])])
        .routes(routes!(events::inbox_counts), &[("GET", &[Read])])
        .routes(
            routes!(events::inbox_one),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(routes!(events::accept), &[("POST", &[Send])])
        .routes(
            routes!(contacts::list, contacts::put),
            &[("GET", &[Read]), ("PUT", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(contacts::get, contacts::put_one),
            &[
                ("GET", &[Read, SeePersonalData]),
                ("PUT", &[Edit, SeePersonalData]),
            ],
        )
        .routes(
            routes!(contacts::consent),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(contacts::ask),
            &[("POST", &[Send, SeePersonalData])],
        )
        .routes(
            routes!(contacts::consents),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(contacts::timeline),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(routes!(ledger::list), &[("GET", &[Read, SeePersonalData])])
        // Counts, hashes and ids of rows: nothing of a person.
        .routes(routes!(ledger::chain), &[("GET", &[Read])])
        .routes(
            routes!(contacts::export),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(contacts::erasure),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(contacts::erase),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(contacts::block),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(contacts::hand_over),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(contacts::give_back),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(routes!(handovers::list), &[("GET", &[Read])])
        .routes(
            routes!(handovers::get),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(handovers::answer),
            &[("POST", &[Send, SeePersonalData])],
        )
        .routes(
            routes!(handovers::give_back),
            &[("POST", &[Edit, SeePersonalData])],
        )
        .routes(
            routes!(handovers::answer_within, handovers::set_answer_within),
            &[("GET", &[Read]), ("PUT", &[Edit])],
        )
        // A component may be 32 MiB; one byte more is told apart from one that is merely cut off.
        .routes(
            routes!(plugins::list, plugins::install).layer(DefaultBodyLimit::max(33 * 1024 * 1024)),
            &[("GET", &[Read]), ("POST", &[InstallPlugin])],
        )
        .routes(routes!(plugins::fetch), &[("POST", &[InstallPlugin])])
        .routes(routes!(plugin_keys::list), &[("GET", &[Read])])
        .routes(
            routes!(plugin_keys::trust, plugin_keys::distrust),
            &[("PUT", &[InstallPlugin]), ("DELETE", &[InstallPlugin])],
        )
        .routes(routes!(plugin_keys::rotate), &[("POST", &[InstallPlugin])])
        .routes(routes!(plugin_calls::list), &[("GET", &[InstallPlugin])])
        .routes(
            routes!(plugin_journal::get),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(plugin_journal::replay).layer(DefaultBodyLimit::max(33 * 1024 * 1024)),
            &[("POST", &[InstallPlugin, SeePersonalData])],
        )
        .routes(routes!(plugin_versions::list), &[("GET", &[Read])])
        .routes(
            routes!(plugin_versions::upgrade).layer(DefaultBodyLimit::max(33 * 1024 * 1024)),
            &[("POST", &[InstallPlugin])],
        )
        .routes(
            routes!(plugin_versions::fetch),
            &[("POST", &[InstallPlugin])],
        )
        .routes(
            routes!(plugin_versions::approve),
            &[("POST", &[InstallPlugin])],
        )
        .routes(
            routes!(plugin_versions::discard),
            &[("DELETE", &[InstallPlugin])],
        )
        .routes(
            routes!(plugin_versions::rollback),
            &[("POST", &[InstallPlugin])],
        )
        .routes(routes!(plugin_secrets::list), &[("GET", &[Read])])
        .routes(
            routes!(plugin_secrets::set, plugin_secrets::remove),
            &[("PUT", &[InstallPlugin]), ("DELETE", &[InstallPlugin])],
        )
        .routes(routes!(plugins::get), &[("GET", &[Read])])
        .routes(routes!(plugins::parts), &[("GET", &[Read])])
        .routes(routes!(plugins::enable), &[("POST", &[InstallPlugin])])
        .routes(routes!(plugins::disable), &[("POST", &[InstallPlugin])])
        .routes(
            routes!(imports::export),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(imports::list, imports::create),
            &[("GET", &[Read]), ("POST", &[Edit])],
        )
        .routes(routes!(imports::get), &[("GET", &[Read, SeePersonalData])])
        .routes(
            routes!(imports::faults),
            &[("GET", &[Read, SeePersonalData])],
        )
        // A file is read as it comes in: it may be of any size.
        .routes(
            routes!(imports::rows).layer(DefaultBodyLimit::disable()),
            &[("PUT", &[Edit, SeePersonalData])],
        )
        .routes(routes!(segments::list), &[("GET", &[Read])])
        .routes(routes!(segments::rebuild), &[("POST", &[Edit])])
        .routes(
            routes!(segments::members),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(campaigns::list, campaigns::create),
            &[("GET", &[Read]), ("POST", &[Edit])],
        )
        .routes(routes!(campaigns::get), &[("GET", &[Read])])
        .routes(
            routes!(campaigns::plan, campaigns::show_plan),
            &[("POST", &[Edit]), ("GET", &[Read])],
        )
        .routes(routes!(campaigns::approve), &[("POST", &[Approve])])
        .routes(routes!(campaigns::run), &[("POST", &[Send])])
        .routes(routes!(campaigns::pause), &[("POST", &[Stop])])
        .routes(routes!(campaigns::resume), &[("POST", &[Send])])
        .routes(routes!(campaigns::stop), &[("POST", &[Stop])])
        .routes(
            routes!(campaigns::people),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(campaigns::export),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(routes!(templates::list), &[("GET", &[Read])])
        .routes(routes!(templates::sync), &[("POST", &[Edit])])
        .routes(
            routes!(wordings::list, wordings::put),
            &[("GET", &[Read]), ("PUT", &[Edit])],
        )
        .routes(routes!(wordings::show), &[("GET", &[Read])])
        .routes(routes!(reports::list), &[("GET", &[Read])])
        .routes(routes!(reports::show), &[("GET", &[Read])])
        .routes(
            routes!(webhooks::list, webhooks::create),
            &[("GET", &[Read]), ("POST", &[Edit])],
        )
        .routes(routes!(webhooks::kinds), &[("GET", &[Read])])
        .routes(
            routes!(webhooks::get, webhooks::remove),
            &[("GET", &[Read]), ("DELETE", &[Edit])],
        )
        .routes(routes!(webhooks::rotate), &[("POST", &[Edit])])
        .routes(routes!(webhooks::test), &[("POST", &[Edit])])
        .routes(routes!(webhooks::enable), &[("POST", &[Edit])])
        .routes(routes!(webhooks::replay), &[("POST", &[Edit])])
        .routes(
            routes!(webhooks::deliveries),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(webhooks::delivery),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(routes!(sending::account), &[("GET", &[Read])])
        .routes(routes!(sending::overview), &[("GET", &[Read])])
        .routes(routes!(sending::idle), &[("GET", &[Read])])
        .routes(routes!(sending::stop), &[("POST", &[Stop])])
        .routes(routes!(sending::resume), &[("POST", &[Send])])
        .routes(routes!(sending::jump), &[("POST", &[Edit])])
        .routes(routes!(trigger::trigger), &[("POST", &[Edit])])
        .routes(
            routes!(operator::tenants, operator::create_tenant),
            &[("GET", &[Read]), ("POST", &[ManageAccess])],
        )
        .routes(
            routes!(policy::get, policy::set),
            &[("GET", &[Read]), ("PUT", &[ChangePolicy])],
        )
        .routes(routes!(policy::history), &[("GET", &[Read])])
        .routes(
            routes!(policy::whatif),
            &[("POST", &[Read, SeePersonalData])],
        )
        .routes(
            routes!(retention::show, retention::set),
            &[("GET", &[Read]), ("PUT", &[ChangePolicy])],
        )
        .routes(routes!(retention::preview), &[("GET", &[Read])])
        .routes(
            routes!(operator::numbers, operator::put_number),
            &[("GET", &[Read]), ("PUT", &[ManageAccess])],
        )
        .routes(routes!(operator::number), &[("GET", &[Read])])
        .routes(routes!(operator::history), &[("GET", &[Read])])
        .routes(routes!(operator::sync_numbers), &[("POST", &[Edit])])
        .routes(routes!(checklist::subscribe), &[("POST", &[Edit])])
        // It may give the number a PIN: for whoever connects numbers.
        .routes(routes!(checklist::register), &[("POST", &[ManageAccess])])
        .routes(
            routes!(checklist::look, checklist::ask),
            &[("GET", &[Read]), ("POST", &[Edit])],
        )
        .routes(
            routes!(operator::app, operator::put_app),
            &[("GET", &[ManageAccess]), ("PUT", &[ManageAccess])],
        )
        .routes(routes!(registries::list), &[("GET", &[Read])])
        .routes(
            routes!(registries::get, registries::declare),
            &[("GET", &[Read]), ("PUT", &[ChangePolicy])],
        )
        // A national list is read as it comes in.
        .routes(
            routes!(registries::load).layer(DefaultBodyLimit::disable()),
            &[("PUT", &[Edit, SeePersonalData])],
        )
        .routes(routes!(sandbox::list), &[("GET", &[Read, SeePersonalData])])
        .routes(
            routes!(sandbox::put, sandbox::remove),
            &[
                ("PUT", &[Edit, SeePersonalData]),
                ("DELETE", &[Edit, SeePersonalData]),
            ],
        )
        .routes(
            routes!(tokens::list, tokens::create),
            &[("GET", &[ManageAccess]), ("POST", &[ManageAccess])],
        )
        .routes(routes!(tokens::revoke), &[("DELETE", &[ManageAccess])])
        .routes(
            routes!(users::list, users::add),
            &[("GET", &[ManageAccess]), ("POST", &[ManageAccess])],
        )
        .routes(routes!(users::remove), &[("DELETE", &[ManageAccess])])
        .routes(
            routes!(users::get_role, users::set_role),
            &[("GET", &[ManageAccess]), ("PUT", &[ManageAccess])],
        )
        .routes(routes!(users::set_password), &[("PUT", &[ManageAccess])])
        .routes(routes!(audit::list), &[("GET", &[ReadAudit])])
        .routes(
            routes!(contacts::suppressions),
            &[("GET", &[Read, SeePersonalData])],
        )
        .routes(routes!(operator::grid), &[("GET", &[Read])])
        .routes(routes!(policy::difference), &[("GET", &[Read])])
        .routes(routes!(templates::get), &[("GET", &[Read])])
        // Counts by rule and day: nothing of a person.
        .routes(routes!(messages::reasons), &[("GET", &[Read])])
        // One's own: whoever may look may look after their own account.
        .routes(routes!(me::get), &[("GET", &[Read])])
        .routes(routes!(me::sessions), &[("GET", &[Read])])
        .routes(routes!(me::end_session), &[("DELETE", &[Read])])
        .routes(routes!(me::password), &[("PUT", &[Read])])
        .finish()
}

/// Where a list begins and how long it may be.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// Rows, 1 to 200; 50 when absent.
    pub(crate) limit: Option<usize>,
    /// `next_cursor` of the page before.
    pub(crate) after: Option<String>,
}

pub(crate) fn parse_id<T: std::str::FromStr>(text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|e: T::Err| Problem::bad(e.to_string()))
}
