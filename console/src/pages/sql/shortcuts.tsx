import { Keyboard } from "lucide-react";
import { Popover } from "radix-ui";
import { useTranslation } from "react-i18next";
import { IconButton } from "@/components/ui/base";

/** Keys of the editor, with what they do. */
const KEYS = [
  ["run", "Ctrl", "Enter"],
  ["save", "Ctrl", "S"],
  ["complete", "Ctrl", "Space"],
  ["format", "Shift", "Alt", "F"],
  ["comment", "Ctrl", "/"],
  ["find", "Ctrl", "F"],
  ["palette", "Ctrl", "K"],
] as const;

export function Shortcuts() {
  const { t } = useTranslation();
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton label={t("sql.shortcuts")} className="size-7 border border-line-strong">
          <Keyboard size={14} />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content align="end" sideOffset={4} className="z-50 w-64 rounded-md border bg-panel p-3 shadow-lg">
          <div className="mb-2 text-sm font-semibold">{t("sql.shortcuts")}</div>
          <dl className="space-y-1.5 text-xs">
            {KEYS.map(([what, ...keys]) => (
              <div key={what} className="flex items-center justify-between gap-3">
                <dt className="text-muted">{t(`sql.keys.${what}`)}</dt>
                <dd className="flex gap-1">
                  {keys.map((k) => (
                    <kbd key={k} className="rounded border bg-bg px-1.5 py-px font-mono text-[11px]">
                      {k}
                    </kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
