// Chinese first, English for a WeChat that is set to it.

const zh = {
  title: '江湖聊天室',
  notConfigured: '还没有配置服务器',
  notConfiguredHint: '请打开 lib/supabase.js，填写应用首页上的 URL 和 anon 密钥，然后重新编译。',
  loading: '正在推门而入…',
  loadingOlder: '正在翻看旧话…',
  reachedStart: '这里是故事的开头',
  emptyTitle: '客栈里还没有人说话',
  emptyText: '点一句开场白，或者自己说点什么。',
  greetings: ['各位英雄，久仰久仰！', '小二，来壶好酒！', '在下初来乍到，请多指教。'],
  online: (count) => `${count} 人在线`,
  connecting: '正在连接…',
  reconnecting: '连接断开，正在重连，消息不会丢失',
  offline: '网络已断开，恢复后会自动补上错过的消息',
  typingOne: (name) => `${name} 正在输入…`,
  typingTwo: (first, second) => `${first}、${second} 正在输入…`,
  typingMany: '好几位正在输入…',
  newMessages: (count) => `${count} 条新消息`,
  placeholder: '说点什么…',
  send: '发送',
  picture: '发送图片',
  uploading: (percent) => `上传 ${percent}%`,
  sending: '发送中',
  waiting: '等待网络，稍后自动发送',
  failed: '发送失败，点此重试',
  retry: '重试',
  remove: '删除',
  today: '今天',
  yesterday: '昨天',
  date: (date) => `${date.getMonth() + 1}月${date.getDate()}日`,
  you: '（你）',
  personaTitle: '江湖身份',
  personaName: '名号',
  personaColor: '头像颜色',
  personaRandom: '换一个',
  personaSave: '就用这个',
  personaEmpty: '名号不能为空',
  onlineTitle: '在座诸位',
  errorNetwork: '网络不通，请检查连接',
  errorServer: '服务器正忙，请稍后再试',
  errorKey: '密钥无效，请检查 lib/supabase.js',
  errorMissingTable: '没有找到 messages 表，请先运行 schema.sql',
  errorRejected: (reason) => `服务器拒绝了请求：${reason}`,
  errorPictureSize: '图片太大，最多 10 MB',
  errorPictureType: '只能发送 png、jpg、gif、webp 图片',
  errorPictureBroken: '这张图片无法读取',
}

const en = {
  title: 'Jianghu Chat Room',
  notConfigured: 'No server is configured yet',
  notConfiguredHint: "Open lib/supabase.js, fill in your application's URL and anon key, then compile again.",
  loading: 'Stepping into the inn…',
  loadingOlder: 'Leafing through older tales…',
  reachedStart: 'This is where the story begins',
  emptyTitle: 'Nobody has spoken yet',
  emptyText: 'Pick an opening line or write your own.',
  greetings: ['Well met, heroes!', 'Innkeeper, a jug of your best!', 'I am new here. Be gentle.'],
  online: (count) => `${count} online`,
  connecting: 'Connecting…',
  reconnecting: 'Connection lost. Reconnecting; nothing gets lost',
  offline: 'You are offline. Missed messages come when you are back',
  typingOne: (name) => `${name} is typing…`,
  typingTwo: (first, second) => `${first} and ${second} are typing…`,
  typingMany: 'Several people are typing…',
  newMessages: (count) => (count === 1 ? '1 new message' : `${count} new messages`),
  placeholder: 'Say something…',
  send: 'Send',
  picture: 'Send a picture',
  uploading: (percent) => `Uploading ${percent}%`,
  sending: 'Sending',
  waiting: 'Waiting for the network',
  failed: 'Not sent. Tap to retry',
  retry: 'Retry',
  remove: 'Delete',
  today: 'Today',
  yesterday: 'Yesterday',
  date: (date) => `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`,
  you: '(you)',
  personaTitle: 'Your role',
  personaName: 'Name',
  personaColor: 'Avatar colour',
  personaRandom: 'Another one',
  personaSave: 'Use this one',
  personaEmpty: 'A name is needed',
  onlineTitle: 'Around the table',
  errorNetwork: 'The network cannot be reached',
  errorServer: 'The server is busy. Try again in a moment',
  errorKey: 'The key is not valid. Check lib/supabase.js',
  errorMissingTable: 'There is no table messages. Run schema.sql first',
  errorRejected: (reason) => `The server refused the request: ${reason}`,
  errorPictureSize: 'This picture is too large, 10 MB at most',
  errorPictureType: 'Only png, jpg, gif and webp can be sent',
  errorPictureBroken: 'This picture cannot be read',
}

function systemLanguage() {
  try {
    const info = wx.getAppBaseInfo ? wx.getAppBaseInfo() : wx.getSystemInfoSync()
    return info.language || 'zh_CN'
  } catch (error) {
    return 'zh_CN'
  }
}

export const texts = systemLanguage().startsWith('zh') ? zh : en

/** The texts that stand in WXML, where functions cannot be called. */
export function labels() {
  const plain = {}
  for (const name of Object.keys(texts)) {
    if (typeof texts[name] !== 'function') plain[name] = texts[name]
  }
  return plain
}
