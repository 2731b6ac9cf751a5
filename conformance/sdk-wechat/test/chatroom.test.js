// The example's mini program, page and all, on two phones against a running Hearth.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Hearth, until } from '../../lib/hearth.js'
import { png } from '../../lib/pictures.js'
import { chatroomPhone, say, shown } from '../chatroom.js'

let hearth
let connection
let phones = []

before(async () => {
  hearth = await Hearth.start()
  const env = await hearth.status()
  connection = { url: env.API_URL, key: env.ANON_KEY }
})

after(async () => {
  await hearth?.stop()
})

/** Phones of one test; all tests share the room, so each looks for its own words. */
async function enter(count) {
  const entered = []
  for (let index = 0; index < count; index += 1) {
    const phone = chatroomPhone(connection)
    phones.push(phone)
    entered.push({ phone, page: phone.launch() })
  }
  await until('everyone is live', () => entered.every(({ page }) => page.data.link === 'live'), 30_000)
  return entered
}

function leave() {
  for (const phone of phones.splice(0)) phone.destroy()
}

const texts = (page) => shown(page).map(([, text]) => text)
const count = (page, text) => texts(page).filter((shownText) => shownText === text).length
const word = (kind) => `${kind} ${Math.random().toString(36).slice(2)}`

test('without url and key the page says what to do', (t) => {
  const phone = chatroomPhone({})
  t.after(() => phone.destroy())
  const page = phone.launch()
  assert.match(page.data.problem, /supabaseUrl/)
  assert.match(page.data.t.notConfiguredHint, /lib\/supabase\.js/)
})

test('with a wrong key the page says so in words', async (t) => {
  const phone = chatroomPhone({ url: connection.url, key: 'wrong-key' })
  t.after(() => phone.destroy())
  phone.launch()
  await until('a word about the key', () => phone.toasts.some((title) => /密钥/.test(title)))
})

test('two phones chat with text and a picture, and see each other', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  await until('each sees two online', () =>
    [a, b].every(({ page }) => page.data.members.length === 2 && page.data.onlineText.startsWith('2')),
  )

  const hello = word('你好,江湖')
  say(a.page, hello)
  assert.equal(a.page.data.input, '')
  await until('B reads it', () => count(b.page, hello) === 1)
  await until('A\'s own message is sent', () =>
    a.page.data.items.some((item) => item.text === hello && item.state === 'sent'),
  )
  assert.equal(count(a.page, hello), 1)
  const ofA = a.page.data.items.find((item) => item.text === hello)
  const atB = b.page.data.items.find((item) => item.text === hello)
  assert.equal(ofA.own, true)
  assert.equal(atB.own, false)
  assert.equal(atB.username, a.page.data.persona.name)
  assert.equal(atB.color, a.page.data.persona.color)

  b.page.fire('onInput', { detail: { value: 'hm' } })
  await until('A sees that B types', () => a.page.data.typing.includes(b.page.data.persona.name))

  const picture = png(64, 48, [200, 60, 40])
  b.phone.media.push(b.phone.files.add(picture, 'png'))
  await b.page.fire('onPicture')
  const item = await until('A sees the picture', () =>
    a.page.data.items.find((candidate) => candidate.kind === 'picture' && !candidate.own),
  )
  const fetched = await fetch(item.url)
  assert.equal(fetched.status, 200)
  assert.deepEqual(Buffer.from(await fetched.arrayBuffer()), picture)
  a.page.fire('onPreview', { dataset: { url: item.url } })
  assert.equal(a.phone.previews[0].current, item.url)
})

test('the newest messages come first, older ones on pull-down', async (t) => {
  t.after(leave)
  const mark = word('old')
  await hearth.sql(
    `insert into messages (username, bgcolor, text)
     select '说书人', '#2471a3', '${mark} ' || n from generate_series(1, 75) n`,
  )
  const [{ page }] = await enter(1)
  const first = texts(page)
  assert.ok(first.includes(`${mark} 75`))
  assert.ok(!first.includes(`${mark} 10`))
  page.fire('onPullDown')
  await until('older ones', () => texts(page).includes(`${mark} 20`))
  page.fire('onReachTop')
  await until('the first one', () => texts(page).includes(`${mark} 1`))
  const mine = texts(page).filter((text) => text.startsWith(mark))
  assert.deepEqual(
    mine,
    Array.from({ length: 75 }, (_, index) => `${mark} ${index + 1}`),
  )
})

