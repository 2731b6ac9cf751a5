import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2, UserCog } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useApps } from "@/api/apps";
import { createAdministrator, deleteAdministrator, listAdministrators, updateAdministrator, useSession, type Administrator, type Role } from "@/api/session";
import { Topbar } from "@/components/shell/topbar";
import { Badge, Button, Checkbox, Field, IconButton, Input, Select, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";

const ROLES: Role[] = ["owner", "developer", "viewer"];

export function AdministratorsPage() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { confirm, toast, fail } = useFeedback();
  const session = useSession();
  const apps = useApps();
  const owner = session.data?.role === "owner";
  const list = useQuery({ queryKey: ["administrators"], queryFn: listAdministrators, enabled: owner });
  const [form, setForm] = useState<{ before: Administrator | null } | null>(null);
  const nameOf = (ref: string) => apps.data?.find((a) => a.ref === ref)?.name ?? ref;
  const remove = async (a: Administrator) => {
    if (!(await confirm({ title: t("administrators.deleteTitle", { name: a.username }), body: t("administrators.deleteBody"), action: t("common.delete"), danger: true }))) return;
    try {
      await deleteAdministrator(a.username);
      await client.invalidateQueries({ queryKey: ["administrators"] });
      toast(t("administrators.deleted"));
    } catch (e) {
      fail(e);
    }
  };
  const create = owner && (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setForm({ before: null })}>
      {t("administrators.create")}
    </Button>
  );
  return (
    <div className="flex min-h-dvh flex-col">
      <Topbar />
      <Page>
        <PageHead title={t("administrators.title")} description={t("administrators.description")}>
          {create}
        </PageHead>
        <Card flush>
          {!owner ? (
            <Empty icon={<UserCog size={30} />} title={t("administrators.onlyOwner")} />
          ) : list.isPending ? (
            <Spinner />
          ) : list.isError ? (
            <ErrorBox error={list.error} className="m-4" onRetry={() => void list.refetch()} />
          ) : (
            <ListTable
              rows={list.data}
              rowKey={(a) => a.username}
              empty={<Empty title={t("administrators.empty")} action={create}>{t("administrators.emptyHelp")}</Empty>}
              columns={[
                {
                  id: "name",
                  head: t("administrators.username"),
                  sort: (a) => a.username,
                  cell: (a) => (
                    <span className="font-medium">
                      {a.username} {a.username === session.data?.username && <Badge>{t("administrators.you")}</Badge>}
                    </span>
                  ),
                },
                { id: "role", head: t("administrators.role"), sort: (a) => a.role, cell: (a) => <Badge tone={a.role === "owner" ? "accent" : "neutral"}>{t(`role.${a.role}`)}</Badge> },
                { id: "apps", head: t("administrators.apps"), cell: (a) => <span className="text-muted">{a.apps === null || a.role === "owner" ? t("administrators.allApps") : a.apps.map(nameOf).join(", ")}</span> },
                {
                  id: "act",
                  head: "",
                  className: "text-right whitespace-nowrap",
                  cell: (a) => (
                    <>
                      <IconButton label={t("common.edit")} onClick={() => setForm({ before: a })}>
                        <Pencil size={14} />
                      </IconButton>
                      <IconButton label={t("common.delete")} disabled={a.username === session.data?.username} onClick={() => void remove(a)}>
                        <Trash2 size={14} />
                      </IconButton>
                    </>
                  ),
                },
              ]}
            />
          )}
        </Card>
      </Page>
      {form && <AdministratorDialog before={form.before} onClose={() => setForm(null)} />}
    </div>
  );
}

function AdministratorDialog({ before, onClose }: { before: Administrator | null; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const apps = useApps();
  const [username, setUsername] = useState(before?.username ?? "");
  const [role, setRole] = useState<Role>(before?.role ?? "developer");
  const [all, setAll] = useState(before ? before.apps === null : true);
  const [chosen, setChosen] = useState<string[]>(before?.apps ?? []);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const save = async () => {
    setBusy(true);
    setError(null);
    const scope = role === "owner" || all ? null : chosen;
    try {
      if (before) await updateAdministrator(before.username, { role, apps: scope, ...(password ? { password } : {}) });
      else await createAdministrator({ username: username.trim(), role, apps: scope, password });
      await client.invalidateQueries({ queryKey: ["administrators"] });
      toast(t("common.saved"));
      onClose();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={before ? t("administrators.edit", { name: before.username }) : t("administrators.create")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" busy={busy} disabled={!before && (!username.trim() || !password)} onClick={() => void save()}>
            {t("common.save")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("administrators.username")}>
          <Input autoFocus disabled={before !== null} value={username} onChange={(e) => setUsername(e.target.value)} />
        </Field>
        <Field label={before ? t("administrators.resetPassword") : t("administrators.password")}>
          <Input type="password" autoComplete="new-password" value={password} onChange={(e) => setPassword(e.target.value)} />
        </Field>
        <Field label={t("administrators.role")}>
          <Select value={role} onChange={(e) => setRole(e.target.value as Role)}>
            {ROLES.map((r) => (
              <option key={r} value={r}>
                {t(`role.${r}`)}
              </option>
            ))}
          </Select>
        </Field>
        {role !== "owner" && (
          <div className="space-y-2">
            <Checkbox label={t("administrators.allApps")} checked={all} onChange={setAll} />
            {!all && (
              <div className="grid gap-1.5 rounded-md border p-3">
                {(apps.data ?? []).map((a) => (
                  <Checkbox key={a.ref} label={a.name} checked={chosen.includes(a.ref)} onChange={(on) => setChosen(on ? [...chosen, a.ref] : chosen.filter((x) => x !== a.ref))} />
                ))}
              </div>
            )}
          </div>
        )}
        <ErrorBox error={error} />
      </div>
    </Dialog>
  );
}
