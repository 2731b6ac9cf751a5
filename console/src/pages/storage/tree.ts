import type { Rest } from "@/api/rest";
import { listObjects } from "@/api/storage";

/** Every file below a folder. */
export async function allUnder(rest: Rest, bucket: string, folder: string): Promise<string[]> {
  const out: string[] = [];
  const todo = [folder];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    for (let offset = 0; ; offset += 1000) {
      const part = await listObjects(rest, bucket, at, { sort: { column: "name", order: "asc" }, limit: 1000, offset });
      for (const e of part) (e.id === null ? todo : out).push(`${at}/${e.name}`);
      if (part.length < 1000) break;
    }
  }
  return out;
}
