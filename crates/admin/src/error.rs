//! What the console's API and `/pg` refuse, in words of two languages, and the two dialects that
//! it is written in: the console's own, and postgres-meta's.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hearth_apps::RegistryError;
use hearth_core::AppRef;
use hearth_core::error::{ApiError, ErrorKind};
use hearth_pg::PgError;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::run::failure::SqlFailure;

/// A refusal.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AdminError {
    /// No session, or one that has ended.
    #[error("Sign in first")]
    NotSignedIn,
    /// Unknown user or wrong password: which of them is not said.
    #[error("The user name or the password is wrong")]
    InvalidCredentials,
    /// Too many failures.
    #[error("Too many failed attempts: try again in {seconds} seconds")]
    Locked {
        /// How long it lasts.
        seconds: u64,
    },
    /// The header that no foreign page can send is absent.
    #[error("The header X-Hearth-Console is missing")]
    Csrf,
    /// The administrator's role does not allow it.
    #[error("Your role ({role}) may not do this")]
    Forbidden {
        /// The role.
        role: &'static str,
    },
    /// The service key is wanted.
    #[error("This needs the application's service key")]
    ServiceKey,
    /// There is no such application, or not for this administrator.
    #[error("There is no application {0}")]
    NoApp(String),
    /// It is there already.
    #[error("There is an application {0} already")]
    AppExists(AppRef),
    /// It cannot go.
    #[error("{0} is the default application and cannot be deleted")]
    DefaultApp(AppRef),
    /// The confirmation is not its reference.
    #[error("To delete the application with all its data, confirm with its reference {0}")]
    Confirm(AppRef),
    /// The body cannot be read.
    #[error("The request body cannot be read: {0}")]
    Body(String),
    /// A value of the request makes no sense.
    #[error("{en}")]
    Invalid {
        /// Why, in English.
        en: Cow<'static, str>,
        /// Why, in Chinese.
        zh: Cow<'static, str>,
    },
    /// Another of that name is there already.
    #[error("There is an administrator {0} already")]
    AdministratorExists(String),
    /// There is none.
    #[error("There is no administrator {0}")]
    NoAdministrator(String),
    /// Somebody has to be left who may do everything.
    #[error("At least one owner of all applications must remain")]
    LastOwner,
    /// There is no such saved query.
    #[error("There is no saved query {0}")]
    NoQuery(String),
    /// PostgreSQL is somebody else's.
    #[error("PostgreSQL's log is on the server that it runs on, which is not Hearth's own")]
    NoServerLog,
    /// No route.
    #[error("Not found")]
    NoRoute,
    /// There is no such table, column, policy …; postgres-meta's words.
    #[error("{0}")]
    NoObject(String),
    /// postgres-meta's own refusals.
    #[error("{0}")]
    Meta(String),
    /// No run of that id is under way.
    #[error("No run {0} is under way")]
    NoRun(String),
    /// Two runs at once under one id.
    #[error("A run {0} is under way already")]
    RunExists(String),
    /// The application's runs are all taken.
    #[error("Too many statements are running: wait for one to end, or cancel it")]
    TooManyRuns,
    /// PostgreSQL refused a statement.
    #[error("{}", .0.message)]
    Sql(Box<SqlFailure>),
    /// PostgreSQL is away.
    #[error("The database is not available: {0}")]
    Unavailable(String),
    /// Hearth's own fault; the cause is in the log.
    #[error("An unexpected error occurred")]
    Internal,
}

impl AdminError {
    /// A value that makes no sense, in both languages.
    pub(crate) fn invalid(
        en: impl Into<Cow<'static, str>>,
        zh: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid {
            en: en.into(),
            zh: zh.into(),
        }
    }

