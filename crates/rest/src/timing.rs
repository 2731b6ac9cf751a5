//! What is told of a request besides its answer: how long each stage took (`Server-Timing`), and
//! which statements it came to. Both only where the configuration asks for it.

use std::time::Instant;

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// The stages so far, in milliseconds, and the statements.
#[derive(Debug, Default)]
pub struct Timing {
    last: Option<Instant>,
    stages: Vec<(&'static str, f64)>,
    statements: Option<Vec<String>>,
}

impl Timing {
    /// Starts the clock, if stages are to be timed.
    pub fn start(enabled: bool) -> Self {
        Self {
            last: enabled.then(Instant::now),
            ..Self::default()
        }
    }

    /// Keeps the statements, too.
    pub fn keep_statements(&mut self) {
        self.statements = Some(Vec::new());
    }

    /// Whether somebody wants to know them.
    pub(crate) fn keeps_statements(&self) -> bool {
        self.statements.is_some()
    }

    /// A statement that the request comes to.
    pub(crate) fn statement(&mut self, sql: &str) {
        if let Some(statements) = &mut self.statements {
            statements.push(sql.to_owned());
        }
    }

    /// The statements, where they have been kept.
    pub fn statements(&self) -> &[String] {
        self.statements.as_deref().unwrap_or_default()
    }

    /// Ends a stage.
    pub fn done(&mut self, stage: &'static str) {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            let took = now.duration_since(std::mem::replace(last, now));
            self.stages.push((stage, took.as_secs_f64() * 1000.0));
        }
    }

    /// Says it in the answer.
    pub fn told(&self, mut response: Response) -> Response {
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
