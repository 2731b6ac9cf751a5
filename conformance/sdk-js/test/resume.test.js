// What was missed comes after a dropped connection, in order and once, through supabase-js and the
// chat room's helper.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Resume, isBehind } from '../../../examples/chatroom/web/src/resume.js'
import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth, sleep, until } from '../../lib/hearth.js'
import { connect, disconnectAll, joined } from '../client.js'

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

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** A listener that resumes: what it heard, its joins, and its socket to cut. */
async function listener(room, { vsn = '2.0.0', ...options } = {}) {
  const supabase = connect(env.API_URL, env.ANON_KEY, {
    realtime: { vsn, reconnectAfterMs: () => 300, heartbeatIntervalMs: 2_000 },
  })
  const rows = []
  const shouts = []
  const gaps = []
  const stream = new Resume({ onJoin: (gap) => gaps.push(gap), ...options })
  const channel = stream
    .follow(supabase.channel(room, { config: { broadcast: { ack: true } } }))
    .on(
      'postgres_changes',
      { event: 'INSERT', schema: 'public', table: 'todos', filter: `room=eq.${room}` },
      (change) => rows.push(Number(change.new.title)),
    )
    .on('broadcast', { event: 'shout' }, ({ payload }) => shouts.push(payload.n))
  const cut = () => supabase.realtime.socketAdapter.getSocket().conn.terminate()
  return { supabase, channel, stream, rows, shouts, gaps, cut }
}

const insert = (room, from, to) =>
  hearth.sql(
    `insert into todos (title, room) select n::text, '${room}' from generate_series(${from}, ${to}) n`,
  )

/** As somebody who does not resume would. */
async function shout(room, n) {
  const response = await fetch(`${env.API_URL}/realtime/v1/api/broadcast`, {
    method: 'POST',
    headers: { apikey: env.ANON_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ topic: room, event: 'shout', payload: { n } }] }),
  })
  assert.equal(response.status, 202)
}

test('positions are compared by their parts', () => {
  assert.ok(isBehind('1/0:0', '0/FFFFFFFF:9'))
  assert.ok(isBehind('0/A:10', '0/A:9'))
  assert.ok(!isBehind('0/A:9', '0/A:9'))
})

for (const vsn of ['1.0.0', '2.0.0']) {
  test(`protocol ${vsn}: a cut socket misses and repeats nothing`, async () => {
    const room = fresh('resume')
    const me = await listener(room, { vsn })
    await joined(me.channel)
    assert.deepEqual(me.gaps, [true])
    const neighbour = await listener(room, { vsn, broadcast: false })
    await joined(neighbour.channel)
    for (let round = 0; round < 3; round += 1) {
      const from = round * 10 + 1
      await insert(room, from, from + 4)
      await shout(room, from)
      await until('it is heard', () => me.rows.includes(from + 4) && me.shouts.includes(from))
      me.cut()
      await insert(room, from + 5, from + 9)
      await shout(room, from + 5)
      assert.equal(await neighbour.channel.send({ type: 'broadcast', event: 'shout', payload: { n: from + 6 } }), 'ok')
      await until('it joins again', () => me.gaps.length === round + 2)
    }
    await until('all of it', () => me.rows.length >= 30 && me.shouts.length >= 9)
    assert.deepEqual(me.rows, range(1, 30))
    assert.deepEqual(me.shouts, [1, 6, 7, 11, 16, 17, 21, 26, 27])
    assert.deepEqual(me.gaps, [true, false, false, false])
    // Its own broadcasts do not come back, neither live nor made up for.
    assert.equal(await me.channel.send({ type: 'broadcast', event: 'shout', payload: { n: 99 } }), 'ok')
    await until('the neighbour hears it', () => neighbour.shouts.includes(99))
    const joins = me.gaps.length
    me.cut()
    await until('it joins again', () => me.gaps.length > joins)
    await shout(room, 100)
    await until('the next one', () => me.shouts.includes(100))
    assert.ok(!me.shouts.includes(99))
  })
}

test('killed servers miss and repeat nothing', async () => {
  const room = fresh('killed')
  const me = await listener(room)
  await joined(me.channel)
  await insert(room, 1, 3)
  await shout(room, 1)
  await until('the first', () => me.rows.length === 3 && me.shouts.length === 1)

  const pid = hearth.postmasterPid()
  process.kill(pid, 'SIGKILL')
  // It joins again while PostgreSQL is away.
  me.cut()
  await until('another PostgreSQL runs', () => hearth.postmasterPid() !== pid, 60_000)
  await until('rows are taken', () => insert(room, 4, 6).then(() => true), 60_000)
  await until('a broadcast is taken', () => shout(room, 2).then(() => true), 60_000)
  await until('they come', () => me.rows.length >= 6 && me.shouts.length >= 2, 60_000)

  await insert(room, 7, 7)
  await hearth.kill()
  await sleep(300)
  await hearth.run()
  // Before the listener is back: nobody here knows yet that it resumes.
  await shout(room, 3)
  await insert(room, 8, 9)
  await until('all of it', () => me.rows.length >= 9 && me.shouts.length >= 3, 60_000)
  await insert(room, 10, 10)
  await until('and the next', () => me.rows.includes(10))
  assert.deepEqual(me.rows, range(1, 10))
  assert.deepEqual(me.shouts, [1, 2, 3])
  assert.ok(me.gaps.slice(1).every((gap) => gap === false), String(me.gaps))
})

test('a position that is no longer known is said, and the channel goes on from now', async () => {
  const room = fresh('expired')
  await insert(room, 1, 1)
  const me = await listener(room, { position: '0/1:1' })
  await joined(me.channel)
  await until('it is told', () => me.gaps.length === 1)
  assert.deepEqual(me.gaps, [true])
  assert.notEqual(me.stream.position, '0/1:1')
  await insert(room, 2, 2)
  await until('the next', () => me.rows.length === 1)
  assert.deepEqual(me.rows, [2])
})
