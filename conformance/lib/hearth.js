// Starts the real binary on a data directory of its own, and stops it. Every suite file starts one.
//
// HEARTH_BIN names the binary; without it the newest of target/release and target/debug is taken.
// HEARTH_TEST_LOG=1 passes the server's log on.

import { execFile, spawn } from 'node:child_process'
import { chmodSync, createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

const START_WITHIN = 120_000
const STOP_WITHIN = 30_000

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks until `probe` answers something true, or fails with what was waited for. */
export async function until(what, probe, within = 15_000) {
  const deadline = Date.now() + within
  let last
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
      last = undefined
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) {
      throw new Error(`waited ${within} ms for: ${what}`, last ? { cause: last } : undefined)
    }
    await sleep(50)
  }
}

export function binary() {
  if (process.env.HEARTH_BIN) return path.resolve(process.env.HEARTH_BIN)
  const target = process.env.CARGO_TARGET_DIR ?? path.join(repository, 'target')
  const built = ['release', 'debug']
    .map((profile) => path.join(target, profile, 'hearth'))
    .filter((file) => existsSync(file))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  if (built.length === 0) throw new Error('no hearth binary: set HEARTH_BIN or run cargo build')
  return built[0]
}

/** A port that nobody listens on right now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

export class Hearth {
  constructor(folder, port) {
    this.folder = folder
    this.dataDir = path.join(folder, 'data')
    this.logFile = path.join(folder, 'hearth.log')
    this.port = port
    this.url = `http://127.0.0.1:${port}`
    this.child = null
  }

  /** Starts with the chat-room demo and returns when it answers. */
  static async start() {
    const folder = mkdtempSync(path.join(tmpdir(), 'hearth-test-'))
    // As root, Hearth runs PostgreSQL as another user, which has to pass through this folder.
    chmodSync(folder, 0o755)
    const hearth = new Hearth(folder, await freePort())
    try {
      await hearth.run()
    } catch (error) {
      await hearth.stop()
      throw error
    }
    return hearth
  }

  async run() {
    const program = binary()
    const log = createWriteStream(this.logFile, { flags: 'a' })
    const child = spawn(
      program,
      ['serve', '--demo', '--data-dir', this.dataDir, '--host', '127.0.0.1', '--port', String(this.port)],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    )
    this.child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(log, { end: false })
      if (process.env.HEARTH_TEST_LOG) stream.pipe(process.stderr, { end: false })
    }
    child.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
    let gone = null
    void child.exited.then((exit) => {
      gone = exit
    })
    await until(
      'hearth to be ready',
      async () => {
        if (gone) return true
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(2_000) })
        return response.ok
      },
      START_WITHIN,
    )
    if (gone) throw new Error(`hearth ended with ${JSON.stringify(gone)}\n${this.tail()}`)
  }

  /** SIGTERM to the process this object started, then the data directory goes. */
  async stop() {
    await this.end('SIGTERM')
    if (!process.env.HEARTH_TEST_KEEP) rmSync(this.folder, { recursive: true, force: true })
  }

  /** As a crash would: no chance to say goodbye. */
  async kill() {
    await this.end('SIGKILL')
  }

  async end(signal) {
    const { child } = this
    if (!child) return
    this.child = null
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN)
    await child.exited
    clearTimeout(late)
  }

  /** What `hearth status -o env` prints, as an object. */
  async status(app = 'chatroom') {
    const text = await this.command('status', '-o', 'env', '--app', app)
    const entries = {}
    for (const line of text.split('\n')) {
      const match = /^(?:export )?([A-Z_]+)="?(.*?)"?$/.exec(line.trim())
      if (match) entries[match[1]] = match[2]
    }
    // The running server's own port, whatever the configuration would say.
    entries.API_URL = `${this.url}/apps/${app}`
    return entries
  }

  /** Runs SQL as the application's owner. */
  sql(text, app = 'chatroom') {
    return this.command('sql', '--app', app, '-c', text)
  }

  command(name, ...rest) {
    const args = [name, '--data-dir', this.dataDir, ...rest]
    return new Promise((resolve, reject) => {
      execFile(binary(), args, { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
        if (error) reject(new Error(`hearth ${name}: ${stderr || error.message}`))
        else resolve(stdout)
      })
    })
  }

  /** The process id of Hearth's own PostgreSQL, as PostgreSQL writes it down. */
  postmasterPid() {
    const file = path.join(this.dataDir, 'postgres', 'postmaster.pid')
    return Number(readFileSync(file, 'utf8').split('\n')[0])
  }

  tail() {
    try {
      return readFileSync(this.logFile, 'utf8').split('\n').slice(-40).join('\n')
    } catch {
      return '(no log)'
    }
  }
}
