//! A test that breaks off leaves its host running: it is handed back here and stopped, since each has some sixteen
//! connections to Postgres.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portero::demo::Stage;
use sqlx::Connection as _;

use super::{Env, attempt, runtime};

/// Where a stage lands that its test did not stop.
#[derive(Clone, Default)]
pub(crate) struct Left(Arc<Mutex<Option<Stage>>>);

impl Left {
    /// Stops what was left, if anything was.
    pub(crate) async fn stop(&self) {
        let stage = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stage) = stage {
            stage.stop().await;
        }
    }
}

/// A stage in the hands of a test.
pub(crate) struct Lent {
    stage: Option<Stage>,
    left: Left,
}

impl Lent {
    pub(crate) fn new(stage: Stage, left: Left) -> Lent {
        Lent {
            stage: Some(stage),
            left,
        }
    }

    /// The test came to its end and stops it.
    pub(crate) async fn stop(mut self) {
        if let Some(stage) = self.stage.take() {
            stage.stop().await;
        }
    }
}

impl Deref for Lent {
    type Target = Stage;
    fn deref(&self) -> &Stage {
        self.stage
            .as_ref()
            .expect("it is there until it is stopped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let stage = self.stage.take();
        if stage.is_some() {
            *self.left.0.lock().unwrap_or_else(PoisonError::into_inner) = stage;
        }
    }
}

/// A test that panics in the middle: its host answers no more, and nobody is connected to its database.
pub(crate) fn a_test_that_breaks_off_stops_its_host(database_url: Option<String>) {
    let seen = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&seen);
    let run = move |env: Env| async move {
        told.lock()
            .expect("nobody else")
            .clone_from(&env.stage.host.url);
        assert_eq!(env.stage.host.url, "", "this one breaks off on purpose");
    };
    let outcome = runtime().block_on(attempt(run, database_url.clone()));
    let why = outcome.expect_err("it broke off");
    assert!(format!("{why:?}").contains("on purpose"), "{why:?}");
    let url = seen.lock().expect("nobody else").clone();
    let address = url.strip_prefix("http://").expect("an address").to_owned();
    let answer = std::net::TcpStream::connect(&address);
    assert!(answer.is_err(), "the host at {address} still listens");
    if let Some(url) = database_url {
        runtime().block_on(nobody_is_connected(&url));
    }
}

/// The server notices a connection that was closed a moment later.
async fn nobody_is_connected(url: &str) {
    let mut conn = sqlx::PgConnection::connect(url).await.expect("Postgres");
    let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    let gone = async {
        loop {
            let n: i64 = sqlx::query_scalar(others)
                .fetch_one(&mut conn)
                .await
                .expect("a count");
            if n == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), gone).await;
    assert!(waited.is_ok(), "connections to the database are left");
}
