//! The binary as its user runs it: typed commands, signals, crashes, wrong input.

#![allow(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod commands;
mod console;
mod crashes;
mod external;
mod gateway;
mod isolation;
mod rest_alone;
mod server;
