// The tutorial from its first to its last click, against a running server, in Chinese or English.
//
//   HEARTH_ADMIN_PASSWORD=… node e2e/tutorial.mjs [zh|en]
//
// HEARTH_URL (default http://127.0.0.1:8000), HEARTH_ADMIN_USER (admin), CHROMIUM (/usr/bin/chromium),
// SHOTS (../target/console-shots): where a screenshot of every step goes.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const language = process.argv[2] === "en" ? "en" : "zh";
const base = process.env["HEARTH_URL"] ?? "http://127.0.0.1:8000";
const shots = join(process.env["SHOTS"] ?? join(import.meta.dirname, "../../target/console-shots"), language);
const words = (zh, en) => (language === "zh" ? zh : en);
mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({
  viewport: { width: 1280, height: 800 },
  locale: language === "zh" ? "zh-CN" : "en-US",
  permissions: ["clipboard-read", "clipboard-write"],
});
const page = await context.newPage();
page.setDefaultTimeout(15_000);
const faults = [];
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => {
  if (/Content Security Policy/.test(message.text())) faults.push(message.text());
});

/** One red point. */
const PICTURE = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==", "base64");
let step = 0;
async function shot(name) {
  // Animations end, so that pictures of two runs are the same.
  await page.waitForTimeout(300);
  step += 1;
  await page.screenshot({ path: join(shots, `${String(step).padStart(2, "0")}-${name}.png`) });
}
const button = (zh, en) => page.getByRole("button", { name: words(zh, en), exact: true });
const go = (zh, en) => page.getByRole("navigation").getByRole("link", { name: words(zh, en), exact: true }).click();
const dialog = () => page.getByRole("dialog").last();

