import { useQuery, type QueryClient } from "@tanstack/react-query";
import { api, ApiError, seg } from "./client";
import type { AuditEntry, Role, Administrator as SchemaAdministrator, SessionUser } from "./schema";

export type { AuditEntry, Role };
export type User = SessionUser;
export type Administrator = Pick<SchemaAdministrator, "username" | "role" | "apps">;

/** The signed-in administrator, or null. */
export function useSession() {
  return useQuery({
    queryKey: ["session"],
    queryFn: async (): Promise<User | null> => {
      try {
        return (await api<{ user: User }>("GET", "/session")).user;
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
    retry: false,
  });
}

/** Whether the signed-in administrator may change anything: viewers look. */
export const useCanWrite = () => {
  const session = useSession();
  return session.data?.role !== "viewer";
};

export const signIn = (username: string, password: string) =>
  api<{ user: User }>("POST", "/session", { username, password });
export const signOut = () => api<void>("DELETE", "/session");
export const changePassword = (username: string, current_password: string, password: string) =>
  api<void>("PATCH", `/administrators/${seg(username)}`, { current_password, password });

export const listAdministrators = () => api<Administrator[]>("GET", "/administrators");
export const createAdministrator = (a: Administrator & { password: string }) =>
  api<Administrator>("POST", "/administrators", a);
export const updateAdministrator = (username: string, change: { role?: Role; apps?: string[] | null; password?: string }) =>
  api<void>("PATCH", `/administrators/${seg(username)}`, change);
export const deleteAdministrator = (username: string) => api<void>("DELETE", `/administrators/${seg(username)}`);

export const listAudit = (limit: number, before?: number | string) =>
  api<AuditEntry[]>("GET", `/audit?limit=${limit}${before === undefined ? "" : `&before=${seg(String(before))}`}`);

/** Shows the sign-in, and keeps nothing that the last administrator saw: keys are among it. */
export function forget(client: QueryClient): void {
  client.setQueryData(["session"], null);
  client.removeQueries({ predicate: (q) => q.queryKey[0] !== "session" });
}
