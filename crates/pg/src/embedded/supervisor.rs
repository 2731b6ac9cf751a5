//! The task that keeps PostgreSQL running: it restarts it after a crash, and ends it when asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::process::{Launch, Postmaster, rotate_log};
use super::status::State;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A postmaster that lived this long starts anew with short pauses.
const PROVEN: Duration = Duration::from_secs(30);

/// What the supervisor is asked for. Dropping the sender means [`Order::Stop`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    Stop,
    /// Leave PostgreSQL running for the next Hearth.
    Leave,
}

/// One cluster under supervision.
pub(super) struct Supervisor {
    pub(super) launch: Launch,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) state: watch::Sender<State>,
    /// The postmaster's process, 0 while there is none.
    pub(super) pid: Arc<AtomicI32>,
}

impl Supervisor {
    /// Runs until it is ordered to end.
    pub(super) async fn run(mut self, mut postmaster: Postmaster) {
        let mut pause = FIRST_PAUSE;
        loop {
            self.pid.store(postmaster.pid(), Ordering::Release);
            self.state.send_replace(State::Running);
            let since = Instant::now();
            let Some(how) = self.watch(&mut postmaster).await else {
                return;
            };
            self.pid.store(0, Ordering::Release);
            self.state.send_replace(State::Restarting);
            tracing::error!(%how, "PostgreSQL ended; starting it again");
            if since.elapsed() > PROVEN {
                pause = FIRST_PAUSE;
            }
            let Some(next) = self.restart(&mut pause).await else {
                return;
            };
            postmaster = next;
        }
    }

    /// How the postmaster ended, or `None` after an order was carried out.
    async fn watch(&mut self, postmaster: &mut Postmaster) -> Option<String> {
        let mut rotation = interval(Duration::from_secs(60));
        rotation.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                how = postmaster.wait() => return Some(how),
                order = self.orders.recv() => {
                    self.carry_out(order, postmaster).await;
                    return None;
                }
                _ = rotation.tick() => rotate_log(&self.launch.places.log),
            }
        }
    }

    /// Tries until it succeeds, with growing pauses; `None` after an order was carried out.
    async fn restart(&mut self, pause: &mut Duration) -> Option<Postmaster> {
        loop {
            match self.launch.spawn() {
                Ok(mut postmaster) => {
                    self.pid.store(postmaster.pid(), Ordering::Release);
                    tokio::select! {
                        ready = self.launch.ready(&mut postmaster) => match ready {
                            Ok(()) => {
                                tracing::info!("PostgreSQL runs again");
                                return Some(postmaster);
                            }
                            Err(error) => {
                                self.pid.store(0, Ordering::Release);
                                tracing::error!(%error, "PostgreSQL does not start");
                                self.launch.end_stragglers();
                            }
                        },
                        order = self.orders.recv() => {
                            self.carry_out(order, &mut postmaster).await;
                            return None;
                        }
                    }
                }
                Err(error) => tracing::error!(%error, "PostgreSQL cannot be started"),
            }
            tokio::select! {
                () = sleep(*pause) => *pause = (*pause * 2).min(LONGEST_PAUSE),
                _ = self.orders.recv() => {
                    self.state.send_replace(State::Stopped);
                    return None;
                }
            }
        }
    }

    async fn carry_out(&mut self, order: Option<Order>, postmaster: &mut Postmaster) {
        match order {
            Some(Order::Leave) => {
                tracing::info!(pid = postmaster.pid(), "leaving PostgreSQL running");
                postmaster.leave();
            }
            Some(Order::Stop) | None => {
                self.launch.stop(postmaster).await;
                tracing::info!("PostgreSQL stopped");
            }
        }
        self.pid.store(0, Ordering::Release);
        self.state.send_replace(State::Stopped);
    }
}
