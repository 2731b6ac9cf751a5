import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { PostgreSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef, type RefObject } from "react";

export interface Mark {
  /** 0-based offset into the text. */
  at: number;
  message: string;
}

/** Colours come from the page's variables, so that light and dark need no second theme. */
const theme = EditorView.theme({
  "&": { backgroundColor: "var(--panel)", color: "var(--text)" },
  ".cm-content": { fontFamily: "var(--font-mono, ui-monospace, monospace)", caretColor: "var(--text)", padding: "8px 0" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--panel)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--hover) 55%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent)" },
  ".cm-tooltip": { backgroundColor: "var(--panel)", border: "1px solid var(--line-strong)", borderRadius: "6px", color: "var(--text)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--accent-fg)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)" },
  ".cm-diagnostic-error": { borderLeft: "3px solid var(--danger)" },
});
const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--info)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--faint)", fontStyle: "italic" },
  { tag: tags.typeName, color: "var(--warn)" },
]);

export interface EditorHandle {
  /** Lays the selection, or all of it, out anew. */
  format: () => void;
  /** The selected text, or all of it, with where it begins. */
  chosen: () => { sql: string; from: number };
}

function chosenIn(v: EditorView): { sql: string; from: number } {
  const s = v.state.selection.main;
  return s.empty ? { sql: v.state.doc.toString(), from: 0 } : { sql: v.state.sliceDoc(s.from, s.to), from: s.from };
}

/** SQL that the formatter does not understand stays as it is. */
async function layOut(v: EditorView): Promise<void> {
  const { sql: text, from } = chosenIn(v);
  const { format } = await import("sql-formatter");
  try {
    const laid = format(text, { language: "postgresql", keywordCase: "preserve", tabWidth: 2 });
    if (laid !== text) v.dispatch({ changes: { from, to: from + text.length, insert: laid } });
  } catch {
    // Half a statement has no layout.
  }
}

export default function CodeEditor(props: {
  value: string;
  onChange: (value: string) => void;
  /** The selection, or everything, with where it begins. */
  onRun?: (sql: string, from: number) => void;
  onSave?: () => void;
  schema?: SQLNamespace;
  mark?: Mark | null;
  hint?: string;
  readOnly?: boolean;
  handle?: RefObject<EditorHandle | null>;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const now = useRef(props);
  now.current = props;
  const language = useRef(new Compartment());

  useEffect(() => {
    if (!host.current) return undefined;
    const run = (v: EditorView) => {
      const { sql: text, from } = chosenIn(v);
      closeCompletion(v);
      now.current.onRun?.(text, from);
      return true;
    };
    const v = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: now.current.value,
        extensions: [
          Prec.highest(
            keymap.of([
              { key: "Mod-Enter", run },
              {
                key: "Shift-Alt-f",
                preventDefault: true,
                run: (v) => {
                  void layOut(v);
                  return true;
                },
              },
              {
                key: "Mod-s",
                preventDefault: true,
                run: () => {
                  now.current.onSave?.();
                  return true;
                },
              },
            ]),
          ),
          lineNumbers(),
          highlightActiveLineGutter(),
          highlightActiveLine(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          highlightSelectionMatches(),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorState.readOnly.of(now.current.readOnly ?? false),
          placeholder(now.current.hint ?? ""),
          language.current.of(sql({ dialect: PostgreSQL, upperCaseKeywords: false })),
          theme,
          syntaxHighlighting(colours),
          EditorView.updateListener.of((u) => {
            if (u.docChanged) now.current.onChange(u.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = v;
    if (now.current.handle) now.current.handle.current = { chosen: () => chosenIn(v), format: () => void layOut(v) };
    v.focus();
    return () => v.destroy();
  }, []);

  useEffect(() => {
    const v = view.current;
    if (v && v.state.doc.toString() !== props.value) v.dispatch({ changes: { from: 0, to: v.state.doc.length, insert: props.value } });
  }, [props.value]);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(sql({ dialect: PostgreSQL, schema: props.schema, defaultSchema: "public" })) });
  }, [props.schema]);

  useEffect(() => {
    const v = view.current;
    if (!v) return;
    const m = props.mark;
    if (!m || m.at > v.state.doc.length) {
      v.dispatch(setDiagnostics(v.state, []));
      return;
    }
    const word = /^\w+|^./.exec(v.state.sliceDoc(m.at, m.at + 80))?.[0].length ?? 1;
    v.dispatch(setDiagnostics(v.state, [{ from: m.at, to: Math.min(v.state.doc.length, m.at + word), severity: "error", message: m.message }]));
    v.dispatch({ effects: EditorView.scrollIntoView(m.at, { y: "center" }) });
  }, [props.mark]);

  return <div ref={host} className="h-full min-h-0 overflow-hidden" />;
}
