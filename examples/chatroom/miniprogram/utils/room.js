// The chat room as a client of Hearth: the instant API for reading and writing, a realtime channel
// for new rows, presence and typing, storage for pictures.
//
// How nothing is lost: the channel resumes (resume.js). After a dropped connection what was missed
// comes through it, in order. Only where it cannot (the first join, or after too long a time) rows are
// fetched: `syncedTo` is the id up to which every committed row is here, and the fetch reaches back
// OVERLAP ids, because ids are given before rows are committed: a smaller id can become visible after a
// greater one.
import { describe, failureOf, isPassing, isUncertain } from './errors'
import { readRow, writePicture } from './message'
import { picturePath, randomId, upload } from './picture'
import { Resume } from './resume'
import { Timeline } from './timeline'

const PAGE = 30
const CATCH_UP_PAGE = 200
const OVERLAP = 100
const COLUMNS = 'id,username,bgcolor,text,timestamp'
const TYPING_EVERY = 2000
const TYPING_LASTS = 4000
const RETRY_AFTER = [800, 1000, 2000, 3000, 5000]
const HEARTBEAT = 15000
const SILENCE = 20000
const OWN_SAVED = 'chatroom.own'

export class Room {
  constructor(client, persona) {
    this.client = client
    this.persona = persona
    this.timeline = new Timeline()
    this.link = 'connecting'
    /** The newest page is here. */
    this.loaded = false
    this.reachedStart = false
    this.loadingOlder = false
    this.members = []
    this.typing = []

    this.listeners = new Set()
    this.channel = null
    this.joined = false
    this.live = false
    /** No fetch is owed: the page, or what followed a gap in the stream, is here. */
    this.complete = false
    /** Typing that is minutes old is of no interest, so broadcasts are not made up for. */
    this.stream = new Resume({ broadcast: false, onJoin: (gap) => this.onJoin(gap) })
    this.asleep = false
    this.online = true
    this.memberKey = randomId()
    this.syncedTo = 0
    this.syncing = null
    this.syncAgain = false
    this.syncFailures = 0
    this.joinFailures = 0
    this.draining = false
    this.typists = new Map()
    this.lastTypingSent = 0
    this.lastProblem = ''
    this.lastHeard = Date.now()

    const own = wx.getStorageSync(this.ownKey())
    if (Array.isArray(own)) for (const id of own) this.timeline.own.add(id)
  }

  start() {
    this.tameSocket()
    wx.onNetworkStatusChange(({ isConnected }) => {
      this.online = isConnected
      if (isConnected) this.wake()
      else this.setLink('offline')
    })
    setInterval(() => this.watch(), 5000)
    this.subscribe()
    this.sync()
  }

