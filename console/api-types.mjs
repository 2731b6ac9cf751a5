// The types of the console's API, out of its description (src/api/openapi.json).
//
//   node api-types.mjs            writes src/api/schema.ts
//
// The description itself comes from the server's code: `npm run api` does both.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { generateApi } from "swagger-typescript-api";

export const file = join(import.meta.dirname, "src/api/schema.ts");

/** The text of src/api/schema.ts as it should be. */
export async function types() {
  const { files } = await generateApi({
    input: join(import.meta.dirname, "src/api/openapi.json"),
    output: false,
    silent: true,
    generateClient: false,
    generateUnionEnums: true,
    sortTypes: true,
  });
  const text = files.map((f) => f.fileContent).join("\n");
  // The generator's banner switches checks off; these types are checked like any others.
  const body = text.replace(/^(\/\*[\s\S]*?\*\/|\/\/.*|\s)*/, "");
  return `/* Made by api-types.mjs out of openapi.json. Not to be edited. */\n\n${body.trim()}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(file, await types());
