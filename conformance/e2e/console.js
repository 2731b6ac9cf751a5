// A person in the console: signs in, goes from page to page, looks at what is shown. Screenshots of
// pages go to target/console-shots/pages/.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'

import { Hearth, repository } from '../lib/hearth.js'
import { launch } from './browser.js'

export const PASSWORD = 'a password for this test'

const shots = path.join(repository, 'target', 'console-shots', 'pages')

/**
 * A server with an administrator whose password is known, an empty application of the suite's own,
 * and a browser: {hearth, app, browser, stop}. HEARTH_CONSOLE_URL names a server that runs already,
 * with the same password.
 */
export async function start() {
  process.env.HEARTH_ADMIN_PASSWORD = PASSWORD
  const running = process.env.HEARTH_CONSOLE_URL
  const hearth = running ? { url: running, stop: async () => {} } : await Hearth.start()
  const browser = await launch()
  const world = { hearth, browser, app: '' }
  world.stop = async () => {
    await browser.close()
    await hearth.stop()
  }
  const c = await Console.open(world)
  const made = await c.api('POST', '/apps', { name: '控制台测试', template: 'empty' })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  world.app = made.body.ref
  await c.close()
  return world
}

/** One administrator's window. `words(zh, en)` picks the language that the window speaks. */
export class Console {
  constructor(hearth, page, language, app) {
    this.hearth = hearth
    this.page = page
    this.language = language
    this.app = app
    this.faults = []
  }

  /** Signs in and opens `app`. */
  static async open(world, { language = 'zh', app = world.app, width = 1280, height = 800, theme = 'light' } = {}) {
    const context = await world.browser.newContext({
      viewport: { width, height },
      locale: language === 'zh' ? 'zh-CN' : 'en-US',
      colorScheme: theme,
      acceptDownloads: true,
    })
    const page = await context.newPage()
    // Machines that run everything at once are slow.
    page.setDefaultTimeout(45_000)
    const console = new Console(world.hearth, page, language, app)
    page.on('pageerror', (error) => console.faults.push(String(error)))
    page.on('dialog', (dialog) => {
      // A page that leaves may ask; nothing else opens a dialog of the browser.
      if (dialog.type() !== 'beforeunload') console.faults.push(`dialog: ${dialog.message()}`)
      void dialog.accept()
    })
    page.on('console', (message) => {
      if (/Content Security Policy|Maximum update depth|same key|is not a valid|unique "key"/.test(message.text())) console.faults.push(message.text())
    })
    const answer = await context.request.post(`${world.hearth.url}/console/api/session`, {
      headers: { 'X-Hearth-Console': '1' },
      data: { username: 'admin', password: PASSWORD },
    })
    assert.equal(answer.status(), 200, await answer.text())
    return console
  }

  words(zh, en) {
    return this.language === 'zh' ? zh : en
  }

  /** Opens a page of the application by its path, such as `editor?table=t`. */
  async go(where) {
    await this.page.goto(`${this.hearth.url}/console/app/${this.app}/${where}`)
  }

  button(zh, en) {
    return this.page.getByRole('button', { name: this.words(zh, en), exact: true })
  }

  dialog() {
    return this.page.getByRole('dialog').last()
  }

  cell(row, column) {
    return this.page.locator(`[role=row][aria-rowindex="${row}"] [data-column="${column}"]`)
  }

  /** Runs SQL as the application's owner. */
  async sql(text) {
    const answer = await this.page.request.post(`${this.hearth.url}/console/api/apps/${this.app}/pg/query`, {
      headers: { 'X-Hearth-Console': '1' },
      data: { query: text },
      timeout: 120_000,
    })
    assert.equal(answer.status(), 200, await answer.text())
    return answer.json()
  }

  /** The console's own API. */
  async api(method, where, data) {
    const answer = await this.page.request.fetch(`${this.hearth.url}/console/api${where}`, {
      method,
      headers: { 'X-Hearth-Console': '1' },
      data,
    })
    return { status: answer.status(), body: await answer.json().catch(() => null) }
  }

  /** A user of the application with an e-mail address: its id. */
  async user(email) {
    const { body } = await this.api('GET', `/apps/${this.app}/secrets`)
    const answer = await this.page.request.post(`${this.hearth.url}/apps/${this.app}/auth/v1/admin/users`, {
      headers: { apikey: body.service_role_key, Authorization: `Bearer ${body.service_role_key}` },
      data: { email, password: 'secret-123', email_confirm: true, user_metadata: { nickname: '<img src=x onerror=alert(1)>' } },
    })
    assert.ok(answer.ok(), await answer.text())
    return (await answer.json()).id
  }

  async shot(name) {
    mkdirSync(shots, { recursive: true })
    // Animations end, so that pictures of two runs are the same.
    await this.page.waitForTimeout(250)
    await this.page.screenshot({ path: path.join(shots, `${name}.png`) })
  }

  /** No error in the page, no breach of the policy on content, no dialog that a text opened. */
  async close() {
    await this.page.context().close()
    assert.deepEqual(this.faults, [])
  }
}
