// Logs, reports, schema diagram, webhooks, migrations and backups in the console, by the console's
// own walk through these pages. Screenshots go to target/console-shots/.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'

import { Hearth, repository } from '../../lib/hearth.js'

const PASSWORD = 'a password for this test'
const walk = path.join(repository, 'console', 'e2e', 'operation.mjs')

let hearth

before(async () => {
  process.env.HEARTH_ADMIN_PASSWORD = PASSWORD
  hearth = await Hearth.start()
})

after(() => hearth?.stop())

for (const language of ['zh', 'en']) {
  test(`the pages of a running application, ${language}`, async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [walk, language], {
      env: {
        ...process.env,
        HEARTH_URL: hearth.url,
        HEARTH_ADMIN_PASSWORD: PASSWORD,
        CHROMIUM: process.env.HEARTH_CHROMIUM ?? process.env.CHROMIUM ?? '/usr/bin/chromium',
      },
    })
    assert.ok(!/Error/.test(stderr), stderr)
    assert.ok(stdout.length > 0, 'the walk says nothing')
  })
}
