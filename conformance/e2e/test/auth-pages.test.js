// The console's pages below 认证, in a browser: what is set there is in force, and what they show is
// what happened. Screenshots, wide and narrow, light and dark, go to target/screenshots/.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { launch, PHONE, shoot } from '../browser.js'
import { Console, PASSWORD } from '../../lib/console.js'
import { fresh } from '../../lib/fixtures.js'
import { Hearth, until } from '../../lib/hearth.js'

let hearth
let env
let admin
let browser
let page

before(async () => {
  process.env.HEARTH_ADMIN_PASSWORD = PASSWORD
  hearth = await Hearth.start()
  env = await hearth.status()
  admin = await Console.open(hearth)
  browser = await launch()
  page = await signedIn({ viewport: { width: 1280, height: 800 } })
})

after(async () => {
  await browser?.close()
  await hearth?.stop()
})

async function signedIn(options) {
  const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.faults = []
  page.on('pageerror', (error) => page.faults.push(String(error)))
  await page.goto(`${hearth.url}/console/`)
  await page.fill('[name=username]', 'admin')
  await page.fill('[name=password]', PASSWORD)
  await page.click('button[type=submit]')
  await page.getByRole('heading', { name: '我的应用' }).waitFor()
  return page
}

async function open(name, heading) {
  await page.goto(`${hearth.url}/console/app/chatroom/auth/${name}`)
  await page.getByRole('heading', { name: heading, exact: true, level: 1 }).waitFor()
  await page.waitForFunction(() => document.querySelector('main .animate-spin') === null)
}

const button = (name, within = page) => within.getByRole('button', { name, exact: true })
const dialog = () => page.getByRole('dialog').last()

