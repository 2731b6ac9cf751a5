//! Log lines on standard error.

use anyhow::Context;
use hearth_config::{LogFormat, ServerConfig};
use tracing_subscriber::EnvFilter;

/// Starts logging as `config` says.
pub(crate) fn start(config: &ServerConfig) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log)
        .with_context(|| format!("setting log: {:?} is no log filter", config.log))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => builder.with_target(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}
