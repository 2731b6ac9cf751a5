export const manage = {
  database: { rows: "行数（估计）", size: "大小", on: "启用", kinds: { r: "表", p: "分区表", v: "视图", m: "物化视图", f: "外部表" } },
  functions: {
    description: "在数据库里运行的函数；public 模式中的函数可以通过 rpc 调用。", create: "新建函数", empty: "还没有函数", emptyHelp: "函数可以通过 supabase.rpc() 调用，或由触发器执行。点击“新建函数”从示例开始。", arguments: "参数", result: "返回", language: "语言", security: "安全性",
    dropTitle: "删除函数 {{name}}？", dropBody: "{{name}} 会永久删除。调用它的客户端会收到 404；被触发器使用的函数不能删除。", dropped: "函数已删除", editHelp: "create or replace 会覆盖同名且参数相同的函数。", fixed: "这个函数属于系统，只能查看。",
  },
  triggers: {
    description: "表发生变更时自动执行的函数。", create: "新建触发器", created: "触发器已创建", empty: "还没有触发器", emptyHelp: "触发器在插入、更新、删除时自动执行函数，例如更新 updated_at。", table: "表", function: "函数", functionHelp: "返回类型为 trigger 的函数。", noFunction: "还没有返回 trigger 的函数，请先在“函数”页新建。", when: "时机", timing: "时机", timings: { before: "之前 (BEFORE)", after: "之后 (AFTER)" }, each: "方式", row: "每一行", statement: "每条语句",
    dropTitle: "删除触发器 {{name}}？", dropBody: "{{table}} 发生变更时将不再执行 {{function}}。函数本身保留。", dropped: "触发器已删除",
  },
  extensions: { description: "PostgreSQL 扩展。启用后其函数和类型在 extensions 模式中。", empty: "没有找到扩展", emptyHelp: "换一个关键词试试。", version: "版本", enabled: "{{name}} 已启用", disabled: "{{name}} 已停用", disable: "停用", dropTitle: "停用扩展 {{name}}？", dropBody: "它提供的函数、类型和运算符会被删除。仍在使用它们的表或函数会阻止停用。" },
  roles: {
    description: "数据库角色决定一个请求能做什么。请求的角色由它的密钥或登录令牌决定。", empty: "没有找到角色", emptyHelp: "换一个关键词试试。", rights: "权限", memberOf: "属于",
    explain: { anon: "未登录的客户端", authenticated: "已登录的用户", service_role: "私密密钥；绕过策略", authenticator: "即时API的登录角色", postgres: "应用的管理角色" },
  },
  indexes: {
    description: "索引让查询更快，也让写入略慢。", create: "新建索引", created: "索引已创建", empty: "还没有索引", emptyHelp: "为经常出现在筛选和排序中的列创建索引。", definition: "定义", scans: "使用次数", columns: "列（按勾选的顺序）", method: "方法", methodHelp: "btree 适合比较和排序；gin 适合 jsonb、数组和全文检索。",
    dropTitle: "删除索引 {{name}}？", dropBody: "使用它的查询（表 {{table}}）可能变慢。数据不受影响，释放 {{size}}。", dropped: "索引已删除",
  },
  users: {
    description: "注册到这个应用的用户。", search: "邮箱、手机号，回车搜索", create: "添加用户", created: "用户已创建", invite: "邮件邀请", invited: "邀请已发送", sendInvite: "发送邀请", inviteHelp: "用户会收到一封带链接的邮件。需要配置邮件发送。", withPassword: "设置密码", user: "用户", providers: "登录方式", createdAt: "注册时间", lastSignIn: "上次登录", state: "状态", active: "正常", banned: "已封禁", unconfirmed: "未验证", bannedUntil: "封禁至",
    empty: "还没有用户", emptyHelp: "用户在小程序或网页里登录、注册后会出现在这里；也可以手动添加。", noMatch: "没有找到用户", noMatchHelp: "换一个关键词试试。", total: "共 {{count}} 个用户", email: "邮箱", phone: "手机号", phoneHelp: "带国家代码，例如 8613800000000", confirmNow: "标记为已验证", confirmNowHelp: "不发送验证邮件或短信，用户可以立即登录。",
    newPassword: "新密码", newPasswordHelp: "留空则不修改", userMetadata: "用户元数据 (user_metadata)", userMetadataHelp: "用户自己可以修改，不要放权限。", appMetadata: "应用元数据 (app_metadata)", appMetadataHelp: "只有服务器可以修改，适合放角色和权限。",
    ban: "封禁", unban: "解除封禁", banTitle: "封禁 {{name}}？", banBody: "他将不能再登录或刷新令牌；已签发的令牌到期后失效。数据保留，可以随时解除。", bannedDone: "已封禁", unbanned: "已解除封禁", delete: "删除用户", deleteTitle: "删除用户 {{name}}？", deleteBody: "账号、登录方式和会话会永久删除。其他表里引用这个用户的行按外键的设置处理。", deleted: "用户已删除",
  },
  providers: {
    description: "用户可以用哪些方式登录。", on: "已启用", off: "未启用", wechat: "微信（小程序）", wechatNote: "两项都填写后，小程序即可调用 auth.signInWithWechat({ code })。", wechat_mini_app_id: "AppID", wechat_mini_app_id_help: "mp.weixin.qq.com → 开发管理 → 开发设置", wechat_mini_app_secret: "AppSecret", wechat_mini_app_secret_help: "加密保存，保存后不再显示",
    email: "电子邮箱", email_enabled: "允许用邮箱注册和登录", email_enabled_help: "邮箱加密码", mailer_autoconfirm: "无需验证邮箱", mailer_autoconfirm_help: "打开后注册即可登录，不发送验证邮件", magic_link_enabled: "魔法链接与验证码", magic_link_enabled_help: "通过邮件里的链接或验证码登录，不需要密码", mailer_secure_email_change: "更换邮箱需双重确认", mailer_secure_email_change_help: "新旧两个邮箱都要确认",
    phone: "手机", phone_enabled: "允许用手机号注册和登录", phone_enabled_help: "", sms_autoconfirm: "无需验证手机号", sms_autoconfirm_help: "打开后不发送短信", anonymous: "匿名登录", anonymous_enabled: "允许匿名登录", anonymous_enabled_help: "不需要任何信息即可获得一个用户，以后可以绑定邮箱、手机或微信",
  },
  authSettings: {
    title: "认证设置", description: "注册、密码、令牌和会话的规则。",
    groups: { signup: "注册", urls: "URL配置", passwords: "密码", tokens: "令牌", sessions: "会话", mails: "邮件", mfa: "多因素认证" },
    disable_signup: "关闭注册", disable_signup_help: "只有管理员可以添加用户", manual_linking_enabled: "允许用户绑定多种登录方式", manual_linking_enabled_help: "", site_url: "网站URL", site_url_help: "邮件里的链接和登录后跳转的默认地址；留空则用应用的地址", uri_allow_list: "重定向URL", uri_allow_list_help: "允许跳转的其他地址，可以用 * 和 ** 通配",
    password_min_length: "最短长度", password_min_length_help: "", password_required_characters: "必须包含的字符", password_required_characters_help: "每行一组，密码至少包含每组中的一个字符", update_password_require_reauthentication: "修改密码需重新验证", update_password_require_reauthentication_help: "登录超过一天的会话需要验证码", update_password_require_current_password: "修改密码需要当前密码", update_password_require_current_password_help: "",
    jwt_expiry: "访问令牌有效期", jwt_expiry_help: "到期后客户端自动刷新", refresh_token_rotation: "刷新令牌只用一次", refresh_token_rotation_help: "每次刷新换一个新的，被盗用时能发现", refresh_token_reuse_interval: "刷新令牌的宽限时间", refresh_token_reuse_interval_help: "网络不稳时允许重复使用",
    sessions_timebox: "会话最长时间", sessions_timebox_help: "0 为不限", sessions_inactivity_timeout: "不活动多久后退出", sessions_inactivity_timeout_help: "0 为不限", sessions_single_per_user: "每个用户只允许一处登录", sessions_single_per_user_help: "", mailer_otp_exp: "链接和验证码有效期", mailer_otp_exp_help: "", mailer_otp_length: "验证码位数", mailer_otp_length_help: "", mailer_max_frequency: "两封邮件的最短间隔", mailer_max_frequency_help: "",
    mfa_totp_enroll_enabled: "允许绑定验证器", mfa_totp_enroll_enabled_help: "", mfa_totp_verify_enabled: "允许用验证器登录", mfa_totp_verify_enabled_help: "", mfa_max_enrolled_factors: "每个用户最多绑定", mfa_max_enrolled_factors_help: "",
  },
  settings: {
    description: "这个应用的设置。保存后立即生效，不需要重启。", general: "基本信息", connection: "数据库连接", connectionHelp: "用任何 PostgreSQL 客户端以应用的所有者身份连接。其中有密码，查看会记入审计日志。", showConnection: "显示连接字符串", jwtSecret: "JWT密钥", onePerLine: "每行一个", secretKept: "已保存，留空则不变", none: "不限 / 无", nothing: "没有可以修改的设置。", seconds: "秒",
    groups: { api: "即时API", storage: "存储", realtime: "Realtime" },
    api: { schemas: "开放的模式", schemas_help: "可以通过即时API访问；第一个为默认", extra_search_path: "额外的搜索路径", extra_search_path_help: "不开放，但其中的函数和类型可以直接使用", max_rows: "最多返回行数", max_rows_help: "单个请求；留空则不限", pre_request: "请求前执行的函数", pre_request_help: "每个请求的事务开始时执行，例如 public.check_request" },
    storage: { file_size_limit: "单个文件上限", file_size_limit_help: "bucket 可以设得更小" },
    realtime: { private_only: "只允许私有频道", private_only_help: "公开频道将被拒绝", max_concurrent_users: "同时在线连接数", max_concurrent_users_help: "", max_channels_per_client: "每个连接的频道数", max_channels_per_client_help: "", max_joins_per_second: "每秒加入频道次数", max_joins_per_second_help: "", max_events_per_second: "每秒消息数", max_events_per_second_help: "", max_payload_bytes: "单条消息上限（字节）", max_payload_bytes_help: "", resume_window_seconds: "续传窗口（秒）", resume_window_seconds_help: "客户端离开多久之内可以补齐错过的消息", resume_window_bytes: "续传窗口（字节）", resume_window_bytes_help: "为此最多保留在内存中的字节数" },
  },
  inspector: {
    title: "Realtime 检查器", description: "加入频道，查看数据库变更、广播和在线状态，与客户端看到的一样。", channel: "频道", join: "加入", leave: "离开", role: "身份", anon: "anon（未登录）", service: "service_role", token: "用户令牌", tokenHelp: "粘贴一个用户的 access_token，以该用户的身份查看", private: "私有频道", changes: "数据库变更", broadcast: "广播", presence: "在线状态", schema: "模式", table: "表（* 为全部）", filter: "过滤，例如 room=eq.1", event: "事件", send: "发送", eventName: "事件名", payload: "内容 (JSON)", clear: "清空", status: { idle: "未加入", joining: "正在加入…", joined: "已加入", error: "出错", closed: "已断开" },
    empty: "还没有消息", emptyHelp: "点击“加入”，然后在别处插入一行，或在下方发送一条广播。", count: "{{count}} 条消息", latency: "{{ms}} 毫秒",
    user: "以某个用户（选择）", show: "显示", showAll: "全部消息", presentNow: "{{count}} 人在线", notPublished: "表 {{table}} 没有启用 Realtime，不会收到它的变更。在“数据库 → Replication”中启用。",
  },
  docs: {
    title: "API文档", description: "根据当前的表和函数生成，密钥已填好。", introduction: "开始使用", tables: "表与视图", functions: "函数", auth: "用户", storage: "存储", realtime: "Realtime", noTables: "还没有表。先在“表编辑器”中新建一张。", language: "语言", columns: "列", required: "必填", optional: "可选", read: "读取行", filter: "筛选", insert: "插入", update: "更新", delete: "删除", subscribe: "监听变更", call: "调用函数", tryIt: "试一试", run: "发送请求", init: "初始化客户端", signUp: "注册", signIn: "登录", wechat: "微信登录", upload: "上传文件", publicUrl: "公开地址", pick: "选择一张表或函数", response: "响应 {{status}}",
    method: "方法", path: "路径", body: "请求内容 (JSON)", reallyWrites: "这个请求会真的修改数据。",
  },
} as const;
