export const home = {
  home: {
    description: "把下面的 URL 和 anon 密钥填进您的代码，就可以开始使用。",
    keys: {
      title: "接口地址与密钥", url: "URL", urlHelp: "服务地址", anon: "anon（公开）", anonHelp: "客户端 API 密钥，可以写进小程序", publishable: "publishable", publishableHelp: "新格式的公开密钥，作用同 anon",
      service: "service_role（私密）", serviceHelp: "绕过所有策略，只能放在服务器上", secret: "secret（私密）", secretHelp: "新格式的私密密钥", hidden: "service_role 与 secret 密钥绕过所有策略，默认不显示。查看会记入审计日志。", show: "显示私密密钥",
      note: "Anon（公开）密钥是客户端API密钥。它允许“匿名访问”您的数据库，直到用户登录。登录后，密钥将切换到用户自己的登录令牌。请为每张表启用行级安全性(RLS)。",
    },
    snippets: { title: "接入代码", install: "安装" },
    domains: {
      noSocket: "WebSocket 连接不上", noSocketHint: "如果前面有反向代理，请让它转发 Upgrade 请求头。", title: "微信小程序服务器域名", request: "request 合法域名", socket: "socket 合法域名", upload: "uploadFile 合法域名", download: "downloadFile 合法域名", ok: "可用", dead: "服务无响应",
      short: { ok: "可用", plain: "需要 https", local: "本机地址", address: "需要域名" },
      help: {
        ok: "在 mp.weixin.qq.com →“开发管理”→“服务器域名”中填入以上四行。域名需要备案。",
        plain: "小程序正式发布要求 https：在炉火前面放一个带证书的反向代理，并用 --public-url https://您的域名 启动。开发时在微信开发者工具“详情 → 本地设置”勾选“不校验合法域名”即可。",
        local: "这是本机地址，只能在微信开发者工具里使用：在“详情 → 本地设置”勾选“不校验合法域名”。真机与正式发布需要备案的 https 域名，用 --public-url https://您的域名 启动炉火。",
        address: "小程序不接受 IP 地址。真机预览时打开“开发调试”可以临时使用；正式发布需要备案的 https 域名。",
      },
    },
    steps: {
      title: "聊天室教程",
      app: { title: "创建应用", help: "在“我的应用”页面创建一个新应用。" },
      table: { title: "表编辑器 → 新建表 messages", help: "字段：id、username、bgColor、text、created_at；勾选“启用Realtime”。" },
      policies: { title: "SQL执行器 → 新查询，创建两条策略", help: "允许所有用户查询和插入 messages 表。左侧“模板”里有现成的语句。" },
      realtime: { title: "数据库 → Replication，启用 Realtime", help: "打开插入、更新、删除、截断，点击“N张表”，打开 messages 的开关。" },
      bucket: { title: "存储 → 创建新bucket", help: "名称 images，打开“公开bucket”，图片才能直接显示。" },
      upload: { title: "存储 → 策略，允许任何用户发送图片", help: "打开 images 的“策略”，选第一个模板，保存。" },
      keys: { title: "获取 API 密钥", help: "复制本页的 URL 和 anon 密钥，填进 lib/supabase.js。" },
      message: { title: "编译小程序，发出第一条消息", help: "messages 表里出现第一行，这一步就完成了。" },
    },
  },
} as const;
