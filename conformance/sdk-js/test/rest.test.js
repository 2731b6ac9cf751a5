// The instant API through supabase-js, and what it answers to requests that are wrong.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth } from '../../lib/hearth.js'
import { now, sign } from '../../lib/tokens.js'
import { connect, disconnectAll } from '../client.js'

let hearth
let env
let anon
let service

before(async () => {
  hearth = await Hearth.start()
  env = await hearth.status()
  await hearth.sql(FIXTURES)
  anon = connect(env.API_URL, env.ANON_KEY)
  service = connect(env.API_URL, env.SERVICE_ROLE_KEY)
})

after(async () => {
  await disconnectAll()
  await hearth?.stop()
})

function ok(result) {
  assert.equal(result.error, null, JSON.stringify(result.error))
  return result.data
}

const rest = (path, { headers, ...init } = {}) =>
  fetch(`${env.API_URL}/rest/v1/${path}`, {
    ...init,
    headers: { apikey: env.ANON_KEY, ...headers },
  })

test('insert, read, change, remove', async () => {
  const room = fresh('crud')
  const inserted = await anon.from('todos').insert({ title: '茶', room }).select().single()
  assert.equal(inserted.status, 201)
  const { id } = ok(inserted)
  const silent = await anon.from('todos').insert([{ title: 'b', room }, { title: 'c', room }])
  assert.equal(silent.status, 201)
  assert.equal(silent.data, null)
  assert.equal(ok(await anon.from('todos').update({ done: true }).eq('id', id).select())[0].done, true)
  const removed = await anon.from('todos').delete({ count: 'exact' }).eq('room', room).eq('done', false)
  assert.equal(removed.status, 204)
  assert.equal(removed.count, 2)
  assert.deepEqual(ok(await anon.from('todos').select('title').eq('room', room)), [{ title: '茶' }])
})

test('bulk insert with a missing column takes the default where asked', async () => {
  const room = fresh('bulk')
  const rows = ok(
    await anon
      .from('todos')
      .insert([{ title: 'a', room, done: true }, { title: 'b', room }], { defaultToNull: false })
      .select('title,done')
      .order('title'),
  )
  assert.deepEqual(rows, [
    { title: 'a', done: true },
    { title: 'b', done: false },
  ])
})

test('bulk insert with a missing column writes null where nothing else is asked', async () => {
  const room = fresh('bulk')
  const refused = await anon.from('todos').insert([{ title: 'a', room, done: true }, { title: 'b', room }])
  assert.equal(refused.status, 400)
  assert.equal(refused.error.code, '23502')
  assert.deepEqual(ok(await anon.from('todos').select().eq('room', room)), [])
})

test('upsert: merge and ignore', async () => {
  const room = fresh('upsert')
  const { id } = ok(await anon.from('todos').insert({ title: 'a', room }).select().single())
  const merged = ok(await anon.from('todos').upsert({ id, title: 'b', room }).select().single())
  assert.equal(merged.title, 'b')
  const ignored = ok(
    await anon.from('todos').upsert({ id, title: 'c', room }, { ignoreDuplicates: true }).select(),
  )
  assert.deepEqual(ignored, [])
  assert.equal(ok(await anon.from('todos').select('title').eq('id', id).single()).title, 'b')
})

test('every horizontal filter', async () => {
  const room = fresh('filters')
  ok(
    await anon.from('todos').insert([
      { title: 'apple', room, tags: ['red', 'round'], meta: { n: 1, deep: { k: 'v' } }, done: false },
      { title: 'banana', room, tags: ['yellow'], meta: { n: 2 }, done: true },
      { title: 'cherry', room, tags: ['red'], meta: null, done: false },
    ]),
  )
  const titles = async (refine) =>
    ok(await refine(anon.from('todos').select('title').eq('room', room)).order('title')).map(
      (row) => row.title,
    )
  assert.deepEqual(await titles((q) => q.neq('title', 'banana')), ['apple', 'cherry'])
  assert.deepEqual(await titles((q) => q.gt('title', 'apple')), ['banana', 'cherry'])
  assert.deepEqual(await titles((q) => q.gte('title', 'banana')), ['banana', 'cherry'])
  assert.deepEqual(await titles((q) => q.lt('title', 'banana')), ['apple'])
  assert.deepEqual(await titles((q) => q.lte('title', 'banana')), ['apple', 'banana'])
  assert.deepEqual(await titles((q) => q.like('title', '%an%')), ['banana'])
  assert.deepEqual(await titles((q) => q.ilike('title', 'A%')), ['apple'])
  assert.deepEqual(await titles((q) => q.is('meta', null)), ['cherry'])
  assert.deepEqual(await titles((q) => q.not('meta', 'is', null)), ['apple', 'banana'])
  assert.deepEqual(await titles((q) => q.in('title', ['apple', 'cherry'])), ['apple', 'cherry'])
  assert.deepEqual(await titles((q) => q.contains('tags', ['red'])), ['apple', 'cherry'])
  assert.deepEqual(await titles((q) => q.containedBy('tags', ['red', 'blue'])), ['cherry'])
  assert.deepEqual(await titles((q) => q.overlaps('tags', ['round', 'yellow'])), ['apple', 'banana'])
  assert.deepEqual(await titles((q) => q.contains('meta', { n: 2 })), ['banana'])
  assert.deepEqual(await titles((q) => q.eq('meta->deep->>k', 'v')), ['apple'])
  assert.deepEqual(await titles((q) => q.match({ done: true })), ['banana'])
  assert.deepEqual(await titles((q) => q.or('title.eq.apple,and(done.is.true,title.like.ban*)')), [
    'apple',
    'banana',
  ])
})

