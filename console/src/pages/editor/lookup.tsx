import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { pgList } from "@/api/pg";
import type { Row } from "@/api/rest";
import { Input } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { lookupSql, type ColumnInfo } from "@/lib/sql/introspect";
import { display } from "./values";

/** Rows that a foreign key can point at, by search in any of their columns. */
export function Lookup({ fk, onPick }: { fk: NonNullable<ColumnInfo["fk"]>; onPick: (value: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [search, setSearch] = useState("");
  const asked = useDeferredValue(search.trim());
  const rows = useQuery({
    queryKey: ["lookup", ref, fk.schema, fk.table, fk.column, asked],
    queryFn: ({ signal }) => pgList<{ value: string; row: Row }>(ref, lookupSql(fk.schema, fk.table, fk.column, asked), signal),
    placeholderData: keepPreviousData,
  });
  return (
    <div className="rounded-md border">
      <Input aria-label={t("common.search")} placeholder={t("editor.lookupSearch")} className="h-8 w-full rounded-b-none border-0 border-b text-xs" value={search} onChange={(e) => setSearch(e.target.value)} onKeyDown={(e) => e.key === "Enter" && e.stopPropagation()} />
      <ErrorBox error={rows.error} />
      <div className="scroll-thin max-h-48 overflow-y-auto">
        {(rows.data ?? []).map(({ value, row }, i) => (
          <button key={i} type="button" onClick={() => onPick(value)} className="flex w-full gap-3 px-2 py-1 text-left font-mono text-xs hover:bg-hover">
            <b className="shrink-0">{value}</b>
            <span className="truncate text-muted">
              {Object.entries(row)
                .filter(([k]) => k !== fk.column)
                .slice(0, 4)
                .map(([, v]) => display(v).slice(0, 60))
                .join(" · ")}
            </span>
          </button>
        ))}
        {rows.isSuccess && rows.data.length === 0 && <p className="p-3 text-xs text-muted">{t(asked === "" ? "editor.lookupEmpty" : "editor.lookupNone")}</p>}
      </div>
    </div>
  );
}
