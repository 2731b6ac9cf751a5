import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { restFor } from "@/api/rest";
import { createBucket, updateBucket, type Bucket } from "@/api/storage";
import { Button, Field, Input, Switch } from "@/components/ui/base";
import { ErrorBox, useFeedback } from "@/components/ui/feedback";
import { Dialog } from "@/components/ui/overlay";
import { useAppRef } from "@/lib/app-ref";

const MB = 1024 * 1024;

export function BucketDialog({ bucket, onClose, onDone }: { bucket: Bucket | null; onClose: () => void; onDone: (id: string) => void }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const client = useQueryClient();
  const { toast } = useFeedback();
  const [name, setName] = useState(bucket?.name ?? "");
  const [open, setOpen] = useState(bucket?.public ?? false);
  const [limit, setLimit] = useState(bucket?.file_size_limit ? String(bucket.file_size_limit / MB) : "");
  const [types, setTypes] = useState(bucket?.allowed_mime_types?.join(", ") ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const size = limit.trim() === "" ? null : Number(limit) * MB;
  const badSize = size !== null && (!Number.isFinite(size) || size <= 0);
  const submit = async () => {
    if (!name.trim() || badSize) return;
    setBusy(true);
    setError(null);
    const mime = types
      .split(/[,\s]+/)
      .map((x) => x.trim())
      .filter((x) => x !== "");
    const draft = { id: bucket?.id ?? name.trim(), public: open, file_size_limit: size === null ? null : Math.round(size), allowed_mime_types: mime.length > 0 ? mime : null };
    try {
      const rest = await restFor(client, ref);
      await (bucket ? updateBucket(rest, draft) : createBucket(rest, draft));
      await client.invalidateQueries({ queryKey: ["buckets", ref] });
      await client.invalidateQueries({ queryKey: ["pg", ref, "tutorial"] });
      toast(bucket ? t("common.saved") : t("storage.created", { bucket: draft.id }));
      onDone(draft.id);
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
      title={bucket ? t("storage.editBucket") : t("storage.create")}
      footer={
        <>
          <Button onClick={onClose}>{t("common.cancel")}</Button>
          <Button variant="primary" type="submit" form="bucket" busy={busy} disabled={!name.trim() || badSize}>
            {bucket ? t("common.save") : t("common.create")}
          </Button>
        </>
      }
    >
      <form
        id="bucket"
        className="space-y-4"
        onSubmit={(e) => {
          e.preventDefault();
          void submit();
        }}
      >
        <Field label={t("storage.name")} help={t("storage.nameHelp")}>
          <Input autoFocus name="bucket-name" disabled={bucket !== null} value={name} maxLength={100} onChange={(e) => setName(e.target.value)} />
        </Field>
        <div className="flex items-start gap-3 rounded-md border p-3">
          <Switch checked={open} onChange={setOpen} label={t("storage.publicBucket")} />
          <div>
            <div className="text-sm font-medium">{t("storage.publicBucket")}</div>
            <p className="text-xs text-muted">{t("storage.publicHelp")}</p>
          </div>
        </div>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("storage.sizeLimit")} help={t("storage.sizeLimitHelp")} error={badSize ? t("storage.badSize") : undefined}>
            <Input inputMode="decimal" value={limit} placeholder={t("storage.noLimit")} onChange={(e) => setLimit(e.target.value)} />
          </Field>
          <Field label={t("storage.types")} help={t("storage.typesHelp")}>
            <Input value={types} placeholder="image/*" onChange={(e) => setTypes(e.target.value)} />
          </Field>
        </div>
        <ErrorBox error={error} />
      </form>
    </Dialog>
  );
}
