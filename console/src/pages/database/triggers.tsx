import { Plus, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import { ListPage } from "@/components/list-page";
import { Button, Checkbox, Field, IconButton, Input, Select, Switch } from "@/components/ui/base";
import { Empty, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";
import { tablesSql, type TableInfo } from "@/lib/sql/introspect";
import { createTrigger, dropTrigger, enableTrigger, EVENTS, functionsSql, TIMINGS, triggersSql, type FunctionInfo, type TriggerDraft, type TriggerInfo } from "@/lib/sql/objects";
import { useAct } from "@/lib/use-act";

export function TriggersPage() {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const { confirm } = useFeedback();
  const query = usePgList<TriggerInfo>(ref, ["triggers"], triggersSql());
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" icon={<Plus size={14} />} onClick={() => setCreating(true)}>
      {t("triggers.create")}
    </Button>
  );
  const remove = async (x: TriggerInfo) => {
    const yes = await confirm({ title: t("triggers.dropTitle", { name: x.name }), body: t("triggers.dropBody", { table: `${x.schema}.${x.table}`, function: x.function }), action: t("common.delete"), danger: true });
    if (yes) await act(dropTrigger(x), t("triggers.dropped"));
  };
  return (
    <>
      <ListPage
        title={t("nav.pages.database.triggers")}
        description={t("triggers.description")}
        query={query}
        rowKey={(x) => `${x.schema}.${x.table}.${x.name}`}
        text={(x) => `${x.name} ${x.table}`}
        schemaOf={(x) => x.schema}
        action={create}
        empty={
          <Empty icon={<Zap size={30} />} title={t("triggers.empty")} action={create}>
            {t("triggers.emptyHelp")}
          </Empty>
        }
        columns={[
          { id: "name", head: t("common.name"), sort: (x) => x.name, cell: (x) => <span className="font-mono font-medium">{x.name}</span> },
          { id: "table", head: t("triggers.table"), sort: (x) => x.table, cell: (x) => <span className="font-mono">{x.table}</span> },
          { id: "function", head: t("triggers.function"), cell: (x) => <span className="font-mono text-xs">{`${x.function_schema}.${x.function}`}</span> },
          { id: "definition", head: t("triggers.when"), cell: (x) => <span className="font-mono text-xs text-muted">{/(BEFORE|AFTER|INSTEAD OF) .*? ON /.exec(x.definition)?.[0].replace(/ ON $/, "")}</span> },
          { id: "on", head: t("database.on"), cell: (x) => <Switch label={x.name} disabled={!x.owned} checked={x.enabled} onChange={(on) => void act(enableTrigger(x, on), t("common.saved"))} /> },
          {
            id: "act",
            head: "",
            className: "text-right",
            cell: (x) =>
              x.owned && (
                <IconButton label={t("common.delete")} onClick={() => void remove(x)}>
                  <Trash2 size={14} />
                </IconButton>
              ),
          },
        ]}
      />
      {creating && <CreateTrigger onClose={() => setCreating(false)} />}
    </>
  );
}

function CreateTrigger({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const act = useAct();
  const tables = usePgList<TableInfo>(ref, ["tables"], tablesSql());
  const functions = usePgList<FunctionInfo>(ref, ["functions"], functionsSql());
  const [d, setD] = useState<TriggerDraft>({ name: "", schema: "", table: "", timing: "before", events: ["update"], each: "row", functionSchema: "", function: "" });
  const set = (change: Partial<TriggerDraft>) => setD({ ...d, ...change });
  const usable = (functions.data ?? []).filter((f) => f.result === "trigger");
  const ready = d.name.trim() !== "" && d.table !== "" && d.function !== "" && d.events.length > 0;
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("triggers.create")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" disabled={!ready} onClick={() => void act(createTrigger({ ...d, name: d.name.trim() }), t("triggers.created")).then((ok) => ok && onClose())}>
            {t("common.create")}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <Field label={t("common.name")}>
          <Input autoFocus className="font-mono" value={d.name} onChange={(e) => set({ name: e.target.value })} />
        </Field>
        <Field label={t("triggers.table")}>
          <Select
            value={d.table === "" ? "" : JSON.stringify([d.schema, d.table])}
            onChange={(e) => {
              const [schema, table] = JSON.parse(e.target.value || '["",""]') as [string, string];
              set({ schema, table });
            }}
          >
            <option value="">{t("common.choose")}</option>
            {(tables.data ?? [])
              .filter((x) => x.owned && (x.kind === "r" || x.kind === "p"))
              .map((x) => (
                <option key={x.oid} value={JSON.stringify([x.schema, x.name])}>
                  {`${x.schema}.${x.name}`}
                </option>
              ))}
          </Select>
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={t("triggers.timing")}>
            <Select value={d.timing} onChange={(e) => set({ timing: e.target.value as TriggerDraft["timing"] })}>
              {TIMINGS.map((x) => (
                <option key={x} value={x}>
                  {t(`triggers.timings.${x}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("triggers.each")}>
            <Select value={d.each} onChange={(e) => set({ each: e.target.value as TriggerDraft["each"] })}>
              <option value="row">{t("triggers.row")}</option>
              <option value="statement">{t("triggers.statement")}</option>
            </Select>
          </Field>
        </div>
        <div className="grid grid-cols-4 gap-2">
          {EVENTS.map((x) => (
            <Checkbox key={x} label={t(`replication.${x}`)} checked={d.events.includes(x)} onChange={(on) => set({ events: on ? [...d.events, x] : d.events.filter((e) => e !== x) })} />
          ))}
        </div>
        <Field label={t("triggers.function")} help={functions.isSuccess && usable.length === 0 ? t("triggers.noFunction") : t("triggers.functionHelp")}>
          <Select
            value={d.function === "" ? "" : JSON.stringify([d.functionSchema, d.function])}
            onChange={(e) => {
              const [functionSchema, fn] = JSON.parse(e.target.value || '["",""]') as [string, string];
              set({ functionSchema, function: fn });
            }}
          >
            <option value="">{t("common.choose")}</option>
            {usable.map((f) => (
              <option key={f.oid} value={JSON.stringify([f.schema, f.name])}>
                {`${f.schema}.${f.name}()`}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Dialog>
  );
}