    /// Logs `cause` and hides it.
    pub(crate) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %hearth_pg::connect::describe(cause), "the console's API failed");
        Self::Internal
    }

    fn chinese(&self) -> Cow<'_, str> {
        match self {
            Self::NotSignedIn => "请先登录".into(),
            Self::InvalidCredentials => "用户名或密码错误".into(),
            Self::Locked { seconds } => format!("失败次数过多，请在 {seconds} 秒后重试").into(),
            Self::Csrf => "缺少请求头 X-Hearth-Console".into(),
            Self::Forbidden { role } => format!("您的角色（{role}）无权执行此操作").into(),
            Self::ServiceKey => "此操作需要应用的 service 密钥".into(),
            Self::NoApp(reference) => format!("应用 {reference} 不存在").into(),
            Self::AppExists(reference) => format!("应用 {reference} 已存在").into(),
            Self::DefaultApp(reference) => format!("{reference} 是默认应用，不能删除").into(),
            Self::Confirm(reference) => {
                format!("删除应用及其全部数据，需输入应用标识 {reference} 确认").into()
            }
            Self::Body(reason) => format!("无法读取请求内容：{reason}").into(),
            Self::Invalid { zh, .. } => Cow::Borrowed(zh),
            Self::AdministratorExists(name) => format!("管理员 {name} 已存在").into(),
            Self::NoAdministrator(name) => format!("管理员 {name} 不存在").into(),
            Self::LastOwner => "至少要保留一个拥有全部应用的所有者".into(),
            Self::NoQuery(id) => format!("没有已保存的查询 {id}").into(),
            Self::NoServerLog => "PostgreSQL 不由炉火运行，请到它所在的服务器上查看日志".into(),
            Self::NoRoute => "未找到".into(),
            Self::NoRun(id) => format!("没有正在运行的 {id}").into(),
            Self::RunExists(id) => format!("{id} 已在运行").into(),
            Self::TooManyRuns => "正在运行的语句过多，请等待其结束或取消".into(),
            Self::Unavailable(reason) => format!("数据库暂不可用：{reason}").into(),
            Self::Internal => "发生意外错误".into(),
            // PostgreSQL's and postgres-meta's words stay theirs.
            Self::NoObject(_) | Self::Meta(_) | Self::Sql(_) => self.message(),
        }
    }

    fn body(&self, dialect: Dialect, chinese: bool) -> Value {
        let message = if chinese {
            self.chinese()
        } else {
            self.message()
        };
        let mut body = Map::new();
        match dialect {
            Dialect::Console => {
                body.insert("code".to_owned(), json!(self.code()));
                body.insert("message".to_owned(), json!(message));
                for (key, value) in [("hint", self.hint()), ("details", self.details())] {
                    if let Some(value) = value {
                        body.insert(key.to_owned(), json!(value));
                    }
                }
                if let Self::Sql(failure) = self {
                    body.extend(failure.fields());
                }
            }
            Dialect::Meta => {
                if let Self::Sql(failure) = self
                    && failure.as_query
                {
                    body.insert("error".to_owned(), json!(failure.formatted()));
                    body.extend(failure.fields());
                } else {
                    body.insert("error".to_owned(), json!(self.to_string()));
                }
            }
        }
        Value::Object(body)
    }
}

