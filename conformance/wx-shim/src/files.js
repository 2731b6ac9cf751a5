// The phone's files: temporary ones that pickers and downloads make.

import { copyFileSync, existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'

let count = 0

export class Files {
  constructor(folder) {
    this.folder = folder
  }

  /** Puts a picture into the phone's album; returns its temporary path. */
  add(bytes, extension) {
    count += 1
    const file = path.join(this.folder, `tmp_${count}.${extension}`)
    writeFileSync(file, bytes)
    return file
  }

  size(file) {
    return statSync(file).size
  }

  read(file) {
    return readFileSync(file)
  }

  imageInfo(file) {
    const bytes = readFileSync(file)
    if (bytes.readUInt32BE(0) === 0x89504e47) {
      return { type: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
    }
    if (bytes.subarray(0, 3).toString('latin1') === 'GIF') {
      return { type: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) }
    }
    throw new Error('unknown image')
  }

  manager() {
    const arrayBuffer = (bytes) =>
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    return {
      readFileSync: (file, encoding) =>
        encoding ? readFileSync(file, encoding) : arrayBuffer(readFileSync(file)),
      writeFileSync: (file, data, encoding) =>
        writeFileSync(file, typeof data === 'string' ? data : Buffer.from(data), encoding),
      accessSync: (file) => {
        if (!existsSync(file)) throw new Error(`accessSync:fail no such file or directory ${file}`)
      },
      copyFileSync,
      unlinkSync,
      readFile: ({ filePath, encoding, success, fail }) => {
        try {
          const bytes = readFileSync(filePath)
          success?.({ data: encoding ? bytes.toString(encoding) : arrayBuffer(bytes) })
        } catch (error) {
          fail?.({ errMsg: `readFile:fail ${error.message}` })
        }
      },
    }
  }
}
