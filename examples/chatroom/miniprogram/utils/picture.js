// A picture on its way: made smaller where it is huge, then uploaded with progress.
import { texts } from './i18n'

const LONGEST_SIDE = 1920
const LIGHT = 1024 * 1024
const LIMIT = 10 * 1024 * 1024
const EXTENSIONS = { png: 'png', jpeg: 'jpg', jpg: 'jpg', gif: 'gif', webp: 'webp' }

function promised(api, options) {
  return new Promise((resolve, reject) => {
    wx[api]({ ...options, success: resolve, fail: reject })
  })
}

export async function choosePictures() {
  try {
    const chosen = await promised('chooseMedia', {
      count: 9,
      mediaType: ['image'],
      sizeType: ['compressed', 'original'],
      sourceType: ['album', 'camera'],
    })
    return chosen.tempFiles
  } catch (error) {
    // Closing the picker is not an error.
    if (/cancel/.test(error.errMsg || '')) return []
    throw new Error(error.errMsg || texts.errorPictureBroken)
  }
}

/** Returns {filePath, width, height, extension}, or throws an Error with words for the user. */
export async function preparePicture(file) {
  let filePath = file.tempFilePath
  let info
  try {
    info = await promised('getImageInfo', { src: filePath })
  } catch (error) {
    throw new Error(texts.errorPictureBroken)
  }
  let extension = EXTENSIONS[info.type]
  if (!extension) throw new Error(texts.errorPictureType)
  let { width, height } = info
  const longest = Math.max(width, height)
  // Compressing makes a JPEG; a moving GIF would stand still.
  if (extension !== 'gif' && (longest > LONGEST_SIDE || file.size > LIGHT)) {
    const scale = Math.min(1, LONGEST_SIDE / longest)
    width = Math.round(width * scale)
    height = Math.round(height * scale)
    const compressed = await promised('compressImage', {
      src: filePath,
      quality: 82,
      compressedWidth: width,
      compressedHeight: height,
    })
    filePath = compressed.tempFilePath
    extension = 'jpg'
  } else if (file.size > LIMIT) {
    throw new Error(texts.errorPictureSize)
  }
  return { filePath, width, height, extension }
}

export function picturePath(extension) {
  return `chat/${new Date().toISOString().slice(0, 10)}/${randomId()}.${extension}`
}

export function randomId() {
  let id = Date.now().toString(36)
  while (id.length < 24) id += Math.floor(Math.random() * 36).toString(36)
  return id
}

export function pictureUrl(client, path) {
  return client.storage.from('images').getPublicUrl(path).data.publicUrl
}

/**
 * Uploads with wx.uploadFile rather than the SDK's `upload`: that one builds the whole request byte
 * by byte in JavaScript and cannot say how far it has come. Rejects with {status, message}.
 */
export function upload(client, path, filePath, onProgress) {
  const { supabaseUrl, supabaseKey } = client
  let task
  const done = new Promise((resolve, reject) => {
    task = wx.uploadFile({
      url: `${supabaseUrl.replace(/\/$/, '')}/storage/v1/object/images/${path}`,
      filePath,
      name: 'file',
      formData: { cacheControl: '31536000' },
      header: {
        apikey: supabaseKey,
        Authorization: `Bearer ${supabaseKey}`,
        'x-upsert': 'false',
      },
      success: ({ statusCode, data }) => {
        if (statusCode >= 200 && statusCode < 300) return resolve()
        const body = parse(data)
        // The name is random: that it exists already means that an earlier try got through although
        // its answer was lost.
        if (statusCode === 409 || String(body.statusCode) === '409') return resolve()
        reject({ status: statusCode, code: '', message: String(body.message || '') })
      },
      fail: (error) => reject({ status: 0, code: '', message: error.errMsg || '' }),
    })
    task.onProgressUpdate(({ progress }) => onProgress(progress))
  })
  return { done, abort: () => task.abort() }
}

function parse(text) {
  try {
    return JSON.parse(text) || {}
  } catch (error) {
    return {}
  }
}
