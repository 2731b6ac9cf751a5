// A phone: the mini program's modules, its app and pages, and the `wx` they see.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Files } from './files.js'
import { Loader } from './loader.js'
import { PageInstance } from './page.js'
import { createRequest } from './request.js'
import { Sockets } from './socket.js'
import { createTransfers } from './transfer.js'

export class Phone {
  /**
   * `root`: the mini program's folder. `overrides`: module texts by path relative to it, such as
   * lib/supabase.js with url and key filled in. `packages`: a folder with node_modules, where the mini
   * program has none of its own. `tools`: {WebSocket, transformSync}.
   */
  constructor({
    root,
    tools,
    overrides = {},
    packages = root,
    language = 'zh_CN',
    appid = 'wx0000000000000000',
  }) {
    this.root = path.resolve(root)
    this.language = language
    this.appid = appid
    this.folder = mkdtempSync(path.join(tmpdir(), 'wx-phone-'))
    this.storage = new Map()
    this.files = new Files(this.folder)
    this.sockets = new Sockets(this, tools.WebSocket)
    this.hidden = false
    this.destroyed = false
    /** What the program has asked for by wx.request. */
    this.requests = []
    this.networkUp = true
    this.pages = []
    this.app = null
    /** What the user was shown: {title} of each toast. */
    this.toasts = []
    this.previews = []
    /** Answers of pickers: files that the next chooseMedia returns, index for the next action sheet. */
    this.media = []
    this.sheetChoice = 0
    this.errors = []
    this.networkListeners = new Set()
    this.appListeners = { show: new Set(), hide: new Set() }
    this.deferred = []
    this.timers = new Set()
    this.wx = this.createWx()
    this.loader = new Loader({
      root: this.root,
      packages,
      overrides,
      scope: this.scope(),
      transformSync: tools.transformSync,
    })
  }

  /** Runs app.js and opens the first page. */
  launch(firstPage = 'pages/chat/chat') {
    this.loader.load('app.js')
    this.app.onLaunch?.({ path: firstPage, scene: 1001, query: {} })
    this.app.onShow?.({ path: firstPage, scene: 1001, query: {} })
    return this.open(firstPage)
  }

  open(route, query = {}) {
    this.pageOptions = null
    this.loader.load(`${route}.js`, { again: true })
    if (!this.pageOptions) throw new Error(`${route}.js calls no Page()`)
    this.page?.call('onHide')
    const page = new PageInstance(route, this.pageOptions)
    this.pages.push(page)
    page.call('onLoad', query)
    page.call('onShow')
    page.call('onReady')
    return page
  }

  get page() {
    return this.pages[this.pages.length - 1]
  }

  back() {
    const page = this.pages.pop()
    page?.call('onHide')
    page?.call('onUnload')
    this.page?.call('onShow')
  }

  /** The user leaves the mini program. WeChat closes sockets after five seconds and stops its timers. */
  background() {
    this.page?.call('onHide')
    this.app?.onHide?.()
    for (const listener of this.appListeners.hide) listener()
    this.hidden = true
    this.sockets.closeAll(1006, 'interrupted')
  }

  foreground() {
    this.hidden = false
    for (const run of this.deferred.splice(0)) run()
    this.app?.onShow?.({})
    for (const listener of this.appListeners.show) listener({})
    this.page?.call('onShow')
  }

  /** Aeroplane mode, off and on. */
  setNetwork(up) {
    this.networkUp = up
    if (!up) this.sockets.closeAll(1006, 'network lost')
    for (const listener of this.networkListeners) {
      listener({ isConnected: up, networkType: up ? 'wifi' : 'none' })
    }
  }

