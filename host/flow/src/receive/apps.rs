//! Secrets of apps, remembered for a moment: every webhook needs them, and they hardly ever change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use portero_domain::clock::{Millis, Ts};
use portero_store::model::AppSecrets;

use crate::context::Context;
use crate::error::FlowError;

/// How long another process may go on with secrets that were replaced.
const REMEMBERED: Millis = Millis::secs(1);

/// What is remembered, with the moment it was read.
#[derive(Default)]
pub(crate) struct Apps(Mutex<HashMap<String, (Ts, AppSecrets)>>);

impl Apps {
    /// Forgets an app whose secrets this process replaced.
    pub(crate) fn forget(&self, app: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(app);
    }

    fn known(&self, app: &str, now: Ts) -> Option<AppSecrets> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, secrets) = known.get(app)?;
        (*read <= now && now < *read + REMEMBERED).then(|| secrets.clone())
    }
}

/// The secrets of an app.
///
/// # Errors
/// [`FlowError::NotFound`] for an unknown app, or the database.
pub(super) async fn secrets(ctx: &Context, app: &str) -> Result<AppSecrets, FlowError> {
    let now = ctx.clock.lease_now();
    if let Some(secrets) = ctx.apps.known(app, now) {
        return Ok(secrets);
    }
    let mut tx = ctx.store.read().await?;
    let secrets = tx.system().app(app).await?;
    let secrets = secrets.ok_or_else(|| FlowError::not_found("app", app))?;
    let mut known = ctx.apps.0.lock().unwrap_or_else(PoisonError::into_inner);
    known.insert(app.to_owned(), (now, secrets.clone()));
    Ok(secrets)
}
