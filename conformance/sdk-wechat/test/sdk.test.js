// supabase-wechat-stable-v2, unmodified from npm, on the shim's phone against a running Hearth.

import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth, until } from '../../lib/hearth.js'
import { png } from '../../lib/pictures.js'
import { claimsOf } from '../../lib/tokens.js'
import { Phone } from '../../wx-shim/src/index.js'
import { tools } from '../tools.js'

const here = path.dirname(fileURLToPath(import.meta.url))

let hearth
let env
const phones = []

before(async () => {
  hearth = await Hearth.start()
  env = await hearth.status()
  await hearth.sql(FIXTURES)
})

after(async () => {
  for (const phone of phones) phone.destroy()
  await hearth?.stop()
})

/** A phone of its own with the SDK loaded: {phone, wx, supabase}. */
function client(key = env.ANON_KEY, url = env.API_URL) {
  const root = path.join(here, 'program')
  const phone = new Phone({
    root,
    tools,
    packages: path.dirname(here),
    overrides: {
      'app.js': 'App({})',
      'client.js': `import { createClient } from 'supabase-wechat-stable-v2'
        export const open = (url, key) => createClient(url, key)`,
    },
  })
  phones.push(phone)
  const supabase = phone.loader.load('client.js').open(url, key)
  return { phone, wx: phone.wx, supabase }
}

const request = (wx, options) =>
  new Promise((success, fail) => wx.request({ ...options, success, fail }))

function ok(result) {
  assert.equal(result.error, null, JSON.stringify(result.error?.data ?? result.error))
  return result.data
}

// The SDK hands over the whole answer as the error: the body is its `data`.
const body = (result) => result.error?.data

test('insert, select, update, delete', async () => {
  const { supabase } = client()
  const room = fresh('crud')
  const inserted = await supabase.from('todos').insert({ title: '买茶', room }).select().single()
  assert.equal(inserted.status, 201)
  const row = ok(inserted)
  assert.equal(row.title, '买茶')
  assert.equal(row.done, false)

  const many = await supabase.from('todos').insert([
    { title: 'b', room, meta: { a: [1, 2] }, tags: ['x', 'y'] },
    { title: 'c', room, meta: null, tags: [] },
  ])
  assert.equal(many.status, 201)
  assert.equal(many.error, null)

  const listed = ok(await supabase.from('todos').select('id,title,meta').eq('room', room).order('id'))
  assert.deepEqual(
    listed.map((todo) => todo.title),
    ['买茶', 'b', 'c'],
  )
  assert.deepEqual(listed[1].meta, { a: [1, 2] })

  const updated = await supabase.from('todos').update({ done: true }).eq('id', row.id).select()
  assert.equal(ok(updated)[0].done, true)

  const gone = await supabase.from('todos').delete().eq('room', room).is('done', true)
  assert.equal(gone.status, 204)
  assert.equal(ok(await supabase.from('todos').select('id').eq('room', room)).length, 2)
})

test('upsert by the primary key', async () => {
  const { supabase } = client()
  const room = fresh('upsert')
  const row = ok(await supabase.from('todos').insert({ title: 'a', room }).select().single())
  const merged = ok(
    await supabase.from('todos').upsert({ id: row.id, title: 'b', room }).select().single(),
  )
  assert.equal(merged.id, row.id)
  assert.equal(merged.title, 'b')
})

