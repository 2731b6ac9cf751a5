import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { pgQuery } from "@/api/pg";
import { restFor } from "@/api/rest";
import { useAppRef } from "@/lib/app-ref";
import { changesSql, type TableInfo } from "@/lib/sql/introspect";

const ASK_EVERY = 3_000;

/**
 * Reads the rows anew when somebody else changes them: as Realtime tells it for tables it listens
 * to, else by asking PostgreSQL now and then how many changes it has counted.
 */
export function useLive(table: TableInfo, exposed: boolean, onChange: () => void): void {
  const now = useRef(onChange);
  now.current = onChange;
  const told = useRef(() => now.current()).current;
  useRealtime(table, exposed && table.realtime, told);
  useCounter(table, table.kind === "r" && !(exposed && table.realtime), told);
}

function useRealtime({ schema, name }: TableInfo, enabled: boolean, onChange: () => void): void {
  const ref = useAppRef();
  const client = useQueryClient();
  useEffect(() => {
    if (!enabled) return undefined;
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
            onChange();
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
  }, [enabled, ref, schema, name, client, onChange]);
}

function useCounter(table: TableInfo, enabled: boolean, onChange: () => void): void {
  const ref = useAppRef();
  const seen = useRef<string | null>(null);
  const counted = useQuery({
    queryKey: ["changes", ref, table.oid],
    enabled,
    queryFn: async ({ signal }) => (await pgQuery<{ changes: string }>(ref, changesSql(table), signal))[0]?.changes ?? "",
    refetchInterval: ASK_EVERY,
    gcTime: 0,
  });
  const changes = counted.data;
  useEffect(() => {
    if (changes === undefined || changes === seen.current) return;
    if (seen.current !== null) onChange();
    seen.current = changes;
  }, [changes, onChange]);
}