/** A request of the application, as its clients make it. */
async function ask(method, path, body, key = env.ANON_KEY, headers = {}) {
  const response = await fetch(`${env.API_URL}/auth/v1${path}`, {
    method,
    headers: { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  return { status: response.status, json: await response.json().catch(() => null) }
}

const signUp = (email) => ask('POST', '/signup', { email, password: 'correct horse 1', data: { nickname: '小明' } })

test('users: searched, banned for a while, signed out, deleted', async () => {
  const email = `${fresh('seen')}@example.com`
  const { json: session } = await signUp(email)
  await open('users', '用户')
  await page.getByLabel('邮箱、手机号、ID、微信 openid、昵称').fill(session.user.id)
  await page.keyboard.press('Enter')
  await page.getByRole('cell', { name: email }).click()
  await page.getByRole('tab', { name: '会话' }).click()
  await dialog().getByText('127.0.0.1').first().waitFor()
  await shoot(page, 'auth-user-sessions')
  await button('结束', dialog()).click()
  await button('结束', dialog()).click()
  await page.getByText('没有会话').waitFor()
  const refused = await ask('POST', '/token?grant_type=refresh_token', { refresh_token: session.refresh_token })
  assert.equal(refused.status, 400)

  await page.getByRole('tab', { name: '登录方式' }).click()
  await dialog().getByText('没有绑定验证器').waitFor()
  await page.getByRole('tab', { name: '资料' }).click()
  await button('封禁', dialog()).click()
  await dialog().getByLabel('封禁多久').selectOption('week')
  await button('封禁', dialog()).click()
  await page.getByText('已封禁').first().waitFor()
  const banned = await ask('POST', '/token?grant_type=password', { email, password: 'correct horse 1' })
  assert.equal(banned.json.error_code, 'user_banned')
  const { json: user } = await ask('GET', `/admin/users/${session.user.id}`, undefined, env.SERVICE_ROLE_KEY)
  const days = (new Date(user.banned_until) - Date.now()) / 86_400_000
  assert.ok(days > 6.9 && days < 7.1, user.banned_until)

  await button('删除用户', dialog()).click()
  await dialog().getByText('保留一条匿名记录').click()
  await shoot(page, 'auth-user-delete')
  await button('删除用户', dialog()).click()
  await page.getByText('用户已删除').waitFor()
  const { json: gone } = await ask('GET', `/admin/users/${session.user.id}`, undefined, env.SERVICE_ROLE_KEY)
  assert.ok(gone.deleted_at)
  assert.ok(!JSON.stringify(gone).includes(email))
})

test('mail templates: a mistake is named, a good text is previewed and used; the mailbox shows the mail', async () => {
  await admin.change('chatroom', (settings) => {
    settings.auth.mailer_autoconfirm = false
  })
  await open('templates', '邮箱模板')
  await shoot(page, 'auth-templates')
  await page.getByRole('cell', { name: '注册验证' }).click()
  const content = dialog().getByLabel('正文 (HTML)')
  await content.fill('<p>{{ if .Token }}</p>')
  await button('保存', dialog()).click()
  await dialog().getByText('"if" without "end"').waitFor()
  await dialog().getByLabel('主题').fill('你好 {{ .Data.nickname }}')
  await content.fill('<p>欢迎，{{ .Data.nickname }}！<b>{{ .Token }}</b></p>')
  await button('预览', dialog()).click()
  await dialog().getByText('你好 小明').waitFor()
  await shoot(page, 'auth-template-sheet')
  await button('保存', dialog()).click()
  await page.getByText('已自定义').waitFor()

  const email = `${fresh('mail')}@example.com`
  assert.equal((await signUp(email)).status, 200)
  await open('mailbox', '收件箱')
  await page.getByRole('cell', { name: email }).click()
  await page.frameLocator('iframe').getByText('欢迎，小明！').waitFor()
  const code = await dialog().locator('code').first().innerText()
  await shoot(page, 'auth-mailbox')
  const verified = await ask('POST', '/verify', { type: 'signup', email, token: code })
  assert.equal(verified.status, 200)
  assert.match(env.MAILBOX_URL, /\/console\/app\/chatroom\/auth\/mailbox$/)

  await open('templates', '邮箱模板')
  await page.getByLabel('收件人邮箱').fill('me@example.com')
  await button('发送').click()
  await page.getByText('没有设置 SMTP，邮件在“收件箱”中').waitFor()
  await page.getByRole('cell', { name: '注册验证' }).click()
  await button('恢复默认', dialog()).click()
  await button('恢复默认', dialog()).click()
  await page.getByText('已自定义').waitFor({ state: 'detached' })
  await admin.change('chatroom', (settings) => {
    settings.auth.mailer_autoconfirm = true
  })
})

test('rate limits count at once, for the address that a proxy names', async () => {
  await open('limits', 'Rate Limits')
  await shoot(page, 'auth-limits')
  await page.getByLabel('登录和刷新令牌').fill('0')
  await button('保存', page.locator('section', { hasText: '每个客户端地址' }).last()).click()
  await page.getByText('已保存').waitFor()
  const signIn = (headers) => ask('POST', '/token?grant_type=password', { email: 'nobody@example.com', password: 'x' }, env.ANON_KEY, headers)
  const limited = await signIn({ 'x-forwarded-for': '203.0.113.9' })
  assert.equal(limited.status, 429)
  assert.equal(limited.json.error_code, 'over_request_rate_limit')
  assert.equal((await signIn({})).status, 400)
  await page.getByLabel('登录和刷新令牌').fill('150')
  await button('保存', page.locator('section', { hasText: '每个客户端地址' }).last()).click()
  await until('the limit to be lifted', async () => (await signIn({ 'x-forwarded-for': '203.0.113.9' })).status === 400)
})

test('a hook: a function is chosen, gets its grants and changes the claims', async () => {
  await hearth.sql(`create function public.add_level(event jsonb) returns jsonb language sql as
    $$ select jsonb_set(event, '{claims,level}', '7') $$;
    revoke execute on function public.add_level from public;`)
  await open('hooks', 'Hooks')
  await shoot(page, 'auth-hooks')
  await button('配置').first().click()
  await dialog().getByLabel('函数', { exact: true }).selectOption('public.add_level')
  await dialog().getByText('grant execute on function').waitFor()
  await shoot(page, 'auth-hook-sheet')
  await button('保存', dialog()).click()
  await page.getByText('pg-functions://postgres/public/add_level').waitFor()
  const { json: session } = await signUp(`${fresh('hooked')}@example.com`)
  const claims = JSON.parse(Buffer.from(session.access_token.split('.')[1], 'base64url'))
  assert.equal(claims.level, 7)
  await admin.change('chatroom', (settings) => {
    settings.auth.hooks.custom_access_token.enabled = false
  })
})

test('URLs and providers are set', async () => {
  await open('urls', 'URL配置')
  await page.getByLabel('重定向URL').fill('https://*.ours.cn/**\nmyapp://done')
  await button('保存').last().click()
  await page.getByText('已保存').waitFor()
  await shoot(page, 'auth-urls')
  const settings = await (await admin.call('GET', '/apps/chatroom/settings')).json()
  assert.deepEqual(settings.auth.uri_allow_list, ['https://*.ours.cn/**', 'myapp://done'])
  await open('providers', '服务商')
  await page.getByLabel('短信服务商').selectOption('aliyun')
  await button('保存', page.locator('section', { hasText: '测试号码' }).last()).click()
  await page.getByLabel('短信模板CODE').waitFor()
  await shoot(page, 'auth-providers')
})

test('the pages fit a phone, in the dark too', async () => {
  const wide = page
  try {
    page = await signedIn({ ...PHONE, colorScheme: 'dark' })
    for (const [name, heading] of [['users', '用户'], ['templates', '邮箱模板'], ['mailbox', '收件箱'], ['limits', 'Rate Limits'], ['hooks', 'Hooks'], ['urls', 'URL配置'], ['providers', '服务商']]) {
      await open(name, heading)
      await page.waitForTimeout(300)
      await shoot(page, `auth-${name}-phone`)
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      assert.ok(wider <= 0, `${name} is ${wider} px too wide`)
    }
    assert.deepEqual(page.faults, [])
  } finally {
    page = wide
  }
  assert.deepEqual(page.faults, [])
})
