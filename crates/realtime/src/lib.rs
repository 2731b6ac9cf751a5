//! hearth-realtime