test('what was said while a phone slept is there after it wakes, once', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  const mark = word('asleep')
  a.phone.background()
  for (let n = 1; n <= 5; n += 1) say(b.page, `${mark} ${n}`)
  await until('B has sent all', () =>
    b.page.data.items.filter((item) => item.text?.startsWith(mark) && item.state === 'sent').length === 5,
  )
  assert.equal(texts(a.page).filter((text) => text.startsWith(mark)).length, 0)
  a.phone.foreground()
  await until('A has all five', () => count(a.page, `${mark} 5`) === 1)
  await until('A is live again', () => a.page.data.link === 'live', 30_000)
  say(b.page, `${mark} 6`)
  await until('A hears the next one live', () => count(a.page, `${mark} 6`) === 1)
  assert.deepEqual(
    texts(a.page).filter((text) => text.startsWith(mark)),
    [1, 2, 3, 4, 5, 6].map((n) => `${mark} ${n}`),
  )
})

test('what was said without a network comes through the channel: nothing is fetched', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  const mark = word('resumed')
  const before = a.phone.requests.length
  a.phone.setNetwork(false)
  await until('A knows', () => a.page.data.link === 'offline')
  for (let n = 1; n <= 5; n += 1) say(b.page, `${mark} ${n}`)
  await until('B has sent all', () =>
    b.page.data.items.filter((item) => item.text?.startsWith(mark) && item.state === 'sent').length === 5,
  )
  a.phone.setNetwork(true)
  await until('A has all five', () => count(a.page, `${mark} 5`) === 1)
  await until('A is live again', () => a.page.data.link === 'live', 30_000)
  assert.deepEqual(
    texts(a.page).filter((text) => text.startsWith(mark)),
    [1, 2, 3, 4, 5].map((n) => `${mark} ${n}`),
  )
  assert.deepEqual(a.phone.requests.slice(before), [])
})

test('a message written without a network waits and is sent once the network is back', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  const text = word('offline')
  a.phone.setNetwork(false)
  say(a.page, text)
  await until('it waits', () =>
    a.page.data.items.some((item) => item.text === text && item.state === 'waiting'),
  )
  assert.match(a.page.data.banner, /网络已断开/)
  a.phone.setNetwork(true)
  await until('B reads it', () => count(b.page, text) === 1)
  await until('A is live again', () => a.page.data.link === 'live' && a.page.data.banner === '', 30_000)
  assert.equal(count(a.page, text), 1)
  assert.equal((await hearth.sql(`select count(*) from messages where text = '${text}'`)).match(/\d+/)[0], '1')
})

test('changing the role changes what the others see', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  const persona = a.phone.open('pages/persona/persona')
  persona.fire('onName', { detail: { value: '  风 清  扬  ' } })
  persona.fire('onColor', { dataset: { color: '#2e7d4f' } })
  persona.fire('onSave')
  await until('A is back in the room', () => a.phone.page === a.page)
  assert.equal(a.page.data.persona.name, '风 清 扬')
  await until('B sees the new name', () => b.page.data.members.some((member) => member.name === '风 清 扬'))
  const text = word('new role')
  say(a.page, text)
  const item = await until('B reads it', () => b.page.data.items.find((found) => found.text === text))
  assert.equal(item.username, '风 清 扬')
  assert.equal(item.color, '#2e7d4f')
})

test('the server dies and comes back: nothing committed is missing, nothing is doubled', async (t) => {
  t.after(leave)
  const [a, b] = await enter(2)
  const mark = word('crash')
  say(a.page, `${mark} 1`)
  say(b.page, `${mark} 2`)
  await until('both have both', () => [a, b].every(({ page }) => count(page, `${mark} 1`) + count(page, `${mark} 2`) === 2))
  await hearth.kill()
  say(a.page, `${mark} 3`)
  await until('it waits', () =>
    a.page.data.items.some((item) => item.text === `${mark} 3` && item.state === 'waiting'),
  )
  await hearth.run()
  await hearth.sql(
    `insert into messages (username, bgcolor, text) values ('旁人', '#5d6673', '${mark} 4')`,
  )
  await until(
    'everything is everywhere',
    () => [a, b].every(({ page }) => [1, 2, 3, 4].every((n) => count(page, `${mark} ${n}`) === 1)),
    60_000,
  )
  const stored = await hearth.sql(`select count(*) from messages where text like '${mark}%'`)
  assert.equal(stored.match(/\d+/)[0], '4')
})
