//! Pages of an application's users.
//!
//! The page's ids are found first and the users read after, so that users who are skipped cost no
//! look at their identities: the last page of a hundred thousand users is as quick as the first.

use hearth_pg::PgError;
use uuid::Uuid;

use crate::database::Db;
use crate::user::User;

/// Which users.
#[derive(Debug, Clone)]
pub(crate) struct UserList<'a> {
    pub(crate) audience: &'a str,
    /// Upstream's filter: a part of the address (as it is) or of `full_name`.
    pub(crate) filter: Option<String>,
    /// The console's search: a part of address, phone number or name, an id or a WeChat id.
    pub(crate) search: Option<String>,
    pub(crate) oldest_first: bool,
}

/// Text, phone number and WeChat id are compared with a pattern; an id as a whole.
macro_rules! matching {
    () => {
        "from auth.users u
         where u.instance_id = '00000000-0000-0000-0000-000000000000' and u.aud = $1
           and ($2::text is null or u.email like $2
                or u.raw_user_meta_data ->> 'full_name' ilike $2)
           and ($3::text is null or u.email ilike $3 or u.phone like $3
                or u.wechat_id = $4 or u.wechat_unionid = $4 or u.id = $5
                or u.raw_user_meta_data ->> 'full_name' ilike $3
                or u.raw_user_meta_data ->> 'name' ilike $3
                or u.raw_user_meta_data ->> 'nickname' ilike $3)"
    };
}

impl UserList<'_> {
    /// `limit` users after the first `offset`, and how many there are in all.
    pub(crate) async fn page(
        &self,
        db: &Db,
        limit: i64,
        offset: i64,
    ) -> Result<(Vec<User>, u64), PgError> {
        const NEWEST: &str = concat!(
            include_str!("sql/user.sql"),
            " where u.id = any (array(select u.id ",
            matching!(),
            " order by u.created_at desc, u.id desc limit $6 offset $7))
              order by u.created_at desc, u.id desc"
        );
        const OLDEST: &str = concat!(
            include_str!("sql/user.sql"),
            " where u.id = any (array(select u.id ",
            matching!(),
            " order by u.created_at, u.id limit $6 offset $7)) order by u.created_at, u.id"
        );
        const COUNT: &str = concat!("select count(*) ", matching!());
        let filter = self.filter.as_ref().map(|text| format!("%{text}%"));
        let pattern = self
            .search
            .as_ref()
            .map(|text| format!("%{}%", literally(text)));
        let id = self
            .search
            .as_ref()
            .and_then(|text| text.parse::<Uuid>().ok());
        let search = &self.search;
        let sql = if self.oldest_first { OLDEST } else { NEWEST };
        let rows = db
            .query(
                sql,
                &[
                    &self.audience,
                    &filter,
                    &pattern,
                    search,
                    &id,
                    &limit,
                    &offset,
                ],
            )
            .await?;
        let users: Result<Vec<_>, _> = rows.iter().map(User::from_row).collect();
        let count = db
            .first(COUNT, &[&self.audience, &filter, &pattern, search, &id])
            .await?;
        let total: i64 = count.map_or(Ok(0), |row| row.try_get(0))?;
        Ok((users?, u64::try_from(total).unwrap_or(0)))
    }
}

/// A text as the pattern that only it fits.
fn literally(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_")
}
