//! Who is present on a topic: keys, each with the metas of everyone who tracks under it.

use std::sync::Arc;

use serde_json::{Map, Value, json};

/// One tracked entry.
#[derive(Debug, Clone)]
struct Meta {
    /// The member of the topic that tracks it.
    member: u64,
    reference: String,
    previous: Option<String>,
    payload: Arc<Map<String, Value>>,
}

impl Meta {
    fn render(&self) -> Value {
        let mut meta = Map::with_capacity(self.payload.len() + 2);
        meta.insert("phx_ref".to_owned(), Value::String(self.reference.clone()));
        if let Some(previous) = &self.previous {
            meta.insert("phx_ref_prev".to_owned(), Value::String(previous.clone()));
        }
        for (name, value) in self.payload.iter() {
            if name != "phx_ref" && name != "phx_ref_prev" {
                meta.insert(name.clone(), value.clone());
            }
        }
        Value::Object(meta)
    }
}

/// The entries of one topic.
#[derive(Debug, Default)]
pub struct Presence {
    /// In the order of first tracking; topics have few keys as a rule, and order makes the state
    /// read the same for everyone.
    keys: Vec<(String, Vec<Meta>)>,
}

fn diff(key: &str, joins: Option<&Meta>, leaves: Option<&Meta>) -> Value {
    let side = |meta: Option<&Meta>| match meta {
        Some(meta) => json!({ key: { "metas": [meta.render()] } }),
        None => json!({}),
    };
    json!({ "joins": side(joins), "leaves": side(leaves) })
}

impl Presence {
    /// Tracks `member` under `key`, in place of what it tracked there before. Returns the diff to
    /// send: the new meta joins and, if there was one, the old meta leaves. Nothing if the
    /// payload is what it was.
    pub fn track(
        &mut self,
        member: u64,
        key: &str,
        reference: String,
        payload: Map<String, Value>,
    ) -> Option<Value> {
        let index = match self.keys.iter().position(|(name, _)| name == key) {
            Some(index) => index,
            None => {
                self.keys.push((key.to_owned(), Vec::with_capacity(1)));
                self.keys.len() - 1
            }
        };
        let metas = &mut self.keys[index].1;
        let mut new = Meta {
            member,
            reference,
            previous: None,
            payload: Arc::new(payload),
        };
        match metas.iter_mut().find(|meta| meta.member == member) {
            Some(old) if old.payload == new.payload => None,
            Some(old) => {
                new.previous = Some(old.reference.clone());
                let old = std::mem::replace(old, new.clone());
                Some(diff(key, Some(&new), Some(&old)))
            }
            None => {
                metas.push(new.clone());
                Some(diff(key, Some(&new), None))
            }
        }
    }

    /// Removes what `member` tracks under `key`; returns the diff, if it tracked anything.
    pub fn untrack(&mut self, member: u64, key: &str) -> Option<Value> {
        let index = self.keys.iter().position(|(name, _)| name == key)?;
        let metas = &mut self.keys[index].1;
        let at = metas.iter().position(|meta| meta.member == member)?;
        let old = metas.remove(at);
        if metas.is_empty() {
            self.keys.remove(index);
        }
        Some(diff(key, None, Some(&old)))
    }

    /// Everything that is tracked, as `presence_state` shows it.
    pub fn state(&self) -> Value {
        let keys = self.keys.iter().map(|(key, metas)| {
            let metas: Vec<Value> = metas.iter().map(Meta::render).collect();
            (key.clone(), json!({ "metas": metas }))
        });
        Value::Object(keys.collect())
    }

    /// Whether nobody tracks anything.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else {
            panic!("an object")
        };
        map
    }

    #[test]
    fn tracking_again_leaves_and_joins_in_one_diff() {
        let mut presence = Presence::default();
        let payload = |n: i32| object(json!({ "n": n }));
        let first = presence.track(1, "a", "r1".into(), payload(1)).unwrap();
        assert_eq!(
            first,
            json!({"joins": {"a": {"metas": [{"phx_ref": "r1", "n": 1}]}}, "leaves": {}})
        );
        assert!(presence.track(1, "a", "r2".into(), payload(1)).is_none());
        let again = presence.track(1, "a", "r3".into(), payload(2)).unwrap();
        assert_eq!(
            again,
            json!({
                "joins": {"a": {"metas": [{"phx_ref": "r3", "phx_ref_prev": "r1", "n": 2}]}},
                "leaves": {"a": {"metas": [{"phx_ref": "r1", "n": 1}]}}
            })
        );
    }

    #[test]
    fn several_members_share_a_key() {
        let mut presence = Presence::default();
        presence.track(1, "a", "r1".into(), object(json!({"n": 1})));
        presence.track(2, "a", "r2".into(), object(json!({"n": 2})));
        assert_eq!(presence.state()["a"]["metas"].as_array().unwrap().len(), 2);
        let left = presence.untrack(1, "a").unwrap();
        assert_eq!(left["leaves"]["a"]["metas"][0]["n"], 1);
        assert!(presence.untrack(1, "a").is_none());
        presence.untrack(2, "a");
        assert!(presence.is_empty());
    }
}
