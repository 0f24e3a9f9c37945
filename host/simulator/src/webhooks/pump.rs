//! The heartbeat: lets what is due happen, posts what is due, in business-time order.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use super::outbox::Post;
use super::post;
use crate::links::Fetch;
use crate::simulator::Simulator;

/// Business time may run at any speed, so waiting is looked up this often while something waits.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Simulator {
    /// Delivers statuses and webhooks as they become due, until `shutdown` completes.
    ///
    /// Runs alone: start it once. While nothing is queued it sleeps until something happens.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut flights = FuturesUnordered::new();
        loop {
            let (posts, fetches, waiting) = self.step();
            for post in posts {
                flights.push(self.fly(post).boxed());
            }
            for fetch in fetches {
                flights.push(self.fetched(fetch).boxed());
            }
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                Some(()) = flights.next(), if !flights.is_empty() => {
                    // One look at the queues serves all that have landed.
                    while let Some(Some(())) = flights.next().now_or_never() {}
                }
                () = self.woken() => {}
                () = tokio::time::sleep(LOOK_AGAIN), if waiting => {}
            }
        }
    }

    /// Delivers everything that is due at this instant and returns when it is answered; for
    /// tests and scripts that drive time themselves instead of calling [`Simulator::run`].
    pub async fn settle(&self) {
        loop {
            let (posts, fetches, _) = self.step();
            if posts.is_empty() && fetches.is_empty() {
                return;
            }
            let posts = posts.into_iter().map(|post| self.fly(post).boxed());
            let fetches = fetches.into_iter().map(|f| self.fetched(f).boxed());
            let mut flights: FuturesUnordered<_> = posts.chain(fetches).collect();
            while flights.next().await.is_some() {}
        }
    }

    /// Fires what is due and takes what is to be posted; also whether something waits for time.
    fn step(&self) -> (Vec<Post>, Vec<Fetch>, bool) {
        let now = self.clock.now();
        let mut world = self.world();
        while let Some((at, due)) = world.next_due(now) {
            world.fire(at, due);
        }
        let posts = world.take_posts(now);
        let fetches = world.take_fetches();
        let waiting = world.queue.len() > 0
            || (!world.faults.pause_webhooks && world.outbox.next_at().is_some_and(|at| at > now));
        (posts, fetches, waiting)
    }

    async fn fetched(&self, fetch: Fetch) {
        let refused = self.fetch(&fetch).await;
        let now = self.clock.now();
        self.world().settle_fetch(&fetch, refused, now);
    }

    async fn fly(&self, sent: Post) {
        let answer = post::post(&self.http, &sent).await;
        let now = self.clock.now();
        self.world().settle_post(sent, answer, now);
    }
}
