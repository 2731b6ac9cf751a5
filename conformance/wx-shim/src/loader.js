// Loads a mini program's modules as the developer tools do: import and export become CommonJS, and
// packages come from npm. Each phone has its own instances, whose free names are the phone's.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import vm from 'node:vm'

const compiled = new Map()

export class Loader {
  constructor({ root, packages, overrides, scope, transformSync }) {
    this.transformSync = transformSync
    this.root = root
    this.scope = scope
    this.overrides = new Map(
      Object.entries(overrides).map(([name, text]) => [path.join(root, name), text]),
    )
    this.resolvePackage = createRequire(path.join(path.resolve(packages), 'package.json')).resolve
    this.modules = new Map()
  }

  /** `again`: runs the module once more, as a page that is opened a second time. */
  load(name, { again = false } = {}) {
    const file = path.join(this.root, name)
    if (again) this.modules.delete(file)
    return this.require(file)
  }

  require(file) {
    const known = this.modules.get(file)
    if (known) return known.exports
    const module = { exports: {} }
    this.modules.set(file, module)
    if (file.endsWith('.json')) {
      module.exports = JSON.parse(readFileSync(file, 'utf8'))
      return module.exports
    }
    // Two functions, because a module may declare a name of the scope again, as the SDK does with URL.
    const outer = vm.compileFunction(
      `return function (exports, require, module) {${this.source(file)}\n}`,
      Object.keys(this.scope),
      { filename: file },
    )
    const run = outer(...Object.values(this.scope))
    const from = path.dirname(file)
    try {
      run.call(module.exports, module.exports, (name) => this.require(this.resolve(name, from)), module)
    } catch (error) {
      this.modules.delete(file)
      throw error
    }
    return module.exports
  }

  source(file) {
    const override = this.overrides.get(file)
    if (override !== undefined) return this.toCommonJs(override)
    const stamp = `${file}:${statSync(file).mtimeMs}`
    let text = compiled.get(stamp)
    if (text === undefined) {
      text = this.toCommonJs(readFileSync(file, 'utf8'))
      compiled.set(stamp, text)
    }
    return text
  }

  toCommonJs(text) {
    return this.transformSync(text, { format: 'cjs', target: 'es2020', loader: 'js' }).code
  }

  resolve(request, from) {
    if (!request.startsWith('.') && !request.startsWith('/')) return this.resolvePackage(request)
    const base = request.startsWith('/') ? path.join(this.root, request) : path.resolve(from, request)
    for (const file of [base, `${base}.js`, `${base}.json`, path.join(base, 'index.js')]) {
      if (this.overrides.has(file) || (existsSync(file) && statSync(file).isFile())) return file
    }
    throw new Error(`module '${request}' is not defined, required from ${from}`)
  }
}
