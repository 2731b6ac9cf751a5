//! Frames of both protocol versions, text and binary, and what is read out of their payloads.
#![no_main]

use bytes::Bytes;
use hearth_realtime::changes::{Resume, bindings, broadcast, filter};
use hearth_realtime::channel::join::Join;
use hearth_realtime::frame::{self, Version};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let frame = Bytes::copy_from_slice(input);
    for version in [Version::V1, Version::V2] {
        let text = std::str::from_utf8(input).ok();
        let decoded = text.map(|text| frame::decode_text(version, text));
        let binary = frame::decode_binary(version, frame.clone());
        for message in decoded.into_iter().chain([binary]).flatten() {
            let payload = message.payload.value();
            let topic = message.topic.as_str().into();
            let _ = Join::read(topic, message.join_ref, message.reference, &payload);
            let _ = Resume::read(payload.get("resume"));
            if let Value::Object(binding) = payload {
                let _ = bindings(&[binding]);
            }
        }
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = filter::parse(text);
    }
    let _ = broadcast::decode(frame, Default::default(), Default::default());
});
