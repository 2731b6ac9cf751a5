//! `hearth serve`: the server in the foreground.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::Common;
use crate::{lifecycle, telemetry};

#[derive(Debug, Args, Serialize)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    #[serde(flatten)]
    common: Common,
    /// Port to answer on [default: 8000].
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    /// Address to answer on [default: 127.0.0.1].
    #[arg(long, value_name = "H")]
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Install the chat-room demo and serve its page at /demo/chatroom/.
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    demo: bool,
    /// The address that clients use, when a proxy stands in front.
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_url: Option<String>,
    /// Applications answer at <ref>.<DOMAIN>, too.
    #[arg(long, value_name = "DOMAIN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    base_domain: Option<String>,
    /// error, warn, info, debug or trace [default: info].
    #[arg(long, value_name = "FILTER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = hearth_config::load(args.common.config.as_deref(), &args)?;
    telemetry::start(&config)?;
    lifecycle::serve(config).await
}