test('select: aliases, casts, JSON paths', async () => {
  const room = fresh('select')
  ok(await anon.from('todos').insert({ title: 'a', room, meta: { list: [10, 20], name: '名' } }))
  const row = ok(
    await anon
      .from('todos')
      .select('name:title,key:id::text,second:meta->list->1,label:meta->>name')
      .eq('room', room)
      .single(),
  )
  assert.equal(row.name, 'a')
  assert.equal(typeof row.key, 'string')
  assert.equal(row.second, 20)
  assert.equal(row.label, '名')
})

test('embedding along a foreign key, both ways', async () => {
  const room = fresh('embed')
  const { id } = ok(await service.from('todos').insert({ title: 'parent', room }).select().single())
  const owner = '00000000-0000-4000-8000-000000000001'
  ok(
    await service.from('notes').insert([
      { body: 'n1', todo_id: id, owner },
      { body: 'n2', todo_id: id, owner },
    ]),
  )
  const down = ok(
    await service.from('todos').select('title,notes(body)').eq('id', id).order('body', { referencedTable: 'notes' }).single(),
  )
  assert.deepEqual(down, { title: 'parent', notes: [{ body: 'n1' }, { body: 'n2' }] })
  const up = ok(await service.from('notes').select('body,todos(title)').eq('body', 'n1').eq('todo_id', id).single())
  assert.deepEqual(up, { body: 'n1', todos: { title: 'parent' } })
  const inner = ok(await service.from('todos').select('title,notes!inner(body)').eq('room', room).eq('notes.body', 'n2'))
  assert.deepEqual(inner, [{ title: 'parent', notes: [{ body: 'n2' }] }])
})

test('order, limit, range and counts', async () => {
  const room = fresh('range')
  ok(await anon.from('todos').insert(['a', 'b', 'c', 'd'].map((title) => ({ title, room }))))
  const page = await anon
    .from('todos')
    .select('title', { count: 'exact' })
    .eq('room', room)
    .order('title', { ascending: false })
    .range(1, 2)
  assert.equal(page.status, 206)
  assert.equal(page.count, 4)
  assert.deepEqual(ok(page), [{ title: 'c' }, { title: 'b' }])
  const head = await anon.from('todos').select('*', { count: 'exact', head: true }).eq('room', room)
  assert.equal(head.count, 4)
  assert.equal(head.data, null)
  for (const count of ['planned', 'estimated']) {
    const guessed = await anon.from('todos').select('*', { count, head: true }).eq('room', room)
    assert.equal(guessed.error, null)
    assert.ok(guessed.count >= 0)
  }
  const beyond = await anon.from('todos').select('title', { count: 'exact' }).eq('room', room).range(100, 110)
  assert.equal(beyond.status, 416)
  assert.equal(beyond.error.code, 'PGRST103')
})

test('one row or none', async () => {
  const room = fresh('one')
  const none = await anon.from('todos').select().eq('room', room).single()
  assert.equal(none.status, 406)
  assert.equal(none.error.code, 'PGRST116')
  assert.equal(none.error.details, 'The result contains 0 rows')
  assert.equal(ok(await anon.from('todos').select().eq('room', room).maybeSingle()), null)
  ok(await anon.from('todos').insert([{ title: 'a', room }, { title: 'b', room }]))
  const two = await anon.from('todos').select().eq('room', room).maybeSingle()
  assert.equal(two.error.code, 'PGRST116')
})

test('a refused single change is rolled back', async () => {
  const room = fresh('rollback')
  ok(await anon.from('todos').insert([{ title: 'a', room }, { title: 'b', room }]))
  const both = await anon.from('todos').update({ done: true }).eq('room', room).select().single()
  assert.equal(both.status, 406)
  assert.equal(both.error.code, 'PGRST116')
  assert.equal(ok(await anon.from('todos').select().eq('room', room).eq('done', true)).length, 0)
})

