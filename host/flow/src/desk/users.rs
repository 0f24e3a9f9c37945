//! People's accounts: a name, a role, a reach and a password. Whoever changes a password or removes a
//! user ends that user's sessions.

use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, UserId};
use portero_store::StoreError;
use portero_store::model::{NewUser, UserRow};
use secrecy::{ExposeSecret as _, SecretString};

use crate::context::Context;
use crate::desk::Page;
use crate::desk::once::{self, Once};
use crate::desk::seen::{Expected, Seen};
use crate::error::FlowError;
use crate::passwords;

/// Longest name, bytes.
const NAME_LIMIT: usize = 128;

/// A user to make.
pub struct UserOrder<'a> {
    /// The one tenant it reaches; `None` for the whole server.
    pub tenant: Option<TenantId>,
    /// Name it logs in with.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// Its password; `None`: one is made and shown once.
    pub password: Option<SecretString>,
}

/// A user as lists show it. Without `Debug`: it may hold a password.
#[derive(Clone, serde::Serialize, utoipa::ToSchema)]
pub struct UserView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: UserId,
    /// Name it logs in with.
    pub name: String,
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Tenant it reaches; absent for the whole server.
    #[schema(value_type = Option<String>)]
    pub tenant: Option<TenantId>,
    /// RFC 3339.
    pub created_at: String,
    /// When its password was set last (RFC 3339).
    pub password_at: String,
    /// When it last logged in (RFC 3339).
    pub last_login_at: Option<String>,
    /// The password that was made for it. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl UserView {
    fn of(row: UserRow) -> UserView {
        UserView {
            id: row.id,
            name: row.name,
            role: row.role,
            tenant: row.tenant,
            created_at: row.created_at.rfc3339(),
            password_at: row.password_at.rfc3339(),
            last_login_at: row.last_login_at.map(Ts::rfc3339),
            password: None,
        }
    }

    fn with(self, made: Option<SecretString>) -> UserView {
        UserView {
            password: made.map(|p| p.expose_secret().to_owned()),
            ..self
        }
    }
}

/// The form names are kept and compared in.
pub(crate) fn plain(name: &str) -> String {
    name.trim().to_lowercase()
}

/// A name as it is kept: small letters, digits and `.@_+-`, no spaces.
fn checked(name: &str) -> Result<String, FlowError> {
    let name = plain(name);
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".@_+-".contains(c);
    let id = name.parse::<UserId>().is_ok();
    if name.is_empty() || name.len() > NAME_LIMIT || !name.chars().all(fits) || id {
        let why = format!(
            "an e-mail address or a plain name: a-z 0-9 . @ _ + -, at most {NAME_LIMIT} characters"
        );
        return Err(FlowError::bad("name", why));
    }
    Ok(name)
}

/// The password given, or one that is made; and the made one to show.
fn choose(
    ctx: &Context,
    name: &str,
    given: Option<SecretString>,
) -> Result<(SecretString, Option<SecretString>), FlowError> {
    match given {
        Some(password) => {
            passwords::check(name, &password)?;
            Ok((password, None))
        }
        None => {
            let made = passwords::generate(&*ctx.ids);
            Ok((made.clone(), Some(made)))
        }
    }
}

/// Makes a user.
///
/// # Errors
/// A bad name or password, a name that is taken, or the database.
pub async fn add(
    ctx: &Context,
    order: UserOrder<'_>,
    once: Option<&Once>,
) -> Result<UserView, FlowError> {
    let name = checked(order.name)?;
    let (password, made) = choose(ctx, &name, order.password)?;
    let password_hash = passwords::hash(&*ctx.ids, &password).await?;
    let now = ctx.now();
    let new = NewUser {
        id: UserId::new(&*ctx.ids, now),
        tenant: order.tenant,
        name,
        role: order.role,
        password_hash,
    };
    let taken = || FlowError::bad("name", "somebody on this host has it; take another");
    let mut tx = ctx.store.write().await?;
    let whose = (order.tenant, "users");
    if let Some(made) = once::take(&mut tx, once, whose, &new.id.to_string(), now).await? {
        let row = tx.system().user(None, &made).await?;
        tx.commit().await?;
        // The password that was made then is not known any more.
        let gone = || FlowError::not_found("user", &made);
        return row.map(UserView::of).ok_or_else(gone);
    }
    if tx.system().user(None, &new.name).await?.is_some() {
        return Err(taken());
    }
    match tx.system().put_user(&new, now).await {
        Err(StoreError::Constraint { .. }) => return Err(taken()),
        other => other?,
    }
    let row = tx.system().user(None, &new.name).await?;
    tx.commit().await?;
    let row = row.ok_or_else(|| FlowError::not_found("user", &new.name))?;
    Ok(UserView::of(row).with(made))
}

