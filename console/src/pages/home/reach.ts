import { ApiError, request } from "@/api/client";
import i18n from "@/i18n";
import type { Domain } from "./snippets";

/** How long a socket may take to open. */
const PATIENCE = 8_000;

/** Tries what a mini program would do by each line of its domain list, from this browser. */
export async function reach(kind: Domain["kind"], ref: string, key: string): Promise<true> {
  const base = `/apps/${encodeURIComponent(ref)}`;
  if (kind === "socket") return opens(`${base}/realtime/v1/websocket?apikey=${encodeURIComponent(key)}&vsn=1.0.0`);
  const headers = { apikey: key, Authorization: `Bearer ${key}` };
  // Uploads and downloads go through the object store; a list of buckets says whether it answers.
  await request(kind === "request" ? `${base}/auth/v1/health` : `${base}/storage/v1/bucket`, { headers });
  return true;
}

/** Opens a socket and closes it; `path` is one of this server's. */
function opens(path: string): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}${path}`);
    const refuse = () => {
      socket.close();
      reject(new ApiError(0, "unreachable", i18n.t("home.domains.noSocket"), i18n.t("home.domains.noSocketHint")));
    };
    const timer = setTimeout(refuse, PATIENCE);
    socket.onopen = () => {
      clearTimeout(timer);
      socket.close();
      resolve(true);
    };
    socket.onerror = () => {
      clearTimeout(timer);
      refuse();
    };
  });
}
