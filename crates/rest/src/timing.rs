//! `Server-Timing`: how long each stage of a request took, where the configuration asks for it.

use std::time::Instant;

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// The stages so far, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Timing {
    last: Option<Instant>,
    stages: Vec<(&'static str, f64)>,
}

impl Timing {
    /// Starts the clock, if stages are to be timed.
    pub(crate) fn start(enabled: bool) -> Self {
        Self {
            last: enabled.then(Instant::now),
            stages: Vec::new(),
        }
    }

    /// Ends a stage.
    pub(crate) fn done(&mut self, stage: &'static str) {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            let took = now.duration_since(std::mem::replace(last, now));
            self.stages.push((stage, took.as_secs_f64() * 1000.0));
        }
    }

    /// Says it in the answer.
    pub(crate) fn told(&self, mut response: Response) -> Response {
        let stages: Vec<String> = self
            .stages
            .iter()
            .map(|(stage, ms)| format!("{stage};dur={ms:.1}"))
            .collect();
        if let Ok(value) = HeaderValue::from_str(&stages.join(", "))
            && !stages.is_empty()
        {
            response
                .headers_mut()
                .insert(HeaderName::from_static("server-timing"), value);
        }
        response
    }
}