test('filters, ranges and counts', async () => {
  const { supabase } = client()
  const room = fresh('filter')
  const rows = ['apple', 'banana', 'cherry', 'apricot'].map((title) => ({ title, room }))
  ok(await supabase.from('todos').insert(rows))
  const mine = () => supabase.from('todos').select('title', { count: 'exact' }).eq('room', room)

  const like = await mine().like('title', '%ap%').order('title')
  assert.deepEqual(
    ok(like).map((row) => row.title),
    ['apple', 'apricot'],
  )
  assert.equal(like.count, 2)

  const page = await mine().order('title').range(1, 2)
  assert.equal(page.status, 206)
  assert.deepEqual(
    ok(page).map((row) => row.title),
    ['apricot', 'banana'],
  )
  assert.equal(page.count, 4)

  const picked = ok(await mine().in('title', ['cherry', 'banana']).order('title', { ascending: false }))
  assert.deepEqual(
    picked.map((row) => row.title),
    ['cherry', 'banana'],
  )
  const either = ok(await mine().or('title.eq.apple,title.eq.cherry').order('title'))
  assert.equal(either.length, 2)
  assert.equal(ok(await mine().not('title', 'ilike', 'A%')).length, 2)

  const head = await supabase
    .from('todos')
    .select('*', { count: 'exact', head: true })
    .eq('room', room)
  assert.equal(head.error, null)
  assert.equal(head.count, 4)
})

test('single and maybeSingle', async () => {
  const { supabase } = client()
  const room = fresh('single')
  const none = await supabase.from('todos').select().eq('room', room).maybeSingle()
  assert.equal(none.data, null)
  assert.equal(none.error, null)
  const missing = await supabase.from('todos').select().eq('room', room).single()
  assert.equal(missing.status, 406)
  assert.equal(body(missing).code, 'PGRST116')
})

test('rpc with arguments, sets, and errors', async () => {
  const { supabase } = client()
  assert.equal(ok(await supabase.rpc('add', { a: 2, b: 40 })), 42)
  const room = fresh('rpc')
  ok(await supabase.from('todos').insert([{ title: 'a', room }, { title: 'b', room }]))
  assert.equal(ok(await supabase.rpc('todos_of', { wanted: room })).length, 2)
  const failed = await supabase.rpc('complain')
  assert.equal(failed.status, 400)
  assert.deepEqual(body(failed), {
    code: 'P0001',
    details: 'it is raining',
    hint: 'try again',
    message: 'no such luck',
  })
})

test('errors carry code, message, details and hint', async () => {
  const { supabase } = client()
  const table = await supabase.from('nowhere').select()
  assert.equal(table.status, 404)
  assert.equal(body(table).code, 'PGRST205')
  const column = await supabase.from('todos').select('nope')
  assert.equal(column.status, 400)
  assert.equal(body(column).code, '42703')
  const nothing = await supabase.from('todos').insert({ room: fresh('x') })
  assert.equal(nothing.status, 400)
  assert.equal(body(nothing).code, '23502')
})

test('a new table answers at once', async () => {
  const { supabase } = client()
  await hearth.sql('create table wx_fresh (id int primary key, name text)')
  assert.equal((await supabase.from('wx_fresh').insert({ id: 1, name: 'x' })).status, 201)
  assert.deepEqual(ok(await supabase.from('wx_fresh').select()), [{ id: 1, name: 'x' }])
})

test('a wrong key is 401 with a JSON body', async () => {
  const { supabase } = client('wrong')
  const result = await supabase.from('todos').select()
  assert.equal(result.status, 401)
  assert.equal(typeof body(result).message, 'string')
})

test('X-HTTP-Method-Override: a POST acts as PATCH and DELETE', async () => {
  const { supabase, wx } = client()
  const row = ok(await supabase.from('todos').insert({ title: 'a' }).select().single())
  const header = {
    apikey: env.ANON_KEY,
    Authorization: `Bearer ${env.ANON_KEY}`,
    Prefer: 'return=representation',
  }
  const url = `${env.API_URL}/rest/v1/todos?id=eq.${row.id}`
  const patched = await request(wx, {
    url,
    method: 'POST',
    header: { ...header, 'X-HTTP-Method-Override': 'PATCH' },
    data: { title: 'b' },
  })
  assert.equal(patched.statusCode, 200)
  assert.equal(patched.data[0].title, 'b')
  const removed = await request(wx, {
    url,
    method: 'POST',
    header: { ...header, 'X-HTTP-Method-Override': 'DELETE' },
  })
  assert.equal(removed.statusCode, 200)
  assert.deepEqual(ok(await supabase.from('todos').select().eq('id', row.id)), [])
})

