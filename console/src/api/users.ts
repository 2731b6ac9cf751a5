import { appPath } from "./apps";
import { api, seg } from "./client";
import { call, type Rest } from "./rest";

export interface AuthUser {
  id: string;
  email?: string;
  phone?: string;
  role?: string;
  created_at: string;
  last_sign_in_at?: string | null;
  confirmed_at?: string | null;
  email_confirmed_at?: string | null;
  banned_until?: string | null;
  is_anonymous?: boolean;
  wechat_id?: string;
  wechat_unionid?: string;
  app_metadata: Record<string, unknown>;
  user_metadata: Record<string, unknown>;
  identities?: Identity[] | null;
  deleted_at?: string | null;
}

const JSON_TYPE = { "Content-Type": "application/json" };

export interface UserPage {
  users: AuthUser[];
  total: number | null;
}

export async function listUsers(r: Rest, page: number, perPage: number, filter: string): Promise<UserPage> {
  const q = new URLSearchParams({ page: String(page), per_page: String(perPage), ...(filter ? { search: filter } : {}) });
  const response = await call(r, "GET", `/auth/v1/admin/users?${q.toString()}`);
  const body = (await response.json()) as { users: AuthUser[] };
  const total = Number(response.headers.get("x-total-count") ?? Number.NaN);
  return { users: body.users, total: Number.isFinite(total) ? total : null };
}

export interface UserChange {
  email?: string;
  phone?: string;
  password?: string;
  email_confirm?: boolean;
  phone_confirm?: boolean;
  ban_duration?: string;
  user_metadata?: Record<string, unknown>;
  app_metadata?: Record<string, unknown>;
}

export const createUser = (r: Rest, change: UserChange) => call(r, "POST", "/auth/v1/admin/users", { headers: JSON_TYPE, body: JSON.stringify(change) });
export const updateUser = (r: Rest, id: string, change: UserChange) => call(r, "PUT", `/auth/v1/admin/users/${seg(id)}`, { headers: JSON_TYPE, body: JSON.stringify(change) });
export const deleteUser = (r: Rest, id: string, soft: boolean) => call(r, "DELETE", `/auth/v1/admin/users/${seg(id)}`, { headers: JSON_TYPE, body: JSON.stringify({ should_soft_delete: soft }) });
export const inviteUser = (r: Rest, email: string) => call(r, "POST", "/auth/v1/invite", { headers: JSON_TYPE, body: JSON.stringify({ email }) });

export interface UserSession {
  id: string;
  created_at: string | null;
  refreshed_at: string | null;
  not_after: string | null;
  user_agent: string | null;
  ip: string | null;
  aal: string;
  methods: string[];
}
export interface Factor {
  id: string;
  friendly_name?: string;
  factor_type: string;
  status: string;
  created_at: string;
}
export interface Identity {
  identity_id: string;
  provider: string;
  identity_data: Record<string, unknown>;
  created_at: string;
  last_sign_in_at?: string | null;
}

const userPath = (id: string) => `/auth/v1/admin/users/${seg(id)}`;

/** The user with identities, which the list does not have. */
export const getUser = async (r: Rest, id: string) => (await (await call(r, "GET", userPath(id))).json()) as AuthUser;
export const listSessions = async (r: Rest, id: string) => ((await (await call(r, "GET", `${userPath(id)}/sessions`)).json()) as { sessions: UserSession[] }).sessions;
export const endSession = (r: Rest, id: string, session: string) => call(r, "DELETE", `${userPath(id)}/sessions/${seg(session)}`);
export const endAllSessions = (r: Rest, id: string) => call(r, "DELETE", `${userPath(id)}/sessions`);
export const listFactors = async (r: Rest, id: string) => (await (await call(r, "GET", `${userPath(id)}/factors`)).json()) as Factor[];
export const deleteFactor = (r: Rest, id: string, factor: string) => call(r, "DELETE", `${userPath(id)}/factors/${seg(factor)}`);

export const isBanned = (u: AuthUser) => Boolean(u.banned_until && new Date(u.banned_until).getTime() > Date.now());

export function nameOf(u: AuthUser): string {
  const nick = u.user_metadata["nickname"] ?? u.user_metadata["name"] ?? u.user_metadata["full_name"];
  return u.email || u.phone || (typeof nick === "string" && nick) || u.wechat_id || u.id;
}

export function providersOf(u: AuthUser): string[] {
  const list = u.app_metadata["providers"];
  if (Array.isArray(list) && list.length > 0) return list.map(String);
  const one = u.app_metadata["provider"];
  return typeof one === "string" ? [one] : u.is_anonymous ? ["anonymous"] : [];
}

/** An access token as the user's own, for looking at things as they do; an hour long. */
export const userToken = async (ref: string, id: string) => (await api<{ access_token: string }>("POST", `${appPath(ref)}/users/${seg(id)}/token`)).access_token;

/** The claims that a token carries, as JSON. */
export function claimsText(token: string): string {
  const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  return new TextDecoder().decode(Uint8Array.from(atob(part), (c) => c.charCodeAt(0)));
}
