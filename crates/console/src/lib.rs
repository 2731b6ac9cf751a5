//! hearth-console
