//! What a caller may reach: tenants, their numbers, and the pretend people.

use portero_domain::address::AddressKey;
use portero_domain::ids::TenantId;
use portero_flow::desk::access::Principal;
use portero_flow::desk::numbers::{self, NumberView};
use portero_flow::desk::tenants::{self, TenantView};

use crate::problem::Problem;
use crate::{ConsoleState, SimulatorControl};

/// A tenant the caller reaches, by id or short name. Another's answers as one that is not there.
pub(crate) async fn tenant(
    state: &ConsoleState,
    principal: &Principal,
    name: &str,
) -> Result<TenantView, Problem> {
    tenants::list(&state.ctx, principal.tenant)
        .await?
        .into_iter()
        .filter(|t| within(principal, t.id))
        .find(|t| t.slug == name || t.id.to_string() == name)
        .ok_or(Problem::NotFound { what: "shop" })
}

/// Whether the caller reaches this tenant.
fn within(principal: &Principal, tenant: TenantId) -> bool {
    principal.tenant.is_none_or(|own| own == tenant)
}

/// The number asked for, or the tenant's first.
pub(crate) async fn number(
    state: &ConsoleState,
    tenant: TenantId,
    asked: Option<&str>,
) -> Result<NumberView, Problem> {
    let all = numbers::list(&state.ctx, tenant).await?;
    match asked {
        Some(asked) => all.into_iter().find(|n| n.phone_number_id == asked),
        None => all.into_iter().next(),
    }
    .ok_or(Problem::NotFound { what: "number" })
}

/// A person's key as the simulator knows it: digits or a user id, safe inside a path.
pub(crate) fn person_key(text: &str) -> Result<&str, Problem> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
    if plain && AddressKey::parse(text).is_ok() {
        Ok(text)
    } else {
        Err(Problem::BadInput(
            "a person is named by digits or by a user id".to_owned(),
        ))
    }
}

/// The simulator, if there is one.
pub(crate) fn simulator(state: &ConsoleState) -> Result<&dyn SimulatorControl, Problem> {
    state.simulator.as_deref().ok_or(Problem::NoSimulator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use portero_domain::access::Role;
    use portero_domain::ids::TokenId;

    // Ids of ours parse from their public form: no uuid crate is needed here.
    fn id<T: std::str::FromStr>(prefix: &str, last: char) -> T
    where
        T::Err: std::fmt::Debug,
    {
        format!("{prefix}_0000000000007000800000000000000{last}")
            .parse()
            .unwrap()
    }

    #[test]
    fn a_tenants_own_login_reaches_that_tenant_alone() {
        let token: TokenId = id("tok", '9');
        let (a, b): (TenantId, TenantId) = (id("ten", '1'), id("ten", '2'));
        let operator = Principal {
            token,
            user: None,
            tenant: None,
            role: Role::Owner,
        };
        let owner = Principal {
            token,
            user: None,
            tenant: Some(a),
            role: Role::Owner,
        };
        assert!(within(&operator, a) && within(&operator, b));
        assert!(within(&owner, a));
        assert!(!within(&owner, b));
    }

    #[test]
    fn a_person_key_cannot_leave_its_place_in_the_path() {
        for good in ["5215512340001", "MX.90011223344556677889", "MX.ENT.1"] {
            assert_eq!(person_key(good).unwrap(), good);
        }
        for bad in [
            "..",
            "../clock",
            "521551234/../..",
            "",
            "a b",
            "5215512340001?x=1",
            "%2e%2e",
        ] {
            assert!(person_key(bad).is_err(), "{bad}");
        }
    }
}
