// The pages of a running application: logs, reports, schema diagram, webhooks, migrations, backups.
// Chinese in light colours, English in dark ones; at the end every page once on a phone.
//
//   HEARTH_ADMIN_PASSWORD=… node e2e/operation.mjs [zh|en]
//
// HEARTH_URL (default http://127.0.0.1:8000), CHROMIUM (/usr/bin/chromium), SHOTS
// (../target/console-shots): where a screenshot of every page goes.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";

const language = process.argv[2] === "en" ? "en" : "zh";
const base = process.env["HEARTH_URL"] ?? "http://127.0.0.1:8000";
const shots = join(process.env["SHOTS"] ?? join(import.meta.dirname, "../../target/console-shots"), `operation-${language}`);
const words = (zh, en) => (language === "zh" ? zh : en);
mkdirSync(shots, { recursive: true });

const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const context = await browser.newContext({
  viewport: { width: 1280, height: 800 },
  locale: language === "zh" ? "zh-CN" : "en-US",
  colorScheme: language === "zh" ? "light" : "dark",
});
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const faults = [];
page.on("pageerror", (error) => faults.push(error.message));
page.on("console", (message) => {
  if (/Content Security Policy/.test(message.text())) faults.push(message.text());
});
const shot = async (name) => {
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(shots, `${name}.png`) });
};
const button = (zh, en) => page.getByRole("button", { name: words(zh, en), exact: true });
const go = (zh, en) => page.getByRole("navigation").getByRole("link", { name: words(zh, en), exact: true }).click();
const tab = (zh, en) => page.getByRole("tab", { name: words(zh, en), exact: true }).click();
const dialog = () => page.getByRole("dialog").last();

// Where the webhook goes: refuses once, so that it is seen to be tried again.
const heard = [];
const target = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    heard.push({ headers: request.headers, body: JSON.parse(body) });
    response.statusCode = heard.length === 1 ? 503 : 200;
    response.end();
  });
});
await new Promise((resolve) => target.listen(0, "127.0.0.1", resolve));
const hookUrl = `http://127.0.0.1:${target.address().port}/hook`;

