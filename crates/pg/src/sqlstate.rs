//! Groups of SQLSTATE codes that Hearth treats alike.

use tokio_postgres::error::SqlState;

/// The server went away or is not ready: class 08, and 57P01 to 57P03.
pub fn is_connection_loss(code: &SqlState) -> bool {
    let code = code.code();
    code.starts_with("08") || matches!(code, "57P01" | "57P02" | "57P03" | "57P04")
}
