// One HTTP exchange as a phone makes it: no Origin, WeChat's Referer and User-Agent.

import http from 'node:http'
import https from 'node:https'

export function exchange(phone, { url, method = 'GET', headers = {}, body, timeout = 60_000, onUpload }) {
  let request
  const done = new Promise((resolve, reject) => {
    if (!phone.networkUp) {
      reject(new Error('network is down'))
      return
    }
    let target
    try {
      target = new URL(url)
    } catch {
      reject(new Error(`invalid url "${url}"`))
      return
    }
    const all = {
      'user-agent': 'Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.50 MiniProgramEnv/android',
      referer: `https://servicewechat.com/${phone.appid}/devtools/page-frame.html`,
      'accept-encoding': 'identity',
    }
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined && value !== null) all[name.toLowerCase()] = String(value)
    }
    // WeChat sets these itself and refuses a program's own.
    all.referer = `https://servicewechat.com/${phone.appid}/devtools/page-frame.html`
    if (body) all['content-length'] = String(body.length)
    const client = target.protocol === 'https:' ? https : http
    request = client.request(target, { method, headers: all, timeout }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode,
          headers: headerObject(response.rawHeaders),
          body: Buffer.concat(chunks),
        })
      })
    })
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', reject)
    if (!body) {
      request.end()
      return
    }
    if (!onUpload) {
      request.end(body)
      return
    }
    const step = Math.max(1, Math.ceil(body.length / 4))
    let sent = 0
    const next = () => {
      const part = body.subarray(sent, sent + step)
      sent += part.length
      onUpload(sent, body.length)
      if (sent >= body.length) request.end(part)
      else request.write(part, next)
    }
    next()
  })
  return { done, abort: () => request?.destroy(new Error('abort')) }
}

/** As WeChat hands headers over: names as the server wrote them, repeated ones joined. */
function headerObject(raw) {
  const headers = {}
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]
    headers[name] = name in headers ? `${headers[name]},${raw[index + 1]}` : raw[index + 1]
  }
  return headers
}
