import { locale, t } from "../i18n/index.ts";

export function clock(date: Date): string {
  return date.toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function fullTime(date: Date): string {
  return date.toLocaleString(locale(), { dateStyle: "medium", timeStyle: "medium" });
}

export function dayKey(date: Date): string {
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

export function dayName(date: Date, now: Date): string {
  if (dayKey(date) === dayKey(now)) return t().today;
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayKey(date) === dayKey(yesterday)) return t().yesterday;
  const sameYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(locale(), {
    ...(sameYear ? {} : { year: "numeric" }),
    month: "long",
    day: "numeric",
    weekday: "short",
  });
}
