//! Whose a webhook is. An app's secret speaks only for the numbers that are connected to it.

use std::collections::HashMap;

use portero_domain::ids::TenantId;
use portero_domain::update::Update;
use portero_store::model::Route;
use portero_store::{StoreError, Tx};

/// Whom an update is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Routed {
    /// Nobody's number, nobody's account.
    Nobody,
    /// These tenants: one for a number, everybody with a number of it for an account.
    To(Vec<TenantId>),
    /// Somebody's, but by another app than the one that signed. It has no effect.
    NotTheirs,
}

impl Routed {
    fn of(signed_by: &str, routes: Vec<Route>) -> Routed {
        if routes.is_empty() {
            return Routed::Nobody;
        }
        let mut tenants: Vec<TenantId> = routes
            .into_iter()
            .filter(|route| route.app == signed_by)
            .map(|route| route.tenant)
            .collect();
        tenants.dedup();
        if tenants.is_empty() {
            Routed::NotTheirs
        } else {
            Routed::To(tenants)
        }
    }
}

/// One copy of an update: to whom, or why to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addressed {
    /// Whom it is for.
    pub(crate) tenant: Option<TenantId>,
    /// Two copies with one key are the same.
    pub(crate) key: String,
    /// Why it has no effect although it is somebody's.
    pub(crate) refused: Option<String>,
}

impl Routed {
    fn copies(&self, signed_by: &str, update: &Update) -> Vec<Addressed> {
        let key = &update.dedupe_key;
        match self {
            Routed::Nobody => vec![Addressed {
                tenant: None,
                key: key.clone(),
                refused: None,
            }],
            // A key of its own: what the right app says later is not taken for a repetition of this.
            Routed::NotTheirs => vec![Addressed {
                tenant: None,
                key: format!("f:{signed_by}:{key}"),
                refused: Some(format!(
                    "signed by the app `{signed_by}`, which does not speak for this number or account; \
                     `portero number add --app` connects it"
                )),
            }],
            Routed::To(tenants) => tenants
                .iter()
                .map(|tenant| Addressed {
                    tenant: Some(*tenant),
                    // News of an account is news to each; a number is one tenant's.
                    key: match &update.number {
                        Some(_) => key.clone(),
                        None => format!("{key}@{tenant}"),
                    },
                    refused: None,
                })
                .collect(),
        }
    }
}

/// Numbers and accounts, looked up once per delivery of an app.
pub(crate) struct Routes<'a> {
    signed_by: &'a str,
    numbers: HashMap<String, Routed>,
    wabas: HashMap<String, Routed>,
}

impl<'a> Routes<'a> {
    pub(crate) fn of(signed_by: &'a str) -> Routes<'a> {
        Routes {
            signed_by,
            numbers: HashMap::new(),
            wabas: HashMap::new(),
        }
    }

    /// The copies of an update that are kept; at least one.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn find(
        &mut self,
        tx: &mut Tx,
        update: &Update,
    ) -> Result<Vec<Addressed>, StoreError> {
        let routed = self.routed(tx, update).await?;
        Ok(routed.copies(self.signed_by, update))
    }

    async fn routed(&mut self, tx: &mut Tx, update: &Update) -> Result<Routed, StoreError> {
        if let Some(number) = &update.number {
            if let Some(known) = self.numbers.get(number.as_str()) {
                return Ok(known.clone());
            }
            let route = tx.system().route_number(number).await?;
            let routed = Routed::of(self.signed_by, route.into_iter().collect());
            self.numbers
                .insert(number.as_str().to_owned(), routed.clone());
            return Ok(routed);
        }
        let Some(waba) = &update.waba else {
            return Ok(Routed::Nobody);
        };
        if let Some(known) = self.wabas.get(waba.as_str()) {
            return Ok(known.clone());
        }
        let routes = tx.system().routes_waba(waba).await?;
        let routed = Routed::of(self.signed_by, routes);
        self.wabas.insert(waba.as_str().to_owned(), routed.clone());
        Ok(routed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(tenant: u128, app: &str) -> Route {
        Route {
            tenant: TenantId::from_uuid(uuid::Uuid::from_u128(tenant)),
            app: app.to_owned(),
        }
    }

    #[test]
    fn an_app_reaches_only_what_is_connected_to_it() {
        assert_eq!(Routed::of("a", Vec::new()), Routed::Nobody);
        assert_eq!(Routed::of("b", vec![route(1, "a")]), Routed::NotTheirs);
        let shared = vec![route(1, "a"), route(1, "b"), route(2, "a"), route(3, "c")];
        let all = |of: &str| match Routed::of(of, shared.clone()) {
            Routed::To(tenants) => tenants.len(),
            _ => 0,
        };
        assert_eq!((all("a"), all("b"), all("c"), all("d")), (2, 1, 1, 0));
    }
}
