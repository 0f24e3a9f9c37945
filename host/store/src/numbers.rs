//! Business phone numbers: whose they are, their rate, their stop switch, their sealed token.

use portero_domain::clock::Ts;
use portero_domain::ids::{PhoneNumberId, TenantId, WabaId};
use portero_gate::facts::Stop;
use secrecy::{ExposeSecret, SecretString};

use crate::error::{Result, StoreError};
use crate::json;
use crate::seal::Place;
use crate::standing::{Of, SWITCHES};
use crate::tenants::stop;
use crate::tx::{SystemTx, TenantTx};

/// Where a webhook for a number goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Whose number it is.
    pub tenant: TenantId,
    /// The Meta app that speaks for it.
    pub app: String,
}

/// A number to be put.
#[derive(Clone, Debug)]
pub struct NewNumber {
    /// Meta's id.
    pub id: PhoneNumberId,
    /// Its account.
    pub waba: WabaId,
    /// As shown to people.
    pub display: String,
    /// Token for the Graph API.
    pub access_token: SecretString,
    /// Messages per second Meta allows.
    pub mps: u32,
    /// The Meta app that speaks for it.
    pub app: String,
}

/// A number as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRow {
    /// Meta's id.
    pub id: PhoneNumberId,
    /// Its account.
    pub waba: WabaId,
    /// As shown to people.
    pub display: String,
    /// Messages per second Meta allows.
    pub mps: u32,
    /// Its stop switch.
    pub stopped: Option<Stop>,
    /// `GREEN`, `YELLOW`, `RED`, `UNKNOWN`.
    pub quality: String,
    /// When Meta said so.
    pub quality_at: Option<Ts>,
    /// The name people see, as Meta last said.
    pub verified_name: Option<String>,
    /// Meta's decision on it.
    pub name_decision: Option<String>,
    /// The Meta app that speaks for it.
    pub app: String,
}

statements! {
    ROUTE_NUMBER = "select tenant_id, app from numbers where phone_number_id = $1";
    ROUTES_WABA = "select distinct tenant_id, app from numbers where waba_id = $1 order by tenant_id, app";
    NUMBERS = "select phone_number_id, waba_id, display, mps, stopped_at, stop_reason,
            quality, quality_at, verified_name, name_decision, app from numbers where tenant_id = $1 order by created_at, phone_number_id";
    NUMBER_GET = "select phone_number_id, waba_id, display, mps, stopped_at, stop_reason,
            quality, quality_at, verified_name, name_decision, app from numbers where tenant_id = $1 and phone_number_id = $2";
    /// A number never changes hands: another tenant's row stays as it is.
    NUMBER_PUT = "insert into numbers (tenant_id, phone_number_id, waba_id, display, access_token, mps, tat_at, created_at, app)
        values ($1, $2, $3, $4, $5, $6, 0, $7, $8)
        on conflict (phone_number_id) do update
        set waba_id = excluded.waba_id, display = excluded.display,
            access_token = excluded.access_token, mps = excluded.mps, app = excluded.app
        where numbers.tenant_id = excluded.tenant_id";
    NUMBER_SET_STOP = "update numbers set stopped_at = $3, stop_reason = $4
        where tenant_id = $1 and phone_number_id = $2";
    /// Of one number, or of all of its account; whoever stopped one before keeps their reason.
    NUMBERS_HALT = "update numbers set stopped_at = $5, stop_reason = $4
        where tenant_id = $1 and stopped_at is null and (phone_number_id = $2 or (cast($3 as bigint) = 1
            and waba_id = (select m.waba_id from numbers m where m.tenant_id = $1 and m.phone_number_id = $2)))";
    NUMBER_TOKEN = "select n.access_token, t.data_key from numbers n
        join tenants t on t.tenant_id = n.tenant_id
        where n.tenant_id = $1 and n.phone_number_id = $2";
}

#[derive(sqlx::FromRow)]
struct RawNumber {
    phone_number_id: String,
    waba_id: String,
    display: String,
    mps: i64,
    stopped_at: Option<i64>,
    stop_reason: Option<String>,
    quality: String,
    quality_at: Option<i64>,
    verified_name: Option<String>,
    name_decision: Option<String>,
    app: String,
}

impl RawNumber {
    fn read(self) -> Result<NumberRow> {
        Ok(NumberRow {
            id: json::number(self.phone_number_id)?,
            waba: json::waba(self.waba_id)?,
            display: self.display,
            mps: json::small("mps", self.mps)?,
            stopped: stop("number", self.stopped_at, self.stop_reason),
            quality: self.quality,
            quality_at: self.quality_at.map(Ts),
            verified_name: self.verified_name,
            name_decision: self.name_decision,
            app: self.app,
        })
    }
}

