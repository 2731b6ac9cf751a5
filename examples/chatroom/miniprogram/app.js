// The room lives in the app, not in a page: going to the role page and back must not leave it.
import { Room } from './utils/room'
import { loadPersona } from './utils/persona'
import { openClient } from './utils/client'

App({
  globalData: {
    room: null,
    problem: '',
  },

  onLaunch() {
    const { client, problem } = openClient()
    this.globalData.problem = problem
    if (client) {
      this.globalData.room = new Room(client, loadPersona())
      this.globalData.room.start()
    }
  },

  // WeChat closes the socket about five seconds after the program went to the background. What was
  // said meanwhile is fetched here.
  onShow() {
    if (this.globalData.room) this.globalData.room.wake()
  },

  onHide() {
    if (this.globalData.room) this.globalData.room.sleep()
  },
})
