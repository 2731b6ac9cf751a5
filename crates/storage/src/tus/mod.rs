//! Resumable uploads by the protocol TUS 1.0.0: creation (also with data, or without a length),
//! termination and expiration. `protocol` reads and writes its headers, `store` keeps what has
//! arrived; `routes::tus` answers.

pub(crate) mod protocol;
pub(crate) mod store;
