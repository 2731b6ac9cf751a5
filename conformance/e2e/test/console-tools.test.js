// The SQL editor, policies and their tester, storage, the Realtime inspector and the API documentation.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'

import { until } from '../../lib/hearth.js'
import { png } from '../../lib/pictures.js'
import { Console, start } from '../console.js'

let world

before(async () => {
  world = await start()
})
after(() => world?.stop())

async function type(c, sql) {
  await c.button('新查询').first().click()
  await c.page.locator('.cm-content').click()
  await c.page.keyboard.insertText(sql)
}

test('SQL: several statements, the selection alone, errors marked, plans measured and rolled back', async () => {
  const c = await Console.open(world)
  const { page } = c
  await c.sql('create table numbers (n int primary key, square int); insert into numbers select i, i * i from generate_series(1, 50) i')
  await c.go('sql')
  await type(c, "select 1 as one;\nselect n, 'it''s <b>x</b>' as html from numbers order by n")
  await page.keyboard.press('Control+Enter')
  await page.getByText("it's <b>x</b>").first().waitFor()
  await page.getByRole('button', { name: /^SELECT ?1$/ }).first().click()
  await c.shot('sql-results')

  await type(c, 'select 1 as kept;\nselect wrong from numbers;')
  await c.button('执行').click()
  await page.getByText('column "wrong" does not exist').waitFor()
  await page.getByText('第 2 行，编辑器中已标出。').waitFor()
  await page.locator('.cm-lintRange-error').waitFor()
  await c.shot('sql-error')
  await page.locator('.cm-line').first().click({ clickCount: 3 })
  await c.button('执行').click()
  await page.getByText('kept', { exact: true }).waitFor()

  await type(c, 'delete from numbers')
  await c.button('执行计划').click()
  await page.getByRole('menuitem', { name: '执行并测量（随后回滚）' }).click()
  await page.getByText(/实际 .* 毫秒 · 50 行/).waitFor()
  await c.shot('sql-plan')
  assert.equal((await c.sql('select count(*)::int as n from numbers'))[0].n, 50)

  await type(c, 'select a,b from numbers where n>1 and square<9')
  await page.keyboard.press('Shift+Alt+f')
  await page.locator('.cm-line', { hasText: /^where$/ }).waitFor()

  // The schema completes names.
  await type(c, 'select * from numb')
  await page.keyboard.press('Control+Space')
  await page.locator('.cm-tooltip-autocomplete').getByText('numbers').first().waitFor()
  await page.keyboard.press('Escape')
  await c.close()
})

test('SQL: an endless query is cancelled, a million rows are cut with a note', async () => {
  const c = await Console.open(world)
  const { page } = c
  await c.go('sql')
  await type(c, 'select count(*) from generate_series(1, 1000000000000)')
  await page.keyboard.press('Control+Enter')
  await c.button('取消执行').click()
  await page.getByText('canceling statement due to user request').waitFor()
  await type(c, 'select i, repeat($$x$$, 100) as x from generate_series(1, 1000000) i')
  await page.keyboard.press('Control+Enter')
  await page.getByText('只显示前 1,000 行').waitFor()
  assert.equal(await page.evaluate(() => 1 + 1), 2, 'the page is alive')
  await c.close()
})

test('SQL: runs as the role and the user that are chosen', async () => {
  const c = await Console.open(world)
  const { page } = c
  const user = await c.user('roles@example.com')
  await c.sql('create table secrets_of (id int primary key, owner uuid); alter table secrets_of enable row level security')
  await c.sql(`insert into secrets_of values (1, '${user}'), (2, gen_random_uuid()); create policy own on secrets_of for select to authenticated using (owner = auth.uid())`)
  await c.go('sql')
  await type(c, "select current_user || ' sees ' || count(*) as answer from secrets_of")
  const run = async (expected) => {
    await c.button('执行').click()
    await page.getByText(expected, { exact: true }).waitFor()
  }
  await run(`app_${c.app.replaceAll('-', '_')} sees 2`)
  await page.getByLabel('以什么角色执行').selectOption('anon')
  await run('anon sees 0')
  await page.getByLabel('以什么角色执行').selectOption('authenticated')
  await page.getByLabel('用户 ID (uuid)').fill(user)
  await run('authenticated sees 1')
  await page.getByLabel('用户 ID (uuid)').fill('nobody')
  await c.button('执行').click()
  await page.getByText('user_id 必须是 UUID').waitFor()
  await c.close()
})

