import { ChevronDown } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { useAppRef } from "@/lib/app-ref";
import { COLUMN_TYPES, TYPE_ALIASES } from "@/lib/pg-types";
import { qualified } from "@/lib/sql/identifier";
import { userTypesSql } from "@/lib/sql/introspect";

interface UserType {
  schema: string;
  name: string;
  enums: string[] | null;
}

/** Type of a column, by search; what is not listed can be typed. */
export function TypePicker({ value, onChange, label }: { value: string; onChange: (type: string) => void; label: string }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const own = usePgList<UserType>(ref, ["types"], userTypesSql(), { enabled: open });
  const q = search.trim().toLowerCase();
  const options = [
    ...COLUMN_TYPES.filter((x) => `${x} ${TYPE_ALIASES[x] ?? ""}`.includes(q)).map((x) => ({ value: x as string, note: TYPE_ALIASES[x] ?? "" })),
    ...(own.data ?? [])
      .filter((x) => x.name.toLowerCase().includes(q))
      .map((x) => ({ value: qualified(x.schema, x.name), note: x.enums?.slice(0, 4).join(", ") ?? "" })),
  ];
  const pick = (type: string) => {
    onChange(type);
    setOpen(false);
    setSearch("");
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen} modal>
      <Popover.Trigger asChild>
        <button type="button" aria-label={label} className="flex h-8 w-full min-w-0 items-center justify-between gap-1 rounded-md border border-line-strong bg-panel px-2.5 font-mono text-xs">
          <span className="truncate">{value || t("editor.column.pickType")}</span>
          <ChevronDown size={14} className="shrink-0 text-faint" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="start" sideOffset={4} className="z-60 w-64 rounded-md border bg-panel shadow-lg">
          <input
            autoFocus
            value={search}
            aria-label={t("editor.column.searchType")}
            placeholder={t("editor.column.searchType")}
            onChange={(e) => setSearch(e.target.value)}
            onKeyDown={(e) => {
              if (e.key !== "Enter") return;
              e.preventDefault();
              const exact = options.find((o) => o.value === q) ?? options[0];
              if (exact) pick(exact.value);
              else if (q) pick(search.trim());
            }}
            className="h-9 w-full border-b bg-transparent px-3 text-sm outline-none"
          />
          <div className="scroll-thin max-h-64 overflow-y-auto p-1">
            {options.map((o) => (
              <button key={o.value} type="button" onClick={() => pick(o.value)} className="flex w-full items-baseline gap-2 rounded px-2 py-1 text-left hover:bg-hover">
                <span className="font-mono text-xs">{o.value}</span>
                <span className="truncate text-xs text-faint">{o.note}</span>
              </button>
            ))}
            {options.length === 0 && (
              <button type="button" onClick={() => pick(search.trim())} className="w-full rounded px-2 py-1 text-left text-sm hover:bg-hover">
                {t("editor.column.useType", { type: search.trim() })}
              </button>
            )}
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
