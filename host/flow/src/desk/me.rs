//! One's own account: the sessions that are open, and another password for who knows the one there is.

use std::net::IpAddr;

use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, TokenId, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use crate::context::Context;
use crate::desk::access::{self, Principal, TokenView};
use crate::desk::guesses::{self, Guesses};
use crate::desk::users::{self, UserView};
use crate::error::FlowError;
use crate::passwords;

/// What is longer than this was not typed by a person.
const INPUT_LIMIT: usize = 1_024;

/// Where a request of a browser comes from, as far as the door knows; it puts this into the extensions of what it
/// lets through to a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComesFrom(pub Option<IpAddr>);

/// Another password for oneself. Without `Debug`: it holds two.
pub struct NewOwn {
    current: SecretString,
    new: SecretString,
    from: ComesFrom,
}

impl NewOwn {
    /// Of what was typed into a form: the current password, then the new one.
    #[must_use]
    pub fn typed(current: String, new: String, from: ComesFrom) -> NewOwn {
        NewOwn {
            current: SecretString::from(current),
            new: SecretString::from(new),
            from,
        }
    }
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is another; every session but this one ended.
    Done,
    /// The current one is not what was typed.
    Wrong,
    /// Too many tries: the next counts from this instant.
    Wait(Ts),
}

/// Who this is, when it is a person with a password; nobody for a program's token and a one-time link.
///
/// # Errors
/// The database.
pub async fn account(ctx: &Context, principal: &Principal) -> Result<Option<UserView>, FlowError> {
    match principal.user {
        Some(user) => users::one(ctx, user).await,
        None => Ok(None),
    }
}

/// Whoever holds a token, told about themselves. Without `Debug`, as [`UserView`].
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct MeView {
    /// The token this request came with.
    #[schema(value_type = String)]
    pub token: TokenId,
    /// The person, when it is the session of one; absent for a program's token and a one-time link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserView>,
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    #[schema(value_type = String)]
    pub role: Role,
    /// What that role may do.
    pub rights: Vec<String>,
    /// The one tenant it reaches; absent for the whole server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// Its short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

/// Who is asking, and what they may do.
///
/// # Errors
/// The database.
pub async fn me(ctx: &Context, principal: &Principal) -> Result<MeView, FlowError> {
    let slug = match principal.tenant {
        Some(tenant) => {
            let mut tx = ctx.store.read().await?;
            Some(tx.tenant(tenant).row().await?.slug)
        }
        None => None,
    };
    let rights = principal.role.rights().iter();
    Ok(MeView {
        token: principal.token,
        user: account(ctx, principal).await?,
        role: principal.role,
        rights: rights.map(|right| right.as_str().to_owned()).collect(),
        tenant: principal.tenant,
        slug,
    })
}

/// Sessions of the caller that are open, newest first.
///
/// # Errors
/// The database.
pub async fn sessions(ctx: &Context, principal: &Principal) -> Result<Vec<TokenView>, FlowError> {
    let Some(user) = principal.user else {
        return Ok(Vec::new());
    };
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().sessions(user, ctx.now()).await?;
    drop(tx);
    Ok(access::views(rows, ctx.now()))
}

/// Ends a session of the caller's own at once.
///
/// # Errors
/// [`FlowError::NotFound`] also for somebody else's, or the database.
pub async fn end_session(
    ctx: &Context,
    principal: &Principal,
    session: TokenId,
) -> Result<(), FlowError> {
    let mine = sessions(ctx, principal).await?;
    if !mine.iter().any(|s| s.id == session) {
        return Err(FlowError::not_found("session", session));
    }
    access::revoke_token(ctx, None, session).await
}

/// Gives the caller another password. Tries count like those of a login; every other session ends.
///
/// # Errors
/// [`FlowError::BadInput`] for a caller without a password (`user`) and for a new one that does not do (`password`),
/// or the database.
pub async fn change_password(
    ctx: &Context,
    principal: &Principal,
    change: NewOwn,
) -> Result<Changed, FlowError> {
    let nobody = || FlowError::bad("user", "who came in without a password has none to change");
    let user: UserId = principal.user.ok_or_else(nobody)?;
    let row = users::one(ctx, user).await?.ok_or_else(nobody)?;
    passwords::check(&row.name, &change.new)?;
    if change.current.expose_secret() == change.new.expose_secret() {
        return Err(FlowError::bad("password", "it is the one there is"));
    }
    if change.current.expose_secret().len() > INPUT_LIMIT {
        return Ok(Changed::Wrong);
    }
    let guesses = Guesses::of(&row.name, change.from.0);
    let mut tx = ctx.store.write().await?;
    if let Some(until) = guesses::count(&mut tx, &guesses, ctx.now()).await? {
        return Ok(Changed::Wait(until));
    }
    let old = tx.system().user_password(user).await?;
    tx.commit().await?;
    let fits = passwords::verify(old.clone(), &change.current).await?;
    let Some(old) = old.filter(|_| fits) else {
        return Ok(Changed::Wrong);
    };
    let hash = passwords::hash(&*ctx.ids, &change.new).await?;
    let mut tx = ctx.store.write().await?;
    let now = ctx.now();
    let changed = tx
        .system()
        .change_own_password(user, (&old, &hash), principal.token, now)
        .await?;
    if !changed {
        // Somebody gave them another in this moment.
        return Ok(Changed::Wrong);
    }
    guesses::forgive(&mut tx, &guesses).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}
