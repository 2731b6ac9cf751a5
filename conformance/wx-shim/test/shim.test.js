// The shim itself, against a plain HTTP and WebSocket server.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'

import { transformSync } from 'esbuild'
import { WebSocket, WebSocketServer } from 'ws'

import { Phone } from '../src/index.js'

let server
let url
let root
let phone
const seen = []

before(async () => {
  server = createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('latin1')
    seen.push({ method: request.method, url: request.url, headers: request.headers, body })
    response.setHeader('content-type', 'application/json')
    response.end(request.url === '/empty' ? '' : '{"ok":true}')
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${server.address().port}`
  root = mkdtempSync(path.join(tmpdir(), 'wx-program-'))
  writeFileSync(path.join(root, 'app.js'), 'App({ onLaunch() { this.launched = true } })')
  writeFileSync(
    path.join(root, 'index.js'),
    `import { word } from './word'
     Page({
       data: { list: [{ n: 1 }], word },
       onLoad() { this.setData({ 'list[1]': { n: 2 }, 'deep.er': typeof fetch }) },
     })`,
  )
  writeFileSync(path.join(root, 'word.js'), 'export const word = "hello"')
  phone = new Phone({ root, tools: { WebSocket, transformSync } })
})

after(() => {
  phone.destroy()
  rmSync(root, { recursive: true })
  server.closeAllConnections()
  server.close()
})

const call = (api, options) =>
  new Promise((success, fail) => phone.wx[api]({ ...options, success, fail }))

test('a page gets its modules, its data by path, and no browser globals', () => {
  const page = phone.launch('index')
  assert.equal(phone.app.launched, true)
  assert.deepEqual(page.data.list, [{ n: 1 }, { n: 2 }])
  assert.equal(page.data.word, 'hello')
  assert.equal(page.data.deep.er, 'undefined')
})

test('request: JSON both ways, content type on GET, no Origin', async () => {
  const answer = await call('request', { url: `${url}/a`, data: { q: '中 文' } })
  assert.deepEqual(answer.data, { ok: true })
  assert.equal(answer.statusCode, 200)
  const get = seen.at(-1)
  assert.equal(get.url, `/a?q=${encodeURIComponent('中')}+${encodeURIComponent('文')}`)
  assert.equal(get.headers['content-type'], 'application/json')
  assert.equal(get.headers.origin, undefined)
  await call('request', { url: `${url}/b`, method: 'PATCH', data: { x: 1 } })
  assert.equal(seen.at(-1).body, '{"x":1}')
  assert.equal((await call('request', { url: `${url}/empty` })).data, '')
})

test('request: a failure is an errMsg', async () => {
  await assert.rejects(call('request', { url: 'http://127.0.0.1:1/' }), (error) =>
    error.errMsg.startsWith('request:fail'),
  )
})

test('uploadFile: text fields come before the file', async () => {
  const filePath = phone.files.add(Buffer.from('bytes'), 'png')
  const answer = await call('uploadFile', { url, filePath, name: 'file', formData: { a: 'b' } })
  assert.equal(answer.data, '{"ok":true}')
  const { body, headers } = seen.at(-1)
  assert.match(headers['content-type'], /^multipart\/form-data; boundary=/)
  assert.ok(body.indexOf('name="a"') < body.indexOf('name="file"; filename='))
  assert.match(body, /Content-Type: image\/png\r\n\r\nbytes\r\n/)
})

test('a socket talks, and is cut when the program goes to the background', async () => {
  const task = phone.wx.connectSocket({ url: url.replace('http', 'ws') })
  await new Promise((resolve) => task.onOpen(resolve))
  const echoed = new Promise((resolve) => task.onMessage(resolve))
  task.send({ data: 'x' })
  assert.deepEqual(await echoed, { data: 'echo x' })
  let closed = null
  task.onClose((event) => {
    closed = event
  })
  phone.background()
  assert.equal(task.readyState, 3)
  assert.equal(closed, null, 'a sleeping program hears nothing')
  phone.foreground()
  assert.equal(closed.code, 1006)
})
