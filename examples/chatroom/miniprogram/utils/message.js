// A row of `messages` and what the chat room reads into it. The same marker as in the web page, so
// that both show each other's pictures.

// The whole text is the marker and the object's path in the bucket `images`. Path segments start with
// a letter or digit: a forged row can neither climb out of the bucket nor name another host.
const PICTURE =
  /^\[img(?::(\d{1,5})x(\d{1,5}))?\]((?:[0-9A-Za-z][\w-]*\/)*[0-9A-Za-z][\w-]*\.(?:png|jpe?g|gif|webp))$/

export function readContent(text) {
  const match = PICTURE.exec(text)
  if (!match) return { kind: 'text', text }
  return {
    kind: 'picture',
    path: match[3],
    width: Number(match[1] || 0),
    height: Number(match[2] || 0),
  }
}

export function writePicture(path, width, height) {
  return `[img:${width}x${height}]${path}`
}

// `timestamp` has no time zone in the tutorial's table; the database's clock is UTC. Written out by
// parts, because iOS does not parse every form of a date.
export function readTime(timestamp) {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?(Z|[+-]\d{2}(?::?\d{2})?)?$/.exec(
      timestamp,
    )
  if (!match) return new Date()
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const utc = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number((fraction || '0').padEnd(3, '0')),
  )
  if (!zone || zone === 'Z') return new Date(utc)
  const sign = zone[0] === '-' ? -1 : 1
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0')
  const offset = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return new Date(utc - sign * offset * 60000)
}

// Rows are written by anyone, and the colour goes into a style: only a colour is taken.
export function safeColor(color) {
  return /^#[0-9a-f]{6}$/i.test(color) ? color : '#8a8f98'
}

export function readRow(value) {
  if (!value || typeof value !== 'object') return null
  const id = Number(value.id)
  if (!Number.isSafeInteger(id) || typeof value.text !== 'string') return null
  return {
    id,
    username: String(value.username || ''),
    // Unquoted in the tutorial's SQL, so PostgreSQL calls the column bgcolor.
    bgcolor: String(value.bgcolor || ''),
    text: value.text,
    timestamp: String(value.timestamp || ''),
  }
}
