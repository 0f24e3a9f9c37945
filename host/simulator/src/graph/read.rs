//! Mark as read and typing (§1.10).

use portero_domain::clock::{Millis, Ts};
use serde_json::json;

use super::answer::Answer;
use crate::arena::Id;
use crate::errors::GraphError;
use crate::messages::Direction;
use crate::validate::MarkRead;
use crate::world::{Number, World};

const MAX_AGE: Millis = Millis::days(30);
const TYPING: Millis = Millis::secs(25);

/// Marks a person's message and all earlier ones of the chat.
pub(super) fn mark(
    world: &mut World,
    number: Id<Number>,
    form: &MarkRead,
    now: Ts,
) -> Result<Answer, GraphError> {
    let refused = || {
        GraphError::new(
            131_009,
            "message_id is no message that this number received in the last 30 days",
        )
    };
    let id = *world.by_wamid.get(&form.message_id).ok_or_else(refused)?;
    let message = &world.messages[id];
    if message.direction != Direction::Inbound
        || message.number != number
        || now.since(message.at) > MAX_AGE.0
    {
        return Err(refused());
    }
    let person = message.person;
    let earlier = world
        .thread(number, person)
        .messages
        .iter()
        .copied()
        .take_while(|other| *other != id)
        .chain([id])
        .collect::<Vec<_>>();
    for other in earlier {
        let message = &mut world.messages[other];
        if message.direction == Direction::Inbound && message.read_at.is_none() {
            message.read_at = Some(now);
        }
    }
    if form.typing {
        world.thread(number, person).typing_until = Some(now + TYPING);
    }
    Ok(json!({"success": true}).into())
}
