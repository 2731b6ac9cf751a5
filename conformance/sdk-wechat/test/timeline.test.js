// The mini program's timeline and message format: each row once, each own message once. No server.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { chatroomPhone } from '../chatroom.js'

const phone = chatroomPhone({})
after(() => phone.destroy())

const { Timeline } = phone.loader.load('utils/timeline.js')
const { readContent, readTime, safeColor, writePicture } = phone.loader.load('utils/message.js')

const row = (id, text = `t${id}`, username = '他') => ({ id, text, username, bgcolor: '#123456', timestamp: '' })
const ids = (timeline) => timeline.all().map((shown) => shown.id)

function outgoing(timeline, text, sentAfter, username = '我') {
  const message = {
    key: `k-${text}-${timeline.outgoing.length}`,
    text,
    username,
    bgcolor: '#123456',
    state: 'sending',
    sentAfter,
    uncertain: false,
    error: '',
  }
  timeline.outgoing.push(message)
  return message
}

test('rows are ordered by id and shown once, however they arrive', () => {
  const timeline = new Timeline()
  assert.equal(timeline.add([row(3), row(1)]).length, 2)
  assert.equal(timeline.add([row(2), row(3)]).length, 1)
  assert.deepEqual(ids(timeline), [1, 2, 3])
  assert.equal(timeline.oldest(), 1)
  assert.equal(timeline.newest(), 3)
})

test('the own row that comes before its insert has answered is not shown twice', () => {
  const timeline = new Timeline()
  timeline.add([row(1)])
  const message = outgoing(timeline, 'hi', 1)
  assert.deepEqual(timeline.add([row(2, 'hi', '我')]), [])
  assert.deepEqual(ids(timeline), [1])
  timeline.settle(message.key, row(2, 'hi', '我'))
  assert.deepEqual(ids(timeline), [1, 2])
  assert.equal(timeline.outgoing.length, 0)
  assert.ok(timeline.own.has(2))
})

test("somebody else's equal message is shown once the own insert has settled", () => {
  const timeline = new Timeline()
  const message = outgoing(timeline, 'hi', 0)
  timeline.add([row(1, 'hi', '我')])
  timeline.settle(message.key, row(2, 'hi', '我'))
  assert.deepEqual(ids(timeline), [1, 2])
  assert.ok(!timeline.own.has(1))
})

test('an insert whose answer was lost is recognised by its row', () => {
  const timeline = new Timeline()
  timeline.add([row(5)])
  const message = outgoing(timeline, 'hi', 5)
  timeline.fail(message.key, 'waiting', 'x', true)
  assert.equal(timeline.outgoing.length, 1)
  timeline.add([row(6, 'hi', '我')])
  assert.equal(timeline.outgoing.length, 0)
  assert.ok(timeline.own.has(6))
})

test('the row was here already when the answer got lost', () => {
  const timeline = new Timeline()
  const message = outgoing(timeline, 'hi', 0)
  timeline.add([row(1, 'hi', '我')])
  timeline.fail(message.key, 'waiting', 'x', true)
  assert.deepEqual(ids(timeline), [1])
  assert.equal(timeline.outgoing.length, 0)
})

test('an older equal row is never taken for the one just sent', () => {
  const timeline = new Timeline()
  const message = outgoing(timeline, 'hi', 9)
  timeline.fail(message.key, 'waiting', 'x', true)
  timeline.add([row(4, 'hi', '我')])
  assert.equal(timeline.outgoing.length, 1)
  assert.deepEqual(ids(timeline), [4])
})

test('a refused insert stays as failed and can be discarded', () => {
  const timeline = new Timeline()
  const message = outgoing(timeline, 'hi', 0)
  timeline.fail(message.key, 'failed', 'no', false)
  assert.equal(timeline.outgoing[0].state, 'failed')
  timeline.discard(message.key)
  assert.equal(timeline.outgoing.length, 0)
})

test('pictures are told by their marker alone', () => {
  const path = 'chat/2026-01-02/abc.png'
  assert.deepEqual(readContent(writePicture(path, 30, 20)), { kind: 'picture', path, width: 30, height: 20 })
  assert.equal(readContent(`[img]${path}`).kind, 'picture')
  for (const text of [
    path,
    `look: [img:1x1]${path}`,
    '[img:1x1]../secrets/a.png',
    '[img:1x1]/etc/a.png',
    '[img:1x1]https://evil.example/a.png',
    '[img:1x1]a/..%2f/b.png',
    '[img:1x1]a.html',
    'https://a.b.c.d.e.png',
  ]) {
    assert.equal(readContent(text).kind, 'text', text)
  }
})

test('a time without a zone is UTC; with one, it counts', () => {
  const expected = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
  assert.equal(readTime('2026-01-02T03:04:05.678901').getTime(), expected)
  assert.equal(readTime('2026-01-02 03:04:05.678').getTime(), expected)
  assert.equal(readTime('2026-01-02T11:04:05.678+08:00').getTime(), expected)
  assert.equal(readTime('2026-01-01T22:04:05.678-05').getTime(), expected)
})

test('only a colour is taken as a colour', () => {
  assert.equal(safeColor('#A1b2C3'), '#A1b2C3')
  assert.equal(safeColor('red;background:url(//evil)'), '#8a8f98')
})
