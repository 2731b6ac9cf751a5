export const shell = {
  common: {
    close: "关闭", cancel: "取消", confirm: "确认", save: "保存", saved: "已保存", create: "创建", delete: "删除", edit: "编辑",
    copy: "复制", copied: "已复制", retry: "重试", refresh: "刷新", more: "更多操作", search: "搜索", schema: "模式", description: "描述",
    optional: "可选", choose: "请选择…", previous: "上一页", next: "下一页", loadMore: "加载更多", dangerZone: "危险操作",
    typeToConfirm: "请输入 {{text}} 以确认：", name: "名称", type: "类型", yes: "是", no: "否",
  },
  error: {
    hint: "提示：", unreachable: "连接不上服务器", unreachableHint: "请确认炉火正在运行，并检查网络。",
    hints: { "InvalidKey": "名称只能含英文字母、数字、空格和 ! - . * ' ( ) & $ @ = ; : + , ? _ / 等符号；中文名称请先改名再上传。", "23502": "这一列必填，请给它一个值或默认值。", "23503": "引用的行不存在，或仍有其他行引用它。", "23505": "已有一行是这个值；主键和唯一的列不能重复。", "23514": "这个值不满足表上的检查约束。", "22P02": "这个值的写法不符合列的类型。", "22001": "文字太长，超过了列的长度限制。", "22003": "数字超出了列的类型能表示的范围。", "22007": "日期或时间的写法不对，例如 2026-01-31 12:00:00+08。", "42501": "当前角色没有这个权限；请检查策略、授权或换一个角色执行。", "42601": "SQL 写法有误，请检查标出的位置附近。", "42703": "没有这一列；含大写字母的列名需要加双引号。", "42P01": "没有这张表；请检查名称和模式，含大写字母的名称需要加双引号。", "42P07": "同名的表已经存在，请换一个名称。", "42710": "同名的对象已经存在，请换一个名称。", "42804": "类型不一致，请检查默认值或条件的类型。", "42883": "没有这个函数或运算符；请检查参数的类型。", "2BP01": "还有其他对象依赖它，请先删除或修改它们。", "57014": "语句被取消或超过了时间限制；可以缩小范围或添加索引。", "25006": "只读管理员不能修改数据。", "40P01": "与另一个事务互相等待，请重试。", "53300": "数据库连接已用完，请稍后再试。" },
  },
  shell: {
    brand: "Hearth 炉火", menu: "菜单", language: "English", account: "账号", notFound: "没有这个页面", notFoundHelp: "地址可能写错了，或者应用已被删除。", reload: "重新加载页面",
    theme: { light: "浅色（点击切换为深色）", dark: "深色（点击切换为跟随系统）", system: "跟随系统（点击切换为浅色）" },
  },
  palette: { open: "搜索或跳转", placeholder: "输入页面、数据表或应用的名称…", none: "没有找到", pages: "页面", tables: "数据表" },
  role: { owner: "所有者", developer: "开发者", viewer: "只读" },
  login: {
    subtitle: "登录控制台", username: "用户名", password: "密码", submit: "登录",
    help: "首次启动时，管理员的用户名和随机密码显示在服务器的输出里；也可以用环境变量 HEARTH_ADMIN_PASSWORD 指定。",
  },
  account: {
    changePassword: "修改密码", currentPassword: "当前密码", newPassword: "新密码", passwordChanged: "密码已修改", signOut: "退出登录",
  },
  administrators: {
    title: "管理员", description: "可以登录控制台的人。所有者管理一切；开发者可以修改分配给他的应用；只读只能查看。", create: "添加管理员", username: "用户名", role: "角色",
    apps: "可访问的应用", allApps: "全部应用", password: "初始密码", resetPassword: "重设密码（留空则不变）", empty: "还没有其他管理员", emptyHelp: "点击“添加管理员”邀请同事。", edit: "编辑 {{name}}",
    deleteTitle: "删除管理员 {{name}}？", deleteBody: "他的会话会立即失效，不能再登录控制台。应用和数据不受影响。", deleted: "已删除", you: "您", onlyOwner: "只有所有者可以查看此页。",
  },
  audit: {
    title: "审计日志", description: "谁在什么时候对什么做了什么。", at: "时间", who: "管理员", address: "IP 地址", action: "操作", app: "应用", details: "详情", empty: "还没有记录", emptyHelp: "创建应用、查看密钥、修改设置等操作会记录在这里。",
  },
  nav: {
    home: "首页", editor: "表编辑器", sql: "SQL执行器", database: "数据库", auth: "认证", storage: "存储", realtime: "Realtime", api: "API文档", reports: "报表", logs: "日志", settings: "设置",
    pages: {
      database: { tables: "表", functions: "函数", triggers: "触发器", extensions: "扩展", roles: "角色", indexes: "索引", replication: "Replication", diagram: "结构图", webhooks: "Webhooks", migrations: "迁移", backups: "备份" },
      auth: { users: "用户", policies: "策略", providers: "服务商", limits: "Rate Limits", templates: "邮箱模板", mailbox: "收件箱", urls: "URL配置", hooks: "Hooks", settings: "设置" },
    },
  },
  apps: {
    title: "我的应用", all: "全部应用…", description: "每个应用都有自己的数据库、用户、存储和密钥，互不相通。", create: "创建新应用", creating: "正在创建…",
    createHelp: "几秒钟就好：独立的数据库、即时API、对象存储和Realtime。", empty: "还没有应用", emptyHelp: "点击“创建新应用”，几秒钟后就能拿到 URL 和 anon 密钥。",
    name: "应用名称", namePlaceholder: "例如：我的聊天室", template: "模板", ref: "应用标识", refHelp: "出现在地址里，创建后不能修改。留空则随机生成。", refPlaceholder: "例如 mychat",
    refBad: "1 至 40 个小写字母、数字或连字符，以字母开头", default: "默认", database: "数据库", storage: "存储", connections: "连接数", createdAt: "创建于 {{time}}",
    templates: { empty: "空白应用", emptyHelp: "从零开始，跟着教程一步一步来。", chatroom: "聊天室", chatroomHelp: "建好 messages 表、策略、Realtime 和 images 存储桶。" },
    state: { active: "运行中", paused: "已暂停" },
    rename: "重命名", pause: "暂停", resume: "恢复运行", resumed: "应用已恢复", pausedDone: "应用已暂停", delete: "删除应用", deleted: "应用已删除",
    pauseTitle: "暂停“{{name}}”？", pauseBody: "暂停期间所有请求都会被拒绝，客户端会断开。数据不会丢失，随时可以恢复。",
    deleteTitle: "删除“{{name}}”？", deleteBody: "数据库（{{database}}）、全部用户、存储的文件（{{storage}}）和密钥都会永久删除，无法恢复。使用它的小程序和网页会立即停止工作。",
    pausedTitle: "“{{name}}”已暂停", pausedHelp: "暂停期间所有请求都会被拒绝，数据仍然保留。恢复后几秒钟即可使用。",
  },
} as const;
