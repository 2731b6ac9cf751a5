// A page as its code sees it: `this.data`, `setData` with paths, and its own methods.

export class PageInstance {
  constructor(route, options) {
    this.route = route
    this.options = {}
    this.data = structuredClone(options.data ?? {})
    for (const [name, value] of Object.entries(options)) {
      if (name === 'data') continue
      this[name] = typeof value === 'function' ? value.bind(this) : structuredClone(value)
    }
    this.setDataCalls = 0
  }

  /** As WeChat does, copies what it is given: a page cannot share objects with its view. */
  setData(patch, callback) {
    this.setDataCalls += 1
    for (const [name, value] of Object.entries(patch)) {
      if (value === undefined) throw new Error(`setData of undefined: ${name}`)
      assign(this.data, parsePath(name), structuredClone(value))
    }
    if (callback) queueMicrotask(() => callback.call(this))
  }

  call(name, ...args) {
    return typeof this[name] === 'function' ? this[name](...args) : undefined
  }

  /** A tap, an input: calls the handler as the view would. */
  fire(handler, { detail = {}, dataset = {} } = {}) {
    if (typeof this[handler] !== 'function') throw new Error(`no handler ${handler} in ${this.route}`)
    const target = { dataset }
    return this[handler]({ type: handler, detail, target, currentTarget: target })
  }
}

function parsePath(name) {
  return [...name.matchAll(/[^.[\]]+/g)].map(([part]) => (/^\d+$/.test(part) ? Number(part) : part))
}

function assign(target, path, value) {
  let node = target
  for (const [index, step] of path.entries()) {
    if (index === path.length - 1) {
      node[step] = value
      return
    }
    node[step] ??= typeof path[index + 1] === 'number' ? [] : {}
    node = node[step]
  }
}
