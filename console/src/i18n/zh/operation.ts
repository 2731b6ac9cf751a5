export const operation = {
  logs: {
    description: "这个应用最近发生的事情，最新的在前。点击一行查看详情。", live: "实时刷新", pause: "暂停刷新", entry: "日志详情", copyJson: "复制 JSON", service: "服务", allServices: "全部服务", level: "级别", allLevels: "全部级别", span: "时间范围", count: "{{count}} 条",
    sources: { requests: "请求", auth: "认证", realtime: "Realtime", postgres: "PostgreSQL" },
    search: { requests: "路径、状态码、错误码或请求 ID", auth: "操作、邮箱或 IP", realtime: "频道、错误码或 IP", postgres: "错误信息" },
    levels: { warning: "警告和错误", error: "仅错误" }, badge: { info: "信息", warning: "警告", error: "错误" },
    spans: { "0": "全部时间", "15": "最近 15 分钟", "60": "最近 1 小时", "1440": "最近 24 小时" },
    empty: "还没有日志", noMatch: "没有符合条件的日志", noMatchHelp: "换一个关键词，或放宽级别和时间范围。", noServerLog: "这里看不到 PostgreSQL 的日志",
    emptyHelp: {
      requests: "客户端的请求会出现在这里。用首页的代码示例发送第一个请求试试。", auth: "用户注册、登录、退出等操作会出现在这里。", realtime: "客户端连接、加入频道、被拒绝等事件会出现在这里。", postgres: "这个应用的数据库报告的错误会出现在这里，例如违反约束、语法错误。",
    },
    kept: {
      requests: "在内存中保留最近 2000 个请求，服务器重启后清空。不记录查询参数。", auth: "来自应用数据库中的 auth.audit_log_entries。", realtime: "在内存中保留最近 1000 个事件，服务器重启后清空。", postgres: "来自炉火运行的 PostgreSQL 的日志，只显示这个应用的数据库。",
    },
  },
  reports: {
    description: "这个应用的请求、延迟、错误和用量。", range: "时间范围", ranges: { "1h": "1 小时", "24h": "24 小时", "7d": "7 天" },
    empty: "这段时间里没有请求", emptyHelp: "客户端开始使用这个应用后，请求数和延迟会显示在这里。",
    requests: "请求", requestsHelp: "每分钟的请求数，按服务区分", errors: "错误", errorsHelp: "每分钟被拒绝（4xx）和失败（5xx）的请求数", latency: "延迟", latencyHelp: "一半、95% 和 99% 的请求不超过这个时间（毫秒，按档位取上界）", connections: "数据库连接数", database: "数据库大小", storage: "存储大小", refused: "被拒绝 4xx", failed: "失败 5xx", perMinute: "{{count}} / 分钟",
    total: "请求总数", errorRate: "失败比例", p95: "最慢时段的 p95", now: "当前", noSize: "还没有测量", coarse: "每 {{minutes}} 分钟一个点。统计保存 8 天，重启后仍然保留。", coarse_1h: "每分钟一个点；服务器上次启动之前的部分为每 5 分钟一个点。",
  },
  diagram: { notNull: "非空", foreignKey: "外键", empty: "这个模式里还没有表", emptyHelp: "新建表之后，表、列和外键会画在这里。", createTable: "新建表" },
  webhooks: {
    description: "表发生变更时，炉火向您的服务器发送一个 HTTP 请求。", create: "新建 Webhook", edit: "编辑 {{name}}", saved: "已保存", empty: "还没有 Webhook", emptyHelp: "例如：messages 插入一行时通知您的服务器，由它发送订阅消息。",
    promise: "请求在事务提交之后发送，至少一次：失败会重试 7 次（约 4.5 小时内），极少数情况下会重复，顺序不保证。请根据请求头 x-hearth-delivery 去重。",
    hook: "Webhook", events: "事件", target: "目标", method: "方法", urlHelp: "POST 的请求体为 {type, table, schema, record, old_record}，与 Supabase 一致。返回 2xx 表示成功，不跟随重定向。", badUrl: "请填写以 http:// 或 https:// 开头的地址", headers: "请求头", addHeader: "添加请求头", params: "查询参数", addParam: "添加参数", value: "值", timeout: "超时（毫秒）", timeoutHelp: "100 至 30000。超过这个时间没有响应就算失败。", badTimeout: "请填写 100 至 30000",
    dropTitle: "删除 Webhook {{name}}？", dropBody: "{{table}} 发生变更时不再通知 {{url}}。已经排队的请求仍会发送。", dropped: "Webhook 已删除",
    deliveries: "最近的发送", deliveriesHelp: "最新的 100 条；完成的保留 3 天", noDeliveries: "还没有发送过", noDeliveriesHelp: "有 Webhook 的表发生变更后，请求和结果会出现在这里。", delivery: "发送 #{{id}}", createdAt: "变更时间", outcome: "结果", attempts: "尝试次数", took: "耗时", nextAt: "下次尝试", finishedAt: "完成时间", body: "请求体", redeliver: "重新发送", redelivered: "已重新排队", states: { waiting: "等待中", delivered: "成功", failed: "失败" },
  },
  migrations: {
    description: "数据库结构的变更历史。", own: "应用的迁移", hearth: "炉火的迁移", empty: "还没有迁移记录", emptyHelp: "用 Supabase CLI 执行 supabase db push 之后，迁移会记录在 supabase_migrations.schema_migrations 并显示在这里。", statements: "语句数", appliedAt: "执行时间", number: "编号", repeatable: "函数",
  },
  backups: {
    description: "这个应用有哪些数据，现在如何保护。", none: "还没有自动备份", noneHelp: "这个版本的炉火不会自动备份。请用下面的命令定期导出，并备份服务器的数据目录（停止炉火后复制）。", byHand: "手动导出", byHandHelp: "在“设置”中复制数据库连接字符串作为 DB_URL，然后在装有 PostgreSQL 客户端的电脑上运行：", restoreHelp: "第一条导出 public 模式的结构和数据，第二条恢复到一个空的应用。pg_dump 的版本不能低于服务器的版本。存储里的文件不在其中。",
    facts: "数据库", databaseSize: "数据库大小", storageSize: "存储的文件", tables: "表", startedAt: "PostgreSQL 启动时间", wal: "预写日志（WAL）", archiving: "WAL 归档", archivingOff: "未归档，不能恢复到任意时间点", slots: "复制槽", noSlots: "没有复制槽。有客户端监听数据库变更时，Realtime 会创建一个。", slotActive: "使用中", slotIdle: "空闲", slotKept: "保留的 WAL",
  },
} as const;
