import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, Search, UserPlus, Users } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { isBanned, listUsers, nameOf, providersOf, type AuthUser } from "@/api/users";
import { Badge, Button, IconButton, Input, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { time } from "@/lib/format";
import { CreateUserDialog } from "./create-user";
import { UserSheet } from "./user-sheet";

const PER_PAGE = 50;

export function UsersPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState("");
  const [open, setOpen] = useState<AuthUser | null>(null);
  const [creating, setCreating] = useState(false);
  const users = useQuery({
    queryKey: ["users", ref, page, filter],
    placeholderData: keepPreviousData,
    queryFn: async () => listUsers(await restFor(client, ref), page, PER_PAGE, filter),
  });
  const list = users.data?.users ?? [];
  const total = users.data?.total ?? null;
  const create = (
    <Button variant="primary" icon={<UserPlus size={14} />} onClick={() => setCreating(true)}>
      {t("users.create")}
    </Button>
  );
  return (
    <Page wide>
      <PageHead title={t("nav.pages.auth.users")} description={t("users.description")}>
        <form
          className="relative"
          onSubmit={(e) => {
            e.preventDefault();
            setPage(1);
            setFilter(search.trim());
          }}
        >
          <Search size={14} className="absolute top-2.5 left-2.5 text-faint" />
          <Input
            aria-label={t("userSheet.search")}
            placeholder={t("userSheet.search")}
            value={search}
            onChange={(e) => {
              setSearch(e.target.value);
              if (e.target.value === "") setFilter("");
            }}
            className="w-60 pl-8"
          />
        </form>
        {create}
      </PageHead>
      <Card flush>
        {users.isPending ? (
          <Spinner />
        ) : users.isError ? (
          <ErrorBox error={users.error} className="m-4" onRetry={() => void users.refetch()} />
        ) : (
          <ListTable
            rows={list}
            rowKey={(u) => u.id}
            onRow={setOpen}
            empty={
              <Empty icon={<Users size={30} />} title={filter ? t("users.noMatch") : t("users.empty")} action={filter ? undefined : create}>
                {filter ? t("users.noMatchHelp") : t("users.emptyHelp")}
              </Empty>
            }
            columns={[
              {
                id: "name",
                head: t("users.user"),
                sort: nameOf,
                cell: (u) => (
                  <div className="min-w-0">
                    <div className="max-w-72 truncate font-medium">{nameOf(u)}</div>
                    <div className="font-mono text-xs text-faint">{u.id}</div>
                  </div>
                ),
              },
              {
                id: "providers",
                head: t("users.providers"),
                cell: (u) => (
                  <span className="flex flex-wrap gap-1">
                    {providersOf(u).map((p) => (
                      <Badge key={p}>{p}</Badge>
                    ))}
                  </span>
                ),
              },
              { id: "created", head: t("users.createdAt"), sort: (u) => u.created_at, cell: (u) => <span className="whitespace-nowrap tabular-nums">{time(u.created_at)}</span> },
              { id: "seen", head: t("users.lastSignIn"), sort: (u) => u.last_sign_in_at ?? "", cell: (u) => <span className="whitespace-nowrap text-muted tabular-nums">{time(u.last_sign_in_at)}</span> },
              {
                id: "state",
                head: t("users.state"),
                cell: (u) => (u.deleted_at ? <Badge>{t("userSheet.softDeleted")}</Badge> : isBanned(u) ? <Badge tone="danger">{t("users.banned")}</Badge> : u.confirmed_at || u.is_anonymous || u.wechat_id ? <Badge tone="ok">{t("users.active")}</Badge> : <Badge tone="warn">{t("users.unconfirmed")}</Badge>),
              },
            ]}
          />
        )}
        {(page > 1 || list.length === PER_PAGE) && (
          <div className="flex items-center gap-2 border-t px-4 py-2 text-xs text-muted">
            <IconButton label={t("common.previous")} disabled={page === 1} onClick={() => setPage(page - 1)}>
              <ChevronLeft size={15} />
            </IconButton>
            {t("editor.pageOf", { page, pages: total === null ? "?" : Math.max(1, Math.ceil(total / PER_PAGE)) })}
            <IconButton label={t("common.next")} disabled={list.length < PER_PAGE} onClick={() => setPage(page + 1)}>
              <ChevronRight size={15} />
            </IconButton>
            {total !== null && <span className="ml-auto">{t("users.total", { count: total })}</span>}
          </div>
        )}
      </Card>
      {creating && <CreateUserDialog onClose={() => setCreating(false)} />}
      {open && <UserSheet key={open.id} user={list.find((u) => u.id === open.id) ?? open} onClose={() => setOpen(null)} />}
    </Page>
  );
}
