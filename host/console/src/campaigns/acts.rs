//! What is done to a campaign from its page: each act with its own right, then back to the page, which says what
//! came of it.

use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use portero_flow::FlowError;
use portero_flow::desk::access::Principal;
use portero_flow::desk::campaigns as desk;
use serde::Deserialize;

use super::one::{self, Page};
use crate::problem::Problem;
use crate::shown::{Came, came, given, to};
use crate::{ConsoleState, reach};

/// What the forms send.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    lang: Option<String>,
    /// Of the plan that is approved.
    #[serde(default)]
    plan_hash: Option<String>,
    /// Why it is paused or stopped.
    #[serde(default)]
    reason: Option<String>,
}

/// What every act is given.
struct Asked {
    state: ConsoleState,
    principal: Principal,
    headers: HeaderMap,
    shop: String,
    id: String,
    sent: Sent,
}

impl Asked {
    async fn act<T>(
        self,
        did: &str,
        how: impl AsyncFnOnce(&Asked, &one::Which) -> Result<T, FlowError>,
    ) -> Result<Response, Problem> {
        let tenant = reach::tenant(&self.state, &self.principal, &self.shop).await?;
        let which = one::Which {
            id: one::id(&self.id)?,
            tenant,
        };
        let done = how(&self, &which).await;
        let lang = self.sent.lang.as_deref().unwrap_or_default();
        let path = format!("/campaigns/{}/{}", which.tenant.slug, which.id);
        match came(done, to(&path, &[("lang", lang), ("did", did)]))? {
            Came::Done(response) => Ok(response),
            Came::Not(status, error) => {
                let page = Page {
                    state: &self.state,
                    principal: &self.principal,
                    headers: &self.headers,
                    lang: self.sent.lang.as_deref(),
                };
                let mut response = page.show(which, "", Some(error)).await?;
                *response.status_mut() = status;
                Ok(response)
            }
        }
    }
}

type Form_ = Result<Form<Sent>, FormRejection>;

fn asked(
    State(state): State<ConsoleState>,
    Extension(principal): Extension<Principal>,
    Path((shop, id)): Path<(String, String)>,
    headers: HeaderMap,
    form: Form_,
) -> Result<Asked, Problem> {
    let Form(sent) = form.map_err(|wrong| Problem::BadInput(wrong.body_text()))?;
    Ok(Asked {
        state,
        principal,
        headers,
        shop,
        id,
        sent,
    })
}

macro_rules! act {
    ($(#[$about:meta])* $name:ident, |$a:ident, $w:ident| $how:expr) => {
        $(#[$about])*
        pub(crate) async fn $name(
            state: State<ConsoleState>,
            principal: Extension<Principal>,
            path: Path<(String, String)>,
            headers: HeaderMap,
            form: Form_,
        ) -> Result<Response, Problem> {
            asked(state, principal, path, headers, form)?
                .act(stringify!($name), async |$a, $w| $how.await)
                .await
        }
    };
}

act!(
    /// `POST …/plan`: counts and judges everybody; nobody is written to.
    plan, |a, w| desk::plan(&a.state.ctx, w.tenant.id, w.id)
);
act!(
    /// `POST …/approve`: the very plan that the page showed.
    approve, |a, w| desk::approve(
        &a.state.ctx,
        &a.principal,
        w.tenant.id,
        w.id,
        a.sent.plan_hash.as_deref().unwrap_or_default(),
    )
);
act!(
    /// `POST …/run`: starts an approved one now.
    run, |a, w| desk::run(&a.state.ctx, w.tenant.id, w.id)
);
act!(
    /// `POST …/pause`: no attempt begins afterwards.
    pause, |a, w| desk::pause(&a.state.ctx, w.tenant.id, w.id, given(a.sent.reason.clone()).as_deref())
);
act!(
    /// `POST …/resume`: goes on.
    resume, |a, w| desk::resume(&a.state.ctx, w.tenant.id, w.id)
);
act!(
    /// `POST …/stop`: ends it; what has not begun is cancelled.
    stop, |a, w| desk::stop(&a.state.ctx, w.tenant.id, w.id, given(a.sent.reason.clone()).as_deref())
);
