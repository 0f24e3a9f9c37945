//! Wake-ups plugins asked for.

use portero_domain::clock::Ts;
use portero_domain::ids::{ContactId, InstallationId, PhoneNumberId, TenantId, TimerId};

use crate::cart_ends::{self, AboutCart};
use crate::db;
use crate::error::Result;
use crate::json;
use crate::tx::{SystemTx, TenantTx};

/// A wake-up to be kept.
#[derive(Clone, Debug)]
pub struct NewTimer {
    /// Its id.
    pub id: TimerId,
    /// Who asked.
    pub installation: InstallationId,
    /// About whom.
    pub contact: ContactId,
    /// In the conversation with which number.
    pub number: PhoneNumberId,
    /// Name; setting it again replaces it.
    pub name: String,
    /// What the plugin stored with it.
    pub payload: String,
    /// When (business time).
    pub due_at: Ts,
    /// The cart whose news led to it.
    pub about: Option<AboutCart>,
}

/// A kept wake-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerRow {
    /// Its id.
    pub id: TimerId,
    /// Whose.
    pub tenant: TenantId,
    /// Who asked.
    pub installation: InstallationId,
    /// About whom.
    pub contact: ContactId,
    /// In the conversation with which number.
    pub number: PhoneNumberId,
    /// Name.
    pub name: String,
    /// What the plugin stored with it.
    pub payload: String,
    /// When (business time).
    pub due_at: Ts,
    /// The cart whose news led to it.
    pub about: Option<AboutCart>,
}

statements! {
    TIMERS_DUE = "select timer_id, tenant_id, installation_id, contact_id, phone_number_id, name, payload, due_at,
        about_cart, about_at from plugin_timers where due_at <= $1 order by due_at, timer_id limit $2",
        postgres = "select timer_id, tenant_id, installation_id, contact_id, phone_number_id, name, payload, due_at,
        about_cart, about_at from plugin_timers where due_at <= $1 order by due_at, timer_id limit $2 for update skip locked";
    TIMER_DELETE = "delete from plugin_timers where timer_id = $1";
    TIMER_PUT = "insert into plugin_timers (timer_id, installation_id, tenant_id, contact_id, phone_number_id, name, payload, due_at,
            about_cart, about_at)
        select cast($4 as text), i.installation_id, i.tenant_id, c.contact_id, cast($5 as text), cast($6 as text),
            cast($7 as text), cast($8 as bigint), cast($9 as text), cast($10 as bigint)
        from installations i join contacts c on c.tenant_id = i.tenant_id
        where i.tenant_id = $1 and i.installation_id = $2 and c.contact_id = $3
        on conflict (installation_id, contact_id, name) do update
        set timer_id = excluded.timer_id, phone_number_id = excluded.phone_number_id,
            payload = excluded.payload, due_at = excluded.due_at,
            about_cart = excluded.about_cart, about_at = excluded.about_at";
    TIMER_CANCEL = "delete from plugin_timers where tenant_id = $1 and installation_id = $2 and contact_id = $3 and name = $4";
}

type Raw = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<String>,
    Option<i64>,
);

impl SystemTx<'_> {
    /// Wake-ups whose time has come, earliest first. In a write transaction they are held until it
    /// ends: another process does not get them too.
    ///
    /// # Errors
    /// The database.
    pub async fn due_timers(&mut self, now: Ts, limit: usize) -> Result<Vec<TimerRow>> {
        let rows: Vec<Raw> = self
            .tx
            .rows(TIMERS_DUE, args![now, db::limit(limit)])
            .await?;
        rows.into_iter()
            .map(
                |(
                    id,
                    tenant,
                    installation,
                    contact,
                    number,
                    name,
                    payload,
                    due_at,
                    cart,
                    cart_at,
                )| {
                    Ok(TimerRow {
                        id: json::id("timer_id", &id)?,
                        tenant: json::id("tenant_id", &tenant)?,
                        installation: json::id("installation_id", &installation)?,
                        contact: json::id("contact_id", &contact)?,
                        number: json::number(number)?,
                        name,
                        payload,
                        due_at: Ts(due_at),
                        about: cart_ends::read(cart, cart_at),
                    })
                },
            )
            .collect()
    }

    /// Forgets a wake-up.
    ///
    /// # Errors
    /// The database.
    pub async fn delete_timer(&mut self, id: TimerId) -> Result<bool> {
        Ok(self.tx.run(TIMER_DELETE, args![id]).await? == 1)
    }
}

impl TenantTx<'_> {
    /// Sets a wake-up, replacing the one of that name.
    ///
    /// # Errors
    /// [`crate::StoreError::NotFound`] when installation or person is not the tenant's, or the database.
    pub async fn put_timer(&mut self, new: &NewTimer) -> Result<()> {
        let (cart, cart_at) = cart_ends::columns(new.about.as_ref());
        let args = args![
            self.tenant,
            new.installation,
            new.contact,
            new.id,
            &new.number,
            new.name.as_str(),
            new.payload.as_str(),
            new.due_at,
            cart,
            cart_at
        ];
        self.must("installation or contact", TIMER_PUT, args).await
    }

    /// Forgets a wake-up.
    ///
    /// # Errors
    /// The database.
    pub async fn cancel_timer(
        &mut self,
        installation: InstallationId,
        contact: ContactId,
        name: &str,
    ) -> Result<bool> {
        Ok(self
            .tx
            .run(
                TIMER_CANCEL,
                args![self.tenant, installation, contact, name],
            )
            .await?
            == 1)
    }
}
