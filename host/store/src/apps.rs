//! Meta apps: the secrets that webhooks are verified with. They belong to the host.

use portero_domain::clock::Ts;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use crate::error::Result;
use crate::seal::Place;
use crate::tx::SystemTx;

/// The secrets of a Meta app, opened.
#[derive(Clone, Debug)]
pub struct AppSecrets {
    /// Key of the webhook signature.
    pub app_secret: SecretString,
    /// Word Meta repeats when the webhook is set up.
    pub verify_token: SecretString,
}

statements! {
    APPS = "select app from apps order by app";
    APP_GET = "select app_secret, verify_token from apps where app = $1";
    APP_PUT = "insert into apps (app, app_secret, verify_token, created_at) values ($1, $2, $3, $4)
        on conflict (app) do update
        set app_secret = excluded.app_secret, verify_token = excluded.verify_token";
}

fn place<'a>(column: &'static str, app: &'a str) -> Place<'a> {
    Place {
        tenant: "system",
        column,
        row: app,
    }
}

impl SystemTx<'_> {
    /// Names of the apps, in order.
    ///
    /// # Errors
    /// The database.
    pub async fn apps(&mut self) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.tx.rows(APPS, args![]).await?;
        Ok(rows.into_iter().map(|(app,)| app).collect())
    }

    /// Makes an app or replaces its secrets.
    ///
    /// # Errors
    /// The database.
    pub async fn put_app(
        &mut self,
        app: &str,
        app_secret: &str,
        verify_token: &str,
        now: Ts,
    ) -> Result<()> {
        let secrets = &self.tx.secrets;
        let seal = |column, text: &str| {
            secrets
                .master
                .seal(&*secrets.ids, &place(column, app), text.as_bytes())
        };
        let (secret, verify) = (
            seal("apps.app_secret", app_secret)?,
            seal("apps.verify_token", verify_token)?,
        );
        self.tx
            .run(APP_PUT, args![app, secret, verify, now])
            .await
            .map(drop)
    }

    /// A word for the secrets of an app that is another whenever they are set, and says nothing of them: SHA-256 of
    /// what is kept, which is sealed anew each time.
    ///
    /// # Errors
    /// The database.
    pub async fn app_revision(&mut self, app: &str) -> Result<Option<String>> {
        let row: Option<(Vec<u8>, Vec<u8>)> = self.tx.row(APP_GET, args![app]).await?;
        Ok(row.map(|(secret, verify)| {
            let digest = Sha256::new().chain_update(secret).chain_update(verify);
            hex::encode(digest.finalize())
        }))
    }

    /// The secrets of an app.
    ///
    /// # Errors
    /// [`crate::StoreError::Sealed`] with another master key, or the database.
    pub async fn app(&mut self, app: &str) -> Result<Option<AppSecrets>> {
        let row: Option<(Vec<u8>, Vec<u8>)> = self.tx.row(APP_GET, args![app]).await?;
        let Some((secret, verify)) = row else {
            return Ok(None);
        };
        let master = &self.tx.secrets.master;
        Ok(Some(AppSecrets {
            app_secret: master.open_text(&place("apps.app_secret", app), &secret)?,
            verify_token: master.open_text(&place("apps.verify_token", app), &verify)?,
        }))
    }
}
