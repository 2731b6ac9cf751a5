// Storage through supabase-js.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { FIXTURES, fresh } from '../../lib/fixtures.js'
import { Hearth } from '../../lib/hearth.js'
import { png } from '../../lib/pictures.js'
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

const picture = png(4, 4, [9, 9, 9])

function ok(result) {
  assert.equal(result.error, null, JSON.stringify(result.error))
  return result.data
}

test('upload bytes, text and a Blob; download; overwrite only where asked', async () => {
  const docs = anon.storage.from('docs')
  const folder = fresh('up')
  const first = ok(await docs.upload(`${folder}/a.png`, picture, { contentType: 'image/png' }))
  assert.equal(first.path, `${folder}/a.png`)
  assert.equal(first.fullPath, `docs/${folder}/a.png`)
  ok(await docs.upload(`${folder}/b.txt`, new Blob(['你好'], { type: 'text/plain' })))
  ok(await docs.upload(`${folder}/c.txt`, 'plain text', { contentType: 'text/plain' }))
  const blob = ok(await docs.download(`${folder}/a.png`))
  assert.equal(blob.type, 'image/png')
  assert.deepEqual(Buffer.from(await blob.arrayBuffer()), picture)
  assert.equal(await ok(await docs.download(`${folder}/b.txt`)).text(), '你好')

  const again = await docs.upload(`${folder}/c.txt`, 'other')
  assert.equal(again.error.statusCode, '409')
  assert.equal(again.error.message, 'The resource already exists')
  ok(await docs.upload(`${folder}/c.txt`, 'other', { upsert: true, contentType: 'text/plain' }))
  assert.equal(await ok(await docs.download(`${folder}/c.txt`)).text(), 'other')
  ok(await docs.update(`${folder}/c.txt`, 'third', { contentType: 'text/plain' }))
  assert.equal(await ok(await docs.download(`${folder}/c.txt`)).text(), 'third')
})

test('names of any script, and odd ones', async () => {
  const docs = anon.storage.from('docs')
  const folder = fresh('names')
  for (const name of ['with space.txt', "quote'.txt", 'a(b)&c=d+e.txt']) {
    ok(await docs.upload(`${folder}/${name}`, name, { contentType: 'text/plain' }))
    assert.equal(await ok(await docs.download(`${folder}/${name}`)).text(), name)
  }
})

test('a public address needs nothing; a private one needs rights or a signature', async () => {
  const folder = fresh('public')
  ok(await anon.storage.from('docs').upload(`${folder}/a.png`, picture, { contentType: 'image/png' }))
  const { publicUrl } = anon.storage.from('docs').getPublicUrl(`${folder}/a.png`).data
  const open = await fetch(publicUrl)
  assert.equal(open.status, 200)
  assert.equal(open.headers.get('content-type'), 'image/png')
  assert.deepEqual(Buffer.from(await open.arrayBuffer()), picture)

  ok(await service.storage.from('secrets').upload(`${folder}/s.txt`, 'hush', { contentType: 'text/plain' }))
  const hidden = await fetch(`${env.API_URL}/storage/v1/object/public/secrets/${folder}/s.txt`)
  assert.equal(hidden.status, 400)
  const refused = await anon.storage.from('secrets').download(`${folder}/s.txt`)
  assert.notEqual(refused.error, null)
  const { signedUrl } = ok(await service.storage.from('secrets').createSignedUrl(`${folder}/s.txt`, 60))
  assert.equal(await (await fetch(signedUrl)).text(), 'hush')
  const forged = await fetch(signedUrl.replace('s.txt', 't.txt'))
  assert.equal(forged.status, 400)
  const several = ok(
    await service.storage.from('secrets').createSignedUrls([`${folder}/s.txt`, `${folder}/none.txt`], 60),
  )
  assert.equal(several[0].error, null)
  assert.notEqual(several[1].error, null)
})

test('signed uploads', async () => {
  const folder = fresh('signed')
  const { token, path } = ok(await anon.storage.from('docs').createSignedUploadUrl(`${folder}/a.txt`))
  ok(await anon.storage.from('docs').uploadToSignedUrl(path, token, 'by token', { contentType: 'text/plain' }))
  assert.equal(await ok(await anon.storage.from('docs').download(path)).text(), 'by token')
})

test('ETag, ranges and download names', async () => {
  const folder = fresh('range')
  ok(
    await anon.storage
      .from('docs')
      .upload(`${folder}/a.txt`, '0123456789', { contentType: 'text/plain', cacheControl: '77' }),
  )
  const { publicUrl } = anon.storage.from('docs').getPublicUrl(`${folder}/a.txt`).data
  const whole = await fetch(publicUrl)
  assert.match(whole.headers.get('cache-control'), /max-age=77/)
  const etag = whole.headers.get('etag')
  assert.ok(etag)
  await whole.arrayBuffer()
  assert.equal((await fetch(publicUrl, { headers: { 'if-none-match': etag } })).status, 304)
  const part = await fetch(publicUrl, { headers: { range: 'bytes=2-4' } })
  assert.equal(part.status, 206)
  assert.equal(part.headers.get('content-range'), 'bytes 2-4/10')
  assert.equal(await part.text(), '234')
  const named = anon.storage.from('docs').getPublicUrl(`${folder}/a.txt`, { download: '名.txt' })
  const attachment = await fetch(named.data.publicUrl)
  assert.match(attachment.headers.get('content-disposition'), /^attachment;/)
})