try {
  await page.goto(`${base}/console/`);
  await page.fill("[name=username]", process.env["HEARTH_ADMIN_USER"] ?? "admin");
  await page.fill("[name=password]", process.env["HEARTH_ADMIN_PASSWORD"] ?? "");
  await page.click("button[type=submit]");
  await button("创建新应用", "Create application").first().click();
  await dialog().getByLabel(words("应用名称", "Name"), { exact: true }).fill(words("运行中的聊天室", "Chat room at work"));
  await dialog().getByText(words("聊天室", "Chat room"), { exact: true }).click();
  await dialog().getByRole("button", { name: words("创建", "Create"), exact: true }).click();
  await page.waitForURL(/\/app\/[^/]+/);
  await page.getByText("URL", { exact: true }).first().waitFor();
  const codes = await page.locator("main code").allTextContents();
  const url = codes.find((c) => c.startsWith("http")) ?? "";
  const key = codes.find((c) => c.startsWith("eyJ")) ?? "";
  const app = new URL(page.url()).pathname.replace(/\/$/, "");
  const headers = { apikey: key, "Content-Type": "application/json" };

  // Empty pages say what to do.
  for (const [path, zh, en] of [
    ["database/webhooks", "还没有 Webhook", "No webhooks yet"],
    ["database/migrations", "还没有迁移记录", "No migrations recorded"],
    ["logs", "请求", "Requests"],
  ]) {
    await page.goto(`${base}${app}/${path}`);
    await page.getByText(words(zh, en)).first().waitFor();
    await shot(`empty-${path.replace("/", "-")}`);
  }
  await tab("认证", "Auth");
  await page.getByText(words("还没有日志", "Nothing logged yet")).waitFor();
  await shot("empty-logs-auth");

  // Something happens: requests that succeed and fail, a user, a socket, an error in SQL.
  const rest = (path, init = {}) => fetch(`${url}/rest/v1/${path}`, { headers, ...init });
  for (let i = 0; i < 20; i += 1) assert.equal((await rest("messages?select=*")).status, 200);
  assert.equal((await rest("nothing_here")).status, 404);
  const mail = `user-${Date.now()}@example.com`;
  const signup = await fetch(`${url}/auth/v1/signup`, { method: "POST", headers, body: JSON.stringify({ email: mail, password: "a long password" }) });
  assert.ok(signup.status < 500, String(signup.status));
  await page.evaluate(
    ([address, anon]) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`${address.replace(/^http/, "ws")}/realtime/v1/websocket?apikey=${anon}&vsn=1.0.0`);
        socket.onopen = () => socket.send(JSON.stringify({ topic: "realtime:lobby", event: "phx_join", ref: "1", join_ref: "1", payload: { config: { postgres_changes: [{ event: "*", schema: "public", table: "messages" }] } } }));
        socket.onmessage = (m) => JSON.parse(m.data).event === "system" && resolve(socket.close());
        socket.onerror = () => reject(new Error("the socket failed"));
      }),
    [url, key],
  );
  const sql = (query) => page.evaluate(([path, text]) => fetch(path, { method: "POST", headers: { "X-Hearth-Console": "1", "Content-Type": "application/json" }, body: JSON.stringify({ query: text }) }).then((r) => r.json()), [`/console/api/apps/${app.split("/").pop()}/pg/query`, query]);
  await sql(`create table public.rooms (id bigint generated always as identity primary key, name text not null unique, owner uuid);
    create table public.members (room bigint references public.rooms, nick text not null, joined_at timestamptz default now(), primary key (room, nick));
    alter table public.messages add column room bigint references public.rooms;
    create table public.settings (key text primary key, value jsonb);
    create schema supabase_migrations;
    create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
    insert into supabase_migrations.schema_migrations values ('20260101120000', array['create table rooms ()', 'create table members ()'], 'rooms')`);
  await sql("select 1 / 0");

  // 日志
  await page.goto(`${base}${app}/logs`);
  await page.getByText("/rest/v1/nothing_here").first().waitFor();
  await shot("logs-requests");
  await page.getByLabel(words("级别", "Level")).selectOption("warning");
  await page.getByText("/rest/v1/messages").first().waitFor({ state: "detached" });
  await page.getByText("/rest/v1/nothing_here").first().click();
  await dialog().getByText("PGRST205").first().waitFor();
  await shot("logs-entry");
  await page.keyboard.press("Escape");
  await page.getByLabel(words("搜索", "Search"), { exact: true }).fill("no such text");
  await page.getByText(words("没有符合条件的日志", "No entry matches")).waitFor();
  await tab("认证", "Auth");
  await page.getByLabel(words("搜索", "Search"), { exact: true }).fill("");
  await page.getByText(mail).first().waitFor();
  await shot("logs-auth");
  await tab("Realtime", "Realtime");
  await page.getByText("joined realtime:lobby").first().waitFor();
  await shot("logs-realtime");
  await tab("PostgreSQL", "PostgreSQL");
  await page.getByText("division by zero").first().waitFor();
  await shot("logs-postgres");
  // New entries come by themselves.
  await tab("请求", "Requests");
  await rest("appeared_just_now");
  await page.getByText("/rest/v1/appeared_just_now").first().waitFor();

  // 报表
  await go("报表", "Reports");
  await page.locator("svg.recharts-surface").nth(5).waitFor();
  await shot("reports-1h");
  await tab("7 天", "7 days");
  await page.getByText(words("每 120 分钟一个点", "One point every 120 minutes"), { exact: false }).waitFor();
  await page.locator("svg.recharts-surface").nth(5).waitFor();
  await shot("reports-7d");

  // 数据库 -> 结构图: a table opens in the editor
  await page.goto(`${base}${app}/database/diagram`);
  await page.locator(".react-flow__edge").nth(1).waitFor();
  assert.equal(await page.locator(".react-flow__node").count(), 4);
  await shot("diagram");
  await page.locator(".react-flow__node").getByRole("button", { name: "members" }).click();
  await page.waitForURL(/editor\?.*table=members/);

  // 数据库 -> Webhooks: made, tried again, changed, deleted
  await page.goto(`${base}${app}/database/webhooks`);
  await button("新建 Webhook", "Create webhook").first().click();
  await dialog().getByLabel(words("名称", "Name"), { exact: true }).first().fill("notify");
  await dialog().getByLabel(words("表", "Table"), { exact: true }).selectOption(JSON.stringify(["public", "messages"]));
  await dialog().getByLabel("URL").fill("ftp://example.com");
  await dialog().getByText(words("请填写以 http:// 或 https:// 开头的地址", "An address that begins with http:// or https://")).waitFor();
  assert.ok(await dialog().getByRole("button", { name: words("创建", "Create"), exact: true }).isDisabled());
  await dialog().getByLabel("URL").fill(hookUrl);
  await dialog().getByRole("button", { name: words("添加请求头", "Add header") }).click();
  await dialog().getByLabel(words("请求头: 名称", "Headers: Name")).last().fill("X-Secret");
  await dialog().getByLabel(words("请求头: 值", "Headers: Value")).last().fill("it's a \\ secret");
  await shot("webhook-form");
  await dialog().getByRole("button", { name: words("创建", "Create"), exact: true }).click();
  await page.getByRole("row", { name: /notify/ }).waitFor();
  const inserted = await rest("messages", { method: "POST", body: JSON.stringify({ username: "a", bgcolor: "#fff", text: "你好" }) });
  assert.equal(inserted.status, 201, await inserted.text());
  const delivery = page.getByRole("row", { name: /INSERT public.messages/ });
  await delivery.getByText(words("成功", "delivered")).waitFor({ timeout: 40_000 });
  assert.equal(heard.length, 2, "once refused, once taken");
  assert.equal(heard[1].headers["x-secret"], "it's a \\ secret");
  assert.equal(heard[1].body.type, "INSERT");
  assert.equal(heard[1].body.record.text, "你好");
  await shot("webhooks");
  await delivery.click();
  await dialog().getByText("你好").waitFor();
  await shot("webhook-delivery");
  await dialog().getByRole("button", { name: words("重新发送", "Send again") }).click();
  await page.keyboard.press("Escape");
  await page.waitForTimeout(200);
  await page.getByRole("row", { name: /notify/ }).first().click();
  assert.equal(await dialog().getByLabel(words("请求头: 值", "Headers: Value")).last().inputValue(), "it's a \\ secret");
  await dialog().getByRole("checkbox", { name: words("删除", "Delete") }).click();
  await dialog().getByRole("button", { name: words("保存", "Save"), exact: true }).click();
  await dialog().waitFor({ state: "detached" });
  await page.getByRole("row", { name: new RegExp(`notify.*${words("删除", "Delete")}`) }).first().waitFor();
  await page.getByRole("row", { name: /notify/ }).first().getByRole("button", { name: words("删除", "Delete") }).click();
  await dialog().getByText(hookUrl, { exact: false }).waitFor();
  await shot("webhook-delete");
  await dialog().getByRole("button", { name: words("删除", "Delete"), exact: true }).click();
  await page.getByText(words("还没有 Webhook", "No webhooks yet")).waitFor();

  // 迁移, 备份
  await page.goto(`${base}${app}/database/migrations`);
  await page.getByRole("row", { name: /20260101120000/ }).click();
  await dialog().getByText("create table rooms").waitFor();
  await shot("migration");
  await page.keyboard.press("Escape");
  await tab("炉火的迁移", "Hearth's");
  await page.getByRole("row", { name: /bootstrap/ }).first().waitFor();
  await shot("migrations-hearth");
  await page.goto(`${base}${app}/database/backups`);
  await page.getByText("wal_level = logical").waitFor();
  await shot("backups");
  await page.goto(`${base}/console/audit`);
  await page.getByText("app.create").first().waitFor();
  await shot("audit");

  // On a phone nothing is wider than the screen.
  await page.setViewportSize({ width: 375, height: 740 });
  for (const path of ["logs", "reports", "database/diagram", "database/webhooks", "database/migrations", "database/backups"]) {
    await page.goto(`${base}${app}/${path}`);
    await page.locator("h1").waitFor();
    await page.waitForTimeout(1200);
    await shot(`phone-${path.replace("/", "-")}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 375, `${path} is ${wide} px wide`);
  }
  assert.deepEqual(faults, []);
  console.log(`operation (${language}): every page worked`);
} catch (error) {
  await shot("failed");
  console.error(error);
  process.exitCode = 1;
} finally {
  target.close();
  await browser.close();
}