test('SQL: queries are saved, kept and deleted; history remembers', async () => {
  const c = await Console.open(world)
  const { page } = c
  await c.go('sql')
  await type(c, 'select 42 as answer')
  await page.keyboard.press('Control+s')
  await c.dialog().getByRole('textbox').fill('我的查询 "x"')
  await c.dialog().getByRole('button', { name: '保存' }).click()
  await page.getByText('已保存', { exact: true }).last().waitFor()
  await page.getByRole('heading', { name: '我的查询 "x"' }).waitFor()
  await page.reload()
  await page.getByRole('complementary').getByText('我的查询 "x"').first().click()
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+Enter')
  await page.getByText('42', { exact: true }).waitFor()
  await page.getByRole('tab', { name: '历史' }).click()
  await page.getByRole('complementary').getByText('select 42 as answer').waitFor()
  await c.close()
})

test('policies: made from a template, and tried out as somebody for reading and writing', async () => {
  const c = await Console.open(world)
  const { page } = c
  const mine = await c.user('mine@example.com')
  const other = await c.user('other@example.com')
  await c.sql(`create table notes (id bigint generated by default as identity primary key, user_id uuid not null, text text);
    alter table notes enable row level security; insert into notes (user_id, text) values ('${mine}', 'a'), ('${mine}', 'b'), ('${other}', 'c')`)
  await c.go('auth/policies')
  const card = page.locator('section').filter({ hasText: 'notes' })
  await card.getByRole('button', { name: '从模板创建' }).click()
  await page.getByRole('menuitem', { name: '用户只能访问自己的行' }).click()
  await c.button('保存').click()
  await card.getByText('用户只能访问自己的行').waitFor()
  await c.sql("create policy reading on notes for select to authenticated using (text <> 'b')")
  await page.reload()

  await card.getByRole('button', { name: '测试' }).click()
  const verdict = page.getByTestId('verdict')
  const run = async () => {
    await c.dialog().getByRole('button', { name: '测试', exact: true }).click()
    await verdict.waitFor()
    return (await verdict.innerText()).replace(/\s+/g, ' ')
  }
  assert.match(await run(), /可见 0 \/ 3 行.*没有适用于这个身份和操作的许可策略/)
  await c.dialog().getByLabel('以谁的身份').selectOption('authenticated')
  await c.dialog().getByLabel('用户 ID (uuid)').last().fill(mine)
  // Permissive policies add up: own rows by one, all but b by the other.
  assert.match(await run(), /可见 3 \/ 3 行.*reading SELECT 放行 2 \/ 3 行/)
  assert.match(await verdict.innerText(), /用户只能访问自己的行\s+ALL\s+放行 2 \/ 3 行/)
  await c.shot('policies-tester')

  await c.dialog().getByRole('tab', { name: /插入/ }).click()
  const row = (id) => c.dialog().getByRole('textbox', { name: /要插入的行/ }).fill(JSON.stringify({ user_id: id, text: 'new' }))
  await row(other)
  assert.match(await run(), /被策略拒绝.*new row violates row-level security policy.*不满足/)
  await c.shot('policies-tester-refused')
  await row(mine)
  assert.match(await run(), /允许：影响 1 \/ 1 行.*放行 1 \/ 1 行/)

  await c.dialog().getByRole('tab', { name: /更新/ }).click()
  await c.dialog().getByRole('textbox', { name: /要修改的列/ }).fill('{"text": "changed"}')
  await c.dialog().getByLabel('针对哪些行').fill("text <> 'a'")
  assert.match(await run(), /允许：影响 1 \/ 2 行/)
  await c.dialog().getByRole('tab', { name: /删除/ }).click()
  await c.dialog().getByLabel('针对哪些行').fill('')
  assert.match(await run(), /允许：影响 2 \/ 3 行/)
  assert.deepEqual(await c.sql('select text from notes order by id'), [{ text: 'a' }, { text: 'b' }, { text: 'c' }], 'nothing was kept')
  await c.close()
})

