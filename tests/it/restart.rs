//! What a run of the host leaves behind for the next one.

use portero_store::model::TokenRow;

use crate::harness::Env;

/// The database, when a second host can stand on it.
fn shared(env: &Env) -> Option<String> {
    (!env.database.starts_with("sqlite:")).then(|| env.database.clone())
}

pub(crate) async fn the_command_lines_token_ends_with_its_run(env: Env) {
    assert_eq!(live(&env).await, 1);
    let database = shared(&env);
    env.end().await;
    // On Postgres the second run finds what the first left behind.
    let env = Env::set(database).await;
    assert_eq!(live(&env).await, 1);
    env.end().await;
}

/// Tokens of command lines that are still good.
async fn live(env: &Env) -> usize {
    let mut tx = env.stage.host.ctx.store.read().await.unwrap();
    let tokens = tx.system().tokens().await.unwrap();
    let good = |t: &&TokenRow| t.revoked_at.is_none() && t.label.starts_with("command line of ");
    tokens.iter().filter(good).count()
}
