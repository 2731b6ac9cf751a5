import clsx from "clsx";
import { CircleAlert, CircleCheck, Copy, Check, X } from "lucide-react";
import { createContext, use, useCallback, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/client";
import { Button, IconButton, Input } from "./base";
import { Dialog } from "./overlay";

/** What to do about a refusal: the server's hint, or what is known of the code. PostgreSQL says what is wrong and not always what helps. */
export function useHint(error: ApiError | null): string | undefined {
  const { t, i18n } = useTranslation();
  if (!error) return undefined;
  if (error.hint) return error.hint;
  return i18n.exists(`error.hints.${error.code}`) ? t(`error.hints.${error.code}` as "error.hint") : undefined;
}

/** The server's words, its hint and its code. */
export function ErrorBox({ error, onRetry, className }: { error: unknown; onRetry?: () => void; className?: string }) {
  const { t } = useTranslation();
  const e = error instanceof ApiError ? error : null;
  const message = error instanceof Error ? error.message : String(error);
  const hint = useHint(e);
  if (!error) return null;
  return (
    <div role="alert" className={clsx("flex gap-2 rounded-md border border-danger/30 bg-danger-soft px-3 py-2 text-sm", className)}>
      <CircleAlert size={16} className="mt-0.5 shrink-0 text-danger" />
      <div className="min-w-0 flex-1 break-words">
        <div className="font-medium text-danger">{message}</div>
        {e?.details && <div className="mt-0.5 whitespace-pre-wrap">{e.details}</div>}
        {hint && (
          <div className="mt-0.5 text-muted">
            {t("error.hint")}
            {hint}
          </div>
        )}
        {e && e.code !== "unreachable" && <div className="mt-0.5 font-mono text-xs text-muted">{e.code}</div>}
      </div>
      {onRetry && (
        <Button size="sm" onClick={onRetry}>
          {t("common.retry")}
        </Button>
      )}
    </div>
  );
}

/** An empty list says what it is for and what to do. */
export function Empty({ icon, title, children, action }: { icon?: ReactNode; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center justify-center px-6 py-14 text-center">
      {icon && <div className="mb-3 text-faint">{icon}</div>}
      <div className="text-base font-medium">{title}</div>
      {children && <div className="mt-1 max-w-md text-sm text-muted">{children}</div>}
      {action && <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div>}
    </div>
  );
}

export function useCopy(): [boolean, (text: string) => void] {
  const [done, setDone] = useState(false);
  const copy = useCallback((text: string) => {
    const finish = () => {
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    };
    if (navigator.clipboard) void navigator.clipboard.writeText(text).then(finish, () => undefined);
    else {
      // Plain http on a LAN address has no clipboard API.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
      finish();
    }
  }, []);
  return [done, copy];
}

export function CopyButton({ text, label, onCopied, compact }: { text: string; label?: string; onCopied?: () => void; compact?: boolean }) {
  const { t } = useTranslation();
  const [done, copy] = useCopy();
  const act = () => {
    copy(text);
    onCopied?.();
  };
  const icon = done ? <Check size={14} className="text-ok" /> : <Copy size={14} />;
  if (compact)
    return (
      <IconButton label={label ?? t("common.copy")} onClick={act}>
        {icon}
      </IconButton>
    );
  return (
    <Button size="sm" onClick={act} icon={icon}>
      {done ? t("common.copied") : (label ?? t("common.copy"))}
    </Button>
  );
}

interface Ask {
  title: string;
  body: ReactNode;
  action: string;
  danger?: boolean;
  /** Must be typed before the act is possible. */
  typed?: string;
}
interface Feedback {
  toast: (message: string) => void;
  fail: (error: unknown) => void;
  confirm: (ask: Ask) => Promise<boolean>;
}
const Context = createContext<Feedback | null>(null);

export function useFeedback(): Feedback {
  const value = use(Context);
  if (!value) throw new Error("outside FeedbackProvider");
  return value;
}

interface Note {
  id: number;
  message?: string;
  error?: unknown;
}

/** Toasts and confirmations for the whole page. */
export function FeedbackProvider({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [notes, setNotes] = useState<Note[]>([]);
  const [ask, setAsk] = useState<(Ask & { answer: (yes: boolean) => void }) | null>(null);
  const [typed, setTyped] = useState("");
  const next = useRef(1);

  const add = useCallback((note: Omit<Note, "id">, ms: number) => {
    const id = next.current++;
    setNotes((n) => [...n.slice(-3), { ...note, id }]);
    setTimeout(() => setNotes((n) => n.filter((x) => x.id !== id)), ms);
  }, []);
  const value = useMemo<Feedback>(
    () => ({
      toast: (message) => add({ message }, 3000),
      fail: (error) => add({ error }, 9000),
      confirm: (a) =>
        new Promise((resolve) => {
          setTyped("");
          setAsk({ ...a, answer: resolve });
        }),
    }),
    [add],
  );
  const answer = (yes: boolean) => {
    ask?.answer(yes);
    setAsk(null);
  };
  return (
    <Context value={value}>
      {children}
      <Dialog
        open={ask !== null}
        onClose={() => answer(false)}
        title={ask?.title ?? ""}
        footer={
          <>
            <Button onClick={() => answer(false)}>{t("common.cancel")}</Button>
            <Button
              autoFocus={!ask?.typed}
              variant={ask?.danger ? "danger" : "primary"}
              disabled={ask?.typed !== undefined && typed !== ask.typed}
              onClick={() => answer(true)}
            >
              {ask?.action}
            </Button>
          </>
        }
      >
        <form
          className="space-y-3 text-sm break-words"
          onSubmit={(e) => {
            e.preventDefault();
            if (ask?.typed === undefined || typed === ask.typed) answer(true);
          }}
        >
          <div>{ask?.body}</div>
          {ask?.typed !== undefined && (
            <label className="block">
              <span className="mb-1 block text-muted">{t("common.typeToConfirm", { text: ask.typed })}</span>
              <Input autoFocus value={typed} onChange={(e) => setTyped(e.target.value)} />
            </label>
          )}
        </form>
      </Dialog>
      <div aria-live="polite" className="fixed bottom-4 left-4 z-60 flex w-[min(380px,calc(100vw-32px))] flex-col gap-2">
        {notes.map((n) =>
          n.error ? (
            <ErrorBox key={n.id} error={n.error} className="shadow-lg" />
          ) : (
            <div key={n.id} className="flex items-start gap-2 rounded-md border bg-panel px-3 py-2 text-sm shadow-lg">
              <CircleCheck size={16} className="mt-0.5 shrink-0 text-ok" />
              <span className="min-w-0 flex-1 break-words">{n.message}</span>
              <button type="button" aria-label={t("common.close")} onClick={() => setNotes((x) => x.filter((y) => y.id !== n.id))}>
                <X size={14} />
              </button>
            </div>
          ),
        )}
      </div>
    </Context>
  );
}
