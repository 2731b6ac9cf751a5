// supabase-js, unmodified from npm, as a program under Node has it.

import { createClient } from '@supabase/supabase-js'
import { WebSocket } from 'ws'

const open = new Set()

/** A client with a session of its own that is kept nowhere. */
export function connect(url, key, options = {}) {
  const client = createClient(url, key, {
    ...options,
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false, ...options.auth },
    // Node 20 has no WebSocket of its own.
    realtime: { transport: WebSocket, ...options.realtime },
  })
  open.add(client)
  return client
}

/** Closes every socket, so that Node can end. */
export async function disconnectAll() {
  for (const client of open) {
    await client.removeAllChannels()
    await client.realtime.disconnect()
  }
  open.clear()
}

/** Subscribes and waits until the server has said yes. */
export function joined(channel) {
  return new Promise((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve(channel)
      else if (status !== 'CLOSED') reject(error ?? new Error(status))
    })
  })
}

/** Joined, and the changes flow. */
export async function listening(channel) {
  const flowing = new Promise((resolve) => {
    channel.on('system', {}, (message) => {
      if (message.extension === 'postgres_changes' && message.status === 'ok') resolve()
    })
  })
  await joined(channel)
  await flowing
  return channel
}