impl ApiError for AdminError {
    fn code(&self) -> Cow<'_, str> {
        let code = match self {
            Self::NotSignedIn => "not_signed_in",
            Self::InvalidCredentials => "invalid_credentials",
            Self::Locked { .. } => "locked",
            Self::Csrf => "missing_header",
            Self::Forbidden { .. } => "forbidden",
            Self::ServiceKey => "service_key_required",
            Self::NoApp(_) => "app_not_found",
            Self::AppExists(_) => "app_exists",
            Self::DefaultApp(_) => "app_is_default",
            Self::Confirm(_) => "confirmation_required",
            Self::Body(_) => "invalid_body",
            Self::Invalid { .. } | Self::Meta(_) => "invalid_value",
            Self::AdministratorExists(_) => "administrator_exists",
            Self::NoAdministrator(_) => "administrator_not_found",
            Self::LastOwner => "last_owner",
            Self::NoQuery(_) => "query_not_found",
            Self::NoServerLog => "no_server_log",
            Self::NoRoute => "no_route",
            Self::NoObject(_) => "not_found",
            Self::NoRun(_) => "run_not_found",
            Self::RunExists(_) => "run_exists",
            Self::TooManyRuns => "too_many_runs",
            Self::Sql(failure) => return Cow::Borrowed(&failure.code),
            Self::Unavailable(_) => "database_unavailable",
            Self::Internal => "internal",
        };
        code.into()
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotSignedIn | Self::InvalidCredentials => StatusCode::UNAUTHORIZED,
            Self::Locked { .. } | Self::TooManyRuns => StatusCode::TOO_MANY_REQUESTS,
            Self::Csrf | Self::Forbidden { .. } | Self::ServiceKey => StatusCode::FORBIDDEN,
            Self::NoApp(_)
            | Self::NoAdministrator(_)
            | Self::NoQuery(_)
            | Self::NoServerLog
            | Self::NoRoute
            | Self::NoObject(_)
            | Self::NoRun(_) => StatusCode::NOT_FOUND,
            Self::AppExists(_)
            | Self::DefaultApp(_)
            | Self::AdministratorExists(_)
            | Self::LastOwner
            | Self::RunExists(_) => StatusCode::CONFLICT,
            Self::Confirm(_) | Self::Body(_) | Self::Invalid { .. } | Self::Meta(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Sql(_) => StatusCode::BAD_REQUEST,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn details(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Sql(failure) => failure.detail.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Sql(failure) => failure.hint.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Sql(_) | Self::Unavailable(_) => ErrorKind::Postgres,
            Self::Locked { .. } | Self::TooManyRuns => ErrorKind::Limit,
            Self::Internal => ErrorKind::Internal,
            _ => ErrorKind::Client,
        }
    }
}

impl From<PgError> for AdminError {
    fn from(error: PgError) -> Self {
        if error.is_unavailable() || matches!(error, PgError::PoolTimeout) {
            return Self::Unavailable(hearth_pg::connect::describe(&error));
        }
        match error.db_error() {
            Some(db) => Self::Sql(Box::new(SqlFailure::new(db, "", 0))),
            None => Self::internal(&error),
        }
    }
}

impl From<tokio_postgres::Error> for AdminError {
    fn from(error: tokio_postgres::Error) -> Self {
        PgError::from(error).into()
    }
}

impl From<RegistryError> for AdminError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::NotFound(reference) => Self::NoApp(reference.to_string()),
            RegistryError::Exists(reference) => Self::AppExists(reference),
            RegistryError::Default(reference) => Self::DefaultApp(reference),
            RegistryError::Postgres(error) if error.is_unavailable() => error.into(),
            error => Self::internal(&error),
        }
    }
}

impl IntoResponse for AdminError {
    /// Without a body yet: the outermost layer writes it in its own dialect.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        let seconds = match &self {
            Self::Locked { seconds } => Some(*seconds),
            Self::Unavailable(_) | Self::TooManyRuns => Some(1),
            _ => None,
        };
        if let Some(seconds) = seconds {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// How a refusal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The console's: `code`, `message` in the client's language, `hint`, `details`.
    Console,
    /// postgres-meta's: `error`.
    Meta,
}

/// Writes refusals of the console's API.
pub(crate) async fn write_console(request: Request, next: Next) -> Response {
    let chinese = prefers_chinese(request.headers());
    let mut response = write(next.run(request).await, Dialect::Console, chinese);
    // Keys and users' data: nothing for a cache.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Writes refusals of `/pg`.
pub(crate) async fn write_meta(request: Request, next: Next) -> Response {
    write(next.run(request).await, Dialect::Meta, false)
}

fn write(mut response: Response, dialect: Dialect, chinese: bool) -> Response {
    let Some(error) = response.extensions_mut().remove::<AdminError>() else {
        return response;
    };
    let body = error.body(dialect, chinese).to_string();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    *response.body_mut() = Body::from(body);
    response
}

/// The first of the two languages that `Accept-Language` names; without either, English.
fn prefers_chinese(headers: &HeaderMap) -> bool {
    let text = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    text.split(',')
        .map(|item| item.trim().to_ascii_lowercase())
        .find_map(|item| {
            let zh = item.starts_with("zh");
            (zh || item.starts_with("en")).then_some(zh)
        })
        .unwrap_or(false)
}
