// Turns the room's timeline into what the page's WXML shows. Pure but for the picture's address.
import { texts } from './i18n'
import { readContent, readTime, safeColor } from './message'
import { initial } from './persona'
import { pictureUrl } from './picture'

const TOGETHER_MS = 3 * 60 * 1000
// In rpx, which WXML scales to the screen.
const PICTURE_WIDTH = 420
const PICTURE_HEIGHT = 520

export function buildItems(room) {
  const items = []
  let previous = null
  const push = (item, time) => {
    const day = dayKey(time)
    if (!previous || previous.day !== day) {
      items.push({ key: `day-${day}-${item.key}`, kind: 'day', text: dayName(time, new Date()) })
      previous = null
    }
    const together =
      previous !== null &&
      previous.own === item.own &&
      previous.username === item.username &&
      previous.color === item.color &&
      time.getTime() - previous.time <= TOGETHER_MS
    previous = { day, own: item.own, username: item.username, color: item.color, time: time.getTime() }
    items.push({ ...item, first: !together, initial: initial(item.username), clock: clock(time) })
  }
  const { timeline } = room
  for (const row of timeline.all()) {
    const content = readContent(row.text)
    push(
      {
        key: timeline.keys.get(row.id) || `row-${row.id}`,
        id: row.id,
        own: timeline.own.has(row.id),
        username: row.username,
        color: safeColor(row.bgcolor),
        state: 'sent',
        status: '',
        ...show(content, content.kind === 'picture' ? pictureUrl(room.client, content.path) : ''),
      },
      readTime(row.timestamp),
    )
  }
  for (const message of timeline.outgoing) {
    const { picture, state } = message
    const content = picture
      ? { kind: 'picture', width: picture.width, height: picture.height }
      : { kind: 'text', text: message.text }
    push(
      {
        key: message.key,
        id: 0,
        own: true,
        username: message.username,
        color: safeColor(message.bgcolor),
        state,
        status: statusText(message),
        ...show(content, picture ? picture.filePath : ''),
      },
      message.createdAt,
    )
  }
  return items
}

function show(content, url) {
  if (content.kind === 'text') return { kind: 'text', text: content.text }
  const width = content.width || PICTURE_WIDTH
  const height = content.height || PICTURE_WIDTH
  const scale = Math.min(PICTURE_WIDTH / width, PICTURE_HEIGHT / height)
  return {
    kind: 'picture',
    url,
    width: Math.max(80, Math.round(width * scale)),
    height: Math.max(80, Math.round(height * scale)),
  }
}

function statusText(message) {
  switch (message.state) {
    case 'uploading':
      return texts.uploading(Math.round(message.progress))
    case 'waiting':
      return texts.waiting
    case 'failed':
      return message.error ? `${message.error} · ${texts.retry}` : texts.failed
    default:
      return texts.sending
  }
}

function dayKey(date) {
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`
}

function dayName(date, now) {
  if (dayKey(date) === dayKey(now)) return texts.today
  const yesterday = new Date(now.getTime())
  yesterday.setDate(now.getDate() - 1)
  if (dayKey(date) === dayKey(yesterday)) return texts.yesterday
  return texts.date(date)
}

function clock(date) {
  const two = (number) => String(number).padStart(2, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}`
}

/**
 * What to hand to setData so that `data.items` becomes `next`: single entries where few changed, the
 * whole list otherwise. setData copies all it is given to another thread.
 */
export function itemsPatch(before, next) {
  if (next.length < before.length || before.length === 0) return { items: next }
  const patch = {}
  let changes = 0
  for (let index = 0; index < next.length; index += 1) {
    const old = before[index]
    if (old && same(old, next[index])) continue
    if (old && old.key !== next[index].key && index < before.length - 3) return { items: next }
    patch[`items[${index}]`] = next[index]
    changes += 1
    if (changes > 20) return { items: next }
  }
  return patch
}

function same(a, b) {
  const names = Object.keys(b)
  return Object.keys(a).length === names.length && names.every((name) => a[name] === b[name])
}
