// The chat room's web page in headless Chromium, as two people use it.

import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'

import { Hearth, until } from '../../lib/hearth.js'
import { png, sunset } from '../../lib/pictures.js'
import { countOf, DESKTOP, launch, live, marked, openWindow, PHONE, say, shoot, texts, visit } from '../browser.js'

let hearth
let browser
let people = []

before(async () => {
  hearth = await Hearth.start()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await hearth?.stop()
})

afterEach(async () => {
  for (const { context } of people.splice(0)) await context.close()
})

async function enter(...options) {
  const entered = await Promise.all(options.map((option) => visit(browser, hearth, option)))
  people.push(...entered)
  return entered
}

const word = (kind) => `${kind} ${Math.random().toString(36).slice(2)}`

const landscape = sunset(1600, 900)

test('an empty room greets, and a greeting is one tap', async () => {
  const [{ page, problems }] = await enter(PHONE)
  await page.waitForSelector('.empty:visible')
  await shoot(page, 'chatroom-empty-375')
  const greeting = page.locator('.greetings button').first()
  const text = await greeting.textContent()
  await greeting.click()
  await page.waitForSelector('.message.own[data-id]')
  assert.equal(await countOf(page, text), 1)
  assert.equal(await page.locator('.empty').isVisible(), false)
  assert.deepEqual(problems, [])
})

test('two windows chat with text and a picture and see each other', async () => {
  const [a, b] = await enter(PHONE, DESKTOP)
  for (const { page } of [a, b]) {
    await until('two online', async () => (await page.textContent('.header-state')).startsWith('2'))
  }

  const hello = word('各位英雄')
  await say(a.page, hello)
  await until('B reads it', async () => (await countOf(b.page, hello)) === 1)
  await a.page.waitForSelector('.message.own[data-id]')
  assert.equal(await countOf(a.page, hello), 1)
  const reply = word('久仰')
  await say(b.page, reply)
  await until('A reads the answer', async () => (await countOf(a.page, reply)) === 1)
  const author = await a.page.locator('.message.other', { hasText: reply }).locator('.author').textContent()
  assert.equal(author, await b.page.textContent('.me strong'))

  await b.page.locator('.composer-input').pressSequentially('嗯', { delay: 10 })
  await until('A sees that B types', async () => (await a.page.textContent('.typing')).includes(author))
  await b.page.fill('.composer-input', '')

  await b.page.setInputFiles('input[type=file]', { name: 'p.png', mimeType: 'image/png', buffer: landscape })
  const picture = a.page.locator('.message.other img.picture').last()
  await picture.waitFor()
  await until('the picture is really there', () => picture.evaluate((image) => image.naturalWidth > 0))
  assert.equal(await picture.evaluate((image) => image.naturalWidth), 1600)
  await b.page.waitForSelector('.message.own[data-id] img.picture')

  await shoot(a.page, 'chatroom-chat-375')
  await shoot(b.page, 'chatroom-chat-desktop')
  await a.page.emulateMedia({ colorScheme: 'dark' })
  await b.page.emulateMedia({ colorScheme: 'dark' })
  await shoot(a.page, 'chatroom-dark-375')
  await shoot(b.page, 'chatroom-dark-desktop')

  await picture.click()
  await a.page.waitForSelector('dialog.lightbox[open] img')
  await shoot(a.page, 'chatroom-lightbox-375')
  await a.page.keyboard.press('Escape')
  await until('the picture is closed', async () => (await a.page.locator('dialog').count()) === 0)

  const overflow = await a.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, 'nothing is wider than a phone')
  assert.deepEqual([...a.problems, ...b.problems], [])
})

test('markup in a message is shown, not run', async () => {
  const [a, b] = await enter(DESKTOP, DESKTOP)
  const text = `<img src=x onerror="document.title='owned'"> ${word('x')}`
  await say(a.page, text)
  await until('B reads it', async () => (await countOf(b.page, text)) === 1)
  await hearth.sql(
    "insert into messages (username, bgcolor, text) values " +
      "('<b>x</b>', 'red;background:url(//evil)', '[img:1x1]../../../secrets/x.png')",
  )
  await until('the odd row arrives', async () =>
    (await texts(b.page)).includes('[img:1x1]../../../secrets/x.png'),
  )
  assert.match(await b.page.title(), /Hearth/)
  assert.equal(await b.page.locator('.message b').count(), 0)
})

test('two windows of one browser are two people', async () => {
  const [first] = await enter(DESKTOP)
  const second = await openWindow(first.context, hearth)
  const names = await Promise.all([first.page, second.page].map((page) => page.textContent('.me strong')))
  await until('two online', async () => (await first.page.locator('.side .people li').count()) === 2)
  await second.page.reload()
  await second.page.waitForSelector('#app[data-link="live"]')
  assert.equal(await second.page.textContent('.me strong'), names[1], 'a reload keeps the role')
})

test('a role can be changed, and is kept', async () => {
  const [a, b] = await enter(PHONE, DESKTOP)
  await a.page.click('.persona-button')
  await a.page.fill('#persona-name', '风清扬')
  await a.page.locator('.swatch').nth(4).click()
  await shoot(a.page, 'chatroom-settings-375')
  await a.page.click('.settings button[type=submit]')
  await until('B sees the new name', async () =>
    (await b.page.locator('.people-name').allTextContents()).includes('风清扬'),
  )
  const text = word('改名')
  await say(a.page, text)
  await b.page.locator('.message.other', { hasText: text }).waitFor()
  await a.page.reload()
  await a.page.waitForSelector('#app[data-link="live"]')
  assert.match(await a.page.getAttribute('.persona-button', 'title'), /风清扬/)
  const own = a.page.locator('.message.own', { hasText: text })
  await own.waitFor()
})

