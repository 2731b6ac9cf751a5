//! Log lines on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use hearth_config::{LogFormat, ServerConfig};
use tracing_subscriber::EnvFilter;

/// Starts logging as `config` says.
pub(crate) fn start(config: &ServerConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)
        .with_context(|| format!("setting log: {:?} is no log filter", config.log))?;
    // PostgreSQL's notices ("… does not exist, skipping") are of no use to an operator.
    let quiet = "tokio_postgres=warn"
        .parse()
        .context("the filter for notices")?;
    let filter = filter.add_directive(quiet);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Starts logging for a command that has its own lines: only what must not pass unseen is added.
pub(crate) fn start_plain() -> anyhow::Result<()> {
    let filter = EnvFilter::try_new("warn").context("the filter for warnings")?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}
