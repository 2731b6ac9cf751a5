//! Ways to prove who somebody is. Each ends in [`crate::issue`].

pub(crate) mod anonymous;
pub(crate) mod password;
pub(crate) mod pkce;
pub(crate) mod refresh;
pub(crate) mod wechat_mini;
