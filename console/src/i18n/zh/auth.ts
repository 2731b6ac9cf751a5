export const auth = {
  userSheet: {
    search: "邮箱、手机号、ID、微信 openid、昵称", profile: "资料", sessions: "会话", factors: "登录方式", banFor: "封禁多久", bans: { hour: "1 小时", day: "1 天", week: "7 天", month: "30 天", forever: "永久" },
    soft: "保留一条匿名记录（软删除）", softHelp: "个人信息被清除，ID 保留，其他表的引用不受影响；之后不能恢复。", softDeleted: "已删除",
  },
  sessions: {
    empty: "没有会话：这个用户没有在任何地方登录。", unknownDevice: "未知设备", began: "登录于 {{at}}", used: "最近刷新 {{at}}", end: "结束", endAll: "结束全部会话", ended: "会话已结束",
    endTitle: "结束这个会话？", endBody: "这台设备不能再刷新令牌，需要重新登录。已签发的访问令牌到期后失效。", endAllTitle: "结束 {{name}} 的全部会话？", endAllBody: "{{count}} 台设备需要重新登录。已签发的访问令牌到期后失效。",
  },
  factors: {
    title: "两步验证", empty: "没有绑定验证器。", verified: "已启用", unverified: "未完成", remove: "移除", removed: "已移除", removeTitle: "移除验证器 {{name}}？", removeBody: "这个用户以后登录不再需要它的验证码。", identities: "身份", noIdentities: "没有身份：匿名用户。", onlyWechat: "只通过微信登录。",
  },
  urls: { description: "邮件里的链接和登录完成后可以跳转到哪里。不在列表中的地址会被换成网站URL。", wildcards: "* 匹配除 . 和 / 以外的字符，** 匹配任意字符，例如 https://*.example.com/**" },
  limits: {
    description: "防止滥用：超过限制的请求会收到 429。保存后立即生效，0 表示全部拒绝。", whole: "整个应用", wholeNote: "收件箱里的邮件不计入", byAddress: "每个客户端地址", byAddressNote: "来自服务器本机的请求不受限制",
    email_sent: "每小时发送的邮件", email_sent_help: "验证、找回密码、邀请等", sms_sent: "每小时发送的短信", sms_sent_help: "验证码",
    otp: "注册、验证码、找回密码", otp_help: "每 5 分钟，每个接口分别计算", verify: "验证链接和验证码", verify_help: "每 5 分钟", token_refresh: "登录和刷新令牌", token_refresh_help: "每 5 分钟", anonymous_users: "匿名登录", anonymous_users_help: "每小时", mfa_challenge_and_verify: "两步验证", mfa_challenge_and_verify_help: "每分钟",
  },
  mails: {
    description: "邮件由哪台服务器发送，写些什么。", server: "SMTP 服务器", serverNote: "没有填写服务器时，邮件不会发出，保存在“收件箱”中。",
    smtp: {
      host: "服务器", host_help: "例如 smtp.qq.com；留空则不发送", port: "端口", port_help: "TLS 通常为 465，STARTTLS 通常为 587", encryption: "加密方式", encryption_help: "", user: "用户名", user_help: "", password: "密码", password_help: "或授权码；加密保存，保存后不再显示", sender_address: "发件人地址", sender_address_help: "", sender_name: "发件人名称", sender_name_help: "",
    },
    encryption: { tls: "TLS", starttls: "STARTTLS", none: "不加密（只用于内网）" },
    test: "测试邮件", testTo: "收件人邮箱", testSend: "发送", testHelp: "按已保存的设置发送一封示例邮件；失败时显示邮件服务器的原话。", testSent: "邮件服务器已接收", testCaught: "没有设置 SMTP，邮件在“收件箱”中",
    language: "语言", defaultLanguage: "默认文本的语言", defaultLanguageHelp: "没有自定义文本的邮件使用", chinese: "中文", english: "English", texts: "邮件文本", occasion: "场合", subject: "主题", state: "状态", own: "已自定义", default: "默认",
    content: "正文 (HTML)", contentHelp: "与 Supabase 相同的 Go 模板：变量、if / else / with / range、eq、and、or、not。", variables: "变量（点击插入到末尾）", useChinese: "填入中文默认文本", useEnglish: "填入英文默认文本", preview: "预览", reset: "恢复默认", resetTitle: "恢复默认文本？", resetBody: "自定义的主题和正文会被删除。",
    notifications: "账号变更通知", notificationsNote: "发送到用户的邮箱",
    kinds: {
      confirmation: "注册验证", invite: "邀请", magic_link: "登录链接", email_change: "更换邮箱", recovery: "重置密码", reauthentication: "身份验证", password_changed_notification: "密码已修改", email_changed_notification: "邮箱已更换", phone_changed_notification: "手机号已更换", identity_unlinked_notification: "登录方式已解绑", mfa_factor_enrolled_notification: "已启用两步验证", mfa_factor_unenrolled_notification: "两步验证已移除",
    },
  },
  mailbox: {
    description: "没有设置 SMTP 时，邮件不会发出，保存在这里供开发时查看。重启后清空，每个应用最多 200 封。", hasServer: "邮件现在由 {{host}} 发送，不再保存到这里。", empty: "还没有邮件", emptyHelp: "关闭“无需验证邮箱”后注册一个用户，或发送一封邀请，邮件就会出现在这里。", at: "时间", to: "收件人", kind: "类型", code: "验证码", link: "链接", clear: "清空", cleared: "已清空", clearTitle: "清空收件箱？", clearBody: "{{count}} 封邮件会被删除，其中的链接和验证码仍然有效。",
  },
  hooks: {
    description: "在注册、登录、发信时运行您自己的代码：数据库函数，或一个 HTTPS 接口。", configure: "配置", enabled: "启用", byFunction: "数据库函数", byHttp: "HTTPS 接口", function: "函数", functionHelp: "参数和返回值都是 jsonb；2 秒内返回。", noFunction: "还没有合适的函数。先在“数据库 → 函数”中新建一个，参数为 event jsonb，返回 jsonb。", grants: "保存时会执行下面的授权，让认证服务可以调用它，客户端不能：",
    address: "地址", addressHelp: "POST JSON，5 秒内返回；http 只允许本机。", secret: "签名密钥", secretHelp: "按 Standard Webhooks 签名；更换时可以用 | 分隔新旧两个。", newSecret: "生成新密钥", badFunction: "请选择一个函数。", badAddress: "请填写 https 地址，或本机的 http 地址。",
    names: { custom_access_token: "自定义访问令牌", before_user_created: "创建用户之前", send_email: "发送邮件", send_sms: "发送短信", password_verification_attempt: "密码验证", mfa_verification_attempt: "两步验证" },
    helps: { custom_access_token: "每次签发令牌时修改其中的声明，例如加入角色。", before_user_created: "可以拒绝注册，例如只允许某个域名的邮箱。", send_email: "代替 SMTP 发送邮件。", send_sms: "代替短信服务商发送验证码。", password_verification_attempt: "每次密码登录时调用，可以拒绝，例如限制失败次数。", mfa_verification_attempt: "每次两步验证时调用，可以拒绝。" },
  },
  sms: {
    provider: "短信服务商", provider_help: "谁来发送验证码", providers: { none: "无", aliyun: "阿里云短信" }, otp_exp: "有效期", otp_exp_help: "验证码多久后失效", otp_length: "长度", otp_length_help: "验证码位数", max_frequency: "发送间隔", max_frequency_help: "同一用户两条短信的最短间隔", test_otps: "测试号码", test_otps_help: "每行 手机号=验证码，不发送短信",
    aliyun: { title: "阿里云短信", note: "模板中需要有变量 code", region_id: "地域ID", region_id_help: "例如 cn-hangzhou", access_key_id: "AccessKey ID", access_key_id_help: "", access_key_secret: "AccessKey Secret", access_key_secret_help: "加密保存，保存后不再显示", sign_name: "短信签名名称", sign_name_help: "已审核通过的签名", template_code: "短信模板CODE", template_code_help: "例如 SMS_123456789" },
  },
} as const;
