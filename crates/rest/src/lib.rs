//! hearth-rest
