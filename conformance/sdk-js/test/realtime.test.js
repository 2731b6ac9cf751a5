// Realtime through supabase-js, both versions of the protocol, and frames that are wrong.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { WebSocket } from 'ws'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth, until } from '../../lib/hearth.js'
import { now, sign } from '../../lib/tokens.js'
import { connect, disconnectAll, joined, listening } from '../client.js'

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

const client = (realtime = {}) => connect(env.API_URL, env.ANON_KEY, { realtime })

function ok(result) {
  assert.equal(result.error, null, JSON.stringify(result.error))
  return result.data
}

for (const vsn of ['1.0.0', '2.0.0']) {
  test(`protocol ${vsn}: inserts, updates, deletes with a filter, in commit order`, async () => {
    const supabase = client({ vsn })
    const room = fresh('changes')
    const events = []
    await listening(
      supabase
        .channel(room)
        .on(
          'postgres_changes',
          { event: '*', schema: 'public', table: 'todos', filter: `room=eq.${room}` },
          (change) => events.push(change),
        ),
    )
    const rows = ok(
      await supabase
        .from('todos')
        .insert(
          [
            { title: 'a', room, meta: { k: [1, null] }, tags: ['x,y', '"z"'] },
            { title: 'b', room },
          ],
          { defaultToNull: false },
        )
        .select(),
    )
    ok(await supabase.from('todos').insert({ title: 'elsewhere', room: 'elsewhere' }))
    ok(await supabase.from('todos').update({ done: true }).eq('id', rows[0].id))
    ok(await supabase.from('todos').delete().eq('id', rows[1].id))
    await until('four events', () => events.length >= 4)
    assert.deepEqual(
      events.map((event) => event.eventType),
      ['INSERT', 'INSERT', 'UPDATE', 'DELETE'],
    )
    assert.deepEqual(events[0].new, rows[0])
    assert.equal(events[2].new.done, true)
    assert.equal(events[2].old.id, rows[0].id)
    assert.equal(events[3].old.id, rows[1].id)
    assert.deepEqual(events[3].new, {})
  })

  test(`protocol ${vsn}: broadcast, with oneself and acknowledged`, async () => {
    const room = fresh('broadcast')
    const heard = { a: [], b: [] }
    const listen = (into, broadcast) =>
      joined(
        client({ vsn })
          .channel(room, { config: { broadcast } })
          .on('broadcast', { event: 'shout' }, ({ payload }) => into.push(payload.word)),
      )
    const [a, b] = await Promise.all([
      listen(heard.a, { self: true, ack: true }),
      listen(heard.b, { self: false }),
    ])
    assert.equal(await a.send({ type: 'broadcast', event: 'shout', payload: { word: '甲' } }), 'ok')
    await until('both hear', () => heard.a.length === 1 && heard.b.length === 1)
    await b.send({ type: 'broadcast', event: 'shout', payload: { word: '乙' } })
    await b.send({ type: 'broadcast', event: 'whisper', payload: { word: 'not for shout' } })
    await until('a hears b', () => heard.a.length === 2)
    assert.deepEqual(heard, { a: ['甲', '乙'], b: ['甲'] })
  })

  test(`protocol ${vsn}: presence`, async () => {
    const room = fresh('presence')
    const log = []
    const enter = async (key) => {
      const channel = client({ vsn }).channel(room, { config: { presence: { key } } })
      channel.on('presence', { event: 'join' }, (event) => {
        if (key === 'a') log.push(`join ${event.key}`)
      })
      channel.on('presence', { event: 'leave' }, (event) => {
        if (key === 'a') log.push(`leave ${event.key}`)
      })
      await joined(channel)
      return channel
    }
    const a = await enter('a')
    assert.equal(await a.track({ n: 1 }), 'ok')
    const b = await enter('b')
    assert.equal(await b.track({ n: 2 }), 'ok')
    await until('a sees b', () => a.presenceState().b?.[0]?.n === 2)
    await until('b sees a', () => b.presenceState().a?.[0]?.n === 1)
    await b.untrack()
    await until('b is gone', () => !('b' in a.presenceState()))
    assert.deepEqual(log.filter((line) => line.endsWith('b')), ['join b', 'leave b'])
  })
}

test('one channel with several bindings: each change goes to the ones it fits', async () => {
  const supabase = client()
  const room = fresh('bindings')
  const seen = { inserts: [], mine: [], notes: [] }
  const on = (event, table, filter, into) => [
    'postgres_changes',
    { event, schema: 'public', table, ...(filter ? { filter } : {}) },
    (change) => into.push(change.new.title ?? change.eventType),
  ]
  await listening(
    supabase
      .channel(room)
      .on(...on('INSERT', 'todos', undefined, seen.inserts))
      .on(...on('*', 'todos', `room=eq.${room}`, seen.mine))
      .on(...on('*', 'notes', undefined, seen.notes)),
  )
  ok(await supabase.from('todos').insert({ title: `${room} 1`, room }))
  ok(await supabase.from('todos').insert({ title: `${room} 2`, room: 'other' }))
  await until('the second insert', () => seen.inserts.includes(`${room} 2`))
  assert.deepEqual(seen.mine, [`${room} 1`])
  assert.deepEqual(seen.notes, [])
})

