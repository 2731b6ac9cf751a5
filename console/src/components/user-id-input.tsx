import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { listUsers, nameOf } from "@/api/users";
import { Input } from "@/components/ui/base";
import { useAppRef } from "@/lib/app-ref";

/** A user's id, typed or chosen from the newest users. */
export function UserIdInput({ value, onChange, className, id }: { value: string; onChange: (id: string) => void; className?: string; id?: string }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const list = useId();
  const users = useQuery({ queryKey: ["users", ref, 1, ""], queryFn: async () => listUsers(await restFor(client, ref), 1, 50, ""), retry: false });
  return (
    <>
      <Input id={id} aria-label={t("sql.userId")} placeholder={t("sql.userId")} list={list} className={className ?? "font-mono text-xs"} value={value} onChange={(e) => onChange(e.target.value)} />
      <datalist id={list}>
        {(users.data?.users ?? []).map((u) => (
          <option key={u.id} value={u.id}>
            {nameOf(u)}
          </option>
        ))}
      </datalist>
    </>
  );
}
