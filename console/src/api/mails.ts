import { call, type Rest } from "./rest";

export interface MailTemplateInfo {
  kind: string;
  variables: string[];
  zh: MailText;
  en: MailText;
}
export interface MailText {
  subject: string;
  content: string;
}
export interface CaughtMail {
  id: string;
  to: string;
  kind: string;
  code: string;
  link: string | null;
  subject: string;
  html: string;
  sent_at: string;
}

const JSON_TYPE = { "Content-Type": "application/json" };
const post = async <T>(r: Rest, path: string, body: unknown) => (await (await call(r, "POST", path, { headers: JSON_TYPE, body: JSON.stringify(body) })).json()) as T;

export async function mailTemplates(r: Rest): Promise<MailTemplateInfo[]> {
  const response = await call(r, "GET", "/auth/v1/admin/mails/templates");
  return ((await response.json()) as { templates: MailTemplateInfo[] }).templates;
}

export async function caughtMails(r: Rest): Promise<CaughtMail[]> {
  const response = await call(r, "GET", "/auth/v1/admin/mails");
  return ((await response.json()) as { mails: CaughtMail[] }).mails;
}

export const clearMails = (r: Rest) => call(r, "DELETE", "/auth/v1/admin/mails");
export const previewMail = (r: Rest, kind: string, text: MailText) => post<{ subject: string; html: string }>(r, "/auth/v1/admin/mails/preview", { kind, ...text });
export const testMail = (r: Rest, kind: string, to: string) => post<{ to: "server" | "mailbox" }>(r, "/auth/v1/admin/mails/test", { kind, to });
