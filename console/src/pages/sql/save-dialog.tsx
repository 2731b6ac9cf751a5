import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Field, Input } from "@/components/ui/base";
import { Dialog } from "@/components/ui/overlay";

export function SaveDialog({ initial, onClose, onSave }: { initial: string; onClose: () => void; onSave: (name: string) => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(initial);
  const done = () => {
    if (!name.trim()) return;
    onSave(name.trim());
    onClose();
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title={t("sql.saveTitle")}
      footer={
        <Button variant="primary" disabled={!name.trim()} onClick={done}>
          {t("common.save")}
        </Button>
      }
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          done();
        }}
      >
        <Field label={t("sql.name")}>
          <Input autoFocus value={name} onChange={(e) => setName(e.target.value)} />
        </Field>
      </form>
    </Dialog>
  );
}