test('odd requests of older clients: an empty or undefined Prefer, a bare percent sign', async () => {
  const { wx } = client()
  const header = { apikey: env.ANON_KEY, Prefer: 'undefinedreturn=representation' }
  const answer = await request(wx, { url: `${env.API_URL}/rest/v1/todos?title=like.%hello%`, header })
  assert.equal(answer.statusCode, 200)
  assert.deepEqual(answer.data, [])
})

test('sign up, sign in, refresh, user, sign out', async () => {
  const { supabase, phone } = client()
  const email = `${fresh('wx')}@example.com`
  const password = 'correct horse 1'
  const up = await supabase.auth.signUp({ email, password })
  assert.equal(up.error, null)
  assert.equal(up.data.user.email, email)
  assert.ok(up.data.session, 'autoconfirm: signing up signs in')
  assert.equal(claimsOf(up.data.session.access_token).role, 'authenticated')
  assert.ok([...phone.storage.keys()].some((key) => /^sb-.*-auth-token$/.test(key)))

  await supabase.auth.signOut()
  assert.equal((await supabase.auth.getSession()).data.session, null)

  const wrong = await supabase.auth.signInWithPassword({ email, password: 'wrong' })
  assert.equal(wrong.error.status, 400)

  const inn = await supabase.auth.signInWithPassword({ email, password })
  assert.equal(inn.error, null)
  const refreshed = await supabase.auth.refreshSession()
  assert.equal(refreshed.error, null)
  assert.notEqual(refreshed.data.session.refresh_token, inn.data.session.refresh_token)

  const user = await supabase.auth.getUser()
  assert.equal(user.data.user.email, email)
  const changed = await supabase.auth.updateUser({ data: { nick: '听雨' } })
  assert.equal(changed.error, null)
  assert.equal(changed.data.user.user_metadata.nick, '听雨')
})

test('row level security sees who is signed in', async () => {
  const signedIn = async () => {
    const { supabase } = client()
    const { error } = await supabase.auth.signUp({
      email: `${fresh('rls')}@example.com`,
      password: 'correct horse 1',
    })
    assert.equal(error, null)
    return supabase
  }
  const [a, b] = await Promise.all([signedIn(), signedIn()])
  const note = ok(await a.from('notes').insert({ body: 'mine' }).select().single())
  assert.equal(ok(await a.from('notes').select().eq('id', note.id)).length, 1)
  assert.equal(ok(await b.from('notes').select().eq('id', note.id)).length, 0)
  const refused = await client().supabase.from('notes').insert({ body: 'x' })
  assert.ok(refused.status === 401 || refused.status === 400, String(refused.status))
})

test('storage: upload, public address, signed address, list, move, copy, remove', async () => {
  const { supabase, phone, wx } = client()
  const docs = supabase.storage.from('docs')
  const folder = fresh('wx')
  const picture = png(3, 2, [10, 200, 30])
  const file = { tempFilePath: phone.files.add(picture, 'png') }

  const uploaded = await docs.upload(`${folder}/a.png`, file)
  assert.equal(uploaded.error, null)
  assert.equal(uploaded.data.path, `${folder}/a.png`)

  const again = await docs.upload(`${folder}/a.png`, file)
  assert.equal(again.error.status, 400)
  assert.equal(again.error.data.statusCode, '409')
  assert.equal((await docs.upload(`${folder}/a.png`, file, { upsert: true })).error, null)

  const { publicUrl } = docs.getPublicUrl(`${folder}/a.png`).data
  const fetched = await request(wx, { url: publicUrl, responseType: 'arraybuffer' })
  assert.equal(fetched.statusCode, 200)
  assert.deepEqual(Buffer.from(fetched.data), picture)
  const type = Object.entries(fetched.header).find(([name]) => name.toLowerCase() === 'content-type')
  assert.equal(type[1], 'image/png')

  const signed = await docs.createSignedUrl(`${folder}/a.png`, 60)
  assert.equal(signed.error, null)
  assert.equal((await request(wx, { url: signed.data.signedUrl })).statusCode, 200)

  assert.equal((await docs.copy(`${folder}/a.png`, `${folder}/b.png`)).error, null)
  assert.equal((await docs.move(`${folder}/b.png`, `${folder}/c.png`)).error, null)
  const listed = await docs.list(folder)
  // v2 hands over the whole answer here too.
  const names = (listed.data.data ?? listed.data).map((object) => object.name)
  assert.deepEqual(names, ['a.png', 'c.png'])

  const removed = await docs.remove([`${folder}/a.png`, `${folder}/c.png`])
  assert.equal(removed.error, null)
  assert.notEqual((await request(wx, { url: publicUrl })).statusCode, 200)
})

