// Mails through a real mail server, asked for by supabase-js.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'

import { Console, PASSWORD } from '../../lib/console.js'
import { fresh } from '../../lib/fixtures.js'
import { Hearth } from '../../lib/hearth.js'
import { connect, disconnectAll } from '../client.js'

let hearth
let env
let smtp
let admin
const mails = []

before(async () => {
  process.env.HEARTH_ADMIN_PASSWORD = PASSWORD
  hearth = await Hearth.start()
  env = await hearth.status()
  admin = await Console.open(hearth)
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, session, done) =>
      username === 'mailer' && password === 'mail-secret' ? done(null, { user: username }) : done(new Error('535 wrong password')),
    onRcptTo: ({ address }, session, done) => {
      if (!address.startsWith('unknown')) return done()
      const refusal = new Error('no such mailbox here')
      refusal.responseCode = 550
      done(refusal)
    },
    onData: (stream, session, done) => {
      simpleParser(stream).then((mail) => {
        mails.push(mail)
        done()
      }, done)
    },
  })
  const port = await new Promise((resolve) => {
    const server = smtp.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
  await admin.change('chatroom', (settings) => {
    settings.auth.mailer_autoconfirm = false
    settings.auth.mailer_max_frequency = 0
    settings.auth.rate_limits.email_sent = 1000
    settings.auth.smtp = { host: '127.0.0.1', port, encryption: 'none', user: 'mailer', password: 'mail-secret', sender_address: 'noreply@ours.cn', sender_name: '炉火' }
  })
})

after(async () => {
  await disconnectAll()
  await new Promise((resolve) => (smtp ? smtp.close(resolve) : resolve()))
  await hearth?.stop()
})

const client = () => connect(env.API_URL, env.ANON_KEY)
const mailTo = (email) => mails.findLast((mail) => mail.to.text === email)

test('a sign-up is confirmed by the code in a mail', async () => {
  const email = `${fresh('user')}@example.com`
  const { data, error } = await client().auth.signUp({ email, password: 'correct horse 1', options: { data: { nickname: '<小明>' } } })
  assert.equal(error, null)
  assert.equal(data.session, null)
  const mail = mailTo(email)
  assert.equal(mail.from.text, '"炉火" <noreply@ours.cn>')
  assert.equal(mail.subject, '请验证您的邮箱')
  // Not any six digits: the link's hash may have some, too.
  const [, token] = /<strong>(\d{6})<\/strong>/.exec(mail.html)
  const { data: verified, error: refused } = await client().auth.verifyOtp({ email, token, type: 'email' })
  assert.equal(refused, null)
  assert.equal(verified.user.email, email)
})

test('a mail has the text of the application', async () => {
  await admin.change('chatroom', (settings) => {
    settings.auth.mailer_templates.recovery = {
      subject: '{{ .Data.nickname }}，{{ .Token }}',
      content: '<p>{{ .Data.nickname }}</p><a href="{{ .SiteURL }}/reset?hash={{ .TokenHash }}&next={{ .RedirectTo }}">重置</a>',
    }
    settings.auth.site_url = 'https://ours.cn'
    settings.auth.uri_allow_list = ['https://*.ours.cn/**']
  })
  const email = `${fresh('user')}@example.com`
  await client().auth.signUp({ email, password: 'correct horse 1', options: { data: { nickname: '<小明>' } } })
  const { error } = await client().auth.resetPasswordForEmail(email, { redirectTo: 'https://app.ours.cn/done?a=1&b=2' })
  assert.equal(error, null)
  const mail = mailTo(email)
  assert.match(mail.subject, /^<小明>，\d{6}$/)
  assert.match(mail.html, /<p>&lt;小明&gt;<\/p>/)
  const [, hash] = /reset\?hash=([0-9a-f]+)&next=https%3A%2F%2Fapp\.ours\.cn%2Fdone%3Fa%3D1%26b%3D2/.exec(mail.html)
  const { data, error: refused } = await client().auth.verifyOtp({ token_hash: hash, type: 'recovery' })
  assert.equal(refused, null)
  assert.equal(data.user.email, email)
})

test('a mail that the server refuses is said, and may be asked for again', async () => {
  const email = `unknown-${fresh('user')}@example.com`
  for (let i = 0; i < 2; i += 1) {
    const { error } = await client().auth.signUp({ email, password: 'correct horse 1' })
    assert.equal(error.status, 500)
    assert.equal(error.message, 'Error sending confirmation email')
  }
})

test('mails at the same time each arrive once', async () => {
  const emails = Array.from({ length: 12 }, () => `${fresh('crowd')}@example.com`)
  const answers = await Promise.all(emails.map((email) => client().auth.signInWithOtp({ email })))
  assert.deepEqual(answers.map(({ error }) => error), emails.map(() => null))
  for (const email of emails) assert.equal(mails.filter((mail) => mail.to.text === email).length, 1)
})

test('the limit of mails counts what leaves', async () => {
  await admin.change('chatroom', (settings) => {
    settings.auth.rate_limits.email_sent = 1
  })
  const ask = () => client().auth.signInWithOtp({ email: `${fresh('limit')}@example.com` })
  assert.equal((await ask()).error, null)
  const { error } = await ask()
  assert.equal(error.status, 429)
  assert.equal(error.code, 'over_email_send_rate_limit')
})

test('the password of the mail server is never shown', async () => {
  const settings = await (await admin.call('GET', '/apps/chatroom/settings')).text()
  assert.ok(!settings.includes('mail-secret'))
  const { auth } = JSON.parse(settings)
  assert.equal(auth.smtp.password, '***')
})