fn route((tenant, app): (String, String)) -> Result<Route> {
    Ok(Route {
        tenant: json::id("tenant_id", &tenant)?,
        app,
    })
}

impl SystemTx<'_> {
    /// Whose number it is.
    ///
    /// # Errors
    /// The database.
    pub async fn route_number(&mut self, id: &PhoneNumberId) -> Result<Option<Route>> {
        let row: Option<(String, String)> = self.tx.row(ROUTE_NUMBER, args![id]).await?;
        row.map(route).transpose()
    }

    /// Whose account it is: everybody with a number of it, by each app that speaks for one.
    ///
    /// # Errors
    /// The database.
    pub async fn routes_waba(&mut self, id: &WabaId) -> Result<Vec<Route>> {
        let rows: Vec<(String, String)> = self.tx.rows(ROUTES_WABA, args![id]).await?;
        rows.into_iter().map(route).collect()
    }
}

impl TenantTx<'_> {
    /// Adds a number or updates it.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when it is another tenant's, or the database.
    pub async fn put_number(&mut self, new: &NewNumber, now: Ts) -> Result<()> {
        let key = self.data_key().await?;
        let tenant = self.tenant.to_string();
        let place = token_place(&tenant, new.id.as_str());
        let token = key.seal(
            &*self.tx.secrets.ids,
            &place,
            new.access_token.expose_secret().as_bytes(),
        )?;
        let args = args![
            self.tenant,
            &new.id,
            &new.waba,
            new.display.as_str(),
            token,
            new.mps,
            now,
            new.app.as_str()
        ];
        if self.tx.run(NUMBER_PUT, args).await? == 0 {
            return Err(StoreError::Taken {
                what: "number",
                name: new.id.to_string(),
            });
        }
        Ok(())
    }

    /// Its numbers, oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn numbers(&mut self) -> Result<Vec<NumberRow>> {
        let rows: Vec<RawNumber> = self.tx.rows(NUMBERS, args![self.tenant]).await?;
        rows.into_iter().map(RawNumber::read).collect()
    }

    /// One number.
    ///
    /// # Errors
    /// The database.
    pub async fn number(&mut self, id: &PhoneNumberId) -> Result<Option<NumberRow>> {
        let row: Option<RawNumber> = self.tx.row(NUMBER_GET, args![self.tenant, id]).await?;
        row.map(RawNumber::read).transpose()
    }

    /// The access token of a number, opened.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] with another master key, or the database.
    pub async fn number_token(&mut self, id: &PhoneNumberId) -> Result<Option<SecretString>> {
        let row: Option<(Vec<u8>, Vec<u8>)> =
            self.tx.row(NUMBER_TOKEN, args![self.tenant, id]).await?;
        let Some((token, key)) = row else {
            return Ok(None);
        };
        let tenant = self.tenant.to_string();
        let key = self.tx.secrets.master.data_key(&tenant, &key)?;
        key.open_text(&token_place(&tenant, id.as_str()), &token)
            .map(Some)
    }

    /// Throws the stop switch of a number, or of every number of its account; says how many were
    /// not stopped before.
    ///
    /// # Errors
    /// The database.
    pub async fn halt_numbers(
        &mut self,
        id: &PhoneNumberId,
        whole_account: bool,
        reason: &str,
        now: Ts,
    ) -> Result<u64> {
        let of = Of::Number(id);
        let before = self.standing(of).await?;
        let args = args![self.tenant, id, whole_account, reason, now];
        let stopped = self.tx.run(NUMBERS_HALT, args).await?;
        self.tell_changed(before, of, SWITCHES, now).await?;
        Ok(stopped)
    }

    /// Throws (for a reason) or releases the stop switch of a number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the database.
    pub async fn set_number_stop(
        &mut self,
        id: &PhoneNumberId,
        reason: Option<&str>,
        now: Ts,
    ) -> Result<()> {
        let of = Of::Number(id);
        let before = self.standing(of).await?;
        let args = args![self.tenant, id, reason.map(|_| now), reason];
        self.must("number", NUMBER_SET_STOP, args).await?;
        self.tell_changed(before, of, SWITCHES, now).await
    }
}

fn token_place<'a>(tenant: &'a str, number: &'a str) -> Place<'a> {
    Place {
        tenant,
        column: "numbers.access_token",
        row: number,
    }
}
