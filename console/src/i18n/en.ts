import type { Catalogue } from "./zh";
import { auth } from "./en/auth";
import { editor } from "./en/editor";
import { home } from "./en/home";
import { manage } from "./en/manage";
import { operation } from "./en/operation";
import { shell } from "./en/shell";
import { tools } from "./en/tools";

export const en: Catalogue = { ...shell, ...home, ...editor, ...tools, ...manage, ...operation, ...auth };
