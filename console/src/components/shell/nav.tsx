import { Link, useLocation } from "@tanstack/react-router";
import clsx from "clsx";
import { BookOpen, ChartLine, Database, FolderOpen, House, Radio, ScrollText, Settings, SquareTerminal, Table2, Users } from "lucide-react";
import type { LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";

/** The tutorial's names, in its order; the palette lists the same. */
export const sections = [
  { key: "home", path: "", icon: House, pages: [] },
  { key: "editor", path: "/editor", icon: Table2, pages: [] },
  { key: "sql", path: "/sql", icon: SquareTerminal, pages: [] },
  {
    key: "database",
    path: "/database",
    icon: Database,
    pages: ["tables", "diagram", "functions", "triggers", "extensions", "roles", "indexes", "replication", "webhooks", "migrations", "backups"],
  },
  { key: "auth", path: "/auth", icon: Users, pages: ["users", "policies", "providers", "limits", "templates", "mailbox", "urls", "hooks", "settings"] },
  { key: "storage", path: "/storage", icon: FolderOpen, pages: [] },
  { key: "realtime", path: "/realtime", icon: Radio, pages: [] },
  { key: "api", path: "/api", icon: BookOpen, pages: [] },
  { key: "reports", path: "/reports", icon: ChartLine, pages: [] },
  { key: "logs", path: "/logs", icon: ScrollText, pages: [] },
  { key: "settings", path: "/settings", icon: Settings, pages: [] },
] as const satisfies readonly { key: string; path: string; icon: LucideIcon; pages: readonly string[] }[];

export function Nav({ appRef, onGo }: { appRef: string; onGo?: () => void }) {
  const { t } = useTranslation();
  const here = useLocation({ select: (l) => l.pathname });
  const base = `/app/${encodeURIComponent(appRef)}`;
  return (
    <nav className="scroll-thin flex h-full flex-col gap-0.5 overflow-y-auto p-2" aria-label={t("shell.menu")}>
      {sections.map((s) => {
        const to = base + s.path;
        const active = s.path === "" ? here === base || here === `${base}/` : here.startsWith(to);
        const first = s.pages[0];
        const Icon = s.icon;
        return (
          <div key={s.key}>
            <Link
              to={(first ? `${to}/${first}` : to) as "/"}
              onClick={onGo}
              className={clsx(
                "flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm",
                active ? "bg-hover font-medium text-text" : "text-muted hover:bg-hover hover:text-text",
              )}
            >
              <Icon size={16} className={active ? "text-accent" : undefined} />
              {t(`nav.${s.key}`)}
            </Link>
            {active && s.pages.length > 0 && (
              <div className="my-0.5 ml-4 border-l pl-2.5">
                {s.pages.map((p) => (
                  <Link
                    key={p}
                    to={`${to}/${p}` as "/"}
                    onClick={onGo}
                    className={clsx(
                      "flex h-7 items-center rounded-md px-2.5 text-sm",
                      here.startsWith(`${to}/${p}`) ? "font-medium text-accent" : "text-muted hover:bg-hover hover:text-text",
                    )}
                  >
                    {t(`nav.pages.${s.key}.${p}` as "nav.home")}
                  </Link>
                ))}
              </div>
            )}
          </div>
        );
      })}
    </nav>
  );
}
