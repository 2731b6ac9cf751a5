//! Stored broadcasts of a private channel, for a join that asks for those it missed.

use hearth_apps::{App, ServiceRole};
use serde_json::Value;

use crate::error::Refusal;
use crate::frame::{self, Encoding, Version};
use crate::shared::Shared;

/// Most messages of one replay.
const MOST: i64 = 25;

/// What a join asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    since: i64,
    limit: i64,
}

impl Replay {
    /// Reads `config.broadcast.replay`.
    ///
    /// # Errors
    /// [`Refusal::ReplayParams`].
    pub fn read(value: &Value) -> Result<Self, Refusal> {
        let limit = match &value["limit"] {
            Value::Null => Some(MOST),
            limit => limit.as_i64(),
        };
        match (value["since"].as_i64(), limit) {
            (Some(since), Some(limit)) => Ok(Self {
                since,
                limit: limit.clamp(1, MOST),
            }),
            _ => Err(Refusal::ReplayParams),
        }
    }
}

/// A stored message.
pub struct Stored {
    id: uuid::Uuid,
    event: String,
    payload: Option<String>,
    binary: Option<Vec<u8>>,
}

const LOAD: &str = "
select id, event, payload::text, binary_payload
from realtime.messages
where topic = $1 and private and extension = 'broadcast' and event is not null
  and inserted_at >= to_timestamp($2::bigint / 1000.0) at time zone 'utc'
  and inserted_at < (now() at time zone 'utc') + interval '1 minute'
order by inserted_at desc
limit $3";

/// Reads them, oldest first.
///
/// # Errors
/// [`Refusal::ReplayFailed`], or that the time is none.
pub async fn load(app: &App, topic: &str, replay: &Replay) -> Result<Vec<Stored>, Refusal> {
    if chrono::DateTime::from_timestamp_millis(replay.since).is_none() {
        return Err(Refusal::ReplayParams);
    }
    let work = async {
        let client = app.database.service(ServiceRole::Realtime).await?;
        let statement = client.prepare(LOAD).await?;
        let rows = client
            .query(&statement, &[&topic, &replay.since, &replay.limit])
            .await?;
        Ok::<_, hearth_pg::PgError>(rows)
    };
    let rows = work.await.map_err(|error| {
        tracing::warn!(app = %app.reference, %error, code = "UnableToReplayMessages");
        Refusal::ReplayFailed
    })?;
    let stored = rows.iter().rev().map(|row| Stored {
        id: row.get(0),
        event: row.get(1),
        payload: row.get(2),
        binary: row.get(3),
    });
    Ok(stored.collect())
}

impl Stored {
    /// Its id, as broadcasts out of the log carry it.
    pub fn id(&self) -> Box<str> {
        self.id.to_string().into()
    }

    /// Sends it to the client that asked.
    pub fn send(&self, shared: &Shared, join_ref: &Value, topic: &str) {
        let meta = format!(r#"{{"id":"{}","replayed":true}}"#, self.id);
        match (&self.binary, &self.payload) {
            (Some(binary), _) => {
                if shared.version == Version::V2 {
                    let frame = frame::v2::user_broadcast(
                        topic,
                        &self.event,
                        &meta,
                        Encoding::Binary,
                        binary,
                    );
                    if let Some(frame) = frame {
                        shared.outbox.push(frame);
                    }
                }
            }
            (None, payload) => {
                let mut text = String::from("{\"event\":");
                frame::push_json_string(&mut text, &self.event);
                text.push_str(",\"meta\":");
                text.push_str(&meta);
                text.push_str(",\"payload\":");
                text.push_str(payload.as_deref().unwrap_or("null"));
                text.push_str(",\"type\":\"broadcast\"}");
                shared.push(join_ref, topic, "broadcast", &text);
            }
        }
    }
}
