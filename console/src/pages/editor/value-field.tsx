import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { readRows, restFor } from "@/api/rest";
import { pgList } from "@/api/pg";
import { Button, Input, Select, Textarea } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { useAppRef } from "@/lib/app-ref";
import { newId } from "@/lib/format";
import { editorFor } from "@/lib/pg-types";
import { columnsSql, type ColumnInfo } from "@/lib/sql/introspect";
import { display } from "./values";

/** The control for one value, by type. Text in, text out. */
export function ValueField({ column: c, value, onChange, autoFocus, placeholder }: { column: ColumnInfo; value: string; onChange: (text: string) => void; autoFocus?: boolean; placeholder?: string }) {
  const { t } = useTranslation();
  const kind = editorFor(c.base, c.kind);
  const [lookup, setLookup] = useState(false);
  const common = { autoFocus, "aria-label": c.name, placeholder, className: "font-mono text-xs" };
  let control;
  if (kind === "bool" || kind === "enum") {
    const options = kind === "bool" ? ["true", "false"] : (c.enums ?? []);
    control = (
      <Select {...common} value={value} onChange={(e) => onChange(e.target.value)}>
        <option value="">{placeholder ?? t("common.choose")}</option>
        {options.map((o) => (
          <option key={o} value={o}>
            {o}
          </option>
        ))}
      </Select>
    );
  } else if (kind === "json" || kind === "array" || kind === "long") {
    control = <Textarea {...common} rows={kind === "json" ? 8 : 3} value={value} onChange={(e) => onChange(e.target.value)} />;
  } else if (kind === "date") {
    control = <Input {...common} type="date" value={value} onChange={(e) => onChange(e.target.value)} />;
  } else {
    control = (
      <div className="flex gap-1.5">
        <Input {...common} inputMode={kind === "number" ? "decimal" : undefined} value={value} onChange={(e) => onChange(e.target.value)} />
        {(kind === "timestamp" || kind === "timestamptz") && (
          <Button size="sm" className="h-8" onClick={() => onChange(new Date().toISOString())}>
            {t("editor.now")}
          </Button>
        )}
        {kind === "uuid" && !c.fk && (
          <Button size="sm" className="h-8" onClick={() => onChange(newId())}>
            {t("editor.random")}
          </Button>
        )}
      </div>
    );
  }
  return (
    <div className="space-y-1.5">
      {control}
      {c.fk && (
        <button type="button" className="text-xs text-accent underline" onClick={() => setLookup(!lookup)}>
          {t("editor.lookup", { table: `${c.fk.schema}.${c.fk.table}` })}
        </button>
      )}
      {c.fk && lookup && (
        <Lookup
          fk={c.fk}
          onPick={(v) => {
            onChange(v);
            setLookup(false);
          }}
        />
      )}
    </div>
  );
}


function Lookup({ fk, onPick }: { fk: NonNullable<ColumnInfo["fk"]>; onPick: (value: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const rows = useQuery({
    queryKey: ["lookup", ref, fk.schema, fk.table],
    queryFn: async () => {
      const columns = await pgList<ColumnInfo>(ref, columnsSql(fk.schema, fk.table));
      return (await readRows(await restFor(client, ref), fk.schema, fk.table, columns, { filters: [], sorts: [], offset: 0, limit: 100, count: false })).rows;
    },
  });
  if (rows.isError) return <ErrorBox error={rows.error} />;
  return (
    <div className="scroll-thin max-h-48 overflow-y-auto rounded-md border">
      {(rows.data ?? []).map((r, i) => (
        <button key={i} type="button" onClick={() => onPick(display(r[fk.column]))} className="flex w-full gap-3 px-2 py-1 text-left font-mono text-xs hover:bg-hover">
          <b className="shrink-0">{display(r[fk.column])}</b>
          <span className="truncate text-muted">
            {Object.entries(r)
              .filter(([k]) => k !== fk.column)
              .slice(0, 4)
              .map(([, v]) => display(v))
              .join(" · ")}
          </span>
        </button>
      ))}
      {rows.isSuccess && rows.data.length === 0 && <p className="p-3 text-xs text-muted">{t("editor.lookupEmpty")}</p>}
    </div>
  );
}