/// Users by name: of one tenant, or of the whole server.
///
/// # Errors
/// The database.
pub async fn list(ctx: &Context, reach: Option<TenantId>) -> Result<Vec<UserView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().users(reach).await?;
    Ok(rows.into_iter().map(UserView::of).collect())
}

/// The same page by page.
///
/// # Errors
/// The database.
pub async fn page(
    ctx: &Context,
    reach: Option<TenantId>,
    limit: usize,
    after: Option<&str>,
) -> Result<Page<UserView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let rows = tx.system().users_page(reach, limit, after).await?;
    let items = rows.into_iter().map(UserView::of).collect();
    Ok(Page::of(items, limit, |u: &UserView| u.name.clone()))
}

/// A user by id; nobody once they were removed.
///
/// # Errors
/// The database.
pub(crate) async fn one(ctx: &Context, id: UserId) -> Result<Option<UserView>, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = tx.system().user(None, &id.to_string()).await?;
    Ok(row.map(UserView::of))
}

/// The role of a user.
#[derive(Clone, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct RoleView {
    /// Whose.
    #[schema(value_type = String)]
    pub user: UserId,
    /// `owner`, `operator`, `approver`, `developer`, `auditor` or `viewer`.
    #[schema(value_type = String)]
    pub role: Role,
}

impl RoleView {
    fn of(row: &UserRow) -> RoleView {
        RoleView {
            user: row.id,
            role: row.role,
        }
    }
}

impl Seen for RoleView {}

/// The role of a user, by name or id.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn role(
    ctx: &Context,
    reach: Option<TenantId>,
    who: &str,
) -> Result<RoleView, FlowError> {
    let mut tx = ctx.store.read().await?;
    Ok(RoleView::of(&find(&mut tx, reach, who).await?))
}

/// Gives a user, by name or id, another role; sessions that are open have it at once.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn set_role(
    ctx: &Context,
    reach: Option<TenantId>,
    who: &str,
    role: Role,
    expected: Option<&Expected>,
) -> Result<UserView, FlowError> {
    let mut tx = ctx.store.write().await?;
    let row = find(&mut tx, reach, who).await?;
    if let Some(expected) = expected {
        expected.hold("role", &RoleView::of(&row))?;
    }
    if !tx.system().set_user_role(row.id, role).await? {
        return Err(FlowError::not_found("user", who));
    }
    tx.commit().await?;
    Ok(UserView::of(UserRow { role, ..row }))
}

/// Gives a user, by name or id, another password; its sessions end.
///
/// # Errors
/// [`FlowError::NotFound`], a bad password, or the database.
pub async fn set_password(
    ctx: &Context,
    reach: Option<TenantId>,
    who: &str,
    password: Option<SecretString>,
) -> Result<UserView, FlowError> {
    let mut tx = ctx.store.read().await?;
    let row = find(&mut tx, reach, who).await?;
    drop(tx);
    let (password, made) = choose(ctx, &row.name, password)?;
    let hash = passwords::hash(&*ctx.ids, &password).await?;
    let now = ctx.now();
    let mut tx = ctx.store.write().await?;
    if !tx.system().set_user_password(row.id, &hash, now).await? {
        return Err(FlowError::not_found("user", who));
    }
    tx.commit().await?;
    let password_at = now;
    Ok(UserView::of(UserRow { password_at, ..row }).with(made))
}

/// Removes a user, by name or id; its sessions end and its name is free again.
///
/// # Errors
/// [`FlowError::NotFound`] or the database.
pub async fn remove(ctx: &Context, reach: Option<TenantId>, who: &str) -> Result<(), FlowError> {
    let mut tx = ctx.store.write().await?;
    let row = find(&mut tx, reach, who).await?;
    if !tx.system().remove_user(row.id, ctx.now()).await? {
        return Err(FlowError::not_found("user", who));
    }
    tx.commit().await?;
    Ok(())
}

async fn find(
    tx: &mut portero_store::Tx,
    reach: Option<TenantId>,
    who: &str,
) -> Result<UserRow, FlowError> {
    let found = tx.system().user(reach, &plain(who)).await?;
    found.ok_or_else(|| FlowError::not_found("user", who))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_no_ids() {
        for (given, kept) in [
            (" Rosa@Tienda.CO ", "rosa@tienda.co"),
            ("rosa", "rosa"),
            ("usr_rosa", "usr_rosa"),
        ] {
            assert_eq!(checked(given).unwrap(), kept);
        }
        let id = format!("usr_{}", "0".repeat(32));
        for bad in ["", " ", "rosa luna", "ro\nsa", "ñandú", "<b>", "a/b", &id] {
            assert!(checked(bad).is_err(), "{bad}");
        }
        assert!(checked(&"a".repeat(NAME_LIMIT + 1)).is_err());
    }
}
