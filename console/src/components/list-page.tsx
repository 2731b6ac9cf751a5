import type { UseQueryResult } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Input, Select, Spinner } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { Card, ListTable, Page, PageHead, type ColumnDef } from "@/components/ui/page";

/** A page that is one searchable list, of one schema where rows have schemas. */
export function ListPage<T>({ title, description, query, columns, rowKey, text, schemaOf, onRow, action, empty }: {
  title: string;
  description?: string;
  query: UseQueryResult<T[]>;
  columns: ColumnDef<T>[];
  rowKey: (row: T) => string | number;
  /** What the search looks in. */
  text: (row: T) => string;
  schemaOf?: (row: T) => string;
  onRow?: (row: T) => void;
  action?: ReactNode;
  empty: ReactNode;
}) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [schema, setSchema] = useState("public");
  const all = query.data ?? [];
  const schemas = schemaOf ? [...new Set(["public", ...all.map(schemaOf)])] : [];
  const q = search.toLowerCase();
  const rows = all.filter((r) => (!schemaOf || schemaOf(r) === schema) && text(r).toLowerCase().includes(q));
  return (
    <Page wide>
      <PageHead title={title} description={description}>
        {schemaOf && (
          <Select aria-label={t("common.schema")} className="w-36" value={schema} onChange={(e) => setSchema(e.target.value)}>
            {schemas.map((s) => (
              <option key={s} value={s}>
                {s}
              </option>
            ))}
          </Select>
        )}
        <div className="relative">
          <Search size={14} className="absolute top-2.5 left-2.5 text-faint" />
          <Input aria-label={t("common.search")} placeholder={t("common.search")} value={search} onChange={(e) => setSearch(e.target.value)} className="w-52 pl-8" />
        </div>
        {action}
      </PageHead>
      <Card flush>
        {query.isPending ? <Spinner /> : query.isError ? <ErrorBox error={query.error} className="m-4" onRetry={() => void query.refetch()} /> : <ListTable rows={rows} columns={columns} rowKey={rowKey} onRow={onRow} empty={empty} />}
      </Card>
    </Page>
  );
}
