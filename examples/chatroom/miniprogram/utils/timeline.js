// What is on the wall: rows by id, and one's own messages that are still on their way. Pure.
//
// A row is shown once, however often it arrives (change, page, catch-up, answer of the insert). An own
// message is shown once, although its row may arrive before the answer of its insert, or although
// that answer never arrives at all.

export class Timeline {
  constructor() {
    this.rows = new Map()
    /** Rows that look like a message whose insert is in flight: shown once that insert has settled. */
    this.held = new Map()
    this.outgoing = []
    /** Ids of rows this phone wrote. */
    this.own = new Set()
    /** Own rows keep the key they had while outgoing, so that the list keeps their element. */
    this.keys = new Map()
  }

  all() {
    return [...this.rows.values()].sort((a, b) => a.id - b.id)
  }

  oldest() {
    let oldest = null
    for (const id of this.rows.keys()) if (oldest === null || id < oldest) oldest = id
    return oldest
  }

  newest() {
    let newest = 0
    for (const id of this.rows.keys()) if (id > newest) newest = id
    for (const id of this.held.keys()) if (id > newest) newest = id
    return newest
  }

  /** Returns the rows that were new. */
  add(rows) {
    const added = []
    for (const row of rows) {
      if (this.rows.has(row.id) || this.held.has(row.id)) continue
      const match = this.outgoing.find((message) => couldBe(message, row))
      if (match && match.uncertain) {
        this.settle(match.key, row)
      } else if (match && match.state === 'sending') {
        this.held.set(row.id, row)
        continue
      } else {
        this.rows.set(row.id, row)
      }
      added.push(row)
    }
    return added
  }

  /** The insert answered: this outgoing message is that row. */
  settle(key, row) {
    this.outgoing = this.outgoing.filter((message) => message.key !== key)
    this.held.delete(row.id)
    this.own.add(row.id)
    this.keys.set(row.id, key)
    this.rows.set(row.id, row)
    this.release()
  }

  /** The insert failed. `uncertain`: it may have happened, since the answer was lost. */
  fail(key, state, error, uncertain) {
    const message = this.outgoing.find((candidate) => candidate.key === key)
    if (!message) return
    message.state = state
    message.error = error
    message.uncertain = message.uncertain || uncertain
    if (message.uncertain) {
      for (const row of this.held.values()) {
        if (couldBe(message, row)) {
          this.settle(key, row)
          return
        }
      }
    }
    this.release()
  }

  discard(key) {
    this.outgoing = this.outgoing.filter((message) => message.key !== key)
    this.release()
  }

  /** Rows held for a message that has settled otherwise were somebody else's. */
  release() {
    for (const [id, row] of this.held) {
      const claimed = this.outgoing.some(
        (message) => message.state === 'sending' && couldBe(message, row),
      )
      if (claimed) continue
      this.held.delete(id)
      this.rows.set(id, row)
    }
  }
}

function couldBe(message, row) {
  return (
    message.sentAfter !== null &&
    row.id > message.sentAfter &&
    row.text === message.text &&
    row.username === message.username &&
    row.bgcolor === message.bgcolor
  )
}
