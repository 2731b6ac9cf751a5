// Who one plays: a name from the rivers and lakes, and a colour for the avatar.

const TITLES = [
  '听雨', '踏雪', '醉月', '拂柳', '问剑', '逐风', '枕云', '扫叶', '煮酒', '弄影', '追星', '寻梅',
  '独行', '无名', '铁笔', '金针', '玉面', '飞鸿', '灵犀', '归舟', '沧浪', '半闲', '不系舟', '千里',
]

const ROLES = [
  '少侠', '剑客', '书生', '刀客', '道长', '楼主', '掌柜', '镖师', '仙子', '琴师', '药郎', '渔翁',
  '女侠', '浪子', '酒仙', '棋圣', '谷主', '阁主', '信使', '夜行人',
]

export const COLORS = [
  '#c0392b', '#b8562a', '#9a6a12', '#5f7a1f', '#2e7d4f', '#1d7f7a', '#2471a3', '#3f5fbf', '#6c4fb3',
  '#8e3f97', '#b03a6f', '#5d6673',
]

export const NAME_LIMIT = 16

const SAVED = 'chatroom.persona'

function pick(list) {
  return list[Math.floor(Math.random() * list.length)]
}

export function randomName() {
  return pick(TITLES) + pick(ROLES)
}

export function randomPersona() {
  return { name: randomName(), color: pick(COLORS) }
}

export function cleanName(name) {
  return [...name.replace(/\s+/g, ' ').trim()].slice(0, NAME_LIMIT).join('')
}

export function initial(name) {
  return ([...name][0] || '?').toUpperCase()
}

export function loadPersona() {
  const saved = wx.getStorageSync(SAVED)
  if (saved && typeof saved.name === 'string' && typeof saved.color === 'string' && saved.name) {
    return { name: saved.name, color: saved.color }
  }
  const persona = randomPersona()
  savePersona(persona)
  return persona
}

export function savePersona(persona) {
  wx.setStorageSync(SAVED, persona)
}
