// Choosing a role: a name and a colour.
import { labels, texts } from '../../utils/i18n'
import {
  cleanName,
  COLORS,
  initial,
  NAME_LIMIT,
  randomPersona,
  savePersona,
} from '../../utils/persona'

Page({
  data: {
    t: labels(),
    colors: COLORS,
    limit: NAME_LIMIT,
    name: '',
    color: COLORS[0],
    initial: '?',
  },

  onLoad() {
    wx.setNavigationBarTitle({ title: texts.personaTitle })
    const { room } = getApp().globalData
    if (room) this.show(room.persona.name, room.persona.color)
  },

  show(name, color) {
    this.setData({ name, color, initial: initial(cleanName(name)) })
  },

  onName(event) {
    this.show(event.detail.value, this.data.color)
  },

  onColor(event) {
    this.show(this.data.name, event.currentTarget.dataset.color)
  },

  onRandom() {
    const { name, color } = randomPersona()
    this.show(name, color)
  },

  onSave() {
    const name = cleanName(this.data.name)
    if (name === '') {
      wx.showToast({ title: texts.personaEmpty, icon: 'none' })
      return
    }
    const persona = { name, color: this.data.color }
    savePersona(persona)
    const { room } = getApp().globalData
    if (room) room.changePersona(persona)
    wx.navigateBack()
  },
})
