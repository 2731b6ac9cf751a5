import { Command } from "cmdk";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { Dialog } from "radix-ui";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApps } from "@/api/apps";
import { usePgList } from "@/api/pg";
import { tablesSql, type TableInfo } from "@/lib/sql/introspect";
import { sections } from "./nav";

const EVENT = "hearth:palette";
export const openPalette = () => window.dispatchEvent(new Event(EVENT));

/** Ctrl-K: pages, tables and applications by name. */
export function Palette() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const here = useLocation({ select: (l) => l.pathname });
  const ref = decodeURIComponent(/^\/app\/([^/]+)/.exec(here)?.[1] ?? "");
  const apps = useApps();
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql(), { enabled: open && ref !== "" });
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k") {
        e.preventDefault();
        setOpen((o) => !o);
      }
    };
    const show = () => setOpen(true);
    window.addEventListener("keydown", key);
    window.addEventListener(EVENT, show);
    return () => {
      window.removeEventListener("keydown", key);
      window.removeEventListener(EVENT, show);
    };
  }, []);
  // What is listed is ranked and drawn as a whole: of thousands of tables only those that can be meant.
  const meant = (tables.data ?? []).filter((x) => `${x.schema}.${x.name}`.toLowerCase().includes(typed.trim().toLowerCase())).slice(0, 200);
  const go = (to: string, search?: Record<string, string>) => {
    setOpen(false);
    setTyped("");
    void navigate({ to: to as "/", search: search as never });
  };
  const item = "flex cursor-pointer items-center gap-2 rounded px-2.5 py-1.5 text-sm data-[selected=true]:bg-hover";
  const group = "[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:py-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint";
  const base = `/app/${encodeURIComponent(ref)}`;
  return (
    <Dialog.Root
      open={open}
      onOpenChange={(o) => {
        setOpen(o);
        setTyped("");
      }}
    >
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-black/40" />
        <Dialog.Content aria-describedby={undefined} className="fixed top-[12vh] left-1/2 z-50 w-[min(560px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden rounded-lg border bg-panel shadow-2xl outline-none">
          <Dialog.Title className="sr-only">{t("palette.open")}</Dialog.Title>
          <Command label={t("palette.open")}>
            <Command.Input value={typed} onValueChange={setTyped} placeholder={t("palette.placeholder")} className="h-11 w-full border-b bg-transparent px-4 text-base outline-none" />
            <Command.List className="scroll-thin max-h-[52vh] overflow-y-auto p-1.5">
              <Command.Empty className="p-6 text-center text-sm text-muted">{t("palette.none")}</Command.Empty>
              {ref !== "" && (
                <Command.Group heading={t("palette.pages")} className={group}>
                  {sections.flatMap((s) => {
                    const Icon = s.icon;
                    const pages: readonly string[] = s.pages;
                    const name = t(`nav.${s.key}`);
                    if (pages.length === 0)
                      return [
                        <Command.Item key={s.key} value={`${s.key} ${name}`} className={item} onSelect={() => go(base + s.path)}>
                          <Icon size={15} className="text-muted" />
                          {name}
                        </Command.Item>,
                      ];
                    return pages.map((p) => (
                      <Command.Item key={s.key + p} value={`${s.key} ${p} ${name} ${t(`nav.pages.${s.key}.${p}` as "nav.home")}`} className={item} onSelect={() => go(`${base}${s.path}/${p}`)}>
                        <Icon size={15} className="text-muted" />
                        {name} <span className="text-faint">/</span> {t(`nav.pages.${s.key}.${p}` as "nav.home")}
                      </Command.Item>
                    ));
                  })}
                </Command.Group>
              )}
              {meant.length > 0 && (
                <Command.Group heading={t("palette.tables")} className={group}>
                  {meant.map((x) => (
                    <Command.Item key={`${x.schema}.${x.name}`} value={`table ${x.schema}.${x.name}`} className={item} onSelect={() => go(`${base}/editor`, { schema: x.schema, table: x.name })}>
                      <span className="font-mono text-faint">{x.schema}.</span>
                      <span className="-ml-2 font-mono">{x.name}</span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              <Command.Group heading={t("apps.title")} className={group}>
                {(apps.data ?? []).map((a) => (
                  <Command.Item key={a.ref} value={`app ${a.ref} ${a.name}`} className={item} onSelect={() => go(`/app/${encodeURIComponent(a.ref)}`)}>
                    {a.name} <span className="font-mono text-xs text-faint">{a.ref}</span>
                  </Command.Item>
                ))}
              </Command.Group>
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
