//! People who log in: names, roles, reach, hashed passwords. Their sessions are tokens.
//!
//! A user belongs to one tenant or to the whole server, and names are unique on the host: these
//! statements span tenants. `reach` narrows them to the users of one tenant.

use portero_domain::access::Role;
use portero_domain::clock::Ts;
use portero_domain::ids::{TenantId, TokenId, UserId};

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

/// A user to be kept.
#[derive(Clone)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// The one tenant it reaches; `None`: the whole server.
    pub tenant: Option<TenantId>,
    /// Name it logs in with, unique among those who are not removed.
    pub name: String,
    /// What it may do within its reach.
    pub role: Role,
    /// PHC string of the password.
    pub password_hash: String,
}

/// A user as it stands, without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// The one tenant it reaches; `None`: the whole server.
    pub tenant: Option<TenantId>,
    /// Name it logs in with.
    pub name: String,
    /// What it may do within its reach.
    pub role: Role,
    /// When it was made.
    pub created_at: Ts,
    /// When its password was set last.
    pub password_at: Ts,
    /// When it last logged in.
    pub last_login_at: Option<Ts>,
}

statements! {
    USERS = "select user_id, tenant_id, name, role, created_at, password_at, last_login_at from users
        where removed_at is null order by name";
    USERS_OF = "select user_id, tenant_id, name, role, created_at, password_at, last_login_at from users
        where tenant_id = $1 and removed_at is null order by name";
    USERS_PAGE = "select user_id, tenant_id, name, role, created_at, password_at, last_login_at from users
        where (tenant_id = $1 or cast($1 as text) is null) and removed_at is null and name > $2 order by name limit $3";
    USER_NAMED = "select user_id, tenant_id, name, role, created_at, password_at, last_login_at from users
        where (name = $1 or user_id = $1) and (tenant_id = $2 or cast($2 as text) is null) and removed_at is null";
    USER_PASSWORD = "select password_hash from users where user_id = $1 and removed_at is null";
    USER_PUT = "insert into users (user_id, tenant_id, name, role, password_hash, created_at, password_at)
        values ($1, $2, $3, $4, $5, $6, $6)";
    USER_SET_ROLE = "update users set role = $2 where user_id = $1 and removed_at is null";
    USER_SET_PASSWORD = "update users set password_hash = $2, password_at = $3
        where user_id = $1 and removed_at is null";
    USER_REMOVE = "update users set removed_at = $2, password_hash = '' where user_id = $1 and removed_at is null";
    USER_LOGGED_IN = "update users set last_login_at = $3
        where user_id = $1 and password_hash = $2 and removed_at is null";
    USER_SESSIONS_END = "update tokens set revoked_at = $2 where user_id = $1 and revoked_at is null";
    USER_CHANGE_PASSWORD = "update users set password_hash = $3, password_at = $4
        where user_id = $1 and password_hash = $2 and removed_at is null";
    USER_SESSIONS_END_BUT = "update tokens set revoked_at = $3
        where user_id = $1 and token_id <> $2 and revoked_at is null";
    USER_SESSIONS_ROLE = "update tokens set role = $2 where user_id = $1 and revoked_at is null";
}

type Raw = (
    String,
    Option<String>,
    String,
    String,
    i64,
    i64,
    Option<i64>,
);

fn read((id, tenant, name, role, created_at, password_at, last_login_at): Raw) -> Result<UserRow> {
    Ok(UserRow {
        id: json::id("user_id", &id)?,
        tenant: json::opt_id("tenant_id", tenant.as_deref())?,
        name,
        role: json::from_word("role", &role)?,
        created_at: Ts(created_at),
        password_at: Ts(password_at),
        last_login_at: last_login_at.map(Ts),
    })
}

