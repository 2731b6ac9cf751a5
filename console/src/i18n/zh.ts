import { auth } from "./zh/auth";
import { editor } from "./zh/editor";
import { home } from "./zh/home";
import { manage } from "./zh/manage";
import { operation } from "./zh/operation";
import { shell } from "./zh/shell";
import { tools } from "./zh/tools";

/** The catalogue that decides which keys there are. */
export const zh = { ...shell, ...home, ...editor, ...tools, ...manage, ...operation, ...auth };

type Texts<T> = { readonly [K in keyof T]: T[K] extends string ? string : Texts<T[K]> };
export type Catalogue = Texts<typeof zh>;
