// `hearth rest`, in PostgREST's place, on a database that is there already.

import { spawn } from 'node:child_process'

import { binary, freePort, until } from './hearth.js'

export class RestAlone {
  /** Starts with PostgREST's variables and returns when it answers. */
  static async start(variables) {
    const alone = new RestAlone()
    const port = await freePort()
    alone.url = `http://127.0.0.1:${port}`
    alone.log = ''
    alone.child = spawn(binary(), ['rest'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PGRST_SERVER_HOST: '127.0.0.1', PGRST_SERVER_PORT: String(port), ...variables },
    })
    for (const stream of [alone.child.stdout, alone.child.stderr]) {
      stream.on('data', (text) => {
        alone.log += text
      })
    }
    alone.exited = new Promise((resolve) => alone.child.once('exit', resolve))
    try {
      await until('hearth rest to answer', async () => (await fetch(alone.url)).status < 500)
    } catch (error) {
      await alone.stop()
      throw new Error(alone.log, { cause: error })
    }
    return alone
  }

  async stop() {
    this.child.kill('SIGTERM')
    await this.exited
  }
}
