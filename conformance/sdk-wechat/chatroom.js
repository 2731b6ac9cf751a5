// The example's mini program on a phone of the shim, pointed at a server.

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Phone } from '../wx-shim/src/index.js'
import { tools } from './tools.js'

const here = path.dirname(fileURLToPath(import.meta.url))
export const root = path.resolve(here, '../../examples/chatroom/miniprogram')

/** lib/supabase.js as a person edits it: the two empty strings filled in, nothing else. */
export function configured(url, key) {
  return `import { createClient } from 'supabase-wechat-stable-v2'
const url = ${JSON.stringify(url)}
const key = ${JSON.stringify(key)}

export const supabase = createClient(url, key)
`
}

export function chatroomPhone({ url, key, language }) {
  return new Phone({
    root,
    tools,
    packages: here,
    language,
    overrides: url === undefined ? {} : { 'lib/supabase.js': configured(url, key) },
  })
}

/** Messages as the page shows them: [name, text] or [name, 'picture']. */
export function shown(page) {
  return page.data.items
    .filter((item) => item.kind !== 'day')
    .map((item) => [item.username, item.kind === 'picture' ? 'picture' : item.text])
}

export function say(page, text) {
  page.fire('onInput', { detail: { value: text } })
  page.fire('onSend')
}
