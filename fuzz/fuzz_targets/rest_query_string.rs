//! Any query string: an answer or a refusal, never a panic, never endless.
#![no_main]

use hearth_rest::request::query_string::QueryString;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|raw: &str| {
    let _ = QueryString::parse(raw, false);
    let _ = QueryString::parse(raw, true);
});
