//! SQLite's single writer, with group commit.
//!
//! One fsync makes many transactions durable: a transaction is a savepoint inside the group that is
//! open, and its commit waits for the group's. There is no timer: who commits while others wait for
//! their turn queues behind them, and the first to come through commits for all before it. Alone, a
//! transaction commits at once, so light load pays no latency for heavy load.
//!
//! A caller may go away at any await. What begins and ends transactions therefore runs to its end in
//! a task of its own; a caller that goes away between the two has its savepoint undone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedMutexGuard, watch};

use crate::error::{Result, StoreError};

/// What became of a group; `None` while it is open.
type Fate = Option<bool>;

/// The connection that writes, and who waits for it.
pub(crate) struct Writer {
    lane: Arc<Mutex<Lane>>,
    waiting: Arc<AtomicUsize>,
}

struct Lane {
    /// Nothing once the store is closed.
    conn: Option<SqliteConnection>,
    /// The group whose transaction is open.
    group: Option<Group>,
    /// The last turn ended without a commit: its savepoint is still there.
    undo: bool,
}

struct Group {
    fate: watch::Sender<Fate>,
    /// A turn of it has been taken in and waits for the commit.
    members: bool,
}

/// A place in the queue; counts itself out however it ends.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn new(count: &Arc<AtomicUsize>) -> Waiting {
        count.fetch_add(1, Ordering::SeqCst);
        Waiting(Arc::clone(count))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable {
        why: "the store is closed".to_owned(),
    }
}

impl Writer {
    /// Opens the connection.
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Writer> {
        let conn = options
            .connect()
            .await
            .map_err(|e| StoreError::Unavailable { why: e.to_string() })?;
        Ok(Writer {
            lane: Arc::new(Mutex::new(Lane {
                conn: Some(conn),
                group: None,
                undo: false,
            })),
            waiting: Arc::default(),
        })
    }

    /// A transaction: a savepoint in the open group, or in a new one.
    pub(crate) async fn begin(&self) -> Result<Turn> {
        let waiting = Waiting::new(&self.waiting);
        let lane = Arc::clone(&self.lane).lock_owned().await;
        drop(waiting);
        let (queue, waiting) = (Arc::clone(&self.lane), Arc::clone(&self.waiting));
        to_its_end(open(lane, queue, waiting)).await
    }

    /// The connection outside any transaction, for migrations.
    pub(crate) async fn alone(&self) -> Result<Alone> {
        let mut lane = Arc::clone(&self.lane).lock_owned().await;
        lane.tidy().await?;
        lane.commit().await?;
        if lane.conn.is_none() {
            return Err(closed());
        }
        Ok(Alone(lane))
    }

    /// Commits what is taken in and closes the connection.
    pub(crate) async fn close(&self) {
        let mut lane = self.lane.lock().await;
        if lane.tidy().await.is_ok() {
            let _ = lane.commit().await;
        }
        if let Some(conn) = lane.conn.take() {
            let _ = conn.close().await;
        }
    }
}

async fn open(
    mut lane: OwnedMutexGuard<Lane>,
    queue: Arc<Mutex<Lane>>,
    waiting: Arc<AtomicUsize>,
) -> Result<Turn> {
    lane.tidy().await?;
    if lane.group.is_none() {
        lane.exec("begin", "begin immediate").await?;
        lane.group = Some(Group {
            fate: watch::Sender::new(None),
            members: false,
        });
    }
    if let Err(e) = lane.exec("savepoint", "savepoint turn").await {
        lane.fail().await;
        return Err(e);
    }
    lane.undo = true;
    Ok(Turn {
        lane,
        queue,
        waiting,
    })
}

/// Runs something even when nobody waits for it any more.
#[expect(
    clippy::disallowed_methods,
    reason = "bounded by one statement and waited for by all but those who went away"
)]
async fn to_its_end<T: Send + 'static>(
    what: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(what).await {
        Ok(done) => done,
        Err(e) => Err(StoreError::Unavailable { why: e.to_string() }),
    }
}