  /** `listener(kind, detail)`: 'timeline' (fresh rows), 'link', 'members', 'typing', 'problem' (text). */
  listen(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  emit(kind, detail) {
    for (const listener of this.listeners) listener(kind, detail)
  }

  // Realtime

  /**
   * The SDK takes the late `close` of a socket that it has already replaced for the close of the new
   * one, and replaces that too, and so on, once a second. Only the present socket's end counts.
   */
  tameSocket() {
    const { realtime } = this.client
    realtime.heartbeatIntervalMs = HEARTBEAT
    const onClose = realtime._onConnClose.bind(realtime)
    realtime._onConnClose = (event) => {
      const current = realtime.conn
      if (current && current.readyState >= 2) onClose(event)
    }
    realtime.stateChangeCallbacks.message.push(() => {
      this.lastHeard = Date.now()
    })
  }

  subscribe() {
    clearTimeout(this.joinTimer)
    const channel = this.client.channel('chatroom', {
      config: { presence: { key: this.memberKey }, broadcast: { ack: false, self: false } },
    })
    this.channel = channel
    this.lastHeard = Date.now()
    this.stream
      .follow(channel)
      .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'messages' }, (change) =>
        this.onRow(readRow(change.new)),
      )
      .on('presence', { event: 'sync' }, () => this.onPresence(channel))
      .on('broadcast', { event: 'typing' }, ({ payload }) => this.onTyping(payload))
      // With a server that does not resume, a channel joins before its changes flow; this says that
      // they do, so what was committed in between is fetched once more.
      .on('system', {}, (message) => {
        const flowing = message.extension === 'postgres_changes' && message.status === 'ok'
        if (flowing && this.stream.position === null) this.sync()
      })
      .subscribe((status) => {
        if (channel !== this.channel) return
        if (status === 'SUBSCRIBED') {
          this.joined = true
          this.joinFailures = 0
          this.track()
          return
        }
        this.joined = false
        this.live = false
        this.setLink(this.awayLink())
        this.reconnectSoon()
      })
  }

  /** The channel has joined. Without a gap what was missed follows by itself. */
  onJoin(gap) {
    if (gap) this.complete = false
    // A message whose answer was lost may be a row: look before it is sent again.
    const waiting = this.timeline.outgoing.some((message) => message.state === 'waiting')
    if (!this.complete || waiting) {
      this.sync()
      return
    }
    this.live = !this.asleep
    if (this.live) this.setLink('live')
  }

  /** A fresh channel each time: the SDK's own would wait up to ten seconds before it joins again. */
  reconnect() {
    if (this.asleep) return
    this.leave()
    const { realtime } = this.client
    realtime.reconnectTimer.reset()
    if (!realtime.isConnected() || this.isSilent()) realtime.disconnect()
    realtime.sendBuffer = []
    this.subscribe()
  }

  reconnectSoon() {
    clearTimeout(this.joinTimer)
    const delay = RETRY_AFTER[Math.min(this.joinFailures, RETRY_AFTER.length - 1)]
    this.joinFailures += 1
    this.joinTimer = setTimeout(() => this.reconnect(), delay)
  }

  leave() {
    const { channel } = this
    this.channel = null
    this.joined = false
    this.live = false
    if (channel) channel.unsubscribe()
  }

  /** Back in the foreground, or the network is back: do not wait for timers. */
  wake() {
    this.asleep = false
    const { realtime } = this.client
    if (!this.joined || !realtime.isConnected() || this.isSilent()) {
      this.joinFailures = 0
      if (this.link !== 'connecting') this.setLink(this.awayLink())
      this.reconnect()
    } else {
      this.onJoin(!this.complete)
    }
  }

  /** The server answers heartbeats; a socket that has heard none is dead, whatever it says itself. */
  isSilent() {
    return Date.now() - this.lastHeard > SILENCE
  }

  sleep() {
    this.asleep = true
    this.live = false
    clearTimeout(this.joinTimer)
    clearTimeout(this.syncTimer)
  }

  /** A socket can die without a word; the heartbeat's answers stop then. */
  watch() {
    if (this.asleep || !this.joined) return
    if (!this.client.realtime.isConnected() || this.isSilent()) {
      this.setLink(this.awayLink())
      this.reconnect()
    }
  }

  awayLink() {
    if (!this.online) return 'offline'
    return this.loaded ? 'reconnecting' : 'connecting'
  }

  onRow(row) {
    if (!row) return
    const fresh = this.timeline.add([row])
    if (this.live && row.id > this.syncedTo) this.syncedTo = row.id
    for (const [key, typist] of this.typists) {
      if (typist.name === row.username) this.typists.delete(key)
    }
    this.showTypists()
    this.emit('timeline', fresh)
  }

  track() {
    const { name, color } = this.persona
    if (this.channel) this.channel.track({ name, color })
  }

  changePersona(persona) {
    this.persona = persona
    if (this.joined) this.track()
    this.emit('timeline', [])
  }

  onPresence(channel) {
    if (channel !== this.channel) return
    const state = channel.presenceState()
    const members = []
    for (const key of Object.keys(state)) {
      const metas = state[key]
      const meta = metas[metas.length - 1]
      if (!meta || typeof meta.name !== 'string') continue
      members.push({
        key,
        name: meta.name,
        color: String(meta.color || ''),
        self: key === this.memberKey,
      })
    }
    members.sort((a, b) => Number(b.self) - Number(a.self) || (a.name < b.name ? -1 : 1))
    this.members = members
    this.emit('members', members)
  }

  // Typing

  typed() {
    const now = Date.now()
    if (!this.joined || now - this.lastTypingSent < TYPING_EVERY) return
    this.lastTypingSent = now
    this.channel.send({
      type: 'broadcast',
      event: 'typing',
      payload: { key: this.memberKey, name: this.persona.name },
    })
  }

  onTyping(payload) {
    if (!payload || typeof payload.key !== 'string' || typeof payload.name !== 'string') return
    if (this.typists.size > 50) return
    this.typists.set(payload.key, {
      name: payload.name.slice(0, 40),
      until: Date.now() + TYPING_LASTS,
    })
    this.showTypists()
  }

  showTypists() {
    clearTimeout(this.typingTimer)
    const now = Date.now()
    let next = Infinity
    for (const [key, typist] of this.typists) {
      if (typist.until <= now) this.typists.delete(key)
      else next = Math.min(next, typist.until)
    }
    const names = [...this.typists.values()].map((typist) => typist.name)
    if (names.join() !== this.typing.join()) {
      this.typing = names
      this.emit('typing', names)
    }
    if (next < Infinity) this.typingTimer = setTimeout(() => this.showTypists(), next - now + 20)
  }

  // Reading

  /** Fetches what is missing. One at a time; a call meanwhile makes it run once more. */
  sync() {
    if (this.syncing) {
      this.syncAgain = true
      return this.syncing
    }
    clearTimeout(this.syncTimer)
    this.syncing = this.runSync().then(() => {
      this.syncing = null
      if (this.syncAgain) {
        this.syncAgain = false
        return this.sync()
      }
    })
    return this.syncing
  }

  async runSync() {
    const joinedBefore = this.joined
    try {
      const fresh = this.loaded ? await this.catchUp() : await this.loadNewest()
      this.syncFailures = 0
      this.lastProblem = ''
      // Live only if the channel had joined before the fetch began: then nothing lies between them.
      if (joinedBefore && this.joined) this.complete = true
      if (this.complete && this.joined && !this.asleep) {
        this.live = true
        this.setLink('live')
      }
      this.emit('timeline', fresh)
      this.drain(true)
    } catch (failure) {
      this.onSyncFailure(failure)
    }
  }

  onSyncFailure(failure) {
    this.live = false
    this.setLink(this.awayLink())
    const text = describe(failure)
    if (text !== this.lastProblem && (!isPassing(failure) || !this.loaded)) {
      this.lastProblem = text
      this.emit('problem', text)
    }
    if (this.asleep) return
    clearTimeout(this.syncTimer)
    const delay = RETRY_AFTER[Math.min(this.syncFailures, RETRY_AFTER.length - 1)]
    this.syncFailures += 1
    this.syncTimer = setTimeout(() => this.sync(), delay)
  }

  async loadNewest() {
    const rows = await this.select((query) => query.order('id', { ascending: false }).limit(PAGE))
    this.timeline.add(rows)
    this.loaded = true
    this.reachedStart = rows.length < PAGE
    for (const row of rows) this.syncedTo = Math.max(this.syncedTo, row.id)
    return []
  }

  async catchUp() {
    const fresh = []
    // Never further back than the oldest row shown: what is older belongs to "load older".
    const floor = (this.timeline.oldest() || 1) - 1
    let after = Math.max(this.syncedTo - OVERLAP, Math.min(floor, this.syncedTo), 0)
    for (;;) {
      const from = after
      const rows = await this.select((query) =>
        query.gt('id', from).order('id', { ascending: true }).limit(CATCH_UP_PAGE),
      )
      fresh.push(...this.timeline.add(rows))
      if (rows.length > 0) {
        after = rows[rows.length - 1].id
        this.syncedTo = Math.max(this.syncedTo, after)
      }
      if (rows.length < CATCH_UP_PAGE) return fresh
      this.emit('timeline', fresh.splice(0))
    }
  }

  async loadOlder() {
    const oldest = this.timeline.oldest()
    if (!this.loaded || this.reachedStart || this.loadingOlder || oldest === null) return
    this.loadingOlder = true
    this.emit('timeline', [])
    try {
      const rows = await this.select((query) =>
        query.lt('id', oldest).order('id', { ascending: false }).limit(PAGE),
      )
      this.timeline.add(rows)
      this.reachedStart = rows.length < PAGE
    } catch (failure) {
      this.emit('problem', describe(failure))
    }
    this.loadingOlder = false
    this.emit('timeline', [])
  }

  async select(refine) {
    const result = await refine(this.client.from('messages').select(COLUMNS))
    if (result.error) throw failureOf(result)
    return (Array.isArray(result.data) ? result.data : []).map(readRow).filter(Boolean)
  }

  // Writing

  sendText(text) {
    // The others take the hint away with the message, so the next letter has to give it again.
    this.lastTypingSent = 0
    this.enqueue(text, null)
    this.drain(false)
  }

  /** `picture` comes from preparePicture. */
  sendPicture(picture) {
    const path = picturePath(picture.extension)
    const { filePath, width, height } = picture
    this.enqueue(writePicture(path, width, height), {
      filePath,
      path,
      width,
      height,
      uploaded: false,
    })
    this.drain(false)
  }

  enqueue(text, picture) {
    this.timeline.outgoing.push({
      key: randomId(),
      username: this.persona.name,
      bgcolor: this.persona.color,
      text,
      state: picture ? 'uploading' : 'sending',
      /** The highest id known when the first insert was sent: its row can only be newer. */
      sentAfter: null,
      /** An insert was sent whose answer is missing: the row may or may not exist. */
      uncertain: false,
      error: '',
      progress: 0,
      picture,
      createdAt: new Date(),
    })
    this.emit('timeline', [])
  }

  retry(key) {
    const message = this.timeline.outgoing.find((candidate) => candidate.key === key)
    if (!message || (message.state !== 'failed' && message.state !== 'waiting')) return
    message.state = 'waiting'
    message.error = ''
    this.emit('timeline', [])
    // A lost answer may hide a row that exists: look before inserting again.
    this.sync()
  }

  discard(key) {
    this.timeline.discard(key)
    this.emit('timeline', [])
  }

  /**
   * Sends what is written, one after the other, so that messages keep their order. One that waits
   * after a failure goes only `afterSync`: its row may exist although the answer was lost.
   */
  async drain(afterSync) {
    if (this.draining) return
    this.draining = true
    try {
      for (;;) {
        const message = this.timeline.outgoing.find((candidate) => candidate.state !== 'failed')
        if (!message) return
        if (message.state === 'waiting' && !afterSync) {
          this.sync()
          return
        }
        if (!(await this.deliver(message))) return
      }
    } finally {
      this.draining = false
    }
  }

  /** False: the network is away, the rest of the queue waits. */
  async deliver(message) {
    const { picture } = message
    if (picture && !picture.uploaded) {
      const outcome = await this.uploadPicture(message, picture)
      if (outcome !== 'uploaded') return outcome === 'refused'
    }
    if (!this.timeline.outgoing.includes(message)) return true
    message.state = 'sending'
    if (message.sentAfter === null) message.sentAfter = this.timeline.newest()
    this.emit('timeline', [])
    const { username, bgcolor, text } = message
    const result = await this.client
      .from('messages')
      .insert({ username, bgcolor, text })
      .select(COLUMNS)
      .single()
    const row = result.error ? null : readRow(result.data)
    if (row) {
      this.timeline.settle(message.key, row)
      this.saveOwn()
      this.emit('timeline', [row])
      return true
    }
    return this.failed(message, failureOf(result), true)
  }

  async uploadPicture(message, picture) {
    message.state = 'uploading'
    try {
      const task = upload(this.client, picture.path, picture.filePath, (progress) => {
        if (progress === message.progress) return
        message.progress = progress
        this.emit('timeline', [])
      })
      await task.done
      picture.uploaded = true
      return 'uploaded'
    } catch (failure) {
      return this.failed(message, failure, false) ? 'refused' : 'away'
    }
  }

  failed(message, failure, inserted) {
    const passing = isPassing(failure)
    this.timeline.fail(
      message.key,
      passing ? 'waiting' : 'failed',
      describe(failure),
      inserted && isUncertain(failure),
    )
    this.emit('timeline', [])
    if (passing) this.onSyncFailure(failure)
    else this.emit('problem', describe(failure))
    return !passing
  }

  /** Kept per server: ids of another database are other rows. */
  ownKey() {
    return `${OWN_SAVED}.${this.client.supabaseKey.slice(-16)}`
  }

  saveOwn() {
    const own = [...this.timeline.own].sort((a, b) => a - b).slice(-500)
    wx.setStorageSync(this.ownKey(), own)
  }

  setLink(link) {
    if (this.link === link) return
    this.link = link
    this.emit('link', link)
  }
}
