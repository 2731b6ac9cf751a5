// The console's figures in Chromium, against the real binary: first paint, the list of 5,000 tables,
// a table of 1,000,000 rows.
//
//   HEARTH_BIN=target/release/hearth node bench/console.mjs
//
// HEARTH_CONSOLE_URL names a running server instead. Needs `npm ci` in conformance/e2e.

import { gzipSync } from 'node:zlib'

import { Console, start } from '../conformance/e2e/console.js'

const TABLES = 5_000
const ROWS = 1_000_000

const world = await start()
const c = await Console.open(world)
const figures = []
const say = (what, value, unit) => {
  figures.push([what, value, unit])
  console.log(`${what.padEnd(60)} ${String(value).padStart(10)} ${unit}`)
}
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
const times = async (n, measure) => {
  const taken = []
  for (let i = 0; i < n; i += 1) taken.push(await measure())
  return Math.round(median(taken))
}

try {
  // First paint in a browser that has nothing cached.
  const paints = []
  let bytes = 0
  for (let i = 0; i < 5; i += 1) {
    const context = await world.browser.newContext()
    const page = await context.newPage()
    const scripts = []
    page.on('response', (r) => {
      if (/\/console\/assets\/.*\.(js|css)$/.test(r.url())) scripts.push(r)
    })
    await page.goto(`${world.hearth.url}/console/`)
    await page.getByRole('button').first().waitFor()
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN))
    bytes = 0
    for (const r of scripts) bytes += gzipSync(await r.body()).length
    await context.close()
  }
  say('first contentful paint, signed out, nothing cached, median of 5', Math.round(median(paints)), 'ms')
  say('scripts and styles until then, gzipped', Math.round(bytes / 1024), 'KiB')

  for (let from = 1; from <= TABLES; from += 250) {
    await c.sql(`do $$ begin for i in ${from}..${from + 249} loop execute format('create table t_%s (id int primary key, a text)', lpad(i::text, 4, '0')); end loop; end $$`)
  }
  const list = async () => {
    const from = performance.now()
    const answer = await c.page.waitForResponse((r) => r.url().endsWith('/pg/query') && (r.request().postData() ?? '').includes('relrowsecurity'))
    await answer.finished()
    return performance.now() - from
  }
  await c.go('')
  await c.page.getByRole('navigation').first().waitFor()
  say(
    `table editor opened until the list of ${TABLES} tables is there, median of 5`,
    await times(5, async () => {
      await c.go('editor')
      const [opened] = await Promise.all([
        c.page.evaluate(() => new Promise((resolve) => {
          const look = () => (document.querySelector('button[title="t_0001"]') ? resolve(performance.now()) : requestAnimationFrame(look))
          look()
        })),
      ])
      return opened
    }),
    'ms',
  )
  say(
    'of it the query, median of 5',
    await times(5, async () => {
      const answer = list()
      await c.go('editor')
      return answer
    }),
    'ms',
  )

  await c.sql(`create table million (id bigint primary key, title text, n int, at timestamptz default now(), data jsonb);
    insert into million (id, title, n, data) select i, 'row ' || i, i % 100, jsonb_build_object('i', i) from generate_series(1, ${ROWS}) i; analyze million`)
  await c.go('editor?table=million')
  await c.cell(1, 'title').getByText('row 1', { exact: true }).waitFor()
  const jump = (part) =>
    c.page.evaluate(
      (where) =>
        new Promise((resolve) => {
          const grid = document.querySelector('[role=grid]')
          const from = performance.now()
          const before = document.querySelector('[role=row][aria-rowindex]')?.getAttribute('aria-rowindex')
          grid.scrollTop = (grid.scrollHeight - grid.clientHeight) * where
          const look = () => {
            const rows = [...document.querySelectorAll('[role=row][aria-rowindex]')]
            const moved = rows[0] && rows[0].getAttribute('aria-rowindex') !== before
            if (moved && rows.every((r) => r.getAttribute('aria-busy') !== 'true')) resolve(performance.now() - from)
            else requestAnimationFrame(look)
          }
          requestAnimationFrame(look)
        }),
      part,
    )
  let at = 0
  say(`${ROWS} rows: jump to a random place until its rows are shown, median of 15`, await times(15, () => jump((at = (at + 0.381966) % 1))), 'ms')
  say(`${ROWS} rows: jump to the last row`, Math.round(await jump(1)), 'ms')
  await jump(0.5)
  const box = await c.page.getByRole('grid').boundingBox()
  await c.page.mouse.move(box.x + 300, box.y + 300)
  await c.page.evaluate(() => {
    window.frames_ = []
    window.blank_ = 0
    let last = performance.now()
    const frame = (now) => {
      window.frames_.push(now - last)
      last = now
      if (document.querySelectorAll('[role=row][aria-rowindex]').length === 0) window.blank_ += 1
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  for (let i = 0; i < 120; i += 1) {
    await c.page.mouse.wheel(0, 160)
    await c.page.waitForTimeout(16)
  }
  const { p95, blank } = await c.page.evaluate(() => {
    const sorted = [...window.frames_].sort((a, b) => a - b)
    return { p95: sorted[Math.floor(sorted.length * 0.95)], blank: window.blank_ }
  })
  say(`${ROWS} rows: frame while the wheel turns, p95`, Math.round(p95), 'ms')
  say(`${ROWS} rows: frames without any row meanwhile`, blank, '')
} finally {
  await c.page.context().close()
  await world.stop()
}
