import clsx from "clsx";
import { LoaderCircle } from "lucide-react";
import { cloneElement, useId, type ButtonHTMLAttributes, type ComponentProps, type InputHTMLAttributes, type ReactElement, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import { Switch as RadixSwitch, Checkbox as RadixCheckbox } from "radix-ui";
import { Check } from "lucide-react";

type Variant = "primary" | "plain" | "ghost" | "danger";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  variant?: Variant;
  size?: "sm" | "md";
  busy?: boolean;
  icon?: ReactNode;
}

const variants: Record<Variant, string> = {
  primary: "bg-accent text-accent-fg hover:bg-accent-hover border-transparent",
  plain: "bg-panel text-text hover:bg-hover border-line-strong",
  ghost: "bg-transparent text-muted hover:bg-hover hover:text-text border-transparent",
  danger: "bg-danger text-white dark:text-black hover:opacity-90 border-transparent",
};

export function Button({ variant = "plain", size = "md", busy, icon, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      className={clsx(
        "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors disabled:opacity-50",
        size === "sm" ? "px-2 text-xs" : "px-3 text-sm",
        !/(^| )h-/.test(className ?? "") && (size === "sm" ? "h-7" : "h-8"),
        variants[variant],
        className,
      )}
      {...rest}
    >
      {busy ? <LoaderCircle size={14} className="animate-spin" /> : icon}
      {children}
    </button>
  );
}

export function IconButton({ label, className, children, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={clsx(
        "inline-flex shrink-0 items-center justify-center rounded-md hover:bg-hover hover:text-text disabled:opacity-40",
        !/(^| )size-/.test(className ?? "") && "size-7",
        !/(^| )text-/.test(className ?? "") && "text-muted",
        className,
      )}
      {...rest}
    >
      {children}
    </button>
  );
}

const field = "rounded-md border border-line-strong bg-panel text-text disabled:opacity-60 aria-[invalid=true]:border-danger";

/** Defaults that a caller's class of the same kind replaces: CSS order would not decide for it. */
function sized(className: string | undefined, height: string): string {
  const own = ` ${className ?? ""}`;
  return clsx(
    field,
    !/ w-/.test(own) && "w-full",
    !/ h-/.test(own) && height,
    !/ text-(xs|sm|base)/.test(own) && "text-sm",
    / pl-/.test(own) ? "pr-2.5" : "px-2.5",
    className,
  );
}

export function Input({ className, ...rest }: InputHTMLAttributes<HTMLInputElement> & ComponentProps<"input">) {
  return <input autoComplete="off" spellCheck={false} className={sized(className, "h-8")} {...rest} />;
}

export function Textarea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea spellCheck={false} className={sized(className, "scroll-thin min-h-20 py-1.5")} {...rest} />;
}

export function Select({ className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className={sized(className, "h-8")} {...rest} />;
}

/** Label above, help and error below; the control is the child and gets the label's id. */
export function Field({ label, help, error, children, className }: { label: ReactNode; help?: ReactNode; error?: string; children: ReactElement<{ id?: string; "aria-describedby"?: string }>; className?: string }) {
  const id = useId();
  const note = error ?? help;
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block text-sm font-medium">
        {label}
      </label>
      {cloneElement(children, { id, ...(note ? { "aria-describedby": `${id}-note` } : {}) })}
      {note && (
        <span id={`${id}-note`} className={clsx("mt-1 block text-xs", error ? "text-danger" : "text-muted")}>
          {note}
        </span>
      )}
    </div>
  );
}

export function Switch({ checked, onChange, label, disabled }: { checked: boolean; onChange: (on: boolean) => void; label: string; disabled?: boolean }) {
  return (
    <RadixSwitch.Root
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      aria-label={label}
      className="relative h-[18px] w-8 shrink-0 rounded-full bg-line-strong transition-colors disabled:opacity-50 data-[state=checked]:bg-ok"
    >
      <RadixSwitch.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-white shadow transition-transform data-[state=checked]:translate-x-4" />
    </RadixSwitch.Root>
  );
}

export function Checkbox({ checked, onChange, label, hideLabel, disabled, help }: { checked: boolean; onChange: (on: boolean) => void; label: string; hideLabel?: boolean; disabled?: boolean; help?: string }) {
  const box = (
    <RadixCheckbox.Root
      checked={checked}
      disabled={disabled}
      onCheckedChange={(v) => onChange(v === true)}
      aria-label={label}
      className="flex size-4 shrink-0 items-center justify-center rounded border border-line-strong bg-panel text-accent-fg disabled:opacity-50 data-[state=checked]:border-accent data-[state=checked]:bg-accent"
    >
      <RadixCheckbox.Indicator>
        <Check size={12} strokeWidth={3} />
      </RadixCheckbox.Indicator>
    </RadixCheckbox.Root>
  );
  if (hideLabel) return box;
  return (
    <div className="flex items-start gap-2">
      <span className="mt-0.5 flex">{box}</span>
      <span className="min-w-0">
        <button type="button" tabIndex={-1} disabled={disabled} className="text-left text-sm" onClick={() => onChange(!checked)}>
          {label}
        </button>
        {help && <span className="block text-xs text-muted">{help}</span>}
      </span>
    </div>
  );
}

type Tone = "neutral" | "ok" | "warn" | "danger" | "accent" | "info";
const tones: Record<Tone, string> = {
  neutral: "bg-raised text-muted",
  ok: "bg-ok-soft text-ok",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  accent: "bg-accent-soft text-accent",
  info: "bg-info-soft text-info",
};

export function Badge({ tone = "neutral", children, title }: { tone?: Tone; children: ReactNode; title?: string }) {
  return (
    <span title={title} className={clsx("inline-flex items-center rounded px-1.5 py-px text-xs font-medium whitespace-nowrap", tones[tone])}>
      {children}
    </span>
  );
}

export function Spinner({ label }: { label?: string }) {
  return (
    <div role="status" className="flex items-center justify-center gap-2 p-8 text-muted">
      <LoaderCircle size={16} className="animate-spin" />
      {label}
    </div>
  );
}

export function Progress({ value, label }: { value: number; label?: string }) {
  return (
    <div>
      <div role="progressbar" aria-valuenow={Math.round(value * 100)} aria-valuemin={0} aria-valuemax={100} aria-label={label} className="h-1.5 overflow-hidden rounded bg-raised">
        <div className="h-full bg-accent transition-[width]" style={{ width: `${Math.min(100, value * 100)}%` }} />
      </div>
      {label && <div className="mt-1 text-xs text-muted">{label}</div>}
    </div>
  );
}
