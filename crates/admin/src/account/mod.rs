//! Administrators of the console: their records ([`store`]), passwords ([`password`]), sessions
//! ([`session`]), and what keeps guessing slow ([`lockout`]).

pub(crate) mod lockout;
pub(crate) mod password;
pub(crate) mod session;
pub(crate) mod store;

pub(crate) use store::{Administrator, Role};