test('csv', async () => {
  const room = fresh('csv')
  ok(await anon.from('todos').insert({ title: 'x,y', room }))
  assert.equal(ok(await anon.from('todos').select('title,done').eq('room', room).csv()), 'title,done\n"x,y",f')
})

test('rpc: by POST, by GET, sets with filters, errors', async () => {
  assert.equal(ok(await anon.rpc('add', { a: 1, b: 2 })), 3)
  assert.equal(ok(await anon.rpc('add', { a: 1, b: 2 }, { get: true })), 3)
  const room = fresh('rpc')
  ok(await anon.from('todos').insert([{ title: 'a', room }, { title: 'b', room }]))
  const rows = ok(await anon.rpc('todos_of', { wanted: room }).select('title').eq('title', 'b'))
  assert.deepEqual(rows, [{ title: 'b' }])
  const failed = await anon.rpc('complain')
  assert.equal(failed.status, 400)
  assert.equal(failed.error.code, 'P0001')
  assert.equal(failed.error.message, 'no such luck')
  assert.equal(failed.error.hint, 'try again')
  assert.equal(failed.error.details, 'it is raining')
  const unknown = await anon.rpc('nothing_like_it', { x: 1 })
  assert.equal(unknown.status, 404)
  assert.equal(unknown.error.code, 'PGRST202')
})

test('row level security: a caller without rights sees nothing and writes nothing', async () => {
  const refused = await anon.from('notes').insert({ body: 'x' })
  assert.ok(refused.status === 401 || refused.status === 400)
  assert.ok(['42501', '23502'].includes(refused.error.code), refused.error.code)
  const forced = await anon
    .from('notes')
    .insert({ body: 'x', owner: '00000000-0000-4000-8000-000000000002' })
  assert.equal(forced.status, 401)
  assert.equal(forced.error.code, '42501')
  assert.deepEqual(ok(await anon.from('notes').select()), [])
})

test('the new keys stand for anon and service_role', async () => {
  const publishable = connect(env.API_URL, env.PUBLISHABLE_KEY)
  const secret = connect(env.API_URL, env.SECRET_KEY)
  const room = fresh('keys')
  ok(await publishable.from('todos').insert({ title: 'a', room }))
  ok(await secret.from('notes').insert({ body: room, owner: '00000000-0000-4000-8000-000000000003' }))
  assert.equal(ok(await publishable.from('notes').select()).length, 0)
  assert.equal(ok(await secret.from('notes').select().eq('body', room)).length, 1)
})

test('unknown table and column', async () => {
  const table = await anon.from('nowhere').select()
  assert.equal(table.status, 404)
  assert.equal(table.error.code, 'PGRST205')
  const column = await anon.from('todos').select('nope')
  assert.equal(column.status, 400)
  assert.equal(column.error.code, '42703')
  const written = await anon.from('todos').insert({ title: 'a', nope: 1 })
  assert.equal(written.status, 400)
  assert.equal(written.error.code, 'PGRST204')
  const relation = await anon.from('todos').select('*,nowhere(*)')
  assert.equal(relation.status, 400)
  assert.equal(relation.error.code, 'PGRST200')
  const schema = await anon.schema('hidden').from('todos').select()
  assert.equal(schema.status, 406)
  assert.equal(schema.error.code, 'PGRST106')
})

test('wrong values and broken constraints', async () => {
  const type = await anon.from('todos').select().eq('id', 'many')
  assert.equal(type.status, 400)
  assert.equal(type.error.code, '22P02')
  const missing = await anon.from('todos').insert({ done: true })
  assert.equal(missing.status, 400)
  assert.equal(missing.error.code, '23502')
  const { id } = ok(await anon.from('todos').insert({ title: 'a' }).select().single())
  const duplicate = await anon.from('todos').insert({ id, title: 'b' })
  assert.equal(duplicate.status, 409)
  assert.equal(duplicate.error.code, '23505')
  const orphan = await service
    .from('notes')
    .insert({ body: 'x', todo_id: -1, owner: '00000000-0000-4000-8000-000000000004' })
  assert.equal(orphan.status, 409)
  assert.equal(orphan.error.code, '23503')
})

