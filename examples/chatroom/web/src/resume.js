// Channels of supabase-js that lose nothing and repeat nothing over a dropped connection.
//
//   const stream = new Resume({ onJoin: (gap) => gap && fetchEverything() });
//   stream.follow(client.channel("room")).on("postgres_changes", …, show).subscribe();
//
// Hearth gives each change and each broadcast a position in its log. This file remembers the last
// one, says it when the channel joins again, and leaves out what comes twice. It needs nothing of the
// SDK but two methods of the channel, and no change of it. With a server that does not know the join
// option `resume`, every join is a gap.

const POSITION = /^([0-9A-F]+)\/([0-9A-F]+):(\d+)$/i;

/** Whether a position stands behind another one in the log. @param {string} a @param {string} b */
export function isBehind(a, b) {
  const [left, right] = [a, b].map((text) => {
    const [, high = "0", low = "0", index = "0"] = POSITION.exec(text) ?? [];
    return [parseInt(high, 16), parseInt(low, 16), Number(index)];
  });
  const at = [0, 1, 2].find((part) => left?.[part] !== right?.[part]);
  return at !== undefined && Number(left?.[at]) > Number(right?.[at]);
}

/** One place in the log; channels that take each other's place share it. */
export class Resume {
  /**
   * @param {object} [options]
   * @param {string | null} [options.position] where to go on, as `position` was when it was saved
   * @param {boolean} [options.broadcast] whether broadcasts are made up for too; the default is yes
   * @param {(gap: boolean) => void} [options.onJoin] after each join. `gap`: what came before it is
   *   not known (the first join, or one after too long a time), so that a fetch has to bring it.
   *   Without a gap everything that was missed follows.
   */
  constructor({ position = null, broadcast = true, onJoin = () => {} } = {}) {
    /** Position of the last message; null before the first join. @type {string | null} */
    this.position = position;
    this.broadcast = broadcast;
    this.onJoin = onJoin;
    /** Hearth knows one's own broadcasts by this name. */
    this.client = Math.random().toString(36).slice(2) + Date.now().toString(36);
  }

  /**
   * Makes a channel resume; before its `subscribe()`.
   * @template T
   * @param {T} channel
   * @returns {T}
   */
  follow(channel) {
    const outer = /** @type {any} */ (channel);
    const inner = outer.channelAdapter.getChannel();
    const updateJoinPayload = outer.updateJoinPayload.bind(channel);
    const trigger = inner.trigger.bind(inner);
    // Read when the join is written, so that each one says the position of that moment.
    const resume = {
      toJSON: () => ({ after: this.position, broadcast: this.broadcast, client: this.client }),
    };
    outer.updateJoinPayload = (/** @type {any} */ payload) =>
      updateJoinPayload(
        payload.config ? { ...payload, config: { ...payload.config, resume } } : payload,
      );
    inner.trigger = (
      /** @type {string} */ event,
      /** @type {any} */ payload,
      /** @type {string | undefined} */ ref,
      /** @type {string | undefined} */ joinRef,
    ) => {
      if (!this.#isNew(event, payload)) return;
      const joined =
        event === "phx_reply" && payload?.status === "ok" && ref === inner.joinPush.ref;
      trigger(event, payload, ref, joinRef);
      if (joined) this.#joined(payload.response?.resume);
    };
    return channel;
  }

  /** Notes the message's position; false: it was here before. @param {string} event @param {any} payload */
  #isNew(event, payload) {
    let position;
    if (event === "broadcast") position = this.broadcast ? payload?.meta?.position : undefined;
    else if (event === "postgres_changes" || event === "resume") position = payload?.position;
    if (typeof position !== "string" || !POSITION.test(position)) return true;
    if (this.position !== null && !isBehind(position, this.position)) return false;
    this.position = position;
    return true;
  }

  /** @param {{ position: string, expired?: boolean } | undefined} resume */
  #joined(resume) {
    const gap = !resume || resume.expired === true || this.position === null;
    if (gap) this.position = resume?.position ?? null;
    this.onJoin(gap);
  }
}