try {
  // Sign-in, 我的应用 -> 创建新应用
  await page.goto(`${base}/console/`);
  await page.fill("[name=username]", process.env["HEARTH_ADMIN_USER"] ?? "admin");
  await page.fill("[name=password]", process.env["HEARTH_ADMIN_PASSWORD"] ?? "");
  await shot("sign-in");
  await page.click("button[type=submit]");
  await page.getByRole("heading", { name: words("我的应用", "My applications") }).waitFor();
  await shot("applications");
  await button("创建新应用", "Create application").click();
  await dialog().getByLabel(words("应用名称", "Name"), { exact: true }).fill(words("微信小程序聊天室", "Chat room"));
  await shot("create-application");
  await dialog().getByRole("button", { name: words("创建", "Create"), exact: true }).click();
  await page.getByText(words("聊天室教程", "Chat room tutorial")).waitFor();
  await shot("home");

  // 表编辑器 -> 新建表 messages, with 启用Realtime
  await go("表编辑器", "Table editor");
  await button("新建表", "New table").first().click();
  await page.fill("[name=table-name]", "messages");
  // As the tutorial's SQL makes it: unquoted, bgColor is bgcolor, and the time is called timestamp.
  for (const [name, type, value] of [["username", "varchar"], ["bgcolor", "varchar"], ["text", "text"], ["timestamp", "timestamp", "now()"]]) {
    await button("添加列", "Add column").click();
    const names = page.locator("input[placeholder=column_name]");
    const last = (await names.count()) - 1;
    await names.nth(last).fill(name);
    await page.getByLabel(words("类型", "Type"), { exact: true }).nth(last).click();
    await page.getByPlaceholder(words("搜索类型", "Search types")).fill(type);
    await page.getByPlaceholder(words("搜索类型", "Search types")).press("Enter");
    if (value) await page.getByLabel(words("默认值", "Default"), { exact: true }).nth(last).fill(value);
  }
  await page.getByRole("checkbox", { name: words("启用Realtime", "Enable Realtime") }).click();
  await shot("new-table");
  await button("保存", "Save").click();
  await page.getByText(words("表里还没有数据", "No rows yet")).waitFor();
  await shot("table");

  // SQL执行器 -> 新查询: the two policies
  await go("SQL执行器", "SQL editor");
  await button("新查询", "New query").first().click();
  await page.locator(".cm-content").click();
  await page.keyboard.insertText(`alter table public.messages enable row level security;

-- 启用对所有用户的查询数据访问
create policy "Enable access to all users" on public.messages for
select using (true);

-- 启用对所有用户的插入数据访问
create policy "Enable insert for all users" on public.messages for
insert with check (true);`);
  await button("执行", "Run").click();
  await page.getByText(words("执行成功", "Done"), { exact: false }).first().waitFor();
  await shot("policies");

  // 数据库 -> Replication: a toggle asks, the button opens the list of tables
  await go("数据库", "Database");
  await page.getByRole("navigation").getByRole("link", { name: "Replication" }).click();
  const row = page.getByRole("row", { name: /supabase_realtime/ });
  await row.waitFor();
  for (const action of [words("插入", "Insert"), words("更新", "Update"), words("删除", "Delete"), words("截断", "Truncate")]) {
    const toggle = row.getByRole("switch", { name: action });
    if ((await toggle.getAttribute("aria-checked")) === "true") continue;
    await toggle.click();
    await dialog().getByRole("button", { name: words("确认", "Confirm") }).click();
    await page.waitForFunction((el) => el?.getAttribute("aria-checked") === "true", await toggle.elementHandle());
  }
  await shot("replication");
  await row.getByRole("button", { name: words("1张表", "1 table") }).click();
  const table = page.getByRole("switch", { name: "public.messages" });
  await table.waitFor();
  assert.equal(await table.getAttribute("aria-checked"), "true");
  await shot("replication-tables");

  // 存储 -> 创建新bucket images, and its insert policy in two clicks
  await go("存储", "Storage");
  await button("创建新bucket", "Create bucket").first().click();
  await page.fill("[name=bucket-name]", "images");
  await dialog().getByRole("switch").click();
  await shot("new-bucket");
  await dialog().getByRole("button", { name: words("创建", "Create"), exact: true }).click();
  await page.getByRole("tab", { name: words("策略", "Policies") }).click();
  await page.getByText(words("允许任何用户发送图片到 images", "Anyone can upload to images")).first().click();
  await shot("bucket-policy");
  await button("保存", "Save").click();
  await page.getByText("bucket_id = 'images'").first().waitFor();
  await shot("bucket-policies");

  // 首页: URL and anon key, by their copy buttons
  await go("首页", "Home");
  await page.getByText("URL", { exact: true }).first().waitFor();
  await shot("home-keys");
  const copied = async (nth) => {
    await button("复制", "Copy").first().waitFor();
    await page.getByRole("button", { name: /^(复制|已复制|Copy|Copied)$/ }).nth(nth).click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const url = await copied(0);
  const key = await copied(1);
  assert.match(url, /^http/);
  assert.match(key, /^eyJ/);

  // The chat room with this address and key, as two people have it open.
  const room = `${base}/demo/chatroom/?${new URLSearchParams({ url, key })}`;
  const people = [];
  for (let i = 0; i < 2; i += 1) {
    const someone = await (await browser.newContext({ viewport: { width: 375, height: 740 }, locale: language === "zh" ? "zh-CN" : "en-US" })).newPage();
    someone.on("pageerror", (error) => faults.push(error.message));
    await someone.goto(room);
    await someone.waitForSelector('#app[data-link="live"]');
    people.push(someone);
  }
  const [one, other] = people;
  await one.fill(".composer-input", "你好，三藏 hello");
  await one.press(".composer-input", "Enter");
  await other.locator(".message .bubble", { hasText: "你好，三藏 hello" }).waitFor();
  await one.locator("input[type=file]").first().setInputFiles({ name: "a.png", mimeType: "image/png", buffer: PICTURE });
  await other.locator(".message img").last().waitFor();
  await other.waitForFunction(() => [...document.querySelectorAll(".message img")].some((i) => i.naturalWidth > 0 && i.src.includes("/images/")));
  await other.screenshot({ path: join(shots, "chatroom.png") });
  for (const someone of people) await someone.context().close();

  await page.getByText("8 / 8").waitFor();
  await shot("tutorial-done");
  assert.deepEqual(faults, []);
  console.log(`tutorial (${language}): ${step} steps, every click worked`);
} catch (error) {
  await shot("failed");
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
