/** Code for each client with this application's values filled in. */

export type Client = "wechat" | "js" | "uniapp" | "taro" | "python";

export interface Snippet {
  client: Client;
  /** Product names, the same in every language. */
  name: string;
  install: string;
  file: string;
  code: string;
}

export function snippets(url: string, key: string): Snippet[] {
  const q = (s: string) => JSON.stringify(s);
  const client = (from: string) => `import { createClient } from '${from}'

const url = ${q(url)}
const key = ${q(key)}

export const supabase = createClient(url, key)
`;
  return [
    {
      client: "wechat",
      name: "supabase-wechat-stable-v2",
      install: "npm install supabase-wechat-stable-v2",
      file: "lib/supabase.js",
      code: client("supabase-wechat-stable-v2"),
    },
    {
      client: "js",
      name: "supabase-js",
      install: "npm install @supabase/supabase-js",
      file: "supabase.js",
      code: `${client("@supabase/supabase-js")}
const { data, error } = await supabase.from('messages').select('*').limit(10)
`,
    },
    {
      client: "uniapp",
      name: "uni-app",
      install: "npm install supabase-wechat-stable-v2",
      file: "common/supabase.js",
      code: `${client("supabase-wechat-stable-v2")}
// pages/index/index.vue
// <script setup>
// import { ref, onMounted } from 'vue'
// import { supabase } from '@/common/supabase.js'
// const messages = ref([])
// onMounted(async () => {
//   const { data } = await supabase.from('messages').select('*').order('id')
//   messages.value = data ?? []
// })
// </script>
`,
    },
    {
      client: "taro",
      name: "Taro",
      install: "npm install supabase-wechat-stable-v2",
      file: "src/utils/supabase.ts",
      code: `${client("supabase-wechat-stable-v2")}
// src/pages/index/index.tsx
// import { useEffect, useState } from 'react'
// import { supabase } from '../../utils/supabase'
// const [messages, setMessages] = useState([])
// useEffect(() => {
//   supabase.from('messages').select('*').order('id').then(({ data }) => setMessages(data ?? []))
// }, [])
`,
    },
    {
      client: "python",
      name: "Python",
      install: "pip install supabase",
      file: "main.py",
      code: `from supabase import create_client

url = ${q(url)}
key = ${q(key)}
supabase = create_client(url, key)

rows = supabase.table("messages").select("*").limit(10).execute()
print(rows.data)
`,
    },
  ];
}

export interface Domain {
  kind: "request" | "socket" | "upload" | "download";
  value: string;
}

/** The four lines of a mini program's domain list. */
export function domains(url: string): Domain[] {
  let host = url;
  try {
    host = new URL(url).host;
  } catch {
    // Shown as it is.
  }
  return [
    { kind: "request", value: `https://${host}` },
    { kind: "socket", value: `wss://${host}` },
    { kind: "upload", value: `https://${host}` },
    { kind: "download", value: `https://${host}` },
  ];
}

export type DomainVerdict = "ok" | "plain" | "local" | "address";

/** What WeChat would say of an address: https, a name, not this machine. */
export function judge(url: string): DomainVerdict {
  try {
    const u = new URL(url);
    if (u.hostname === "localhost" || u.hostname.startsWith("127.")) return "local";
    if (/^[\d.]+$/.test(u.hostname) || u.hostname.startsWith("[")) return "address";
    return u.protocol === "https:" ? "ok" : "plain";
  } catch {
    return "plain";
  }
}
