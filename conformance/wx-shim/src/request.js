// wx.request.

import { exchange } from './http.js'

const METHODS = new Set(['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'CONNECT'])

export function createRequest(phone) {
  return (options) => {
    const method = (options.method ?? 'GET').toUpperCase()
    const settle = (callback, answer) =>
      phone.whenAwake(() => {
        callback?.(answer)
        options.complete?.(answer)
      })
    if (!METHODS.has(method)) {
      settle(options.fail, { errMsg: `request:fail invalid method "${method}"` })
      return { abort() {} }
    }
    const headers = withContentType(options.header ?? {})
    const { url, body } = encode(method, options.url, options.data, headers)
    phone.requests.push({ method, url })
    const { done, abort } = exchange(phone, { url, method, headers, body, timeout: options.timeout })
    done.then(
      (response) => {
        settle(options.success, {
          data: decode(response.body, options),
          statusCode: response.status,
          header: response.headers,
          cookies: [],
          errMsg: 'request:ok',
        })
      },
      (error) => settle(options.fail, { errMsg: `request:fail ${error.message}`, errno: 600001 }),
    )
    return { abort, onHeadersReceived() {}, offHeadersReceived() {} }
  }
}

/** WeChat sends a content type on every request, GET included. */
function withContentType(header) {
  const headers = {}
  let named = false
  for (const [name, value] of Object.entries(header)) {
    if (name.toLowerCase() === 'content-type') named = true
    headers[name] = value
  }
  if (!named) headers['content-type'] = 'application/json'
  return headers
}

function encode(method, url, data, headers) {
  if (data === undefined || data === null || data === '') return { url, body: undefined }
  if (data instanceof ArrayBuffer) return { url, body: Buffer.from(data) }
  if (typeof data === 'string') {
    // The data of a GET is its query; text cannot become one.
    return method === 'GET' || method === 'HEAD' ? { url, body: undefined } : { url, body: Buffer.from(data) }
  }
  if (method === 'GET' || method === 'HEAD') {
    const query = new URLSearchParams(data).toString()
    return { url: query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url, body: undefined }
  }
  const type = String(headers['content-type'] ?? headers['Content-Type'] ?? '')
  if (type.includes('x-www-form-urlencoded')) {
    return { url, body: Buffer.from(new URLSearchParams(data).toString()) }
  }
  return { url, body: Buffer.from(JSON.stringify(data)) }
}

function decode(bytes, { responseType = 'text', dataType = 'json' }) {
  if (responseType === 'arraybuffer') {
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  }
  const text = bytes.toString('utf8')
  if (dataType !== 'json') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
