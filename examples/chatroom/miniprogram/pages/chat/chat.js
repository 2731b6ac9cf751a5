// The chat room's page: shows what the room knows, hands on what the user does.
import { labels, texts } from '../../utils/i18n'
import { safeColor } from '../../utils/message'
import { initial } from '../../utils/persona'
import { choosePictures, preparePicture } from '../../utils/picture'
import { buildItems, itemsPatch } from '../../utils/wall'

// A normal start must not flash the banner.
const BANNER_DELAY = 1200
const TEXT_LIMIT = 4000

Page({
  data: {
    t: labels(),
    problem: '',
    items: [],
    loaded: false,
    loadingOlder: false,
    reachedStart: false,
    refreshing: false,
    link: 'connecting',
    banner: '',
    onlineText: '',
    members: [],
    typing: '',
    input: '',
    keyboard: 0,
    persona: { name: '', color: '', initial: '' },
    scrollInto: '',
    unseen: 0,
    unseenText: '',
    showPeople: false,
  },

  onLoad() {
    const app = getApp()
    wx.setNavigationBarTitle({ title: texts.title })
    const { room, problem } = app.globalData
    if (!room) {
      this.setData({ problem: problem || texts.notConfigured })
      return
    }
    this.room = room
    this.atBottom = true
    this.unlisten = room.listen((kind, detail) => this.onRoom(kind, detail))
    this.showPersona()
    this.showMembers(room.members)
    this.showLink(room.link)
    this.render([])
  },

  onShow() {
    if (this.room) this.showPersona()
  },

  onUnload() {
    if (this.unlisten) this.unlisten()
    clearTimeout(this.bannerTimer)
  },

  onRoom(kind, detail) {
    if (kind === 'timeline') this.render(detail)
    else if (kind === 'link') this.showLink(detail)
    else if (kind === 'members') this.showMembers(detail)
    else if (kind === 'typing') this.showTyping(detail)
    else if (kind === 'problem') wx.showToast({ title: detail, icon: 'none', duration: 3000 })
  },

  // Showing

  render(fresh) {
    const { room } = this
    const before = this.data.items
    const items = buildItems(room)
    const patch = itemsPatch(before, items)
    const older = before.length > 0 && firstId(items) < firstId(before)
    patch.loaded = room.loaded
    patch.loadingOlder = room.loadingOlder
    patch.reachedStart = room.reachedStart
    if (!room.loadingOlder) patch.refreshing = false
    const own = room.timeline.outgoing.length > (this.outgoing || 0)
    this.outgoing = room.timeline.outgoing.length
    if (own) this.atBottom = true
    if (!this.atBottom) {
      const unseen =
        this.data.unseen + fresh.filter((row) => !room.timeline.own.has(row.id)).length
      patch.unseen = unseen
      patch.unseenText = unseen > 0 ? texts.newMessages(unseen) : ''
    }
    const reading = older ? before.find((item) => item.kind !== 'day') : null
    this.setData(patch, () => {
      if (reading) this.scrollTo(`m-${reading.key}`)
      else if (this.atBottom) this.toBottom()
    })
  },

  showLink(link) {
    clearTimeout(this.bannerTimer)
    this.setData({ link })
    if (link === 'live') {
      this.setData({ banner: '' })
      return
    }
    const reveal = () => this.setData({ banner: texts[link] })
    if (link === 'offline' || this.data.banner) reveal()
    else this.bannerTimer = setTimeout(reveal, BANNER_DELAY)
  },

  showMembers(members) {
    this.setData({
      members: members.map((member) => ({
        key: member.key,
        name: member.name,
        self: member.self,
        color: safeColor(member.color),
        initial: initial(member.name),
      })),
      onlineText: members.length > 0 ? texts.online(members.length) : texts.connecting,
    })
  },

  showTyping(names) {
    let typing = ''
    if (names.length > 2) typing = texts.typingMany
    else if (names.length === 2) typing = texts.typingTwo(names[0], names[1])
    else if (names.length === 1) typing = texts.typingOne(names[0])
    this.setData({ typing })
  },

  showPersona() {
    const { name, color } = this.room.persona
    this.setData({ persona: { name, color: safeColor(color), initial: initial(name) } })
  },

  /** Setting the same id twice does nothing, so it is cleared first. */
  scrollTo(id) {
    this.setData({ scrollInto: '' }, () => this.setData({ scrollInto: id }))
  },

  toBottom() {
    this.atBottom = true
    this.setData({ unseen: 0, unseenText: '' })
    this.scrollTo('bottom')
  },

  // What the user does

  onScroll(event) {
    const { scrollTop, scrollHeight } = event.detail
    const fromBottom = scrollHeight - scrollTop - (this.viewHeight || 600)
    this.atBottom = fromBottom < 160
    if (this.atBottom && this.data.unseen > 0) this.setData({ unseen: 0, unseenText: '' })
  },

  onReady() {
    wx.createSelectorQuery()
      .select('.wall')
      .boundingClientRect((box) => {
        if (box) this.viewHeight = box.height
      })
      .exec()
  },

  onReachTop() {
    if (this.room) this.room.loadOlder()
  },

  onPullDown() {
    if (!this.room || this.room.reachedStart) {
      this.setData({ refreshing: true }, () => this.setData({ refreshing: false }))
      return
    }
    this.setData({ refreshing: true })
    this.room.loadOlder()
  },

  onInput(event) {
    this.setData({ input: event.detail.value })
    if (event.detail.value.trim() !== '') this.room.typed()
  },

  onKeyboard(event) {
    this.setData({ keyboard: event.detail.height }, () => {
      if (this.atBottom) this.toBottom()
    })
  },

  onSend() {
    const text = this.data.input.trim().slice(0, TEXT_LIMIT)
    if (text === '' || !this.room) return
    this.setData({ input: '' })
    this.room.sendText(text)
  },

  onGreet(event) {
    this.room.sendText(event.currentTarget.dataset.text)
  },

  async onPicture() {
    try {
      for (const file of await choosePictures()) {
        this.room.sendPicture(await preparePicture(file))
      }
    } catch (error) {
      wx.showToast({ title: error.message, icon: 'none', duration: 3000 })
    }
  },

  onPreview(event) {
    const urls = this.data.items.filter((item) => item.kind === 'picture').map((item) => item.url)
    wx.previewImage({ current: event.currentTarget.dataset.url, urls })
  },

  onRetry(event) {
    const { key, state } = event.currentTarget.dataset
    if (state !== 'failed' && state !== 'waiting') return
    wx.showActionSheet({
      itemList: [texts.retry, texts.remove],
      success: ({ tapIndex }) => {
        if (tapIndex === 0) this.room.retry(key)
        else this.room.discard(key)
      },
      // Closing the sheet is not an error.
      fail: () => {},
    })
  },

  onPersona() {
    wx.navigateTo({ url: '/pages/persona/persona' })
  },

  onPeople() {
    this.setData({ showPeople: !this.data.showPeople })
  },

  /** A tap on the sheet is not one on the veil below it. */
  onSheet() {},

  onShareAppMessage() {
    return { title: texts.title, path: '/pages/chat/chat' }
  },
})

function firstId(items) {
  const first = items.find((item) => item.kind !== 'day' && item.id > 0)
  return first ? first.id : Infinity
}
