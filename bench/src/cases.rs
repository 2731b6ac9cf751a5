//! The kinds of requests that are measured, each with the transaction in which PostgreSQL would do
//! the whole work: rights, statement and JSON, as PostgREST asks for it. That is the limit's SQL,
//! however Hearth divides the work.

/// The part of a path or script that stands for a key drawn anew each time.
pub(crate) const KEY: &str = "KEY";

/// One kind of request.
pub(crate) struct Case {
    /// As it is named with `--cases`.
    pub(crate) short: &'static str,
    /// As the report names it.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// With [`KEY`] for a key from 1 to `keys`.
    pub(crate) path: &'static str,
    pub(crate) keys: u64,
    /// How many rows its body has.
    pub(crate) body_rows: usize,
    /// What pgbench runs between rights and commit.
    pub(crate) limit: &'static str,
    /// How many rows the limit's statement reads.
    pub(crate) rows: u64,
    /// On one connection, and on more.
    pub(crate) target: Option<f64>,
}

const READ: Case = Case {
    short: "",
    name: "",
    method: "GET",
    path: "",
    keys: 0,
    body_rows: 0,
    limit: "",
    rows: 0,
    target: None,
};

/// All of them.
pub(crate) const CASES: [Case; 7] = [
    Case {
        short: "one",
        name: "REST, one row by key",
        path: "/rest/v1/messages?select=*&id=eq.KEY",
        keys: crate::server::ROWS,
        limit: include_str!("../sql/limit/one_row.sql"),
        target: Some(1.5),
        ..READ
    },
    Case {
        short: "list",
        name: "REST, list of 50 rows",
        path: "/rest/v1/messages?select=*&order=id.desc&limit=50",
        limit: include_str!("../sql/limit/rows.sql"),
        rows: 50,
        target: Some(1.2),
        ..READ
    },
    Case {
        short: "thousand",
        name: "REST, list of 1,000 rows",
        path: "/rest/v1/messages?select=*&order=id.desc&limit=1000",
        limit: include_str!("../sql/limit/rows.sql"),
        rows: 1000,
        ..READ
    },
    Case {
        short: "embed",
        name: "REST, embedded on two levels",
        path: "/rest/v1/rooms?select=id,name,posts(id,text,people(name))&id=eq.KEY",
        keys: 1000,
        limit: include_str!("../sql/limit/embed.sql"),
        ..READ
    },
    Case {
        short: "insert",
        name: "REST, insert of one row",
        method: "POST",
        path: "/rest/v1/inbox",
        body_rows: 1,
        limit: include_str!("../sql/limit/insert.sql"),
        target: Some(1.2),
        ..READ
    },
    Case {
        short: "bulk",
        name: "REST, insert of 1,000 rows",
        method: "POST",
        path: "/rest/v1/inbox",
        body_rows: 1000,
        limit: include_str!("../sql/limit/insert.sql"),
        ..READ
    },
    Case {
        short: "rpc",
        name: "REST, call of a function",
        path: "/rest/v1/rpc/message_of?wanted=KEY",
        keys: crate::server::ROWS,
        limit: include_str!("../sql/limit/call.sql"),
        ..READ
    },
];

impl Case {
    /// The body: an array of rows.
    pub(crate) fn body(&self) -> String {
        let row = r##"{"username":"bench","bgcolor":"#336699","text":"one row, inserted by the benchmark"}"##;
        match self.body_rows {
            0 => String::new(),
            rows => format!("[{}]", vec![row; rows].join(",")),
        }
    }
}
