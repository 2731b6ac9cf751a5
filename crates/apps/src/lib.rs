//! Applications: an application is a database, keys and settings. This crate knows no service;
//! services hang their state on an application through [`PerApp`].

pub mod activity;
pub mod app;
pub mod context;
pub mod control;
pub mod database;
pub mod error;
pub mod per_app;
pub mod registry;
pub mod seal;
pub mod settings;
mod stored;
pub mod stream;

pub use activity::Activity;
pub use app::{App, AppState};
pub use context::{Bearer, Client, RequestContext};
pub use database::{AppDatabase, ServiceRole};
pub use error::RegistryError;
pub use per_app::PerApp;
pub use registry::{NewApp, Registry, RegistryOptions};
pub use settings::AppSettings;
pub use stream::{StreamReport, StreamState};
