import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, CircleUser, Flame, Languages, Menu as MenuIcon, Monitor, Moon, Search, Sun } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApps } from "@/api/apps";
import { forget, signOut, useSession } from "@/api/session";
import { IconButton } from "@/components/ui/base";
import { useFeedback } from "@/components/ui/feedback";
import { Menu } from "@/components/ui/overlay";
import { setLanguage } from "@/i18n";
import { useTheme } from "@/lib/prefs";
import { PasswordDialog } from "@/pages/account/password-dialog";
import { openPalette } from "./palette";

export function Topbar({ appRef, appName, onMenu }: { appRef?: string; appName?: string; onMenu?: () => void }) {
  const { t, i18n } = useTranslation();
  const { fail } = useFeedback();
  const client = useQueryClient();
  const navigate = useNavigate();
  const session = useSession();
  const apps = useApps();
  const [theme, setTheme] = useTheme();
  const [password, setPassword] = useState(false);
  const leave = async () => {
    try {
      await signOut();
      forget(client);
    } catch (error) {
      fail(error);
    }
  };
  return (
    <header className="flex h-12 shrink-0 items-center gap-1 border-b bg-panel px-3">
      {onMenu && (
        <IconButton label={t("shell.menu")} onClick={onMenu} className="lg:hidden">
          <MenuIcon size={18} />
        </IconButton>
      )}
      <Link to="/" className="flex items-center gap-2 rounded px-1.5 py-1 font-semibold">
        <Flame size={18} className="text-accent" />
        <span className="hidden sm:inline">{t("shell.brand")}</span>
      </Link>
      {appRef && (
        <>
          <span className="text-faint">/</span>
          <Menu
            align="start"
            trigger={
              <button type="button" className="flex min-w-0 items-center gap-1.5 rounded px-2 py-1 hover:bg-hover">
                <span className="truncate font-medium">{appName ?? appRef}</span>
                <ChevronsUpDown size={14} className="shrink-0 text-faint" />
              </button>
            }
            items={[
              ...(apps.data ?? []).slice(0, 30).map((a) => ({
                label: a.name,
                onSelect: () => void navigate({ to: "/app/$ref", params: { ref: a.ref } }),
              })),
              "line" as const,
              { label: t("apps.all"), onSelect: () => void navigate({ to: "/" }) },
            ]}
          />
        </>
      )}
      <div className="flex-1" />
      <button
        type="button"
        onClick={openPalette}
        className="hidden h-8 w-56 items-center gap-2 rounded-md border bg-bg px-2.5 text-sm text-faint hover:border-line-strong md:flex"
      >
        <Search size={14} />
        <span className="flex-1 text-left">{t("palette.open")}</span>
        <kbd className="rounded border bg-panel px-1 font-mono text-[11px]">Ctrl K</kbd>
      </button>
      <IconButton label={t("palette.open")} onClick={openPalette} className="md:hidden">
        <Search size={16} />
      </IconButton>
      <IconButton label={t("shell.language")} onClick={() => setLanguage(i18n.language === "zh" ? "en" : "zh")}>
        <Languages size={16} />
      </IconButton>
      <IconButton
        label={t(`shell.theme.${theme}`)}
        onClick={() => setTheme(theme === "system" ? "light" : theme === "light" ? "dark" : "system")}
      >
        {theme === "dark" ? <Moon size={16} /> : theme === "light" ? <Sun size={16} /> : <Monitor size={16} />}
      </IconButton>
      <Menu
        trigger={
          <IconButton label={t("shell.account")}>
            <CircleUser size={18} />
          </IconButton>
        }
        items={[
          { label: `${session.data?.username ?? ""} · ${t(`role.${session.data?.role ?? "viewer"}`)}`, disabled: true, onSelect: () => undefined },
          "line",
          { label: t("account.changePassword"), onSelect: () => setPassword(true) },
          ...(session.data?.role === "owner"
            ? [
                { label: t("administrators.title"), onSelect: () => void navigate({ to: "/administrators" }) },
                { label: t("audit.title"), onSelect: () => void navigate({ to: "/audit" }) },
              ]
            : []),
          "line",
          { label: t("account.signOut"), onSelect: () => void leave() },
        ]}
      />
      <PasswordDialog open={password} onClose={() => setPassword(false)} />
    </header>
  );
}
