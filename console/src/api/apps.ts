import { useQuery } from "@tanstack/react-query";
import { api, seg } from "./client";
import type { AppDetail, AppSecrets, AppSummary } from "./schema";

export type App = AppSummary;
export type { AppDetail };
export type Secrets = AppSecrets;
export type Settings = Record<string, Record<string, unknown>>;

export const appPath = (ref: string) => `/apps/${seg(ref)}`;

export const listApps = () => api<App[]>("GET", "/apps");
export const createApp = (body: { name: string; ref?: string; template: "empty" | "chatroom" }) =>
  api<App>("POST", "/apps", body);
export const renameApp = (ref: string, name: string) => api<void>("PATCH", appPath(ref), { name });
export const pauseApp = (ref: string) => api<void>("POST", `${appPath(ref)}/pause`);
export const resumeApp = (ref: string) => api<void>("POST", `${appPath(ref)}/resume`);
export const deleteApp = (ref: string) => api<void>("DELETE", appPath(ref), { confirm: ref });
export const getSecrets = (ref: string) => api<Secrets>("GET", `${appPath(ref)}/secrets`);
export const getSettings = (ref: string) => api<Settings>("GET", `${appPath(ref)}/settings`);
export const putSettings = (ref: string, settings: Settings) => api<Settings>("PUT", `${appPath(ref)}/settings`, settings);

export function useApps() {
  return useQuery({ queryKey: ["apps"], queryFn: listApps });
}

export function useApp(ref: string) {
  return useQuery({ queryKey: ["app", ref], queryFn: () => api<AppDetail>("GET", appPath(ref)), staleTime: 30_000 });
}

/** The keys that bypass policies; fetched when a page needs them and kept in memory only. */
export function useSecrets(ref: string, enabled = true) {
  return useQuery({
    queryKey: ["secrets", ref],
    queryFn: () => getSecrets(ref),
    staleTime: 10 * 60_000,
    enabled,
    retry: false,
  });
}
