// Users through supabase-js.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth } from '../../lib/hearth.js'
import { claimsOf } from '../../lib/tokens.js'
import { connect, disconnectAll } from '../client.js'

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

const client = () => connect(env.API_URL, env.ANON_KEY)
const credentials = () => ({ email: `${fresh('user')}@example.com`, password: 'correct horse 1' })

test('signing up signs in; the token carries who and what', async () => {
  const supabase = client()
  const { email, password } = credentials()
  const { data, error } = await supabase.auth.signUp({ email, password, options: { data: { nick: '甲' } } })
  assert.equal(error, null)
  assert.equal(data.user.email, email)
  assert.equal(data.user.user_metadata.nick, '甲')
  const claims = claimsOf(data.session.access_token)
  assert.equal(claims.sub, data.user.id)
  assert.equal(claims.role, 'authenticated')
  assert.equal(claims.aud, 'authenticated')
  assert.equal(claims.email, email)
  assert.equal(claims.is_anonymous, false)
  assert.ok(claims.exp > Date.now() / 1000)
  assert.ok(claims.session_id)
  assert.equal(data.session.token_type, 'bearer')
})

test('signing in, wrong password, the same address twice', async () => {
  const supabase = client()
  const user = credentials()
  await supabase.auth.signUp(user)
  const twice = await client().auth.signUp(user)
  assert.equal(twice.error.status, 422)
  assert.equal(twice.error.code, 'user_already_exists')
  const wrong = await client().auth.signInWithPassword({ ...user, password: 'nope nope' })
  assert.equal(wrong.error.status, 400)
  assert.equal(wrong.error.code, 'invalid_credentials')
  assert.equal(wrong.error.message, 'Invalid login credentials')
  const right = await client().auth.signInWithPassword(user)
  assert.equal(right.error, null)
})

test('weak passwords and bad addresses are refused', async () => {
  const weak = await client().auth.signUp({ email: credentials().email, password: '123' })
  assert.equal(weak.error.status, 422)
  assert.equal(weak.error.code, 'weak_password')
  const address = await client().auth.signUp({ email: 'not an address', password: 'correct horse 1' })
  assert.equal(address.error.status, 400)
  assert.equal(address.error.code, 'validation_failed')
})

test('anonymous users', async () => {
  const supabase = client()
  const { data, error } = await supabase.auth.signInAnonymously()
  assert.equal(error, null)
  assert.equal(data.user.is_anonymous, true)
  assert.equal(claimsOf(data.session.access_token).is_anonymous, true)
  const note = await supabase.from('notes').insert({ body: 'anonymous' }).select().single()
  assert.equal(note.error, null)
  assert.equal(note.data.owner, data.user.id)
})

test('refreshing rotates the token; an old one is of no use', async () => {
  const supabase = client()
  const { data } = await supabase.auth.signUp(credentials())
  const first = data.session.refresh_token
  const second = await supabase.auth.refreshSession()
  assert.equal(second.error, null)
  assert.notEqual(second.data.session.refresh_token, first)
  const third = await supabase.auth.refreshSession()
  assert.equal(third.error, null)
  const unknown = await client().auth.refreshSession({ refresh_token: 'abcdefghijkl' })
  assert.equal(unknown.error.status, 400)
  assert.equal(unknown.error.code, 'refresh_token_not_found')
  const malformed = await client().auth.refreshSession({ refresh_token: 'nothing-like-it' })
  assert.equal(malformed.error.code, 'validation_failed')
})

test('reading and changing oneself', async () => {
  const supabase = client()
  const user = credentials()
  await supabase.auth.signUp(user)
  const changed = await supabase.auth.updateUser({ data: { color: 'red' }, password: 'another horse 2' })
  assert.equal(changed.error, null)
  assert.equal(changed.data.user.user_metadata.color, 'red')
  const got = await supabase.auth.getUser()
  assert.equal(got.data.user.email, user.email)
  assert.equal((await client().auth.signInWithPassword(user)).error.code, 'invalid_credentials')
  const again = await client().auth.signInWithPassword({ ...user, password: 'another horse 2' })
  assert.equal(again.error, null)
})

test('signing out ends the session', async () => {
  const supabase = client()
  const { data } = await supabase.auth.signUp(credentials())
  assert.equal((await supabase.auth.signOut()).error, null)
  const old = await client().auth.refreshSession({ refresh_token: data.session.refresh_token })
  assert.equal(old.error.status, 400)
  const reused = await fetch(`${env.API_URL}/auth/v1/user`, {
    headers: { apikey: env.ANON_KEY, authorization: `Bearer ${data.session.access_token}` },
  })
  assert.equal(reused.status, 403)
  const body = await reused.json()
  assert.equal(body.error_code ?? body.code, 'session_not_found')
})

test('a user needs a token of their own, not only the key', async () => {
  const response = await fetch(`${env.API_URL}/auth/v1/user`, { headers: { apikey: env.ANON_KEY } })
  assert.equal(response.status, 401)
  const body = await response.json()
  assert.equal(body.error_code ?? body.code, 'no_authorization')
})

test('row level security through auth.uid()', async () => {
  const [a, b] = [client(), client()]
  await a.auth.signUp(credentials())
  await b.auth.signUp(credentials())
  const { data: note } = await a.from('notes').insert({ body: 'secret' }).select().single()
  assert.equal((await a.from('notes').select().eq('id', note.id)).data.length, 1)
  assert.equal((await b.from('notes').select().eq('id', note.id)).data.length, 0)
  const stolen = await b.from('notes').update({ body: 'mine now' }).eq('id', note.id).select()
  assert.deepEqual(stolen.data, [])
})

test('settings and health need no user', async () => {
  const settings = await fetch(`${env.API_URL}/auth/v1/settings`, { headers: { apikey: env.ANON_KEY } })
  assert.equal(settings.status, 200)
  const body = await settings.json()
  assert.equal(body.external.email, true)
  assert.equal(body.external.anonymous_users, true)
  assert.equal(body.mailer_autoconfirm, true)
  const health = await fetch(`${env.API_URL}/auth/v1/health`)
  assert.equal(health.status, 200)
})

test('malformed requests', async () => {
  const post = (path, body) =>
    fetch(`${env.API_URL}/auth/v1/${path}`, {
      method: 'POST',
      headers: { apikey: env.ANON_KEY, 'content-type': 'application/json' },
      body,
    })
  const json = await post('signup', '{"email":')
  assert.equal(json.status, 400)
  assert.equal((await json.json()).error_code, 'bad_json')
  const grant = await post('token?grant_type=magic', '{}')
  assert.equal(grant.status, 400)
})