test('storage: folders go up, large files pause and go on, files are moved, shown and deleted', async () => {
  const c = await Console.open(world)
  const { page } = c
  const folder = mkdtempSync(path.join(tmpdir(), 'hearth-files-'))
  const tree = path.join(folder, 'album')
  mkdirSync(path.join(tree, 'in'), { recursive: true })
  writeFileSync(path.join(tree, 'one.txt'), 'one')
  writeFileSync(path.join(tree, 'in', 'two.txt'), 'two')
  writeFileSync(path.join(tree, '<img src=x onerror=alert(1)>.txt'), 'three')
  const large = path.join(folder, 'large.bin')
  writeFileSync(large, Buffer.alloc(40 * 1024 * 1024, 7))

  await c.go('storage')
  await c.button('创建新bucket').first().click()
  await page.fill('[name=bucket-name]', 'files')
  await c.dialog().getByRole('switch').click()
  await c.dialog().getByRole('button', { name: '创建' }).click()
  await page.getByText('文件夹是空的').waitFor()
  await page.locator('input[type=file][webkitdirectory]').setInputFiles(tree)
  const objects = async () => (await c.sql("select name from storage.objects where bucket_id = 'files' order by name")).map((o) => o.name)
  await until('the folder to be there', async () => (await objects()).length === 2)
  assert.deepEqual(await objects(), ['album/in/two.txt', 'album/one.txt'])
  // A name that storage does not take says so, and stays text.
  await page.getByText('Invalid key: album/<img src=x onerror=alert(1)>.txt').waitFor()
  await c.shot('storage-files')

  // A slow line, so that there is time to pause.
  const line = await page.context().newCDPSession(page)
  await line.send('Network.enable')
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 8 * 1024 * 1024 })
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles(large)
  const uploads = page.getByLabel('上传列表')
  await uploads.getByText(/^[1-9]\d?% · 40/).waitFor()
  await c.button('暂停上传').click()
  await uploads.getByText('已暂停').waitFor()
  await c.shot('storage-paused')
  assert.ok(!(await objects()).includes('large.bin'))
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await c.button('继续上传').click()
  await until('the large file to be there', async () => (await objects()).includes('large.bin'), 60_000)
  assert.equal((await c.sql("select (metadata ->> 'size')::int as size from storage.objects where name = 'large.bin'"))[0].size, 40 * 1024 * 1024)

  // The same name again is refused, and overwritten when asked to.
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('first') })
  await until('a.txt', async () => (await objects()).includes('a.txt'))
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('second') })
  await page.getByText('同名文件已存在').waitFor()
  await c.button('覆盖已有文件').click()
  await page.getByText('同名文件已存在').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: /^a\.txt/ }).click()
  await page.getByText('second').waitFor()
  await c.shot('storage-preview')
  await c.button('移动或重命名').click()
  await c.dialog().getByLabel('新路径').fill('moved/b.txt')
  await c.dialog().getByRole('button', { name: '保存' }).click()
  await page.getByRole('button', { name: /^moved/ }).click()
  await page.getByRole('button', { name: /^b\.txt/ }).waitFor()
  await page.getByLabel('选择 b.txt').click()
  await page.getByRole('button', { name: /^移动到…/ }).click()
  await c.dialog().getByLabel('文件夹').fill('deep/er')
  await c.dialog().getByRole('button', { name: '移动或重命名' }).click()
  await until('b.txt to move', async () => (await objects()).includes('deep/er/b.txt'))
  await page.getByRole('navigation', { name: '文件夹' }).getByRole('button', { name: 'files' }).click()
  await page.locator('input[type=file]:not([webkitdirectory])').setInputFiles({ name: 'p.png', mimeType: 'image/png', buffer: png(64, 64, [200, 80, 40]) })
  await c.button('以图标查看').click()
  await page.locator('img[alt="p.png"]').waitFor()
  await c.shot('storage-tiles')
  // A file is dragged onto a folder.
  await page.getByRole('button', { name: 'p.png' }).dragTo(page.getByRole('button', { name: 'deep' }))
  await until('p.png to move', async () => (await objects()).includes('deep/p.png'))
  await page.getByRole('button', { name: 'deep' }).click()
  await page.getByRole('button', { name: 'er' , exact: true }).click()
  await page.getByLabel('选择 b.txt').click()
  await page.getByRole('button', { name: /^删除 \(1\)/ }).click()
  await c.dialog().getByRole('button', { name: '删除', exact: true }).click()
  await until('b.txt to go', async () => !(await objects()).includes('deep/er/b.txt'))
  await c.close()
})

