//! Start in order, run, stop in the reverse order. The first signal drains, the second cuts.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use hearth_apps::{AppSettings, NewApp, Registry};
use hearth_config::ServerConfig;
use hearth_core::Secret;
use hearth_gateway::Listener;
use hearth_pg::embedded::{DirLock, EmbeddedError};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::database::{OpenDatabase, Source, display_host};
use crate::root::RootState;
use crate::runtime_file::RuntimeFile;
use crate::{compose, demo};

/// Requests under way get so long to finish.
const DRAIN: Duration = Duration::from_secs(10);
/// Database connections that nobody used for so long are closed.
const IDLE: Duration = Duration::from_secs(60);

/// Runs the server until a signal.
pub(crate) async fn serve(config: ServerConfig) -> anyhow::Result<ExitCode> {
    // Handlers first: a signal during the start must still stop PostgreSQL in order.
    let stop = CancellationToken::new();
    stop_on_signals(stop.clone())?;
    // The port next: if it is taken, nothing has been started yet.
    let listener = match Listener::bind(&config.host, config.port, config.max_header_bytes).await {
        Ok(listener) => listener,
        Err(error) => {
            served_by_another(&config)?;
            return Err(error.into());
        }
    };
    let address = listener.address().context("the listening address")?;
    let url = format!("http://{}:{}", display_host(&config.host), address.port());

    let database = OpenDatabase::start(&config).await?;
    let served = run(&config, listener, &url, &database, stop).await;
    RuntimeFile::remove(&config.data_dir);
    database.close().await?;
    tracing::info!("stopped");
    served.map(|()| ExitCode::SUCCESS)
}

/// An error if another Hearth has the data directory: then it most likely has the port, too, and
/// another port would not help. Makes nothing.
fn served_by_another(config: &ServerConfig) -> Result<(), EmbeddedError> {
    if config.database_url.is_some() || !config.data_dir.join("hearth.lock").is_file() {
        return Ok(());
    }
    match DirLock::acquire(&config.data_dir) {
        Err(locked @ EmbeddedError::Locked { .. }) => Err(locked),
        _ => Ok(()),
    }
}

async fn run(
    config: &ServerConfig,
    listener: Listener,
    url: &str,
    database: &OpenDatabase,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let registry = &database.registry;
    for sentence in &database.cannot {
        tracing::warn!("not possible on this PostgreSQL: {sentence}");
    }
    if registry.list().is_empty() {
        first_application(registry).await?;
    }
    seed_wechat(config, registry).await?;
    if config.demo {
        demo::install(database).await?;
    }
    registry.follow();
    close_idle_connections(registry, stop.clone());
    let root = RootState {
        registry: registry.clone(),
        demo: config.demo,
    };
    let composed = compose::compose(config, registry, root, database)?;
    composed.admin.measure_always();
    composed.webhooks.start(registry);
    let first = composed
        .admin
        .first_administrator(administrator_password())
        .await
        .context("the console's first administrator")?;
    RuntimeFile::of(&database.server, database.tcp_port(), url.to_owned())
        .write(&config.data_dir)
        .context("server.json cannot be written to the data directory")?;
    if let Source::Embedded(embedded) = &database.source {
        embedded.announce(url);
    }
    announce(config, url, registry, first.as_ref());
    let realtime = composed.realtime.clone();
    // Slots that an earlier run left: clients may resume behind what they had.
    if let Err(error) = realtime.adopt(&registry.list()).await {
        tracing::warn!(%error, "replication slots could not be looked at");
    }
    let stopping = stop.clone();
    let stopped = async move {
        stopping.cancelled().await;
        tracing::info!("stopping: requests under way may finish, a second signal cuts them off");
        // Sockets never finish by themselves.
        realtime.shutdown().await;
    };
    listener.serve(composed.gateway, stopped, DRAIN).await;
    composed.webhooks.shutdown().await;
    if let Err(error) = registry.keep_activity().await {
        tracing::warn!(%error, "the reports' last counts could not be written down");
    }
    Ok(())
}

/// The first administrator's password, where the operator sets it.
fn administrator_password() -> Option<Secret> {
    std::env::var("HEARTH_ADMIN_PASSWORD")
        .ok()
        .filter(|password| !password.is_empty())
        .map(Secret::new)
}

