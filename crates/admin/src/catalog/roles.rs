//! Roles: to be looked at. They belong to the whole cluster, so an application's owner may not make
//! any; PostgreSQL would refuse it, and here it is said why.

use super::Listing;

pub(crate) const ROLES: Listing = Listing {
    sql: include_str!("../sql/roles.sql"),
    columns: "*",
    schema: None,
    order: "name",
    noun: "role",
    with_columns: false,
};

/// Without PostgreSQL's predefined roles.
pub(crate) const NOT_PREDEFINED: &str = "not starts_with(name, 'pg_')";