  /** The phone goes away: nothing of it keeps Node alive. */
  destroy() {
    while (this.pages.length > 0) {
      const page = this.pages.pop()
      page.call('onUnload')
    }
    // What the program still starts from here on, such as a reconnection, does not happen.
    this.destroyed = true
    for (const timer of this.timers) clearTimeout(timer)
    this.sockets.closeAll(1000, 'destroyed')
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Runs `callback` now, or when the program is in the foreground again. */
  whenAwake(callback) {
    if (this.destroyed) return
    if (this.hidden) this.deferred.push(callback)
    else callback()
  }

  scope() {
    const later = (start, once) => (callback, ms, ...args) => {
      if (this.destroyed) return undefined
      const timer = start(() => {
        if (once) this.timers.delete(timer)
        this.whenAwake(() => callback(...args))
      }, ms)
      this.timers.add(timer)
      return timer
    }
    const cancel = (timer) => {
      this.timers.delete(timer)
      clearTimeout(timer)
    }
    return {
      wx: this.wx,
      App: (options) => {
        this.app = options
        for (const [name, value] of Object.entries(options)) {
          if (typeof value === 'function') this.app[name] = value.bind(this.app)
        }
      },
      Page: (options) => {
        this.pageOptions = options
      },
      Component: () => {},
      Behavior: (options) => options,
      getApp: () => this.app,
      getCurrentPages: () => [...this.pages],
      setTimeout: later(setTimeout, true),
      setInterval: later(setInterval, false),
      clearTimeout: cancel,
      clearInterval: cancel,
      // What Node has and a phone has not: a program that needs one of these must fail here too.
      fetch: undefined,
      Request: undefined,
      Response: undefined,
      Headers: undefined,
      FormData: undefined,
      Blob: undefined,
      WebSocket: undefined,
      XMLHttpRequest: undefined,
      URL: undefined,
      URLSearchParams: undefined,
      AbortController: undefined,
      window: undefined,
      document: undefined,
      navigator: undefined,
      localStorage: undefined,
      process: undefined,
      Buffer: undefined,
    }
  }

  createWx() {
    const phone = this
    const ok = (options, name, result = {}) => {
      const answer = { ...result, errMsg: `${name}:ok` }
      queueMicrotask(() => {
        options?.success?.(answer)
        options?.complete?.(answer)
      })
    }
    const fail = (options, name, reason) => {
      const answer = { errMsg: `${name}:fail ${reason}` }
      queueMicrotask(() => {
        options?.fail?.(answer)
        options?.complete?.(answer)
      })
    }
    const wx = {
      request: createRequest(phone),
      connectSocket: (options) => phone.sockets.connect(options),
      ...createTransfers(phone),

      getStorageSync: (key) => (phone.storage.has(key) ? structuredClone(phone.storage.get(key)) : ''),
      setStorageSync: (key, value) => void phone.storage.set(key, structuredClone(value)),
      removeStorageSync: (key) => void phone.storage.delete(key),
      clearStorageSync: () => phone.storage.clear(),
      getStorage: (options) =>
        phone.storage.has(options.key)
          ? ok(options, 'getStorage', { data: wx.getStorageSync(options.key) })
          : fail(options, 'getStorage', 'data not found'),
      setStorage: (options) => {
        wx.setStorageSync(options.key, options.data)
        ok(options, 'setStorage')
      },
      removeStorage: (options) => {
        wx.removeStorageSync(options.key)
        ok(options, 'removeStorage')
      },

      getFileSystemManager: () => phone.files.manager(),
      env: { USER_DATA_PATH: phone.folder },

      login: (options) => ok(options, 'login', { code: `code-${Math.random().toString(36).slice(2)}` }),
      chooseMedia: (options) => {
        const files = phone.media.splice(0, options.count ?? 9)
        if (files.length === 0) return fail(options, 'chooseMedia', 'cancel')
        ok(options, 'chooseMedia', {
          type: 'image',
          tempFiles: files.map((file) => ({
            tempFilePath: file,
            size: phone.files.size(file),
            fileType: 'image',
          })),
        })
      },
      getImageInfo: (options) => {
        try {
          ok(options, 'getImageInfo', { ...phone.files.imageInfo(options.src), path: options.src })
        } catch (error) {
          fail(options, 'getImageInfo', error.message)
        }
      },
      compressImage: (options) => ok(options, 'compressImage', { tempFilePath: options.src }),
      previewImage: (options) => {
        phone.previews.push(options)
        ok(options, 'previewImage')
      },

      showToast: (options) => {
        phone.toasts.push(options.title)
        ok(options, 'showToast')
      },
      hideToast: (options) => ok(options, 'hideToast'),
      showLoading: (options) => ok(options, 'showLoading'),
      hideLoading: (options) => ok(options, 'hideLoading'),
      showModal: (options) => ok(options, 'showModal', { confirm: true, cancel: false }),
      showActionSheet: (options) => ok(options, 'showActionSheet', { tapIndex: phone.sheetChoice }),
      setNavigationBarTitle: (options) => ok(options, 'setNavigationBarTitle'),
      pageScrollTo: (options) => ok(options, 'pageScrollTo'),
      stopPullDownRefresh: (options) => ok(options, 'stopPullDownRefresh'),
      vibrateShort: (options) => ok(options, 'vibrateShort'),

      navigateTo: (options) => {
        phone.open(options.url.replace(/^\//, '').split('?')[0])
        ok(options, 'navigateTo')
      },
      navigateBack: (options) => {
        phone.back()
        ok(options, 'navigateBack')
      },

      onAppShow: (listener) => void phone.appListeners.show.add(listener),
      offAppShow: (listener) => void phone.appListeners.show.delete(listener),
      onAppHide: (listener) => void phone.appListeners.hide.add(listener),
      offAppHide: (listener) => void phone.appListeners.hide.delete(listener),
      onNetworkStatusChange: (listener) => void phone.networkListeners.add(listener),
      offNetworkStatusChange: (listener) => void phone.networkListeners.delete(listener),
      getNetworkType: (options) =>
        ok(options, 'getNetworkType', { networkType: phone.networkUp ? 'wifi' : 'none' }),

      getAppBaseInfo: () => ({ language: phone.language, SDKVersion: '3.3.4', theme: 'light' }),
      getSystemInfoSync: () => ({ language: phone.language, platform: 'devtools', SDKVersion: '3.3.4' }),
      getAccountInfoSync: () => ({ miniProgram: { appId: phone.appid, envVersion: 'develop' } }),
      canIUse: () => true,
      nextTick: (callback) => queueMicrotask(callback),
      createSelectorQuery: () => new SelectorQuery(),
    }
    return wx
  }
}

/** Nothing is laid out here: every box is the same. */
class SelectorQuery {
  constructor() {
    this.callbacks = []
  }
  select() {
    return this
  }
  boundingClientRect(callback) {
    this.callbacks.push(callback)
    return this
  }
  exec() {
    for (const callback of this.callbacks) callback?.({ width: 375, height: 600, top: 0, left: 0 })
  }
}
