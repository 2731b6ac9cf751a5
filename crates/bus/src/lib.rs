//! Messages between the parts of one Hearth node, and later between nodes. Subjects are
//! `<app>/<topic>`; a message is bytes that were encoded once.

pub mod local;

pub use local::LocalBus;
