import { Eye, Plus, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usePgList } from "@/api/pg";
import type { Bucket } from "@/api/storage";
import { PolicySheet } from "@/components/policy-dialog";
import { draftOf, PolicyList } from "@/components/policy-list";
import { Badge, Button, Spinner } from "@/components/ui/base";
import { Empty, ErrorBox } from "@/components/ui/feedback";
import { Card } from "@/components/ui/page";
import { useAppRef } from "@/lib/app-ref";
import { policiesOf, type PolicyInfo } from "@/lib/sql/introspect";
import { PolicyTester } from "@/pages/auth/policy-tester";
import { BUCKET_TEMPLATES, bucketPolicy, inBucket, type PolicyDraft } from "@/lib/sql/policy";

/** Policies on storage.objects that speak of this bucket, of all buckets, and templates for new ones. */
export function BucketPolicies({ bucket }: { bucket: Bucket }) {
  const { t } = useTranslation();
  const ref = useAppRef();
  const list = usePgList<PolicyInfo>(ref, ["policies", "storage", "objects"], policiesOf("storage", "objects"));
  const [draft, setDraft] = useState<{ draft: PolicyDraft; before: PolicyDraft | null } | null>(null);
  const [testing, setTesting] = useState(false);
  const quoted = inBucket(bucket.id).replace("bucket_id = ", "");
  const speaks = (p: PolicyInfo) => `${p.using ?? ""} ${p.check ?? ""}`.includes(quoted);
  const general = (p: PolicyInfo) => !`${p.using ?? ""} ${p.check ?? ""}`.includes("bucket_id");
  const mine = (list.data ?? []).filter((p) => speaks(p) || general(p));
  const edit = (p: PolicyInfo) => setDraft({ draft: draftOf(p), before: draftOf(p) });
  const fresh = (name: string) => {
    const taken = new Set((list.data ?? []).map((p) => p.name));
    let n = name;
    for (let i = 2; taken.has(n); i += 1) n = `${name} ${i}`;
    return n;
  };
  return (
    <div className="scroll-thin min-h-0 flex-1 space-y-4 overflow-auto p-4">
      <Card
        flush
        title={t("storage.policiesOf", { bucket: bucket.name })}
        action={
          <div className="flex gap-2">
            <Button size="sm" variant="ghost" icon={<Eye size={13} />} onClick={() => setTesting(true)}>
              {t("policies.tester")}
            </Button>
            <Button size="sm" icon={<Plus size={13} />} onClick={() => setDraft({ draft: { schema: "storage", table: "objects", name: "", command: "SELECT", permissive: true, roles: ["public"], using: inBucket(bucket.id), check: inBucket(bucket.id) }, before: null })}>
              {t("policies.create")}
            </Button>
          </div>
        }
      >
        {list.isPending ? (
          <Spinner />
        ) : list.isError ? (
          <ErrorBox error={list.error} className="m-4" onRetry={() => void list.refetch()} />
        ) : mine.length === 0 ? (
          <Empty icon={<ShieldCheck size={28} />} title={t("storage.noPolicies")}>
            {t(bucket.public ? "storage.noPoliciesPublic" : "storage.noPoliciesPrivate")}
          </Empty>
        ) : (
          <PolicyList policies={mine} onEdit={edit} />
        )}
      </Card>
      <Card title={t("policies.templates")} flush>
        <div className="divide-y">
          {BUCKET_TEMPLATES.map((x) => {
            const p = bucketPolicy(x, bucket.id, fresh(t(`storage.templates.${x}`, { bucket: bucket.id })));
            return (
              <button key={x} type="button" className="flex w-full items-start gap-3 px-4 py-2.5 text-left hover:bg-hover" onClick={() => setDraft({ draft: p, before: null })}>
                <span className="w-20 shrink-0 pt-px">
                  <Badge>{p.command}</Badge>
                </span>
                <span>
                  <span className="block font-medium">{t(`storage.templates.${x}`, { bucket: bucket.id })}</span>
                  <span className="text-xs text-muted">{t(`storage.templateHelp.${x}`)}</span>
                </span>
              </button>
            );
          })}
        </div>
      </Card>
      {testing && <PolicyTester table={{ schema: "storage", name: "objects", rls: true }} policies={list.data ?? []} start={{ where: inBucket(bucket.id), values: { bucket_id: bucket.id, name: "folder/a.png" } }} onClose={() => setTesting(false)} />}
      <PolicySheet draft={draft?.draft ?? null} before={draft?.before} onClose={() => setDraft(null)} />
    </div>
  );
}