impl Lane {
    async fn exec(&mut self, name: &'static str, sql: &'static str) -> Result<()> {
        let conn = self.conn.as_mut().ok_or_else(closed)?;
        conn.execute(sql)
            .await
            .map(drop)
            .map_err(|e| StoreError::sql(name, e))
    }

    /// Undoes a turn that ended without a commit; the others of its group stand.
    async fn tidy(&mut self) -> Result<()> {
        if !self.undo {
            return Ok(());
        }
        let undone = match self.exec("rollback to", "rollback to turn").await {
            Ok(()) => self.exec("release", "release turn").await,
            e => e,
        };
        self.undo = false;
        if undone.is_err() {
            // SQLite gave the whole transaction up by itself (disk full, I/O), or never began one.
            self.fail().await;
        } else if self.group.as_ref().is_some_and(|g| !g.members) && self.conn.is_some() {
            // Nothing in it: do not keep the file's lock.
            self.commit().await?;
        }
        Ok(())
    }

    /// Ends the open group; everybody in it learns how.
    async fn commit(&mut self) -> Result<()> {
        if self.group.is_none() {
            return Ok(());
        }
        let done = self.exec("commit", "commit").await;
        if done.is_err() {
            self.fail().await;
        } else if let Some(group) = self.group.take() {
            group.fate.send_replace(Some(true));
        }
        done
    }

    /// Gives the open group up.
    async fn fail(&mut self) {
        let _ = self.exec("rollback", "rollback").await;
        self.undo = false;
        if let Some(group) = self.group.take() {
            group.fate.send_replace(Some(false));
        }
    }
}

/// A transaction that may write. Dropping it undoes what it did, and nothing of others.
pub(crate) struct Turn {
    lane: OwnedMutexGuard<Lane>,
    queue: Arc<Mutex<Lane>>,
    waiting: Arc<AtomicUsize>,
}

impl Turn {
    pub(crate) fn conn(&mut self) -> Result<&mut SqliteConnection> {
        self.lane.conn.as_mut().ok_or_else(closed)
    }

    /// Returns when it is on disk.
    pub(crate) async fn commit(self) -> Result<()> {
        to_its_end(self.committed()).await
    }

    async fn committed(self) -> Result<()> {
        let Turn {
            mut lane,
            queue,
            waiting,
        } = self;
        lane.undo = false;
        if let Err(e) = lane.exec("release", "release turn").await {
            lane.fail().await;
            return Err(e);
        }
        if waiting.load(Ordering::SeqCst) == 0 {
            return lane.commit().await;
        }
        let Some(group) = &mut lane.group else {
            return Err(closed());
        };
        group.members = true;
        let mut fate = group.fate.subscribe();
        drop(lane);
        // Behind those who wait now. Whoever of the group comes through first commits for all.
        let mut lane = tokio::select! {
            biased;
            told = fate.wait_for(Option::is_some) => {
                return verdict(told.ok().and_then(|f| *f));
            }
            lane = queue.lock_owned() => lane,
        };
        // Between two looks the group may have ended; then the lane holds another one, or none.
        if let Some(ended) = *fate.borrow() {
            return verdict(Some(ended));
        }
        lane.tidy().await?;
        if let Some(ended) = *fate.borrow() {
            return verdict(Some(ended));
        }
        lane.commit().await
    }
}

fn verdict(fate: Fate) -> Result<()> {
    match fate {
        Some(true) => Ok(()),
        // All of the group was undone: the same again may succeed, one of the others was the cause.
        _ => Err(StoreError::Conflict {
            statement: "commit",
        }),
    }
}

/// The writing connection with no transaction open.
pub(crate) struct Alone(OwnedMutexGuard<Lane>);

impl Alone {
    pub(crate) fn conn(&mut self) -> Result<&mut SqliteConnection> {
        self.0.conn.as_mut().ok_or_else(closed)
    }
}