async fn first_application(registry: &Arc<Registry>) -> anyhow::Result<()> {
    let reference = "default"
        .parse()
        .context("the default application's reference")?;
    registry
        .create(NewApp {
            name: "默认应用".to_owned(),
            reference: Some(reference),
            is_default: true,
            settings: AppSettings::default(),
        })
        .await
        .context("the default application")?;
    Ok(())
}

/// The mini program of the environment becomes the default application's, unless that has one.
async fn seed_wechat(config: &ServerConfig, registry: &Arc<Registry>) -> anyhow::Result<()> {
    let Some(app) = registry
        .default_app()
        .filter(|_| !config.wechat_appid.is_empty())
    else {
        return Ok(());
    };
    let mut settings = (*app.settings()).clone();
    if !settings.auth.wechat_mini_app_id.is_empty() {
        return Ok(());
    }
    settings.auth.wechat_mini_app_id = config.wechat_appid.clone();
    settings.auth.wechat_mini_app_secret = config.wechat_secret.clone();
    registry
        .set_settings(&app.reference, &settings)
        .await
        .context("the default application's WeChat mini program")
}

fn close_idle_connections(registry: &Arc<Registry>, stop: CancellationToken) {
    let registry = Arc::downgrade(registry);
    tokio::spawn(async move {
        while !stop.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(IDLE / 4) => {}
                () = stop.cancelled() => return,
            }
            let Some(registry) = registry.upgrade() else {
                return;
            };
            registry.close_idle(IDLE);
        }
    });
}

/// SIGINT and SIGTERM: the first cancels `stop`, the second ends the process at once. PostgreSQL
/// then stays behind for the next start to take over.
fn stop_on_signals(stop: CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        for round in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            stop.cancel();
            if round > 0 {
                tracing::warn!("cut off by a second signal");
                std::process::exit(130);
            }
        }
    });
    Ok(())
}

/// What a newcomer needs next.
#[allow(
    clippy::print_stdout,
    reason = "this is what the command was typed for"
)]
fn announce(
    config: &ServerConfig,
    url: &str,
    registry: &Arc<Registry>,
    first: Option<&(&'static str, Secret)>,
) {
    let base = config.public_url.as_deref().unwrap_or(url);
    let demo = config.demo.then(|| demo::REFERENCE.parse().ok()).flatten();
    let demo = demo.and_then(|reference| registry.get(&reference));
    println!();
    println!("  Hearth 炉火 {}", env!("CARGO_PKG_VERSION"));
    println!();
    if let Some(app) = &demo {
        println!("  聊天室  chat room   {base}/demo/chatroom/");
        println!("  应用    application {}", app.name);
        println!("  URL                 {base}/apps/{}", app.reference);
        println!("  anon key            {}", app.keys.anon);
        println!();
    }
    if let Some(app) = registry.default_app() {
        println!("  默认    default app {}", app.name);
        println!("  URL                 {base}");
        println!("  anon key            {}", app.keys.anon);
        println!();
    }
    println!("  控制台  console     {base}/console/");
    if let Some((username, password)) = first {
        println!("  用户名  user        {username}");
        // Shown this once: nothing but its hash is kept.
        match administrator_password() {
            Some(_) => println!("  密码    password    HEARTH_ADMIN_PASSWORD"),
            None => println!("  密码    password    {}", password.expose()),
        }
    }
    println!();
    println!(
        "  全部密钥 all keys    {} status --data-dir {}",
        shell_word(&executable()),
        shell_word(&config.data_dir)
    );
    println!("  停止    stop        Ctrl-C");
    println!();
}

/// How this program is called from the working directory.
fn executable() -> PathBuf {
    // Called by its bare name, it is on the search path.
    let called = std::env::args_os().next().map(PathBuf::from);
    if let Some(name) = called.filter(|path| path.components().count() == 1) {
        return name;
    }
    let Ok(path) = std::env::current_exe() else {
        return PathBuf::from("hearth");
    };
    let below = std::env::current_dir()
        .ok()
        .and_then(|dir| path.strip_prefix(dir).ok().map(Path::to_owned));
    match below {
        // A bare name would be looked for on the search path.
        Some(below) if below.components().count() == 1 => Path::new(".").join(below),
        Some(below) => below,
        None => path,
    }
}

/// `path` as one word for a shell.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+@%,:=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
