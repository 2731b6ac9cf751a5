import clsx from "clsx";
import { useTranslation } from "react-i18next";
import type { LogEntry, LogLevel, LogSource } from "@/api/operation";
import { Badge } from "@/components/ui/base";
import { useAppRef } from "@/lib/app-ref";
import { duration, time } from "@/lib/format";

export const TONES = { info: "neutral", warning: "warn", error: "danger" } as const satisfies Record<LogLevel, string>;

/** The entries, newest first; a row opens by click or Enter. */
export function LogTable({ source, rows, onOpen }: { source: LogSource; rows: LogEntry[]; onOpen: (entry: LogEntry) => void }) {
  const { t } = useTranslation();
  return (
    <ul className="divide-y font-mono text-xs" aria-label={t("nav.logs")}>
      {rows.map((entry) => (
        <li key={entry.id}>
          <button type="button" onClick={() => onOpen(entry)} className={clsx("flex w-full flex-wrap items-baseline gap-x-3 gap-y-1 px-3 py-1.5 text-left hover:bg-hover sm:flex-nowrap sm:px-4", entry.level === "error" && "bg-danger-soft/50")}>
            <span className="shrink-0 whitespace-nowrap text-muted tabular-nums">{time(entry.at)}</span>
            {source === "requests" ? <Request entry={entry} /> : <Words entry={entry} />}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Request({ entry }: { entry: LogEntry }) {
  const { details } = entry;
  const code = details["code"];
  // The same for every row of this page; the detail panel has the whole path.
  const prefix = `/apps/${useAppRef()}/`;
  const path = String(details["path"]);
  return (
    <>
      <span className="w-9 shrink-0">
        <Badge tone={entry.level === "info" ? "ok" : TONES[entry.level]}>{String(details["status"])}</Badge>
      </span>
      <span className="w-14 shrink-0 font-medium">{String(details["method"])}</span>
      <span className="min-w-0 flex-1 basis-full break-all sm:basis-0 sm:truncate">{path.startsWith(prefix) ? path.slice(prefix.length - 1) : path}</span>
      {typeof code === "string" && <span className="shrink-0 text-muted">{code}</span>}
      <span className="w-16 shrink-0 text-right text-muted tabular-nums">{duration(Number(details["duration_ms"]))}</span>
    </>
  );
}

function Words({ entry }: { entry: LogEntry }) {
  const { t } = useTranslation();
  const severity = entry.details["severity"];
  return (
    <>
      {entry.service !== "auth" && (
        <span className="w-16 shrink-0">
          <Badge tone={TONES[entry.level]}>{typeof severity === "string" ? severity : t(`logs.badge.${entry.level}`)}</Badge>
        </span>
      )}
      <span className="min-w-0 flex-1 basis-full break-words sm:basis-0 sm:truncate">{entry.message}</span>
    </>
  );
}
