//! The PostgreSQL cluster that Hearth runs itself: found or made at start, supervised while Hearth
//! runs, stopped with it. One that an earlier Hearth left behind by a crash is taken over.
//!
//! Read [`Embedded::start`] first; the files beside it are its steps.

mod account;
mod error;
mod initdb;
mod install;
mod lock;
mod log;
mod place;
mod process;
mod record;
mod settings;
mod status;
mod supervisor;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use tokio::sync::{mpsc, watch};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

pub use error::EmbeddedError;
pub use lock::DirLock;
pub use log::{LogLine, ServerLog};
pub use status::State;

use self::account::Account;
use self::place::Places;
use self::process::{Launch, Postmaster};
use self::record::Record;
use self::supervisor::{Order, Supervisor};
use crate::connect::connect;
use crate::error::PgError;
use crate::server::{Login, Powers, Server};

/// How to start the cluster.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedConfig {
    /// Hearth's data directory; the cluster is `postgres` in it.
    pub data_dir: PathBuf,
    /// Folder with PostgreSQL's programs (`HEARTH_PG_BIN`); `None` searches for them.
    pub bin: Option<PathBuf>,
    /// Loopback port; `None` takes a free one and keeps it.
    pub port: Option<u16>,
    /// Settings of PostgreSQL that go over Hearth's defaults.
    pub settings: Vec<(String, String)>,
}

/// A running cluster. Dropped without [`Embedded::stop`], it is stopped in the background.
#[derive(Debug)]
pub struct Embedded {
    server: Server,
    port: u16,
    version: String,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<State>,
    pid: Arc<AtomicI32>,
    log: ServerLog,
    lock: DirLock,
}

impl Embedded {
    /// Finds PostgreSQL's programs, makes the cluster if there is none, starts it or takes over
    /// one that still runs, and returns when it takes connections.
    ///
    /// # Errors
    /// In words for the person who started Hearth.
    pub async fn start(config: EmbeddedConfig) -> Result<Self, EmbeddedError> {
        let data_dir = place::prepare_data_dir(&config.data_dir)?;
        let lock = DirLock::acquire(&data_dir)?;
        let account = Account::choose(&place::current_cluster(&data_dir))?;
        let places = Places::prepare(&data_dir, account.as_ref())?;
        let existing = initdb::major_version(&places.cluster)?;
        let mut record = Record::load_or_create(&data_dir, &places.cluster)?;
        let binaries = install::find(&install::Search {
            configured: config.bin.as_deref(),
            data_dir: &data_dir,
            wanted: existing,
            account: account.as_ref(),
            known: record.program.as_ref(),
        })
        .await?;
        record.remember(binaries.program(), &binaries.told, &data_dir);
        if existing.is_none() {
            initdb::create(&binaries, &places, account.as_ref(), &record.admin_password).await?;
        }
        let unchanged = settings::write(&places.cluster, &config.settings, account.as_ref())?;

        let mut launch = Launch {
            binaries,
            account,
            places,
            arguments: Vec::new(),
        };
        let port = config.port.unwrap_or(record.port);
        launch.arguments = settings::arguments(&launch.places, port);
        let taken_over = if unchanged {
            take_over(&launch, &server(&launch.places, port, &record)).await
        } else {
            None
        };
        let postmaster = match taken_over {
            Some(postmaster) => postmaster,
            None => {
                stop_other(&launch).await;
                record.settle_port(config.port, &data_dir)?;
                start_anew(&mut launch, &record).await?
            }
        };

        let port = config.port.unwrap_or(record.port);
        let server = server(&launch.places, port, &record);
        let (orders, receiver) = mpsc::channel(1);
        let (sender, state) = watch::channel(State::Running);
        let pid = Arc::new(AtomicI32::new(postmaster.pid()));
        let version = launch.binaries.version.clone();
        let log = ServerLog::at(&launch.places.log);
        let supervisor = Supervisor {
            launch,
            orders: receiver,
            state: sender,
            pid: Arc::clone(&pid),
        };
        tokio::spawn(supervisor.run(postmaster));
        Ok(Self {
            server,
            port,
            version,
            orders,
            state,
            pid,
            log,
            lock,
        })
    }

    /// How to connect, as the cluster's superuser `supabase_admin`.
    pub fn server(&self) -> Server {
        self.server.clone()
    }

    /// The port on 127.0.0.1, for tools; Hearth itself uses the socket.
    pub fn tcp_port(&self) -> u16 {
        self.port
    }

    /// PostgreSQL's version as it tells it: `18.4`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What PostgreSQL says.
    pub fn log(&self) -> ServerLog {
        self.log.clone()
    }

    /// The postmaster's process, while there is one.
    pub fn pid(&self) -> Option<u32> {
        u32::try_from(self.pid.load(Ordering::Acquire))
            .ok()
            .filter(|pid| *pid != 0)
    }

    /// Where the cluster stands, and every change of that.
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Says where Hearth can be reached, to whoever tries to start a second one on this data
    /// directory.
    pub fn announce(&self, address: &str) {
        self.lock.announce(address);
    }

    /// Stops PostgreSQL: sessions are cut, everything is written. Returns when it has ended.
    pub async fn stop(&self) {
        self.order(Order::Stop).await;
    }

    /// Lets go of PostgreSQL without stopping it: the next start on this data directory takes it
    /// over, so that replacing Hearth itself costs its sessions no restart of the database.
    pub async fn leave(self) {
        self.order(Order::Leave).await;
    }

    async fn order(&self, order: Order) {
        // A closed channel means that an earlier order ended the supervisor.
        let _ = self.orders.send(order).await;
        let mut state = self.state.clone();
        let _ = state.wait_for(|state| *state == State::Stopped).await;
    }
}

/// The postmaster that an earlier Hearth left behind, if it was started as it would be now and
/// lets us in: one that is on its way out does not.
async fn take_over(launch: &Launch, login: &Server) -> Option<Postmaster> {
    let (mut postmaster, same_start) = launch.running()?;
    let usable =
        same_start && launch.ready(&mut postmaster).await.is_ok() && log_in(login).await.is_ok();
    if usable {
        tracing::info!(
            pid = postmaster.pid(),
            "taking over the PostgreSQL that runs already"
        );
        return Some(postmaster);
    }
    None
}

/// Stops a postmaster that could not be taken over.
async fn stop_other(launch: &Launch) {
    if let Some((mut other, _)) = launch.running() {
        tracing::info!(
            pid = other.pid(),
            "stopping the PostgreSQL of an earlier start"
        );
        launch.stop(&mut other).await;
    }
}

async fn start_anew(launch: &mut Launch, record: &Record) -> Result<Postmaster, EmbeddedError> {
    launch.arguments = settings::arguments(&launch.places, record.port);
    let mut postmaster = launch.spawn()?;
    launch.ready(&mut postmaster).await?;
    // Nobody logs in to see whether it works: the first connection to each database is the dear
    // one after a start, and `postgres` is a database that nothing else needs.
    Ok(postmaster)
}

async fn log_in(server: &Server) -> Result<(), PgError> {
    let config = server.config(&Login::Admin, &server.maintenance_database);
    connect(&config).await.map(|_| ())
}

fn server(places: &Places, port: u16, record: &Record) -> Server {
    let mut base = Config::new();
    base.host_path(&places.sockets)
        .port(port)
        .ssl_mode(SslMode::Disable);
    Server {
        base,
        admin_user: initdb::ADMIN.to_owned(),
        admin_password: record.admin_password.clone(),
        service_password: record.service_password.clone(),
        maintenance_database: "postgres".to_owned(),
        powers: Powers::ALL,
    }
}
