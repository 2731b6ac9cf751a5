// The console's API as its administrator uses it: signed in by a cookie.

export const PASSWORD = 'a password for this test'

export class Console {
  constructor(hearth) {
    this.hearth = hearth
    this.cookie = ''
  }

  /** Signs in; the server must have been started with HEARTH_ADMIN_PASSWORD set to PASSWORD. */
  static async open(hearth) {
    const console = new Console(hearth)
    const response = await console.call('POST', '/session', { username: 'admin', password: PASSWORD })
    console.cookie = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]).join('; ')
    return console
  }

  async call(method, path, body) {
    const response = await fetch(`${this.hearth.url}/console/api${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'x-hearth-console': '1', cookie: this.cookie },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return response
  }

  /** Changes the settings of an application; they are in force when this returns. */
  async change(app, edit) {
    const settings = await (await this.call('GET', `/apps/${app}/settings`)).json()
    edit(settings)
    await this.call('PUT', `/apps/${app}/settings`, settings)
  }
}
