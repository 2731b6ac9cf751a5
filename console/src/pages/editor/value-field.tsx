import { CalendarClock } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton, Input, Select, Textarea } from "@/components/ui/base";
import { newId } from "@/lib/format";
import { editorFor } from "@/lib/pg-types";
import type { ColumnInfo } from "@/lib/sql/introspect";
import { Lookup } from "./lookup";

/** The control for one value, by type. Text in, text out. */
export function ValueField({ column: c, value, onChange, autoFocus, placeholder, readOnly }: { column: ColumnInfo; value: string; onChange: (text: string) => void; autoFocus?: boolean; placeholder?: string; readOnly?: boolean }) {
  const { t } = useTranslation();
  const kind = editorFor(c.base, c.kind);
  const [lookup, setLookup] = useState(false);
  const common = { autoFocus, "aria-label": c.name, placeholder, className: "font-mono text-xs", disabled: readOnly };
  let control;
  if (kind === "bool" || kind === "enum") {
    const options = kind === "bool" ? ["true", "false"] : (c.enums ?? []);
    control = (
      <Select {...common} value={value} onChange={(e) => onChange(e.target.value)}>
        <option value="">{placeholder || t("common.choose")}</option>
        {options.map((o) => (
          <option key={o} value={o}>
            {o}
          </option>
        ))}
      </Select>
    );
  } else if (kind === "json") {
    control = <JsonField {...common} value={value} onChange={onChange} />;
  } else if (kind === "array" || kind === "long") {
    control = <Textarea {...common} rows={3} value={value} onChange={(e) => onChange(e.target.value)} />;
  } else if (kind === "date") {
    control = <Input {...common} type="date" value={value} onChange={(e) => onChange(e.target.value)} />;
  } else {
    control = (
      <div className="flex gap-1.5">
        <Input {...common} inputMode={kind === "number" ? "decimal" : undefined} value={value} onChange={(e) => onChange(e.target.value)} />
        {(kind === "timestamp" || kind === "timestamptz") && !readOnly && <Moment zoned={kind === "timestamptz"} value={value} onChange={onChange} />}
        {kind === "uuid" && !c.fk && !readOnly && (
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
      {c.fk && !readOnly && (
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

/** JSON with the parser's word on it while it is typed. */
function JsonField({ value, onChange, ...common }: { value: string; onChange: (text: string) => void; autoFocus?: boolean; "aria-label": string; placeholder?: string; className: string; disabled?: boolean }) {
  const { t } = useTranslation();
  let wrong = "";
  try {
    if (value.trim() !== "") JSON.parse(value);
  } catch (error) {
    wrong = error instanceof Error ? error.message : String(error);
  }
  return (
    <div>
      <Textarea {...common} rows={8} aria-invalid={wrong !== ""} value={value} onChange={(e) => onChange(e.target.value)} />
      <div className="mt-1 flex items-baseline gap-2 text-xs">
        <span className="min-w-0 flex-1 break-words text-danger">{wrong}</span>
        <button type="button" className="shrink-0 text-accent underline disabled:opacity-40" disabled={wrong !== "" || value.trim() === "" || common.disabled} onClick={() => onChange(JSON.stringify(JSON.parse(value), null, 2))}>
          {t("editor.layOut")}
        </button>
      </div>
    </div>
  );
}

/** Now, or a day and time out of the browser's calendar. */
function Moment({ zoned, value, onChange }: { zoned: boolean; value: string; onChange: (text: string) => void }) {
  const { t } = useTranslation();
  const picker = useRef<HTMLInputElement>(null);
  const local = (d: Date) => {
    const two = (n: number) => String(n).padStart(2, "0");
    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
  };
  const at = new Date(value);
  return (
    <>
      <span className="relative">
        <IconButton label={t("editor.calendar")} className="size-8 border border-line-strong" onClick={() => picker.current?.showPicker()}>
          <CalendarClock size={14} />
        </IconButton>
        <input
          ref={picker}
          type="datetime-local"
          step={1}
          tabIndex={-1}
          aria-hidden
          className="pointer-events-none absolute inset-0 opacity-0"
          value={Number.isNaN(at.getTime()) ? "" : local(at)}
          onChange={(e) => {
            if (e.target.value === "") return;
            onChange(zoned ? new Date(e.target.value).toISOString() : e.target.value);
          }}
        />
      </span>
      <Button size="sm" className="h-8" onClick={() => onChange(zoned ? new Date().toISOString() : local(new Date()))}>
        {t("editor.now")}
      </Button>
    </>
  );
}
