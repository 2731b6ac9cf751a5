//! The gateway: everything that happens to a request before and after the service that answers
//! it. Read [`stack`] first.

pub mod app_lookup;
pub mod authenticate;
pub mod cors;
pub mod error;
pub mod fence;
pub mod limits;
pub mod listen;
pub mod request_log;
pub mod stack;

pub use listen::{ListenError, Listener};
pub use stack::{Gateway, GatewayConfig, Services};
