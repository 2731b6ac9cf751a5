//! The vocabulary every Hearth crate shares: ids, claims, clock, errors and secrets.
//! It performs no I/O and knows of HTTP only the status type.

pub mod claims;
pub mod clock;
pub mod error;
pub mod ids;
pub mod secret;

pub use claims::Claims;
pub use clock::{Clock, SystemClock};
pub use error::{ApiError, ErrorKind};
pub use ids::{AppRef, RequestId};
pub use secret::Secret;
