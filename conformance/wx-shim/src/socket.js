// wx.connectSocket and its SocketTask.

const CONNECTING = 0
const OPEN = 1
const CLOSING = 2
const CLOSED = 3

export class Sockets {
  constructor(phone, WebSocket) {
    this.phone = phone
    this.WebSocket = WebSocket
    this.tasks = new Set()
    /** How often the program has connected. */
    this.connects = 0
  }

  connect(options) {
    this.connects += 1
    if (this.phone.destroyed) throw new Error('connectSocket on a phone that is gone')
    const task = new SocketTask(this.phone, this.WebSocket, options, () => this.tasks.delete(task))
    this.tasks.add(task)
    return task
  }

  closeAll(code, reason) {
    for (const task of this.tasks) task.drop(code, reason)
  }
}

class SocketTask {
  readyState = CONNECTING

  constructor(phone, WebSocket, options, gone) {
    this.phone = phone
    this.gone = gone
    this.listeners = { open: [], message: [], close: [], error: [] }
    if (!phone.networkUp) {
      setTimeout(() => this.fail('network is down'))
      return
    }
    const socket = new WebSocket(options.url, options.protocols ?? [], {
      headers: {
        ...options.header,
        referer: `https://servicewechat.com/${phone.appid}/devtools/page-frame.html`,
      },
    })
    socket.binaryType = 'arraybuffer'
    this.socket = socket
    socket.on('open', () => {
      if (this.readyState !== CONNECTING) return
      this.readyState = OPEN
      this.emit('open', { header: {} })
    })
    socket.on('message', (data, binary) => {
      if (this.readyState === OPEN) this.emit('message', { data: binary ? data : data.toString() })
    })
    socket.on('error', (error) => this.emit('error', { errMsg: error.message }))
    socket.on('close', (code, reason) => this.end(code, reason.toString()))
  }

  onOpen(listener) {
    this.listeners.open.push(listener)
  }

  onMessage(listener) {
    this.listeners.message.push(listener)
  }

  onClose(listener) {
    this.listeners.close.push(listener)
  }

  onError(listener) {
    this.listeners.error.push(listener)
  }

  send({ data, success, fail, complete }) {
    if (this.readyState !== OPEN) {
      const answer = { errMsg: 'sendSocketMessage:fail SocketTask.readyState is not OPEN' }
      fail?.(answer)
      complete?.(answer)
      return
    }
    this.socket.send(data)
    success?.({ errMsg: 'sendSocketMessage:ok' })
    complete?.({ errMsg: 'sendSocketMessage:ok' })
  }

  close(options = {}) {
    // The SDK calls close(1000, 'reason') in one place, which WeChat does not know.
    const { code = 1000, reason = '', success, fail, complete } = typeof options === 'object' ? options : {}
    if (this.readyState >= CLOSING) {
      const answer = { errMsg: 'closeSocket:fail SocketTask.readyState is CLOSED' }
      fail?.(answer)
      complete?.(answer)
      return
    }
    this.readyState = CLOSING
    this.socket?.close(code, reason)
    success?.({ errMsg: 'closeSocket:ok' })
    complete?.({ errMsg: 'closeSocket:ok' })
  }

  /** The phone itself cuts the connection. */
  drop(code, reason) {
    this.socket?.terminate()
    this.end(code, reason)
  }

  fail(reason) {
    this.emit('error', { errMsg: `connectSocket:fail ${reason}` })
    this.end(1006, reason)
  }

  end(code, reason) {
    if (this.readyState === CLOSED) return
    this.readyState = CLOSED
    this.gone()
    this.emit('close', { code, reason })
  }

  emit(kind, event) {
    this.phone.whenAwake(() => {
      for (const listener of this.listeners[kind]) listener(event)
    })
  }
}
