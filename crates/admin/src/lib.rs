//! hearth-admin
