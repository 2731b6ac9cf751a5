//! PostgreSQL as Hearth uses it: the embedded cluster, connections and pools, the one place where
//! a caller's rights enter a transaction ([`scope`]), migrations, and LISTEN.

pub mod bootstrap;
pub mod callers;
pub mod connect;
pub mod embedded;
pub mod error;
pub mod external;
pub mod identifier;
pub mod listen;
pub mod migrate;
pub mod pool;
pub mod provision;
pub mod scope;
pub mod server;
pub mod sqlstate;
pub mod text_param;
pub mod tls;
pub mod wire;

pub use callers::Callers;
pub use connect::Target;
pub use error::{PgError, ServerError};
pub use migrate::{Migration, MigrationSet, Repeatable};
pub use pool::{Conn, PgClient, Pool};
pub use scope::{Access, Isolation, Rights, Scoped};
pub use server::{Login, Server};
pub use text_param::TextParam;
pub use tls::Tls;
pub use wire::{Collected, Footprint, JsonShape, Work};
pub use wire::{WireClient, WireConn, WirePool, WireRow};
