// wx.uploadFile and wx.downloadFile.

import path from 'node:path'
import { randomBytes } from 'node:crypto'

import { exchange } from './http.js'

const TYPES = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.txt': 'text/plain',
}

export function createTransfers(phone) {
  const settle = (options, callback, answer) =>
    phone.whenAwake(() => {
      callback?.(answer)
      options.complete?.(answer)
    })

  return {
    uploadFile(options) {
      const listeners = new Set()
      const headers = {}
      for (const [name, value] of Object.entries(options.header ?? {})) {
        // The boundary is WeChat's, so the content type is too.
        if (name.toLowerCase() !== 'content-type') headers[name] = value
      }
      const boundary = `----WeChatFormBoundary${randomBytes(8).toString('hex')}`
      headers['content-type'] = `multipart/form-data; boundary=${boundary}`
      let body
      try {
        body = multipart(boundary, options, phone.files.read(options.filePath))
      } catch (error) {
        settle(options, options.fail, { errMsg: `uploadFile:fail ${error.message}` })
        return { abort() {}, onProgressUpdate() {}, offProgressUpdate() {} }
      }
      const { done, abort } = exchange(phone, {
        url: options.url,
        method: 'POST',
        headers,
        body,
        timeout: options.timeout,
        onUpload: (sent, total) => {
          const progress = Math.floor((sent / total) * 100)
          for (const listener of listeners) {
            listener({ progress, totalBytesSent: sent, totalBytesExpectedToSend: total })
          }
        },
      })
      done.then(
        (response) =>
          // `data` is text, whatever the server's content type.
          settle(options, options.success, {
            statusCode: response.status,
            data: response.body.toString('utf8'),
            header: response.headers,
            errMsg: 'uploadFile:ok',
          }),
        (error) => settle(options, options.fail, { errMsg: `uploadFile:fail ${error.message}` }),
      )
      return {
        abort,
        onProgressUpdate: (listener) => void listeners.add(listener),
        offProgressUpdate: (listener) => void listeners.delete(listener),
      }
    },

    downloadFile(options) {
      const { done, abort } = exchange(phone, { url: options.url, headers: options.header })
      done.then(
        (response) =>
          settle(options, options.success, {
            statusCode: response.status,
            tempFilePath: phone.files.add(response.body, 'bin'),
            header: response.headers,
            errMsg: 'downloadFile:ok',
          }),
        (error) => settle(options, options.fail, { errMsg: `downloadFile:fail ${error.message}` }),
      )
      return { abort, onProgressUpdate() {} }
    },
  }
}

/** The text fields come before the file. */
function multipart(boundary, { formData = {}, name, filePath }, bytes) {
  const parts = []
  for (const [field, value] of Object.entries(formData)) {
    parts.push(
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${field}"\r\n\r\n${value}\r\n`,
      ),
    )
  }
  const fileName = path.basename(filePath)
  const type = TYPES[path.extname(fileName).toLowerCase()] ?? 'application/octet-stream'
  parts.push(
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\n` +
        `Content-Type: ${type}\r\n\r\n`,
    ),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  )
  return Buffer.concat(parts)
}
