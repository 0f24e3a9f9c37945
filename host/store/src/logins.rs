//! Logins that failed, in buckets, and browsers from which somebody logged in before.

use portero_domain::clock::Ts;
use portero_domain::ids::UserId;

use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::SystemTx;

/// How often logins failed in one bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoginCount {
    /// How often.
    pub failures: u64,
    /// The last time.
    pub last_at: Ts,
}

statements! {
    LOGIN_COUNT_HOLD = "insert into login_counts (kind, bucket, failures, last_at) values ($1, $2, 0, 0)
        on conflict (kind, bucket) do update set failures = login_counts.failures";
    LOGIN_COUNT = "select failures, last_at from login_counts where kind = $1 and bucket = $2";
    LOGIN_COUNT_SET = "update login_counts set failures = $3, last_at = $4 where kind = $1 and bucket = $2";
    LOGIN_DEVICE = "select user_id, failures from login_devices where secret_sha256 = $1";
    LOGIN_DEVICE_FAILED = "update login_devices set failures = failures + 1 where secret_sha256 = $1";
    LOGIN_DEVICE_SEEN = "insert into login_devices (secret_sha256, user_id, failures, seen_at) values ($1, $2, 0, $3)
        on conflict (secret_sha256) do update set failures = 0, seen_at = excluded.seen_at
        where login_devices.user_id = excluded.user_id";
    LOGIN_DEVICES_OLD = "delete from login_devices where user_id = $1 and seen_at < $2";
    LOGIN_DEVICES_FORGET = "delete from login_devices where user_id = $1";
}

impl SystemTx<'_> {
    /// The count of a bucket, held until the transaction ends. Take kinds in one order everywhere.
    ///
    /// # Errors
    /// The database.
    pub async fn login_count(&mut self, kind: &str, bucket: u32) -> Result<LoginCount> {
        self.tx.run(LOGIN_COUNT_HOLD, args![kind, bucket]).await?;
        let row: Option<(i64, i64)> = self.tx.row(LOGIN_COUNT, args![kind, bucket]).await?;
        Ok(
            row.map_or_else(LoginCount::default, |(failures, last_at)| LoginCount {
                failures: db::count(failures),
                last_at: Ts(last_at),
            }),
        )
    }

    /// Writes a count that is held.
    ///
    /// # Errors
    /// The database.
    pub async fn set_login_count(
        &mut self,
        kind: &str,
        bucket: u32,
        count: LoginCount,
    ) -> Result<()> {
        let args = args![kind, bucket, db::amount(count.failures), count.last_at];
        self.tx.run(LOGIN_COUNT_SET, args).await.map(drop)
    }

    /// Whose browser a secret names, and how often a login from it failed since the last good one.
    ///
    /// # Errors
    /// The database.
    pub async fn login_device(&mut self, secret_sha256: &str) -> Result<Option<(UserId, u64)>> {
        let row: Option<(String, i64)> = self.tx.row(LOGIN_DEVICE, args![secret_sha256]).await?;
        row.map(|(user, failures)| Ok((json::id("user_id", &user)?, db::count(failures))))
            .transpose()
    }

    /// Counts a login that is tried from a known browser.
    ///
    /// # Errors
    /// The database.
    pub async fn login_device_failed(&mut self, secret_sha256: &str) -> Result<()> {
        let args = args![secret_sha256];
        self.tx.run(LOGIN_DEVICE_FAILED, args).await.map(drop)
    }

    /// A browser from which a user logged in just now; those not seen since `oldest` are forgotten.
    ///
    /// # Errors
    /// The database.
    pub async fn login_device_seen(
        &mut self,
        user: UserId,
        secret_sha256: &str,
        now: Ts,
        oldest: Ts,
    ) -> Result<()> {
        let args = args![secret_sha256, user, now];
        self.tx.run(LOGIN_DEVICE_SEEN, args).await?;
        let args = args![user, oldest];
        self.tx.run(LOGIN_DEVICES_OLD, args).await.map(drop)
    }

    /// Forgets every browser of a user.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_devices(&mut self, user: UserId) -> Result<()> {
        self.tx
            .run(LOGIN_DEVICES_FORGET, args![user])
            .await
            .map(drop)
    }
}
