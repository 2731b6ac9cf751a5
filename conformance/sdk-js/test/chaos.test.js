// Writers insert numbered rows while sockets, PostgreSQL and Hearth are killed at random: every reader
// ends with every number once, in the order in which they were committed. HEARTH_CHAOS_SECONDS makes it
// last longer than its usual half minute; HEARTH_CHAOS_SEED repeats a run.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Resume } from '../../../examples/chatroom/web/src/resume.js'
import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth, sleep, until } from '../../lib/hearth.js'
import { connect, disconnectAll, joined } from '../client.js'

const SECONDS = Number(process.env.HEARTH_CHAOS_SECONDS ?? 25)
const SEED = Number(process.env.HEARTH_CHAOS_SEED ?? Date.now() % 1_000_000)
const READERS = 6
const WRITERS = 3

let hearth
let env

before(async () => {
  hearth = await Hearth.start()
  env = await hearth.status()
  await hearth.sql(FIXTURES)
})

after(async () => {
  await disconnectAll()
  await hearth?.stop()
})

/** Numbers from 0 to 1, the same for the same seed. */
function random(seed) {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

async function reader(room, vsn) {
  const supabase = connect(env.API_URL, env.ANON_KEY, {
    realtime: { vsn, reconnectAfterMs: () => 200, heartbeatIntervalMs: 2_000 },
  })
  const me = { rows: [], gaps: [], cut: () => supabase.realtime.socketAdapter.getSocket().conn?.terminate() }
  me.state = () => `${supabase.realtime.connectionState()} ${supabase.realtime.channels.map((c) => c.state)} ${me.rows.length} rows, joins ${me.gaps.length}`
  const stream = new Resume({ onJoin: (gap) => me.gaps.push(gap) })
  await joined(
    stream
      .follow(supabase.channel(room))
      .on(
        'postgres_changes',
        { event: 'INSERT', schema: 'public', table: 'todos', filter: `room=eq.${room}` },
        (change) => me.rows.push(change.new.title),
      ),
  )
  return me
}

/** Inserts `name 1`, `name 2`, … until told to stop; each until the server has said that it is there. */
function writer(room, name) {
  const me = { written: 0, go: true }
  const headers = { apikey: env.ANON_KEY, 'content-type': 'application/json' }
  me.done = (async () => {
    // The ids are the writer's own, so that a lost answer can be asked for again.
    const first = (name + 1) * 1_000_000
    while (me.go) {
      const n = me.written + 1
      const body = JSON.stringify({ id: first + n, title: `${name} ${n}`, room })
      const signal = AbortSignal.timeout(5_000)
      const insert = fetch(`${env.API_URL}/rest/v1/todos`, { method: 'POST', headers, body, signal })
      const status = await insert.then((response) => response.status, () => 0)
      if (status === 201 || status === 409) me.written = n
      await sleep(status ? 15 : 100)
    }
  })()
  return me
}

test(`nothing is lost, doubled or out of order in ${SECONDS} s of chaos (seed ${SEED})`, async () => {
  const room = fresh('chaos')
  const readers = await Promise.all(
    Array.from({ length: READERS }, (_, index) => reader(room, index % 2 ? '1.0.0' : '2.0.0')),
  )
  const writers = Array.from({ length: WRITERS }, (_, index) => writer(room, index))
  const chance = random(SEED)
  const strikes = { socket: 0, postgres: 0, hearth: 0 }
  const end = Date.now() + SECONDS * 1_000
  while (Date.now() < end) {
    await sleep(200 + chance() * 1_500)
    const dice = chance()
    if (dice < 0.7) {
      strikes.socket += 1
      readers[Math.floor(chance() * READERS)].cut()
    } else if (dice < 0.85) {
      strikes.postgres += 1
      const pid = hearth.postmasterPid()
      process.kill(pid, 'SIGKILL')
      await until('another PostgreSQL runs', () => hearth.postmasterPid() !== pid, 60_000)
    } else {
      strikes.hearth += 1
      await hearth.kill()
      await sleep(chance() * 1_000)
      await hearth.run()
    }
  }
  for (const one of writers) one.go = false
  await Promise.all(writers.map((one) => one.done))
  const total = writers.reduce((sum, one) => sum + one.written, 0)
  assert.ok(total > 0, JSON.stringify(strikes))
  for (const one of readers) {
    await until('every row', () => one.rows.length >= total, 60_000).catch(() => {})
    const about = `${one.state()} of ${total}; ${JSON.stringify(strikes)}`
    for (const [name, { written }] of writers.entries()) {
      const heard = one.rows.filter((title) => title.startsWith(`${name} `))
      const expected = Array.from({ length: written }, (_, index) => `${name} ${index + 1}`)
      assert.deepEqual(heard, expected, about)
    }
    assert.deepEqual(one.rows, readers[0].rows, 'one order for everybody')
    assert.ok(one.gaps.slice(1).every((gap) => !gap), `gaps: ${one.gaps}`)
  }
})
