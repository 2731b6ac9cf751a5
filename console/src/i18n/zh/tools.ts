export const tools = {
  sql: {
    newQuery: "新查询", untitled: "未命名查询", queries: "查询", templates: "模板", history: "历史", drafts: "草稿（仅在此浏览器）", saved: "已保存", noSaved: "按 Ctrl+S 保存当前查询。", noHistory: "执行过的语句会出现在这里。", showList: "显示查询列表", role: "以什么角色执行", roleHelp: "以所选角色执行，可以验证策略是否正确",
    roles: { postgres: "postgres（所有者）", anon: "anon（未登录）", authenticated: "authenticated（登录用户）", service_role: "service_role" }, userId: "用户 ID (uuid)", explain: "执行计划", run: "执行", cancel: "取消执行", running: "执行中… {{s}} 秒",
    placeholder: "输入 SQL，Ctrl+Enter 执行（选中一段则只执行选中的部分）", errorAt: "第 {{line}} 行，编辑器中已标出。", noResult: "还没有结果", noResultHelp: "按 Ctrl+Enter 执行。语句以应用的所有者身份运行，不是超级用户。", took: "{{ms}} 毫秒", truncated: "只显示前 {{shown}} 行", done: "执行成功", doneCommand: "执行成功：{{command}}", affected: "影响 {{count}} 行", noRows: "没有返回任何行",
    saveTitle: "保存查询", name: "名称", deleteTitle: "删除查询“{{name}}”？", deleteBody: "保存在服务器上的这段 SQL 会被删除。", planHelp: "由内向外执行；橙色条表示在总成本中的占比。", planNode: "成本 {{cost}} · 预计 {{rows}} 行",
    template: { messages: "教程：messages 表", messagePolicies: "教程：messages 的两条策略", profiles: "用户资料表", updatedAt: "自动更新 updated_at", sizes: "各表大小", activity: "当前连接" },
    explainPlan: "预估计划（不执行）", explainMeasure: "执行并测量（随后回滚）", planMeasured: "实际 {{ms}} 毫秒 · {{rows}} 行 · ×{{loops}}",
    rename: "保存并命名",
    maxRows: "最多显示的行数", upTo: "最多 {{shown}} 行",
  },
  storage: {
    create: "创建新bucket", editBucket: "编辑bucket", noBuckets: "还没有bucket", noBucketsShort: "还没有bucket。", noBucketsHelp: "bucket 是存放图片、视频等文件的地方。聊天室教程需要一个名为 images 的公开 bucket。", pick: "选择一个bucket", showBuckets: "显示bucket列表", public: "公开", private: "私有", name: "名称", nameHelp: "字母、数字、. 和 -，创建后不能修改。", publicBucket: "公开bucket", publicHelp: "任何人知道地址就能查看文件，不需要密钥。上传仍由策略决定。", sizeLimit: "单个文件上限 (MB)", sizeLimitHelp: "留空则用应用的上限", badSize: "请填写大于 0 的数字", noLimit: "不另设", types: "允许的文件类型", typesHelp: "用逗号分隔，例如 image/png, image/*", created: "bucket {{bucket}} 已创建",
    emptyBucket: "清空bucket", deleteBucket: "删除bucket", emptyTitle: "清空 {{bucket}}？", emptyBody: "{{bucket}} 里的所有文件会永久删除，无法恢复。", deleteTitle: "删除 {{bucket}}？", deleteBody: "{{bucket}} 和其中的所有文件会永久删除，无法恢复。指向这些文件的地址会失效。", emptied: "{{bucket}} 已清空", deleted: "{{bucket}} 已删除",
    files: "文件", policies: "策略", policiesOf: "{{bucket}} 的策略", noPolicies: "没有策略", noPoliciesPublic: "公开 bucket 的文件可以直接查看，但上传、列出、修改和删除都需要策略。从下面的模板开始。", noPoliciesPrivate: "没有策略时，只有 service_role 密钥可以访问。从下面的模板开始。",
    templates: { anyInsert: "允许任何用户发送图片到 {{bucket}}", anySelect: "允许任何用户读取 {{bucket}}", signedInInsert: "允许登录用户上传到 {{bucket}}", ownFolder: "用户管理 {{bucket}} 中自己的文件夹", anyUpdate: "允许任何用户更新 {{bucket}}", anyDelete: "允许任何用户删除 {{bucket}} 的文件" },
    templateHelp: { anyInsert: "教程中的策略：任何人都可以上传，包括未登录的人。", anySelect: "任何人都可以列出和下载；公开 bucket 直接查看不需要它。", signedInInsert: "只有登录的用户可以上传。", ownFolder: "第一层文件夹名为用户 ID，用户只能访问自己的。", anyUpdate: "任何人都可以覆盖已有文件，请谨慎使用。", anyDelete: "任何人都可以删除文件，请谨慎使用。" },
    folder: "文件夹", newFolder: "新建文件夹", folderName: "文件夹名称", upload: "上传文件", search: "搜索", sort: "排序", sorts: { name: "名称", updated_at: "修改时间", created_at: "创建时间" }, noFiles: "文件夹是空的", noFilesHelp: "把文件或文件夹拖到这里，或点击“上传文件”。", noMatch: "没有找到", dropHere: "松开即可上传", select: "选择 {{name}}", uploading: "已上传 {{done}} / {{count}} 个文件",
    removeTitle: "删除 {{count}} 个文件？", removeBody: "将永久删除：{{files}}", removed: "已删除 {{count}} 个文件", type: "类型", size: "大小", createdAt: "创建", updatedAt: "修改", download: "下载", copyUrl: "复制URL", urlCopied: "URL 已复制", privateNoUrl: "私有 bucket 没有公开地址，请使用签名URL。", signedUrl: "签名URL", makeUrl: "生成", validFor: "有效期", hours: "{{count}} 小时", days: "{{count}} 天", move: "移动或重命名", newPath: "新路径", newPathHelp: "用 / 分隔文件夹，不存在的会自动创建。", moved: "已移动到 {{path}}",
    uploads: "上传列表", uploadFolder: "上传文件夹", clearDone: "清除已完成", allUploaded: "全部上传完成", fileExists: "同名文件已存在；点击右侧按钮可覆盖它。", overwrite: "覆盖已有文件", pauseUpload: "暂停上传", resumeUpload: "继续上传", uploadStates: { waiting: "等待中", running: "上传中", paused: "已暂停", done: "完成", failed: "失败" },
    viewer: "只读管理员不能查看文件", viewerHelp: "查看文件需要应用的密钥。请让所有者把您的角色改为开发者。",
    asTiles: "以图标查看", asList: "以列表查看", moveTo: "移动到…",
  },
} as const;
