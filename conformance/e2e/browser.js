// Chromium, found or named by HEARTH_CHROMIUM, and windows of the chat room in it.

import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'

import { chromium } from 'playwright-core'

import { repository } from '../lib/hearth.js'

const FOUND = [
  process.env.HEARTH_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const PHONE = { viewport: { width: 375, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true }
export const DESKTOP = { viewport: { width: 1280, height: 800 } }

export function launch() {
  const executablePath = FOUND.find((file) => file && existsSync(file))
  if (!executablePath) throw new Error('no Chromium: install it or name it in HEARTH_CHROMIUM')
  return chromium.launch({ executablePath, args: FLAGS })
}

/** A person with a browser of their own: {context, page, problems}. */
export async function visit(browser, hearth, options = DESKTOP) {
  const context = await browser.newContext({ locale: 'zh-CN', timezoneId: 'Asia/Shanghai', ...options })
  return openWindow(context, hearth)
}

export async function openWindow(context, hearth) {
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(`${hearth.url}/demo/chatroom/`)
  await live(page)
  return { context, page, problems }
}

export const live = (page, timeout = 30_000) =>
  page.waitForSelector('#app[data-link="live"]', { timeout })

export async function say(page, text) {
  await page.fill('.composer-input', text)
  await page.press('.composer-input', 'Enter')
}

/** The texts on the wall, in order. */
export const texts = (page) => page.locator('.message .bubble').allTextContents()

export const countOf = async (page, text) => (await texts(page)).filter((shown) => shown === text).length

/** How often each text that begins with `mark` is shown, in order. */
export const marked = async (page, mark) => (await texts(page)).filter((text) => text.startsWith(mark))

export async function shoot(page, name) {
  const folder = path.join(repository, 'target', 'screenshots')
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: path.join(folder, `${name}.png`) })
}
