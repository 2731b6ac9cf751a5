/** A mail as it would arrive, in a frame that runs nothing and reaches nothing. */
export function MailFrame({ html, title }: { html: string; title: string }) {
  return <iframe title={title} sandbox="" srcDoc={`<meta charset="utf-8"><base target="_blank">${html}`} className="h-96 w-full rounded-md border bg-white" />;
}
