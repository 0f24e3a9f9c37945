//! Moving the simulated clock.

use portero_domain::clock::{Clock as _, Millis};
use serde_json::json;

use crate::harness::Env;

/// Whichever door asks for it: a jump waits for what the host has in hand, then moves both.
pub(crate) async fn a_jump_waits_for_what_is_in_hand_at_both_doors(env: Env) {
    let hour = json!({ "ms": Millis::hours(1).0 });
    for door in ["/_sim/clock/jump", "/v1/clock/jump"] {
        let before = env.stage.clock.now();
        // A worker holds this while it works.
        let in_hand = env.stage.host.ctx.pause.read().await;
        let ask = async {
            match door {
                "/v1/clock/jump" => {
                    drop(env.world.operator.post(door, hour.clone()).await.unwrap())
                }
                _ => drop(env.world.control.post(door, &hour).await.unwrap()),
            }
        };
        let look = async {
            // Nobody else may begin once the jump waits its turn.
            while env.stage.host.ctx.pause.try_read().is_ok() {
                tokio::task::yield_now().await;
            }
            assert_eq!(env.stage.clock.now(), before, "{door}: it waits");
            drop(in_hand);
        };
        tokio::join!(ask, look);
        let moved = env.stage.clock.now().since(before);
        assert_eq!(moved, Millis::hours(1).0, "{door}: both doors move it once");
    }
    env.end().await;
}
