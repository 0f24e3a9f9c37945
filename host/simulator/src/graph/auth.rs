//! Bearer tokens (§0, §7.1) and which objects they reach.

use super::Call;
use crate::arena::Id;
use crate::config::AccessToken;
use crate::errors::GraphError;
use crate::world::{Number, Waba, World};

/// What a call wants to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Permission {
    Messaging,
    Management,
}

/// Lets the call in, or says 0, 190 or 10.
pub(super) fn token<'a>(
    world: &'a World,
    call: &Call,
    permission: Permission,
) -> Result<&'a AccessToken, GraphError> {
    let Some(given) = call.token.as_deref().filter(|token| !token.is_empty()) else {
        return Err(GraphError::new(0, "no access token was given"));
    };
    let known = world
        .config
        .access_tokens
        .iter()
        .find(|token| token.token == given)
        .ok_or_else(|| GraphError::new(190, "the access token is not known"))?;
    if known.expired {
        return Err(GraphError::new(190, "the access token has expired"));
    }
    let (has, name) = match permission {
        Permission::Messaging => (known.messaging, "whatsapp_business_messaging"),
        Permission::Management => (
            known.management || known.messaging,
            "whatsapp_business_management",
        ),
    };
    if !has {
        return Err(GraphError::new(
            10,
            format!("the access token lacks the permission {name}"),
        ));
    }
    Ok(known)
}

fn reaches(world: &World, token: &AccessToken, waba: Id<Waba>) -> bool {
    token
        .wabas
        .as_ref()
        .is_none_or(|list| list.contains(&world.wabas[waba].is.id))
}

/// A number the token reaches; else 33, which is also what a deleted one gives.
pub(super) fn number(
    world: &World,
    token: &AccessToken,
    id: &str,
) -> Result<Id<Number>, GraphError> {
    world
        .by_number
        .get(id)
        .copied()
        .filter(|number| reaches(world, token, world.numbers[*number].waba))
        .ok_or_else(|| GraphError::new(33, "the phone number id does not exist or is deleted"))
}

/// An account the token reaches.
pub(super) fn waba(world: &World, token: &AccessToken, id: &str) -> Result<Id<Waba>, GraphError> {
    world
        .by_waba
        .get(id)
        .copied()
        .filter(|waba| reaches(world, token, *waba))
        .ok_or_else(nothing_there)
}

/// Whether the token may see an object of this account.
pub(super) fn may_see(world: &World, token: &AccessToken, waba: Id<Waba>) -> bool {
    reaches(world, token, waba)
}

/// Graph's answer for unknown and forbidden ids alike.
pub(super) fn nothing_there() -> GraphError {
    GraphError::new(
        100,
        "the object does not exist or cannot be loaded due to missing permissions",
    )
    .with_subcode(33)
}