impl SystemTx<'_> {
    /// Users by name: all, or those of one tenant.
    ///
    /// # Errors
    /// The database.
    pub async fn users(&mut self, reach: Option<TenantId>) -> Result<Vec<UserRow>> {
        let rows: Vec<Raw> = match reach {
            None => self.tx.rows(USERS, args![]).await?,
            Some(tenant) => self.tx.rows(USERS_OF, args![tenant]).await?,
        };
        rows.into_iter().map(read).collect()
    }

    /// Users by name, after one of them: all, or those of one tenant.
    ///
    /// # Errors
    /// The database.
    pub async fn users_page(
        &mut self,
        reach: Option<TenantId>,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Vec<UserRow>> {
        let args = args![reach, after.unwrap_or_default(), db::limit(limit)];
        let rows: Vec<Raw> = self.tx.rows(USERS_PAGE, args).await?;
        rows.into_iter().map(read).collect()
    }

    /// The user with that name or id, within reach.
    ///
    /// # Errors
    /// The database.
    pub async fn user(&mut self, reach: Option<TenantId>, who: &str) -> Result<Option<UserRow>> {
        let row: Option<Raw> = self.tx.row(USER_NAMED, args![who, reach]).await?;
        row.map(read).transpose()
    }

    /// The PHC string of a user's password.
    ///
    /// # Errors
    /// The database.
    pub async fn user_password(&mut self, id: UserId) -> Result<Option<String>> {
        let row: Option<(String,)> = self.tx.row(USER_PASSWORD, args![id]).await?;
        Ok(row.map(|(hash,)| hash))
    }

    /// Keeps a user.
    ///
    /// # Errors
    /// [`crate::StoreError::Constraint`] when the name is taken, or the database.
    pub async fn put_user(&mut self, new: &NewUser, now: Ts) -> Result<()> {
        let args = args![
            new.id,
            new.tenant,
            new.name.as_str(),
            new.role.as_str(),
            new.password_hash.as_str(),
            now
        ];
        self.tx.run(USER_PUT, args).await.map(drop)
    }

    /// Sets a user's role, in sessions that are open too; `false` when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn set_user_role(&mut self, id: UserId, role: Role) -> Result<bool> {
        let args = args![id, role.as_str()];
        if self.tx.run(USER_SET_ROLE, args.clone()).await? == 0 {
            return Ok(false);
        }
        self.tx.run(USER_SESSIONS_ROLE, args).await?;
        Ok(true)
    }

    /// Sets a user's password and ends its sessions and known browsers; `false` when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn set_user_password(&mut self, id: UserId, hash: &str, now: Ts) -> Result<bool> {
        if self.tx.run(USER_SET_PASSWORD, args![id, hash, now]).await? == 0 {
            return Ok(false);
        }
        self.end_sessions(id, now).await?;
        Ok(true)
    }

    /// Sets another password in place of the one that has the first hash and ends the user's sessions but `kept`;
    /// `false` when the password is not that one any more.
    ///
    /// # Errors
    /// The database.
    pub async fn change_own_password(
        &mut self,
        id: UserId,
        (old, new): (&str, &str),
        kept: TokenId,
        now: Ts,
    ) -> Result<bool> {
        let args = args![id, old, new, now];
        if self.tx.run(USER_CHANGE_PASSWORD, args).await? == 0 {
            return Ok(false);
        }
        let args = args![id, kept, now];
        self.tx.run(USER_SESSIONS_END_BUT, args).await?;
        self.forget_devices(id).await?;
        Ok(true)
    }

    /// Removes a user and ends its sessions and known browsers; `false` when there is none.
    ///
    /// # Errors
    /// The database.
    pub async fn remove_user(&mut self, id: UserId, now: Ts) -> Result<bool> {
        if self.tx.run(USER_REMOVE, args![id, now]).await? == 0 {
            return Ok(false);
        }
        self.end_sessions(id, now).await?;
        Ok(true)
    }

    async fn end_sessions(&mut self, id: UserId, now: Ts) -> Result<()> {
        self.tx.run(USER_SESSIONS_END, args![id, now]).await?;
        self.forget_devices(id).await
    }

    /// Notes a login; `false` when the user was removed or the password changed since `hash` was read.
    ///
    /// Holds the user's row: a session made in the same transaction cannot miss the end of all sessions.
    ///
    /// # Errors
    /// The database.
    pub async fn user_logged_in(&mut self, id: UserId, hash: &str, now: Ts) -> Result<bool> {
        Ok(self.tx.run(USER_LOGGED_IN, args![id, hash, now]).await? == 1)
    }
}
