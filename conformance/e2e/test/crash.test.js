// kill -9 in the middle of a chat: of PostgreSQL, then of Hearth. Afterwards nothing committed is
// missing at either reader, and nothing is shown twice.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Hearth, sleep, until } from '../../lib/hearth.js'
import { DESKTOP, launch, live, marked, PHONE, say, visit } from '../browser.js'

let hearth
let browser

before(async () => {
  hearth = await Hearth.start()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await hearth?.stop()
})

/** Both write on and on until told to stop; each message is one of `mark a1`, `mark b1` and so on. */
function chatter(people, mark) {
  let go = true
  const written = []
  const done = Promise.all(
    people.map(async ({ page }, index) => {
      for (let n = 1; go; n += 1) {
        const text = `${mark} ${'ab'[index]}${n}`
        written.push(text)
        await say(page, text)
        await page.waitForTimeout(120)
      }
    }),
  )
  return {
    written,
    async stop() {
      go = false
      await done
    },
  }
}

async function survives(t, strike) {
  const people = await Promise.all([visit(browser, hearth, PHONE), visit(browser, hearth, DESKTOP)])
  t.after(async () => {
    for (const { context } of people) await context.close()
  })
  const mark = `crash-${Math.random().toString(36).slice(2, 8)}`
  const talk = chatter(people, mark)
  await until('both hear both', async () => {
    for (const { page } of people) {
      const heard = await marked(page, mark)
      if (!heard.some((text) => text.includes(' a')) || !heard.some((text) => text.includes(' b'))) return false
    }
    return true
  })
  await strike()
  await people[0].page.waitForTimeout(1_500)
  await talk.stop()
  for (const { page } of people) await live(page, 60_000)
  for (const { page } of people) {
    await until(
      'everything written is sent',
      async () => (await page.locator('.message[data-state]').count()) === 0,
      60_000,
    )
  }

  const listed = await hearth.sql(`select text from messages where text like '${mark}%' order by id`)
  const stored = listed.match(new RegExp(`${mark} [ab]\\d+`, 'g'))
  // What was written while the server was away was kept and sent later: all of it, each once.
  assert.deepEqual([...stored].sort(), [...talk.written].sort())
  for (const { page } of people) {
    await until(
      'the wall has what the table has',
      async () => (await marked(page, mark)).length >= stored.length,
      30_000,
    )
    assert.deepEqual(await marked(page, mark), stored)
  }
  // And the room goes on, live.
  const [a, b] = people
  await say(a.page, `${mark} after`)
  await until('the next one arrives', async () => (await marked(b.page, `${mark} after`)).length === 1)
}

test('kill -9 of PostgreSQL: Hearth brings it back', async (t) => {
  await survives(t, async () => {
    const pid = hearth.postmasterPid()
    process.kill(pid, 'SIGKILL')
    await until('another PostgreSQL runs', () => hearth.postmasterPid() !== pid, 60_000)
    await until('Hearth is ready', async () => (await fetch(`${hearth.url}/readyz`)).ok, 60_000)
  })
})

test('kill -9 of Hearth: the next one finds everything', async (t) => {
  await survives(t, async () => {
    await hearth.kill()
    await sleep(1_000)
    await hearth.run()
  })
})
