//! Storage against a real PostgreSQL and a real directory.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod world;

mod away;
mod buckets;
mod download;
mod leftovers;
mod listing;
mod network;
mod policies;
mod refusals;
mod signed;
mod stores;
mod transfer;
mod tus;
mod upload;
