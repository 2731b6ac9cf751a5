import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import { Button, Checkbox, IconButton } from "@/components/ui/base";
import type { ColumnInfo } from "@/lib/sql/introspect";
import type { useColumnModel } from "./columns";

/** Which columns the grid shows. */
export function ColumnsMenu({ model, columns }: { model: ReturnType<typeof useColumnModel>; columns: ColumnInfo[] }) {
  const { t } = useTranslation();
  const { table } = model;
  const shown = table.getVisibleLeafColumns().length;
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton label={t("editor.showColumns")} className={shown < columns.length ? "text-accent" : undefined}>
          <Columns3 size={15} />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="end" sideOffset={4} className="z-50 w-64 rounded-md border bg-panel p-3 shadow-lg">
          <div className="scroll-thin max-h-72 space-y-1.5 overflow-y-auto">
            {table.getAllLeafColumns().map((c) => (
              <Checkbox key={c.id} label={c.id} checked={c.getIsVisible()} disabled={c.getIsVisible() && shown === 1} onChange={(on) => c.toggleVisibility(on)} />
            ))}
          </div>
          {shown < columns.length && (
            <Button size="sm" className="mt-3 w-full" onClick={() => table.toggleAllColumnsVisible(true)}>
              {t("editor.showAllColumns")}
            </Button>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