test('row level security decides per listener; the token can change', async () => {
  const service = connect(env.API_URL, env.SERVICE_ROLE_KEY)
  const a = client()
  const { data } = await a.auth.signUp({ email: `${fresh('rt')}@example.com`, password: 'correct horse 1' })
  const owner = data.user.id
  const seen = { a: [], anon: [], service: [] }
  const listen = (supabase, into) =>
    listening(
      supabase
        .channel(fresh('notes'))
        .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'notes' }, (change) =>
          into.push(change.new.body),
        ),
    )
  await Promise.all([listen(a, seen.a), listen(client(), seen.anon), listen(service, seen.service)])
  const word = fresh('note')
  ok(await service.from('notes').insert({ body: word, owner }))
  ok(await service.from('notes').insert({ body: `${word} x`, owner: '00000000-0000-4000-8000-00000000000a' }))
  await until('the service sees both', () => seen.service.includes(`${word} x`))
  await until('the owner sees one', () => seen.a.includes(word))
  assert.deepEqual(seen.a, [word])
  assert.deepEqual(seen.anon, [])
})

test('a table outside the publication is not heard', async () => {
  await hearth.sql('create table quiet (id int primary key)')
  const supabase = client()
  const room = fresh('quiet')
  const seen = []
  await listening(
    supabase
      .channel(room)
      .on('postgres_changes', { event: '*', schema: 'public' }, (change) => seen.push(change.table)),
  )
  ok(await supabase.from('quiet').insert({ id: 1 }))
  ok(await supabase.from('todos').insert({ title: 'loud', room }))
  await until('the loud one', () => seen.length > 0)
  assert.deepEqual(seen, ['todos'])
})

test('broadcast by HTTP reaches the channel', async () => {
  const room = fresh('http')
  const heard = []
  await joined(client().channel(room).on('broadcast', { event: 'news' }, ({ payload }) => heard.push(payload)))
  const response = await fetch(`${env.API_URL}/realtime/v1/api/broadcast`, {
    method: 'POST',
    headers: { apikey: env.ANON_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ topic: room, event: 'news', payload: { n: 1 } }] }),
  })
  assert.equal(response.status, 202)
  await until('heard', () => heard.length === 1)
  assert.deepEqual(heard[0], { n: 1 })
})

/** A socket without a client library. */
async function raw(query = `apikey=${env.ANON_KEY}&vsn=1.0.0`) {
  const url = `${env.API_URL.replace('http', 'ws')}/realtime/v1/websocket?${query}`
  const socket = new WebSocket(url)
  const frames = []
  socket.on('message', (data) => frames.push(JSON.parse(data.toString())))
  const outcome = await new Promise((resolve) => {
    socket.on('open', () => resolve({ open: true }))
    socket.on('unexpected-response', (_request, response) => resolve({ status: response.statusCode }))
    socket.on('error', () => resolve({ failed: true }))
  })
  return { socket, frames, ...outcome }
}

test('a socket without a key or with a wrong one is refused', async () => {
  for (const query of ['vsn=1.0.0', 'apikey=wrong&vsn=1.0.0']) {
    const { open, status, socket } = await raw(query)
    socket.terminate()
    assert.ok(!open, query)
    assert.ok([401, 403].includes(status), `${query}: ${status}`)
  }
})

test('frames that are wrong do not hurt the socket or its neighbours', async () => {
  const { socket, frames } = await raw()
  for (const frame of ['not json', '{}', '[]', '"x"', '{"topic":1}', '{"event":"phx_join","payload":{}}']) {
    socket.send(frame)
  }
  const beat = { topic: 'phoenix', event: 'heartbeat', payload: {}, ref: '77' }
  // A frame that is not the protocol may end this socket, never the server.
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(beat))
  await until(
    'an answer or the end',
    () => frames.some((frame) => frame.ref === '77') || socket.readyState === WebSocket.CLOSED,
  )
  socket.terminate()
  const next = await raw()
  assert.equal(next.open, true)
  next.socket.send(JSON.stringify(beat))
  await until('the neighbour is answered', () =>
    next.frames.some((frame) => frame.ref === '77' && frame.payload.status === 'ok'),
  )
  next.socket.terminate()
})

test('an expired token is refused at the join', async () => {
  const { socket, frames } = await raw()
  const access_token = sign({ role: 'authenticated', sub: 'x', exp: now() - 600 }, env.JWT_SECRET)
  socket.send(
    JSON.stringify({
      topic: 'realtime:expired',
      event: 'phx_join',
      ref: '1',
      join_ref: '1',
      payload: { config: {}, access_token },
    }),
  )
  const reply = await until('a reply', () => frames.find((frame) => frame.ref === '1'))
  assert.equal(reply.payload.status, 'error')
  socket.terminate()
})
