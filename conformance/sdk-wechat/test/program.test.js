// The mini program's files, as the developer tools would complain about them. No server.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'

import { chatroomPhone, root } from '../chatroom.js'

const phones = []
after(() => {
  for (const phone of phones) phone.destroy()
})

const read = (name) => readFileSync(path.join(root, name), 'utf8')
const app = JSON.parse(read('app.json'))

function start(language) {
  const phone = chatroomPhone({ language })
  phones.push(phone)
  phone.launch()
  return phone
}

/** Every element of a WXML text as {tag, attributes}; fails where tags do not close. */
function elements(text) {
  const found = []
  const open = []
  for (const [, closing, tag, rest, single] of text.matchAll(/<(\/?)([\w-]+)((?:[^<>"]|"[^"]*")*?)(\/?)>/g)) {
    if (closing) {
      assert.equal(open.pop(), tag, `</${tag}>`)
      continue
    }
    found.push({ tag, attributes: Object.fromEntries([...rest.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])) })
    if (!single) open.push(tag)
  }
  assert.deepEqual(open, [], 'every element is closed')
  return found
}

test('every page of app.json has its files, and all JSON is JSON', () => {
  for (const page of app.pages) {
    for (const extension of ['js', 'json', 'wxml', 'wxss']) {
      assert.ok(existsSync(path.join(root, `${page}.${extension}`)), `${page}.${extension}`)
    }
    JSON.parse(read(`${page}.json`))
  }
  for (const name of ['project.config.json', 'sitemap.json', 'theme.json', 'package.json']) JSON.parse(read(name))
  const theme = JSON.parse(read('theme.json'))
  for (const value of Object.values(app.window).filter((text) => text.startsWith('@'))) {
    for (const kind of ['light', 'dark']) assert.ok(theme[kind][value.slice(1)], `${kind} ${value}`)
  }
})

test('what the pages bind exists, and so does every text they show', () => {
  const phone = start('zh_CN')
  for (const route of app.pages) {
    const page = phone.open(route)
    for (const { tag, attributes } of elements(read(`${route}.wxml`))) {
      for (const [name, value] of Object.entries(attributes)) {
        if (/^(bind|catch)/.test(name)) assert.equal(typeof page[value], 'function', `${route}: ${tag} ${name}=${value}`)
        for (const [, label] of value.matchAll(/\bt\.(\w+)/g)) assert.ok(label in page.data.t, `${route}: t.${label}`)
      }
    }
    for (const [, label] of read(`${route}.wxml`).matchAll(/\{\{t\.(\w+)\}\}/g)) {
      assert.ok(label in page.data.t, `${route}: t.${label}`)
    }
  }
})

test('both languages have the same texts', () => {
  const [zh, en] = ['zh_CN', 'en'].map((language) => start(language).loader.load('utils/i18n.js').texts)
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort())
  assert.notEqual(zh.title, en.title)
})

test("lib/supabase.js is the tutorial's", () => {
  assert.equal(
    read('lib/supabase.js'),
    [
      "import { createClient } from 'supabase-wechat-stable-v2'",
      'const url = ""',
      'const key = ""',
      '',
      'export const supabase = createClient(url, key)',
      '',
    ].join('\n'),
  )
})
