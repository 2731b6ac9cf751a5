//! The binary as its user runs it: typed commands, signals, crashes, wrong input.

mod commands;
mod crashes;
mod external;
mod gateway;
mod isolation;
mod server;
