// supabase-js's client of PostgREST against `hearth rest`: no gateway, no API key.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { PostgrestClient } from '@supabase/postgrest-js'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth } from '../../lib/hearth.js'
import { RestAlone } from '../../lib/rest-alone.js'
import { now, sign } from '../../lib/tokens.js'

let hearth
let alone
let env

before(async () => {
  // Only its database is used: the one application's owner takes the place of `authenticator`.
  hearth = await Hearth.start()
  env = await hearth.status()
  await hearth.sql(FIXTURES)
  alone = await RestAlone.start({
    PGRST_DB_URI: env.DB_URL,
    PGRST_DB_SCHEMAS: 'public',
    PGRST_DB_ANON_ROLE: 'anon',
    PGRST_JWT_SECRET: env.JWT_SECRET,
    PGRST_LOG_LEVEL: 'crit',
  })
})

after(async () => {
  await alone?.stop()
  await hearth?.stop()
})

function client(token) {
  return new PostgrestClient(alone.url, { headers: token ? { Authorization: `Bearer ${token}` } : {} })
}

function ok(result) {
  assert.equal(result.error, null, JSON.stringify(result.error))
  return result.data
}

test('insert, read, change, remove without any key', async () => {
  const room = fresh('alone')
  const anon = client()
  const { id } = ok(await anon.from('todos').insert({ title: '茶', room }).select().single())
  ok(await anon.from('todos').insert([{ title: 'b', room }, { title: 'c', room }]))
  assert.equal(ok(await anon.from('todos').update({ done: true }).eq('id', id).select())[0].done, true)
  const page = await anon.from('todos').select('title', { count: 'exact' }).eq('room', room).order('title').range(0, 1)
  assert.equal(page.count, 3)
  assert.deepEqual(ok(page), [{ title: 'b' }, { title: 'c' }])
  const removed = await anon.from('todos').delete({ count: 'exact' }).eq('room', room)
  assert.equal(removed.status, 204)
  assert.equal(removed.count, 3)
})

test('tokens decide the role, and bad ones are refused in upstream’s words', async () => {
  const service = client(env.SERVICE_ROLE_KEY)
  ok(await service.from('todos').select('id').limit(1))
  const expired = sign({ role: 'authenticated', exp: now() - 3600 }, env.JWT_SECRET)
  const refused = await client(expired).from('todos').select()
  assert.equal(refused.status, 401)
  assert.equal(refused.error.code, 'PGRST303')
  assert.equal(refused.error.message, 'JWT expired')
  const forged = sign({ role: 'service_role' }, 'a secret that nobody has ever heard of')
  const error = (await client(forged).from('todos').select()).error
  assert.equal(error.code, 'PGRST301')
  assert.equal(error.details, 'None of the keys was able to decode the JWT')
})

test('what is not there', async () => {
  const missing = await client().from('no_such_table').select()
  assert.equal(missing.status, 404)
  assert.equal(missing.error.code, 'PGRST205')
  const call = await client().rpc('no_such_function')
  assert.equal(call.error.code, 'PGRST202')
})