test('storage: the insert policy in two clicks, and who it lets in', async () => {
  const c = await Console.open(world)
  const { page } = c
  await c.go('storage')
  await c.button('创建新bucket').first().click()
  await page.fill('[name=bucket-name]', 'images')
  await c.dialog().getByRole('button', { name: '创建' }).click()
  await page.getByRole('tab', { name: '策略' }).click()
  await page.getByText('允许任何用户发送图片到 images').first().click()
  await c.button('保存').click()
  await page.getByText("bucket_id = 'images'").first().waitFor()
  await c.button('测试').click()
  await c.dialog().getByRole('tab', { name: /插入/ }).click()
  await c.dialog().getByRole('button', { name: '测试', exact: true }).click()
  assert.match(await page.getByTestId('verdict').innerText(), /允许：影响 1 \/ 1 行/)
  await c.close()
})

test('realtime: what a chosen user is shown, and who is there', async () => {
  const c = await Console.open(world)
  const { page } = c
  const user = await c.user('watcher@example.com')
  await c.sql(`create table letters (id bigint generated by default as identity primary key, to_user uuid, text text);
    alter table letters enable row level security; create policy own on letters for select to authenticated using (to_user = auth.uid());
    alter publication supabase_realtime add table letters; create table quiet (id int primary key)`)
  await c.go('realtime')
  await page.getByLabel('表（* 为全部）').fill('quiet')
  await page.getByText('表 quiet 没有启用 Realtime').waitFor()
  await page.getByLabel('表（* 为全部）').fill('letters')
  await page.getByLabel('身份').selectOption('user')
  await page.getByLabel('用户 ID (uuid)').fill(user)
  await c.button('加入').click()
  await page.getByText('已加入').waitFor()
  await page.getByText('1 人在线').waitFor()
  // The subscription to changes stands once the server says so.
  await until('a letter to arrive', async () => {
    await c.sql(`insert into letters (to_user, text) values (gen_random_uuid(), 'not for us'), ('${user}', 'for us <script>alert(1)</script>')`)
    await page.waitForTimeout(500)
    return (await page.getByText('for us <script>alert(1)</script>').count()) > 0
  })
  assert.equal(await page.getByText('not for us').count(), 0)
  await c.button('发送').click()
  await page.getByText('"hello"').first().waitFor()
  await c.shot('realtime')
  const { body: audit } = await c.api('GET', '/audit')
  assert.ok(JSON.stringify(audit).includes('user.impersonate'), 'standing in for a user is on record')
  for (const [id, status] of [['nobody', 400], ['00000000-0000-4000-8000-000000000000', 400]]) {
    assert.equal((await c.api('POST', `/apps/${c.app}/users/${id}/token`)).status, status)
  }
  await c.close()
})

test('API documentation: a table and a function are called live', async () => {
  const c = await Console.open(world)
  const { page } = c
  await c.sql(`create table todos (id bigint generated by default as identity primary key, title text not null); alter table todos enable row level security;
    create policy all_of_it on todos for all to anon using (true) with check (true);
    create function add(a int, b int) returns int language sql as 'select a + b'`)
  await c.go('api')
  await page.getByRole('complementary').getByText('todos').click()
  await page.getByLabel('方法').selectOption('POST')
  await page.getByLabel('请求内容 (JSON)').fill('{"title": "写文档"}')
  await c.button('发送请求').click()
  await page.getByText('响应 201').waitFor()
  await page.getByLabel('方法').selectOption('GET')
  await c.button('发送请求').click()
  await page.getByText('"写文档"').waitFor()
  await c.shot('api-docs')
  await page.getByRole('complementary').getByText('add', { exact: true }).click()
  await page.getByLabel('请求内容 (JSON)').fill('{"a": 2, "b": 40}')
  await c.button('发送请求').click()
  await page.getByText('响应 200').waitFor()
  await page.locator('pre', { hasText: /^42$/ }).waitFor()
  await c.close()
})