test('storage: wx.uploadFile with the chat room\'s headers, under the tutorial\'s INSERT policy', async () => {
  const { phone, wx } = client()
  const name = `${fresh('up')}.png`
  const progress = []
  const answer = await new Promise((success, fail) => {
    wx.uploadFile({
      url: `${env.API_URL}/storage/v1/object/images/${name}`,
      filePath: phone.files.add(png(50, 50, [1, 2, 3]), 'png'),
      name: 'file',
      formData: { cacheControl: '3600' },
      header: { apikey: env.ANON_KEY, Authorization: `Bearer ${env.ANON_KEY}` },
      success,
      fail,
    }).onProgressUpdate((event) => progress.push(event.progress))
  })
  assert.equal(answer.statusCode, 200)
  assert.equal(JSON.parse(answer.data).Key, `images/${name}`)
  assert.equal(progress.at(-1), 100)
  const image = await request(wx, { url: `${env.API_URL}/storage/v1/object/public/images/${name}` })
  assert.equal(image.statusCode, 200)
})

/** Subscribes and waits until the server has said yes. */
function joined(channel) {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve(channel)
      else if (status !== 'CLOSED') reject(error ?? new Error(status))
    })
  })
}

/** Joined, and the changes flow. */
function listening(channel) {
  const flowing = new Promise((resolve) => {
    channel.on('system', {}, (message) => {
      if (message.extension === 'postgres_changes' && message.status === 'ok') resolve()
    })
  })
  return joined(channel).then(() => flowing)
}

test('realtime: inserts, updates and deletes, filtered by a column', async () => {
  const { supabase } = client()
  const room = fresh('changes')
  const filter = `room=eq.${room}`
  const events = []
  const channel = supabase.channel(room)
  for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
    channel.on('postgres_changes', { event, schema: 'public', table: 'todos', filter }, (change) =>
      events.push(change),
    )
  }
  await listening(channel)
  const row = ok(await supabase.from('todos').insert({ title: 'a', room, tags: ['t'] }).select().single())
  ok(await supabase.from('todos').insert({ title: 'other', room: 'elsewhere' }))
  ok(await supabase.from('todos').update({ title: 'b' }).eq('id', row.id))
  ok(await supabase.from('todos').delete().eq('id', row.id))
  await until('three events', () => events.length >= 3)
  assert.deepEqual(
    events.map((event) => event.eventType),
    ['INSERT', 'UPDATE', 'DELETE'],
  )
  const [inserted, updated, deleted] = events
  assert.equal(inserted.new.title, 'a')
  assert.deepEqual(inserted.new.tags, ['t'])
  assert.equal(inserted.table, 'todos')
  assert.ok(Date.parse(inserted.commit_timestamp) > 0)
  assert.equal(updated.new.title, 'b')
  assert.equal(updated.old.id, row.id)
  assert.equal(deleted.old.id, row.id)
})