test('malformed requests: JSON, filters, select, order, methods', async () => {
  const cases = [
    ['todos', { method: 'POST', body: '{"title":', headers: { 'content-type': 'application/json' } }, 400, 'PGRST102'],
    ['todos?id=nonsense.1', {}, 400, 'PGRST100'],
    ['todos?select=id,(', {}, 400, 'PGRST100'],
    ['todos?order=id.sideways', {}, 400, 'PGRST100'],
    ['todos?or=(id.eq.1', {}, 400, 'PGRST100'],
    ['todos?limit=x', {}, null, null],
    ['todos', { headers: { accept: 'application/x-nothing' } }, 406, 'PGRST107'],
  ]
  for (const [path, init, status, code] of cases) {
    const response = await rest(path, init)
    const body = await response.json()
    if (status === null) {
      assert.ok(response.status < 500, `${path}: ${response.status}`)
      continue
    }
    assert.equal(response.status, status, `${path}: ${JSON.stringify(body)}`)
    assert.equal(body.code, code, path)
    assert.deepEqual(Object.keys(body).sort(), ['code', 'details', 'hint', 'message'])
  }
})

test('keys and tokens: missing, wrong, forged, expired, of nobody', async () => {
  const bare = await fetch(`${env.API_URL}/rest/v1/todos`)
  assert.equal(bare.status, 401)
  assert.equal(typeof (await bare.json()).message, 'string')

  const wrong = await connect(env.API_URL, 'no-such-key').from('todos').select()
  assert.equal(wrong.status, 401)

  const bearer = (token) =>
    rest('todos?limit=1', { headers: { authorization: `Bearer ${token}` } }).then(async (response) => ({
      status: response.status,
      body: await response.json(),
      challenge: response.headers.get('www-authenticate'),
    }))
  const forged = await bearer(sign({ role: 'service_role', exp: now() + 60 }, 'somebody else entirely, and long'))
  assert.equal(forged.status, 401)
  const expired = await bearer(sign({ role: 'anon', exp: now() - 600 }, env.JWT_SECRET))
  assert.equal(expired.status, 401)
  assert.equal(expired.body.code, 'PGRST303')
  assert.equal(expired.body.message, 'JWT expired')
  assert.match(expired.challenge ?? '', /Bearer/)
  const garbage = await bearer('not.a.token')
  assert.equal(garbage.status, 401)
  const valid = await bearer(sign({ role: 'authenticated', sub: 'x', exp: now() + 60 }, env.JWT_SECRET))
  assert.equal(valid.status, 200)
})

test('an unknown application', async () => {
  const response = await fetch(`${hearth.url}/apps/nobody/rest/v1/todos`, {
    headers: { apikey: env.ANON_KEY },
  })
  assert.equal(response.status, 404)
  assert.equal(typeof (await response.json()).message, 'string')
})

test("one application's key opens no other application", async () => {
  const response = await fetch(`${hearth.url}/rest/v1/`, { headers: { apikey: env.ANON_KEY } })
  assert.equal(response.status, 401)
})

test('an oversized body is refused before it is sent', async () => {
  // Announced and then held back: a client that sends on while it is refused may see the connection
  // end before it sees the answer.
  const status = await new Promise((resolve, reject) => {
    const sending = request(`${env.API_URL}/rest/v1/todos`, {
      method: 'POST',
      headers: { apikey: env.ANON_KEY, 'content-type': 'application/json', 'content-length': 64 << 20 },
    })
    sending.on('response', (response) => {
      resolve(response.statusCode)
      sending.destroy()
    })
    sending.on('error', reject)
    sending.flushHeaders()
  })
  assert.equal(status, 413)
})

test('CORS: a browser may ask, and may read what it needs', async () => {
  const preflight = await rest('todos', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://example.com',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'apikey,authorization,content-type,prefer,x-client-info,traceparent',
    },
  })
  assert.ok(preflight.ok, String(preflight.status))
  assert.ok(preflight.headers.get('access-control-allow-origin'))
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /PATCH|\*/)
  const allowed = (preflight.headers.get('access-control-allow-headers') ?? '').toLowerCase()
  for (const name of ['apikey', 'authorization', 'prefer', 'traceparent']) {
    assert.ok(allowed.includes(name) || allowed === '*', `${name} in ${allowed}`)
  }
  const answer = await rest('todos?limit=1', { headers: { origin: 'https://example.com' } })
  assert.ok(answer.headers.get('access-control-allow-origin'))
  assert.match((answer.headers.get('access-control-expose-headers') ?? '').toLowerCase(), /content-range|\*/)
})

test('DDL is visible at once: a new table, a new column, a dropped table', async () => {
  await hearth.sql('create table late (id int primary key)')
  assert.equal((await anon.from('late').insert({ id: 1 })).status, 201)
  await hearth.sql("alter table late add column word text default 'w'")
  assert.deepEqual(ok(await anon.from('late').select('id,word')), [{ id: 1, word: 'w' }])
  await hearth.sql('drop table late')
  assert.equal((await anon.from('late').select()).status, 404)
})
