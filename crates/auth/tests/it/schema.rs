//! The tables are what users' SQL relies on.

use crate::client::Client;

#[tokio::test]
async fn the_tables_belong_to_the_service_and_say_which_gotrue_they_equal() {
    let client = Client::new().await;
    let owners = "select string_agg(distinct pg_get_userbyid(relowner), ',') from pg_class
                  where relnamespace = 'auth'::regnamespace";
    assert_eq!(
        client.value(owners).await.as_deref(),
        Some("supabase_auth_admin")
    );
    let latest = "select max(version) from auth.schema_migrations";
    assert_eq!(
        client.value(latest).await.as_deref(),
        Some("20260625000000")
    );
    let open = "select string_agg(c.relname, ',') from pg_class c, unnest(array['anon',
                  'authenticated', 'service_role']) as role
                where relnamespace = 'auth'::regnamespace and relkind = 'r'
                  and has_table_privilege(role, c.oid, 'select')";
    assert_eq!(client.value(open).await, None);
}

#[tokio::test]
async fn the_claim_functions_read_both_forms_of_the_settings() {
    let client = Client::new().await;
    let id = "11111111-1111-4111-8111-111111111111";
    let db = client.app.owner().await.unwrap();
    let ask = "select concat_ws(' ', auth.uid(), auth.role(), auth.email())";
    let ask = async || db.query_one(ask, &[]).await.unwrap().get::<_, String>(0);
    assert_eq!(ask().await, "");
    db.batch_execute(&format!(
        "set request.jwt.claims = '{{\"sub\": \"{id}\", \"role\": \"r\", \"email\": \"e\"}}'"
    ))
    .await
    .unwrap();
    assert_eq!(ask().await, format!("{id} r e"));
    db.batch_execute(&format!(
        "set request.jwt.claims = ''; set request.jwt.claim.sub = '{id}';
         set request.jwt.claim.role = 'old'"
    ))
    .await
    .unwrap();
    assert_eq!(ask().await, format!("{id} old"));
}