test('English, dark by choice, and the keyboard alone', async () => {
  const [{ page }] = await enter(DESKTOP)
  await page.click('.me')
  await page.click('[data-choice=en]')
  await page.waitForFunction(() => document.title.startsWith('Jianghu'))
  await page.click('.me')
  await page.click('[data-choice=dark]')
  await page.keyboard.press('Escape')
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark')
  assert.equal(await page.getAttribute('html', 'lang'), 'en-GB')
  await page.focus('.composer-input')
  const text = word('by keyboard')
  await page.keyboard.type(text)
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second line')
  await page.keyboard.press('Enter')
  await until('it is sent as two lines', async () => (await countOf(page, `${text}\nsecond line`)) === 1)
  await shoot(page, 'chatroom-english-dark')
})

test('newest messages first, older ones while scrolling up, each once', async () => {
  const mark = word('往事')
  await hearth.sql(
    `insert into messages (username, bgcolor, text)
     select '说书人', '#2471a3', '${mark} ' || n from generate_series(1, 130) n`,
  )
  const [{ page }] = await enter(PHONE)
  await until('the newest is shown', async () => (await texts(page)).includes(`${mark} 130`))
  assert.ok(!(await texts(page)).includes(`${mark} 20`))
  const all = Array.from({ length: 130 }, (_, index) => `${mark} ${index + 1}`)
  await until('all of them', async () => {
    await page.locator('.wall').evaluate((wall) => wall.scrollTo({ top: 0 }))
    return (await marked(page, mark)).length >= 130
  })
  assert.deepEqual(await marked(page, mark), all)
})

test('a reader who scrolled up is told of new messages, not moved', async () => {
  const [a, b] = await enter(PHONE, DESKTOP)
  await hearth.sql(
    `insert into messages (username, bgcolor, text)
     select '说书人', '#2471a3', '填满 ' || n from generate_series(1, 30) n`,
  )
  await until('the wall is full', async () => (await marked(a.page, '填满')).length >= 20)
  const wall = a.page.locator('.wall')
  await wall.evaluate((element) => element.scrollTo({ top: element.scrollHeight - element.clientHeight - 600 }))
  await a.page.waitForSelector('.jump:visible')
  const before = await wall.evaluate((element) => element.scrollTop)
  await say(b.page, word('新消息'))
  await until('a hint of one message', async () => /1/.test(await a.page.textContent('.jump')))
  assert.equal(await wall.evaluate((element) => element.scrollTop), before)
  await a.page.click('.jump')
  await until('at the bottom', () =>
    wall.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 4),
  )
})

test('offline: a banner, the message waits, and goes once when the network is back', async () => {
  const [a, b] = await enter(PHONE, DESKTOP)
  const mark = word('断网')
  await a.context.setOffline(true)
  await a.page.waitForSelector('.banner-offline:visible')
  await say(a.page, `${mark} a`)
  await a.page.waitForSelector('.message[data-state="waiting"]')
  await shoot(a.page, 'chatroom-offline-375')
  await say(b.page, `${mark} b`)
  await b.page.waitForFunction((text) => document.body.textContent.includes(text), `${mark} b`)
  await a.context.setOffline(false)
  for (const { page } of [a, b]) {
    await until('both have both', async () => (await marked(page, mark)).length === 2, 30_000)
  }
  assert.deepEqual((await marked(a.page, mark)).sort(), [`${mark} a`, `${mark} b`])
  await a.page.waitForSelector('#app[data-link="live"]')
  const stored = await hearth.sql(`select count(*) from messages where text = '${mark} a'`)
  assert.equal(stored.match(/\d+/)[0], '1')
})

test('what was said while offline comes through the channel: nothing is fetched', async () => {
  const [a, b] = await enter(DESKTOP, PHONE)
  const fetched = []
  a.page.on('request', (request) => {
    if (request.method() === 'GET' && request.url().includes('/rest/v1/messages')) fetched.push(request.url())
  })
  await a.context.setOffline(true)
  await a.page.waitForSelector('.banner-offline:visible')
  const mark = `resumed-${Math.random().toString(36).slice(2, 8)}`
  for (let n = 1; n <= 5; n += 1) await say(b.page, `${mark} ${n}`)
  await until('it is sent', async () => (await b.page.locator('.message[data-state]').count()) === 0)
  await a.context.setOffline(false)
  await live(a.page)
  await until('all of it is there', async () => (await marked(a.page, mark)).length >= 5)
  assert.deepEqual(
    await marked(a.page, mark),
    [1, 2, 3, 4, 5].map((n) => `${mark} ${n}`),
  )
  assert.deepEqual(fetched, [])
})

test('a huge picture is made smaller before it is sent; a file that is no picture is refused in words', async () => {
  const [{ page }] = await enter(DESKTOP)
  const before = await page.locator('.message.own[data-id] img.picture').count()
  await page.setInputFiles('input[type=file]', {
    name: 'huge.png',
    mimeType: 'image/png',
    buffer: png(4000, 1000, [40, 90, 160]),
  })
  await until('it is sent', async () =>
    (await page.locator('.message.own[data-id] img.picture').count()) > before, 30_000)
  const image = page.locator('.message.own[data-id] img.picture').last()
  await until('it is shown', () => image.evaluate((element) => element.naturalWidth > 0))
  assert.equal(await image.evaluate((element) => element.naturalWidth), 1920)
  await page.setInputFiles('input[type=file]', {
    name: 'x.png',
    mimeType: 'image/png',
    buffer: Buffer.from('not a picture'),
  })
  await page.waitForSelector('.toast-error')
})