test('list, move, copy, remove, info, exists', async () => {
  const docs = anon.storage.from('docs')
  const folder = fresh('list')
  for (const name of ['b.txt', 'a.txt', 'sub/c.txt']) {
    ok(await docs.upload(`${folder}/${name}`, name, { contentType: 'text/plain' }))
  }
  const names = async (options) => ok(await docs.list(folder, options)).map((object) => object.name)
  assert.deepEqual((await names()).sort(), ['a.txt', 'b.txt', 'sub'])
  const listed = ok(await docs.list(folder, { search: 'a.' }))
  assert.equal(listed.length, 1)
  assert.equal(listed[0].metadata.size, 5)
  assert.equal(listed[0].metadata.mimetype, 'text/plain')
  assert.equal(ok(await docs.list(folder)).find((object) => object.name === 'sub').id, null)
  ok(await docs.move(`${folder}/a.txt`, `${folder}/z.txt`))
  ok(await docs.copy(`${folder}/b.txt`, `${folder}/sub/b.txt`))
  assert.equal(ok(await docs.exists(`${folder}/z.txt`)), true)
  assert.equal((await docs.exists(`${folder}/a.txt`)).data, false)
  const info = ok(await docs.info(`${folder}/z.txt`))
  assert.equal(info.size, 5)
  const removed = ok(await docs.remove([`${folder}/z.txt`, `${folder}/b.txt`, `${folder}/none.txt`]))
  assert.deepEqual(removed.map((object) => object.name).sort(), [`${folder}/b.txt`, `${folder}/z.txt`])
  assert.deepEqual(await names(), ['sub'])
})

test('buckets: by the service key only', async () => {
  const id = fresh('bucket')
  ok(await service.storage.createBucket(id, { public: false, fileSizeLimit: 10, allowedMimeTypes: ['text/plain'] }))
  const bucket = ok(await service.storage.getBucket(id))
  assert.equal(bucket.public, false)
  assert.equal(bucket.file_size_limit, 10)
  const twice = await service.storage.createBucket(id)
  assert.equal(twice.error.statusCode, '409')
  const refused = await anon.storage.createBucket(fresh('bucket'))
  assert.notEqual(refused.error, null)

  const inside = service.storage.from(id)
  ok(await inside.upload('a.txt', '12345', { contentType: 'text/plain' }))
  const large = await inside.upload('b.txt', '12345678901', { contentType: 'text/plain' })
  assert.equal(large.error.statusCode, '413')
  const type = await inside.upload('c.png', '1', { contentType: 'image/png' })
  assert.equal(type.error.statusCode, '415')
  const full = await service.storage.deleteBucket(id)
  assert.equal(full.error.statusCode, '409')
  ok(await service.storage.updateBucket(id, { public: true }))
  assert.equal(ok(await service.storage.getBucket(id)).public, true)
  ok(await inside.remove(['a.txt']))
  ok(await service.storage.deleteBucket(id))
  assert.ok(!ok(await service.storage.listBuckets()).some((candidate) => candidate.id === id))
})

test('what does not exist or may not be: clear errors in storage\'s own form', async () => {
  const missing = await anon.storage.from('docs').download(fresh('none'))
  assert.notEqual(missing.error, null)
  const raw = await fetch(`${env.API_URL}/storage/v1/object/public/docs/${fresh('none')}`)
  assert.equal(raw.status, 400)
  const body = await raw.json()
  assert.equal(body.statusCode, '404')
  assert.equal(body.error, 'not_found')
  assert.equal(body.message, 'Object not found')
  const bucket = await service.storage.getBucket('nothing-like-it')
  assert.equal(bucket.error.statusCode, '404')
  assert.equal(bucket.error.message, 'Bucket not found')
  const denied = await anon.storage.from('secrets').upload(fresh('x'), 'x')
  assert.equal(denied.error.statusCode, '403')
})

test('no way out of the bucket', async () => {
  for (const name of ['../x.txt', 'a/../../x.txt', '..%2f..%2fx.txt', '/etc/passwd']) {
    const response = await fetch(`${env.API_URL}/storage/v1/object/docs/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${env.ANON_KEY}`, apikey: env.ANON_KEY, 'content-type': 'text/plain' },
      body: 'x',
    })
    assert.ok(response.status < 500, `${name}: ${response.status}`)
  }
  const listed = ok(await service.storage.from('docs').list(''))
  assert.ok(!listed.some((object) => object.name.includes('..')))
})