test('realtime: a row reaches only those who may see it', async () => {
  const open = async () => {
    const { supabase } = client()
    const { error } = await supabase.auth.signUp({
      email: `${fresh('rt')}@example.com`,
      password: 'correct horse 1',
    })
    assert.equal(error, null)
    const seen = []
    const channel = supabase
      .channel(fresh('notes'))
      .on('postgres_changes', { event: '*', schema: 'public', table: 'notes' }, (change) =>
        seen.push(change.new.body),
      )
    await listening(channel)
    return { supabase, seen }
  }
  const [a, b] = await Promise.all([open(), open()])
  const word = fresh('note')
  ok(await a.supabase.from('notes').insert({ body: word }))
  ok(await b.supabase.from('notes').insert({ body: `${word}-b` }))
  await until('both see their own', () => a.seen.length > 0 && b.seen.length > 0)
  assert.deepEqual(a.seen, [word])
  assert.deepEqual(b.seen, [`${word}-b`])
})

test('realtime: broadcast to others, to oneself where asked, with acknowledgement', async () => {
  const [a, b] = [client(), client()]
  const room = fresh('broadcast')
  const heard = { a: [], b: [] }
  const listen = ({ supabase }, into, config) =>
    joined(
      supabase
        .channel(room, { config })
        .on('broadcast', { event: 'shout' }, ({ payload }) => into.push(payload.n)),
    )
  const [fromA, fromB] = await Promise.all([
    listen(a, heard.a, { broadcast: { self: true, ack: true } }),
    listen(b, heard.b, { broadcast: { self: false, ack: false } }),
  ])
  assert.equal(await fromA.send({ type: 'broadcast', event: 'shout', payload: { n: 1 } }), 'ok')
  await until('both hear A', () => heard.a.length === 1 && heard.b.length === 1)
  await fromB.send({ type: 'broadcast', event: 'shout', payload: { n: 2 } })
  await until('A hears B', () => heard.a.length === 2)
  assert.deepEqual(heard, { a: [1, 2], b: [1] })
})

test('realtime: presence, joining, leaving and tracking again', async () => {
  const [a, b] = [client(), client()]
  const room = fresh('presence')
  const join = ({ supabase }, key) =>
    joined(
      supabase
        .channel(room, { config: { presence: { key } } })
        .on('presence', { event: 'sync' }, () => {}),
    )
  const [fromA, fromB] = await Promise.all([join(a, 'a'), join(b, 'b')])
  assert.equal(await fromA.track({ mood: 'calm' }), 'ok')
  assert.equal(await fromB.track({ mood: 'merry' }), 'ok')
  const keys = (channel) => Object.keys(channel.presenceState()).sort().join()
  await until('both see both', () => keys(fromA) === 'a,b' && keys(fromB) === 'a,b')
  assert.equal(fromA.presenceState().b[0].mood, 'merry')
  await fromB.track({ mood: 'sad' })
  await until('A sees the new mood', () => fromA.presenceState().b?.[0]?.mood === 'sad')
  assert.equal(fromA.presenceState().b.length, 1)
  await b.supabase.removeChannel(fromB)
  await until('A is alone', () => keys(fromA) === 'a')
})

test('realtime: a phone that lost its connection joins again and goes on', async () => {
  const { supabase, phone } = client()
  const room = fresh('reconnect')
  const seen = []
  await listening(
    supabase
      .channel(room)
      .on(
        'postgres_changes',
        { event: 'INSERT', schema: 'public', table: 'todos', filter: `room=eq.${room}` },
        (change) => seen.push(change.new.title),
      ),
  )
  phone.sockets.closeAll(1006, 'lost')
  await until('the socket is back', () => supabase.realtime.isConnected())
  await until(
    'an insert is heard again',
    async () => {
      ok(await supabase.from('todos').insert({ title: 'again', room }))
      return seen.includes('again')
    },
    30_000,
  )
})
