// Channels of supabase-wechat-stable-v2 that lose nothing and repeat nothing over a dropped
// connection.
//
//   const stream = new Resume({ onJoin: (gap) => gap && fetchEverything() })
//   stream.follow(supabase.channel('room')).on('postgres_changes', …, show).subscribe()
//
// Hearth gives each change and each broadcast a position in its log. This file remembers the last
// one, says it when the channel joins again, and leaves out what comes twice. It needs nothing of the
// SDK but two methods of the channel, and no change of it. With a server that does not know the join
// option `resume`, every join is a gap.

const POSITION = /^([0-9A-F]+)\/([0-9A-F]+):(\d+)$/i

/** Whether a position stands behind another one in the log. */
export function isBehind(a, b) {
  const [left, right] = [a, b].map((text) => {
    const [, high, low, index] = POSITION.exec(text)
    return [parseInt(high, 16), parseInt(low, 16), Number(index)]
  })
  const at = [0, 1, 2].find((part) => left[part] !== right[part])
  return at !== undefined && left[at] > right[at]
}

/** One place in the log; channels that take each other's place share it. */
export class Resume {
  /**
   * `position`: where to go on, as it was when it was saved. `broadcast`: whether broadcasts are made
   * up for too; the default is yes. `onJoin(gap)` runs after each join. `gap`: what came before it is
   * not known (the first join, or one after too long a time), so that a fetch has to bring it.
   * Without a gap everything that was missed follows.
   */
  constructor({ position = null, broadcast = true, onJoin = () => {} } = {}) {
    /** Position of the last message; null before the first join. */
    this.position = position
    this.broadcast = broadcast
    this.onJoin = onJoin
    /** Hearth knows one's own broadcasts by this name. */
    this.client = Math.random().toString(36).slice(2) + Date.now().toString(36)
  }

  /** Makes a channel resume; before its `subscribe()`. */
  follow(channel) {
    const updateJoinPayload = channel.updateJoinPayload.bind(channel)
    const trigger = channel._trigger.bind(channel)
    // Read when the join is written, so that each one says the position of that moment.
    const resume = {
      toJSON: () => ({ after: this.position, broadcast: this.broadcast, client: this.client }),
    }
    channel.updateJoinPayload = (payload) =>
      updateJoinPayload(
        payload.config ? { ...payload, config: { ...payload.config, resume } } : payload,
      )
    channel._trigger = (event, payload, ref) => {
      if (!this.isNew(event, payload)) return
      const joined =
        event === 'phx_reply' && payload && payload.status === 'ok' && ref === channel.joinPush.ref
      trigger(event, payload, ref)
      if (joined) this.joined(payload.response && payload.response.resume)
    }
    return channel
  }

  /** Notes the message's position; false: it was here before. */
  isNew(event, payload) {
    let position
    if (event === 'broadcast') position = this.broadcast && payload.meta && payload.meta.position
    else if (event === 'postgres_changes' || event === 'resume') position = payload.position
    if (typeof position !== 'string' || !POSITION.test(position)) return true
    if (this.position !== null && !isBehind(position, this.position)) return false
    this.position = position
    return true
  }

  joined(resume) {
    const gap = !resume || resume.expired === true || this.position === null
    if (gap) this.position = (resume && resume.position) || null
    this.onJoin(gap)
  }
}
