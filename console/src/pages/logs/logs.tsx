import { Pause, Play, RefreshCw, ScrollText, Search } from "lucide-react";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { useLogs, type LogEntry, type LogFilter, type LogSource } from "@/api/operation";
import { Button, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, Page, PageHead, Tabs } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { EntrySheet } from "./entry-sheet";
import { LogTable } from "./log-table";

const SOURCES: LogSource[] = ["requests", "auth", "realtime", "postgres"];
const SERVICES = ["rest", "auth", "storage", "realtime", "pg"];
const SPANS = [0, 15, 60, 24 * 60];
const PAGE = 200;
const MOST = 1000;

export function LogsPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [filter, setFilter] = useState<LogFilter>({ source: "requests", service: "", level: "", q: "", minutes: 0, limit: PAGE });
  const [live, setLive] = useState(true);
  const [open, setOpen] = useState<LogEntry | null>(null);
  const q = useDeferredValue(filter.q);
  // While one entry is looked at, the list stands still.
  const logs = useLogs(ref, { ...filter, q }, live && open === null);
  const set = (change: Partial<LogFilter>) => setFilter((f) => ({ ...f, limit: PAGE, ...change }));
  const rows = logs.data ?? [];
  const filtered = filter.service !== "" || filter.level !== "" || filter.q !== "" || filter.minutes > 0;
  const absent = logs.error instanceof ApiError && logs.error.code === "no_server_log" ? logs.error : null;
  return (
    <Page wide>
      <PageHead title={t("nav.logs")} description={t("logs.description")}>
        <Button icon={live ? <Pause size={14} /> : <Play size={14} />} aria-pressed={live} onClick={() => setLive(!live)}>
          {live ? t("logs.pause") : t("logs.live")}
        </Button>
        <IconButton label={t("common.refresh")} onClick={() => void logs.refetch()}>
          <RefreshCw size={15} />
        </IconButton>
      </PageHead>
      <Card flush>
        <div className="px-3 pt-1 sm:px-4">
          <Tabs value={filter.source} onChange={(source) => set({ source, service: "", level: "" })} tabs={SOURCES.map((value) => ({ value, label: t(`logs.sources.${value}`) }))} />
        </div>
        <div className="flex flex-wrap items-center gap-2 border-b px-3 py-2.5 sm:px-4">
          <div className="relative min-w-40 flex-1 sm:max-w-80">
            <Search size={14} className="absolute top-2.5 left-2.5 text-faint" />
            <Input aria-label={t("common.search")} placeholder={t(`logs.search.${filter.source}`)} value={filter.q} onChange={(e) => set({ q: e.target.value })} className="pl-8" />
          </div>
          {filter.source === "requests" && (
            <Select aria-label={t("logs.service")} className="w-32" value={filter.service} onChange={(e) => set({ service: e.target.value })}>
              <option value="">{t("logs.allServices")}</option>
              {SERVICES.map((s) => (
                <option key={s} value={s}>
                  {s}
                </option>
              ))}
            </Select>
          )}
          {filter.source !== "auth" && (
            <Select aria-label={t("logs.level")} className="w-36" value={filter.level} onChange={(e) => set({ level: e.target.value })}>
              <option value="">{t("logs.allLevels")}</option>
              <option value="warning">{t("logs.levels.warning")}</option>
              <option value="error">{t("logs.levels.error")}</option>
            </Select>
          )}
          <Select aria-label={t("logs.span")} className="w-32" value={filter.minutes} onChange={(e) => set({ minutes: Number(e.target.value) })}>
            {SPANS.map((m) => (
              <option key={m} value={m}>
                {t(`logs.spans.${m}` as "logs.spans.0")}
              </option>
            ))}
          </Select>
          <span aria-live="polite" className="ml-auto text-xs text-muted tabular-nums">
            {logs.data && t("logs.count", { count: rows.length })}
          </span>
        </div>
        {logs.isPending ? (
          <Spinner />
        ) : absent ? (
          <Empty icon={<ScrollText size={30} />} title={t("logs.noServerLog")}>
            {absent.message}
          </Empty>
        ) : logs.isError ? (
          <ErrorBox error={logs.error} className="m-4" onRetry={() => void logs.refetch()} />
        ) : rows.length === 0 ? (
          <Empty icon={<ScrollText size={30} />} title={filtered ? t("logs.noMatch") : t("logs.empty")}>
            {filtered ? t("logs.noMatchHelp") : t(`logs.emptyHelp.${filter.source}`)}
          </Empty>
        ) : (
          <LogTable source={filter.source} rows={rows} onOpen={setOpen} />
        )}
        {rows.length === filter.limit && filter.limit < MOST && (
          <div className="border-t p-2 text-center">
            <Button variant="ghost" busy={logs.isFetching && !live} onClick={() => setFilter((f) => ({ ...f, limit: Math.min(MOST, f.limit * 2) }))}>
              {t("common.loadMore")}
            </Button>
          </div>
        )}
      </Card>
      <p className="mt-3 text-xs text-muted">{t(`logs.kept.${filter.source}`)}</p>
      <EntrySheet entry={open} source={filter.source} onClose={() => setOpen(null)} />
    </Page>
  );
}
