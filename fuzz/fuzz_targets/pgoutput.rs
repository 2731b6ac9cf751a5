//! Messages of `pgoutput`, and values of rows as JSON.
#![no_main]

use std::sync::Arc;

use bytes::Bytes;
use hearth_realtime::changes::render::{self, Form};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = hearth_wal::pgoutput::decode(Bytes::copy_from_slice(input));
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let numbers = Form::Array(Arc::new(Form::Number), ',');
    let pair = [("a".into(), Form::Text), ("b".into(), numbers.clone())];
    for form in [
        Form::Number,
        Form::Bool,
        Form::Text,
        Form::Timestamp,
        Form::Bytes,
        numbers,
        Form::Composite(pair.into()),
    ] {
        render::push(&mut String::new(), &form, text);
    }
    let _ = render::compare_numbers(text, "1.5");
});
