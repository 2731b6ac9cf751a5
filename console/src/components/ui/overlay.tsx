import clsx from "clsx";
import { X } from "lucide-react";
import { Dialog as Radix, DropdownMenu } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./base";

interface Shell {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  footer?: ReactNode;
}

/** A dialog in the middle. */
export function Dialog({ open, onClose, title, description, children, footer, wide }: Shell & { wide?: boolean }) {
  return (
    <Radix.Root open={open} onOpenChange={(o) => !o && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          className={clsx(
            "fixed top-1/2 left-1/2 z-50 flex max-h-[90dvh] w-[calc(100vw-24px)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-lg border bg-panel shadow-2xl outline-none",
            wide ? "max-w-3xl" : "max-w-md",
          )}
        >
          <Head title={title} description={description} />
          <div className="scroll-thin min-h-0 overflow-y-auto px-5 py-4">{children}</div>
          {footer && <div className="flex justify-end gap-2 border-t px-5 py-3">{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** A panel from the right, full height: forms with many fields. */
export function Sheet({ open, onClose, title, description, children, footer, wide }: Shell & { wide?: boolean }) {
  return (
    <Radix.Root open={open} onOpenChange={(o) => !o && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          {...(description ? {} : { "aria-describedby": undefined })}
          onInteractOutside={(e) => e.preventDefault()}
          className={clsx("fixed inset-y-0 right-0 z-50 flex w-full flex-col border-l bg-panel shadow-2xl outline-none", wide ? "max-w-[880px]" : "max-w-[520px]")}
        >
          <Head title={title} description={description} />
          <div className="scroll-thin min-h-0 flex-1 overflow-y-auto px-5 py-4">{children}</div>
          {footer && <div className="flex justify-end gap-2 border-t px-5 py-3">{footer}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Head({ title, description }: { title: ReactNode; description?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className="flex items-start gap-3 border-b px-5 py-3.5">
      <div className="min-w-0 flex-1">
        <Radix.Title className="text-base font-semibold break-words">{title}</Radix.Title>
        {description && <Radix.Description className="mt-0.5 text-sm text-muted">{description}</Radix.Description>}
      </div>
      <Radix.Close asChild>
        <IconButton label={t("common.close")}>
          <X size={16} />
        </IconButton>
      </Radix.Close>
    </div>
  );
}

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

export function Menu({ trigger, items, align = "end" }: { trigger: ReactNode; items: (MenuItem | "line")[]; align?: "start" | "end" }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align={align} sideOffset={4} className="z-50 min-w-40 rounded-md border bg-panel p-1 shadow-lg">
          {items.map((item, i) =>
            item === "line" ? (
              <DropdownMenu.Separator key={i} className="my-1 h-px bg-line" />
            ) : (
              <DropdownMenu.Item
                key={i}
                disabled={item.disabled}
                onSelect={item.onSelect}
                className={clsx(
                  "flex cursor-pointer items-center gap-2 rounded px-2 py-1.5 text-sm outline-none data-[disabled]:opacity-40 data-[highlighted]:bg-hover",
                  item.danger && "text-danger",
                )}
              >
                {item.icon}
                {item.label}
              </DropdownMenu.Item>
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
