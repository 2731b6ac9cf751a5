//! SQL that people type: a script becomes statements ([`split`]), each is run with bounds on time,
//! rows and bytes ([`engine`]), values become JSON ([`value`]), a refusal keeps its place in the
//! script ([`failure`]). [`runs`] is what can be cancelled.

pub(crate) mod engine;
pub(crate) mod failure;
pub(crate) mod runs;
pub(crate) mod split;
pub(crate) mod value;
