//! hearth-wal
