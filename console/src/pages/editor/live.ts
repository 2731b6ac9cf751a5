import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { restFor } from "@/api/rest";
import { useAppRef } from "@/lib/app-ref";
import type { TableInfo } from "@/lib/sql/introspect";

/** Reads the rows anew when somebody else changes them, for tables that Realtime listens to. */
export function useLive(table: TableInfo, enabled: boolean, onChange: () => void): void {
  const ref = useAppRef();
  const client = useQueryClient();
  const now = useRef(onChange);
  now.current = onChange;
  const { schema, name, realtime } = table;
  useEffect(() => {
    if (!enabled || !realtime) return undefined;
    let stop: () => void = () => undefined;
    let gone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = async () => {
      const [{ RealtimeClient }, rest] = await Promise.all([import("@supabase/realtime-js"), restFor(client, ref)]);
      if (gone) return;
      const base = `${window.location.protocol === "https:" ? "wss" : "ws"}://${window.location.host}/apps/${encodeURIComponent(ref)}/realtime/v1`;
      const socket = new RealtimeClient(base, { params: { apikey: rest.key } });
      stop = () => void socket.removeAllChannels().finally(() => socket.disconnect());
      await socket.setAuth(rest.key);
      socket
        .channel(`console:${schema}.${name}`)
        .on("postgres_changes", { event: "*", schema, table: name }, () => {
          // A burst of changes is one reading.
          timer ??= setTimeout(() => {
            timer = undefined;
            now.current();
          }, 400);
        })
        .subscribe();
    };
    // Without Realtime the page works as before; the refresh button is there.
    start().catch(() => undefined);
    return () => {
      gone = true;
      if (timer !== undefined) clearTimeout(timer);
      stop();
    };
  }, [enabled, realtime, ref, schema, name, client]);
}
