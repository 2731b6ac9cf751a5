//! Object storage: buckets and objects under row level security of `storage.*`, bytes in a local
//! directory (or, by URL, an object store).
//!
//! A request becomes a [`call::Call`]; `routes` decides which endpoint it is. All uploads meet in
//! `uploader`, all downloads in `download`. Rows are read and written as the caller through
//! `database`; where an endpoint acts beyond the caller's rights, it says `as_service`.

mod backend;
mod body;
mod call;
mod database;
mod download;
mod drain;
mod error;
mod jwt_text;
mod names;
mod permission;
mod routes;
mod rows;
mod schema;
mod signed_url;
mod state;
mod sweep;
mod tus;
mod uploader;
mod wire;

pub use error::StorageError;
pub use state::{Storage, StorageConfig, StorageStartError};

use hearth_pg::{Migration, MigrationSet, Repeatable};

/// What storage needs in each application's database.
pub fn migrations() -> MigrationSet {
    MigrationSet {
        service: "storage",
        numbered: &[Migration {
            number: 1,
            name: "tables",
            sql: include_str!("../migrations/0001_tables.sql"),
        }],
        repeatable: &[
            Repeatable {
                name: "names",
                sql: include_str!("../functions/names.sql"),
            },
            Repeatable {
                name: "listing",
                sql: include_str!("../functions/listing.sql"),
            },
        ],
    }
}

pub use routes::router;
