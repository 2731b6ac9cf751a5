import { Link } from "@tanstack/react-router";
import clsx from "clsx";
import { Check } from "lucide-react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { Card } from "@/components/ui/page";
import { readPref } from "@/lib/prefs";

interface Progress {
  has_table: boolean;
  can_read: boolean;
  can_write: boolean;
  realtime: boolean;
  bucket: boolean;
  upload: boolean;
  first: boolean;
}

const PROGRESS = `select
  to_regclass('public.messages') is not null as has_table,
  exists (select 1 from pg_policies where schemaname = 'public' and tablename = 'messages' and cmd in ('SELECT', 'ALL')) as can_read,
  exists (select 1 from pg_policies where schemaname = 'public' and tablename = 'messages' and cmd in ('INSERT', 'ALL')) as can_write,
  exists (select 1 from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'messages') as realtime,
  exists (select 1 from storage.buckets where id = 'images') as bucket,
  exists (select 1 from pg_policies where schemaname = 'storage' and tablename = 'objects' and cmd in ('INSERT', 'ALL') and with_check like '%images%') as upload,
  coalesce((xpath('/row/n/text()', query_to_xml('select count(*) as n from (select 1 from public.messages limit 1) m', false, true, '')))[1]::text, '0') <> '0' as first
  where to_regclass('public.messages') is not null
union all
select false, false, false, false,
  exists (select 1 from storage.buckets where id = 'images'),
  exists (select 1 from pg_policies where schemaname = 'storage' and tablename = 'objects' and cmd in ('INSERT', 'ALL') and with_check like '%images%'),
  false
  where to_regclass('public.messages') is null`;

/** The tutorial's list, ticking itself off from what the database holds. */
export function Steps({ appRef }: { appRef: string }) {
  const { t } = useTranslation();
  const progress = usePgList<Progress>(appRef, ["tutorial"], PROGRESS, { refetchInterval: 8000 });
  const p = progress.data?.[0];
  const base = `/app/${encodeURIComponent(appRef)}`;
  const steps: { key: "app" | "table" | "policies" | "realtime" | "bucket" | "upload" | "keys" | "message"; done: boolean; to?: string }[] = [
    { key: "app", done: true },
    { key: "table", done: p?.has_table ?? false, to: `${base}/editor` },
    { key: "policies", done: (p?.can_read && p.can_write) ?? false, to: `${base}/sql` },
    { key: "realtime", done: p?.realtime ?? false, to: `${base}/database/replication` },
    { key: "bucket", done: p?.bucket ?? false, to: `${base}/storage` },
    { key: "upload", done: p?.upload ?? false, to: `${base}/storage` },
    { key: "keys", done: readPref(`copied.${appRef}`, false) || (p?.first ?? false) },
    { key: "message", done: p?.first ?? false },
  ];
  const done = steps.filter((s) => s.done).length;
  const next = steps.findIndex((s) => !s.done);
  return (
    <Card title={t("home.steps.title")} action={<span className="text-xs text-muted tabular-nums">{`${done} / ${steps.length}`}</span>} flush>
      <ol className="divide-y">
        {steps.map((s, i) => (
          <li key={s.key} className={clsx("flex gap-3 px-4 py-2.5", i === next && "bg-accent-soft/60")}>
            <span
              className={clsx(
                "mt-0.5 flex size-5 shrink-0 items-center justify-center rounded-full border text-[11px] font-medium",
                s.done ? "border-transparent bg-ok text-white dark:text-black" : i === next ? "border-accent text-accent" : "text-faint",
              )}
            >
              {s.done ? <Check size={12} strokeWidth={3} /> : i + 1}
            </span>
            <div className="min-w-0">
              {s.to && !s.done ? (
                <Link to={s.to as "/"} className="font-medium hover:text-accent hover:underline">
                  {t(`home.steps.${s.key}.title`)}
                </Link>
              ) : (
                <span className={clsx(s.done ? "text-muted" : "font-medium")}>{t(`home.steps.${s.key}.title`)}</span>
              )}
              {!s.done && <p className="text-xs text-muted">{t(`home.steps.${s.key}.help`)}</p>}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
