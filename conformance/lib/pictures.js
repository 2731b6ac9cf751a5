// Small real pictures, made on the spot.

import * as zlib from 'node:zlib'

/** A PNG; `color` is [red, green, blue], or gives one for each pixel's place between 0 and 1. */
export function png(width, height, color) {
  const at = typeof color === 'function' ? color : () => color
  const pixels = Buffer.alloc(height * (1 + width * 3))
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      pixels.set(at(x / width, y / height), y * (1 + width * 3) + 1 + x * 3)
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', zlib.deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const size = Buffer.alloc(4)
  size.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([size, body, sum])
}

function crc32(bytes) {
  // In Node since 20.15.
  if (zlib.crc32) return zlib.crc32(bytes)
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1))
  }
  return ~crc >>> 0
}

/** Something to look at: the sun goes down behind hills. */
export function sunset(width, height) {
  const mix = (a, b, t) => a.map((value, index) => Math.round(value + (b[index] - value) * t))
  return png(width, height, (x, y) => {
    const hills = 0.72 + 0.07 * Math.sin(x * 9) + 0.04 * Math.sin(x * 23 + 1)
    if (y > hills) return [30, 22, 24]
    const aspect = width / height
    if (Math.hypot((x - 0.66) * aspect, y - 0.5) < 0.11) return [255, 226, 170]
    return y < 0.55 ? mix([34, 48, 84], [206, 110, 78], y / 0.55) : mix([206, 110, 78], [250, 186, 120], (y - 0.55) / 0.3)
  })
}
