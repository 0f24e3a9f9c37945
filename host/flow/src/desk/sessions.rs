//! Logging in with name and password, and out. A session is a token of the user.
//!
//! Tries that fail are counted before the password is looked at, so that many at once gain nothing.
//! A browser from which somebody logged in before has a count of its own: no stranger's guesses make
//! that person wait.

use std::net::IpAddr;

use portero_domain::access::Role;
use portero_domain::clock::{Millis, Ts};
use portero_domain::ids::{TenantId, TokenId, UserId};
use portero_store::model::{NewToken, UserRow};
use secrecy::SecretString;

use crate::context::Context;
use crate::desk::access::{Principal, digest, new_secret};
use crate::desk::guesses::{self, Guesses};
use crate::desk::users;
use crate::error::FlowError;
use crate::passwords;

/// How long the pages stay open after a login, whatever is done in between.
pub const SESSION: Millis = Millis::hours(12);
/// How long a browser is known after a login.
pub const DEVICE: Millis = Millis::days(180);
/// Logins that may fail from a known browser before it counts as a stranger's.
const DEVICE_FAILURES: u64 = 10;
/// What is longer than this was not typed by a person.
const INPUT_LIMIT: usize = 1_024;

/// Somebody who wants in.
pub struct Knock<'a> {
    /// As typed.
    pub name: &'a str,
    /// As typed.
    pub password: SecretString,
    /// Where from, when that is known.
    pub address: Option<IpAddr>,
    /// What an earlier login left in this browser.
    pub device: Option<&'a str>,
    /// Whether the session ends by itself; not where time is moved by hand.
    pub ends: bool,
}

/// What became of it.
pub enum Login {
    /// Come in.
    In(Session),
    /// Name or password are wrong; which of them is not said. The user, when there is one, for the log.
    Wrong(Option<(UserId, Option<TenantId>)>),
    /// Too many tries: the next counts from this instant.
    Wait(Ts),
}

/// A session that was just made.
pub struct Session {
    /// The cookie of the session.
    pub token: String,
    /// The cookie of the browser.
    pub device: String,
    /// Who.
    pub principal: Principal,
}

/// Lets somebody in, or not.
///
/// # Errors
/// The database.
pub async fn log_in(ctx: &Context, knock: &Knock<'_>) -> Result<Login, FlowError> {
    let name = users::plain(knock.name);
    if name.len() > INPUT_LIMIT
        || secrecy::ExposeSecret::expose_secret(&knock.password).len() > INPUT_LIMIT
    {
        return Ok(Login::Wrong(None));
    }
    let guesses = Guesses::of(&name, knock.address);
    let device = knock.device.map(digest);
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    let found = match tx.system().user(None, &name).await? {
        Some(row) => {
            let hash = tx.system().user_password(row.id).await?;
            hash.map(|hash| (row, hash))
        }
        None => None,
    };
    let known = match (&device, &found) {
        (Some(device), Some((row, _))) => {
            let whose = tx.system().login_device(device).await?;
            whose.is_some_and(|(user, failures)| user == row.id && failures < DEVICE_FAILURES)
        }
        _ => false,
    };
    match &device {
        Some(device) if known => tx.system().login_device_failed(device).await?,
        _ => {
            if let Some(until) = guesses::count(&mut tx, &guesses, now).await? {
                return Ok(Login::Wait(until));
            }
        }
    }
    tx.commit().await?;
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    let fits = passwords::verify(hash, &knock.password).await?;
    let wrong = Login::Wrong(found.as_ref().map(|(row, _)| (row.id, row.tenant)));
    let Some((row, hash)) = found.filter(|_| fits) else {
        return Ok(wrong);
    };
    let mut tx = ctx.store.write().await?;
    if !tx.system().user_logged_in(row.id, &hash, now).await? {
        return Ok(wrong);
    }
    let device = match knock.device.filter(|_| known) {
        Some(same) => same.to_owned(),
        None => {
            guesses::forgive(&mut tx, &guesses).await?;
            new_secret(ctx, "dev")
        }
    };
    let oldest = Ts(now.0.saturating_sub(DEVICE.0));
    tx.system()
        .login_device_seen(row.id, &digest(&device), now, oldest)
        .await?;
    let session = open(ctx, &mut tx, &row, knock.ends, now).await?;
    tx.commit().await?;
    Ok(Login::In(Session { device, ..session }))
}

async fn open(
    ctx: &Context,
    tx: &mut portero_store::Tx,
    user: &UserRow,
    ends: bool,
    now: Ts,
) -> Result<Session, FlowError> {
    // The role may have changed since the name was looked up; the row is held now.
    let role: Role = match tx.system().user(None, &user.name).await? {
        Some(row) => row.role,
        None => return Err(FlowError::not_found("user", user.id)),
    };
    let token = new_secret(ctx, "ses");
    let id = TokenId::new(&*ctx.ids, now);
    let new = NewToken {
        id,
        tenant: user.tenant,
        user: Some(user.id),
        label: "session".to_owned(),
        role,
        expires_at: ends.then(|| now + SESSION),
        secret_sha256: digest(&token),
    };
    tx.system().put_token(&new, now).await?;
    Ok(Session {
        token,
        device: String::new(),
        principal: Principal {
            token: id,
            user: Some(user.id),
            tenant: user.tenant,
            role,
        },
    })
}
