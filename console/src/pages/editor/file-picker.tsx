import { FileUp } from "lucide-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button, Select, Spinner, Textarea } from "@/components/ui/base";
import { ErrorBox } from "@/components/ui/feedback";
import { BadFile, parseText, readFile, type Parsed } from "./file-rows";

export interface Chosen {
  /** Name of the file; empty for pasted text. */
  file: string;
  data: Parsed;
}

/** Reads rows out of a file or of pasted text, and lets choose the sheet where there are several. */
export function FilePicker({ onChosen }: { onChosen: (chosen: Chosen | null) => void }) {
  const { t } = useTranslation();
  const picker = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState("");
  const [sheets, setSheets] = useState<Parsed[]>([]);
  const [sheet, setSheet] = useState(0);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = async (name: string, read: () => Promise<Parsed[]> | Parsed[]) => {
    setError(null);
    setBusy(true);
    try {
      const found = await read();
      setSheets(found);
      setSheet(0);
      onChosen(found[0] ? { file: name, data: found[0] } : null);
    } catch (e) {
      setSheets([]);
      onChosen(null);
      setError(e instanceof BadFile ? new Error(t(e.key)) : e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="space-y-3">
      <div className="flex flex-wrap items-center gap-3">
        <Button icon={<FileUp size={14} />} onClick={() => picker.current?.click()}>
          {t("editor.chooseFile")}
        </Button>
        <span className="min-w-0 truncate text-sm text-muted">{file}</span>
        {sheets.length > 1 && (
          <Select
            aria-label={t("editor.importSheet")}
            className="w-48"
            value={sheet}
            onChange={(e) => {
              const index = Number(e.target.value);
              const data = sheets[index];
              setSheet(index);
              if (data) onChosen({ file, data });
            }}
          >
            {sheets.map((s, i) => (
              <option key={i} value={i}>
                {s.name}
              </option>
            ))}
          </Select>
        )}
      </div>
      <input
        ref={picker}
        hidden
        type="file"
        accept=".csv,.tsv,.txt,.json,.xlsx,text/csv,application/json"
        onChange={(e) => {
          const chosen = e.target.files?.[0];
          e.target.value = "";
          if (!chosen) return;
          setFile(chosen.name);
          void take(chosen.name, () => readFile(chosen));
        }}
      />
      {file === "" && (
        <Textarea
          placeholder={t("editor.pasteHere")}
          aria-label={t("editor.pasteHere")}
          rows={4}
          className="font-mono text-xs"
          onChange={(e) => {
            const text = e.target.value;
            if (text.trim() === "") onChosen(null);
            else void take("", () => [parseText(text)]);
          }}
        />
      )}
      {busy && <Spinner />}
      <ErrorBox error={error} />
    </div>
  );
}
