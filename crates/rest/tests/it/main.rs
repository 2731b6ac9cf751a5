//! The instant API on a real PostgreSQL: each scenario file of `conformance/scenarios/rest` against
//! a database of its own, and what scenarios cannot say.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod large_answers;
mod large_bodies;
mod reload;
mod scenario;
mod sessions;
mod tokens;

macro_rules! chapters {
    ($($name:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                scenario::run(stringify!($name)).await;
            }
        )*
    };
}

chapters! {
    reading,
    filters,
    grammar,
    ranges,
    read_negotiation,
    embedding,
    relationships,
    keys,
    writing,
    functions,
    preferences,
    pagination,
    errors,
    transactions,
    media_types,
    aggregates,
    description,
    bodies,
    write_targets,
    upserts,
    write_answers,
    arguments,
    results,
    handlers,
    openapi,
    raised,
    negotiation,
    request_settings,
    transaction_end,
    argument_values,
    column_types,
    write_embedding,
    rights,
    function_forms,
    configured,
    root_spec,
    hidden_root,
    bad_input,
}
