export const home = {
  home: {
    description: "Put this URL and anon key into your code, and you can begin.",
    keys: {
      title: "Address and keys", url: "URL", urlHelp: "Where the services are", anon: "anon (public)", anonHelp: "Client key, may be shipped in an app", publishable: "publishable", publishableHelp: "Public key of the new form, works like anon",
      service: "service_role (secret)", serviceHelp: "Bypasses every policy; for servers only", secret: "secret (secret)", secretHelp: "Secret key of the new form", hidden: "The service_role and secret keys bypass every policy and stay hidden. Showing them is recorded in the audit log.", show: "Show secret keys",
      note: "The anon key is the API key of clients. It allows anonymous access to your database until a user signs in; from then on the user's own token is used. Enable row level security (RLS) on every table.",
    },
    snippets: { title: "Connect", install: "Install" },
    domains: {
      noSocket: "The WebSocket does not open", noSocketHint: "A proxy in front must pass the Upgrade header on.", title: "WeChat mini program domains", request: "request domain", socket: "socket domain", upload: "uploadFile domain", download: "downloadFile domain", ok: "Ready", dead: "No answer",
      short: { ok: "Ready", plain: "Needs https", local: "This machine", address: "Needs a name" },
      help: {
        ok: "Enter these four lines at mp.weixin.qq.com under development settings, server domains. The domain needs an ICP filing.",
        plain: "A published mini program needs https: put a reverse proxy with a certificate in front and start Hearth with --public-url https://your-domain. During development, turn off domain checks in WeChat DevTools under local settings.",
        local: "This address works in WeChat DevTools only: turn off domain checks under local settings. Phones and published programs need an https domain; start Hearth with --public-url https://your-domain.",
        address: "Mini programs refuse IP addresses. With debugging switched on, a phone accepts one for a while; a published program needs an https domain.",
      },
    },
    steps: {
      title: "Chat room tutorial",
      app: { title: "Create an application", help: "On the page My applications." },
      table: { title: "Table editor → New table messages", help: "Columns id, username, bgColor, text, created_at; tick Enable Realtime." },
      policies: { title: "SQL editor → New query, two policies", help: "Let everyone read and insert messages. The statements are under Templates on the left." },
      realtime: { title: "Database → Replication, enable Realtime", help: "Turn on insert, update, delete and truncate, open the table list, and switch messages on." },
      bucket: { title: "Storage → Create bucket", help: "Named images and public, so that pictures show by their address." },
      upload: { title: "Storage → Policies, let anyone send pictures", help: "Open the policies of images, choose the first template, save." },
      keys: { title: "Get the API keys", help: "Copy URL and anon key from this page into lib/supabase.js." },
      message: { title: "Compile the mini program and send a message", help: "Done when the first row appears in messages." },
    },
  },
};
