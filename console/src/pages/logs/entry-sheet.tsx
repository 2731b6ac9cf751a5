import { useTranslation } from "react-i18next";
import type { LogEntry, LogSource } from "@/api/operation";
import { Badge } from "@/components/ui/base";
import { CopyButton } from "@/components/ui/feedback";
import { Sheet } from "@/components/ui/overlay";
import { duration, time } from "@/lib/format";
import { TONES } from "./log-table";

/** Everything that is known of one entry. */
export function EntrySheet({ entry, source, onClose }: { entry: LogEntry | null; source: LogSource; onClose: () => void }) {
  const { t } = useTranslation();
  const details = Object.entries(entry?.details ?? {}).filter(([, value]) => value !== null && value !== "");
  return (
    <Sheet open={entry !== null} onClose={onClose} title={t("logs.entry")} description={entry ? `${t(`logs.sources.${source}`)} · ${time(entry.at)}` : undefined} footer={entry && <CopyButton text={JSON.stringify(entry, null, 2)} label={t("logs.copyJson")} />}>
      {entry && (
        <div className="space-y-4">
          <div className="flex items-start gap-2">
            <Badge tone={TONES[entry.level]}>{t(`logs.badge.${entry.level}`)}</Badge>
            <p className="min-w-0 flex-1 font-mono text-sm break-words whitespace-pre-wrap">{entry.message}</p>
          </div>
          <dl className="divide-y rounded-md border text-sm">
            {details.map(([name, value]) => (
              <div key={name} className="grid gap-x-3 px-3 py-1.5 sm:grid-cols-[130px_minmax(0,1fr)]">
                <dt className="font-mono text-xs text-muted">{name}</dt>
                <dd className="min-w-0 font-mono text-xs break-all whitespace-pre-wrap">{written(name, value)}</dd>
              </div>
            ))}
          </dl>
        </div>
      )}
    </Sheet>
  );
}

function written(name: string, value: unknown): string {
  if (name === "duration_ms") return duration(Number(value));
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
