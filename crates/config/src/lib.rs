//! Settings of the server: layers (defaults, file, environment, flags), then one validation. The
//! rest of the program sees only [`ServerConfig`]. They are static; what can change at run time
//! belongs to an application and lives in the control database.

pub mod load;
pub mod server;

pub use load::{ConfigError, load};
pub use server::{LogFormat, ServerConfig};

/// The defaults file, which is also the documentation of every setting.
pub const DEFAULTS: &str = include_str!("../../../hearth.default.toml");
