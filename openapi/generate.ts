/**
 * This file makes everything in generated/ from keyhold.yaml: the types, the document as a module for the server to serve
 * and validate with, and the table of problem codes. `npx tsx openapi/generate.ts` writes; with `--check` it only compares,
 * names what is stale and exits with 1. The same document gives the same bytes.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString, type OpenAPI3 } from "openapi-typescript";
import { parse } from "yaml";

const folder = new URL("./generated/", import.meta.url);
const source = new URL("./keyhold.yaml", import.meta.url);
const banner = "// Made from keyhold.yaml by generate.ts. Do not edit.\n";

type Node = { readonly [name: string]: Node | readonly (Node | string)[] | string | number | undefined };

/** The files of generated/ by name, made from the document on disk. */
export async function generate(): Promise<ReadonlyMap<string, string>> {
  const document: unknown = parse(await readFile(source, "utf8"), { merge: true, maxAliasCount: -1 });
  // Aliases became shared objects; the generator marks what it has visited, so it gets a tree of its own.
  const tree = JSON.parse(JSON.stringify(document)) as OpenAPI3;
  const types = await openapiTS(tree, {
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    immutable: true,
    defaultNonNullable: false,
    silent: true,
  });
  return new Map([
    ["types.ts", banner + astToString(types)],
    ["document.ts", documentModule(document)],
    ["problems.ts", problemsModule(document as Node)],
  ]);
}

function documentModule(document: unknown): string {
  const comment = "/** The OpenAPI document, as served under /openapi.json. */\n";
  return `${banner}\n${comment}export const document: Record<string, unknown> = ${JSON.stringify(document, null, 2)};\n`;
}

function problemsModule(document: Node): string {
  const schemas = child(child(document, "components"), "schemas");
  const rows = new Map<string, string>();
  for (const [name, schema] of Object.entries(schemas)) {
    const parts = (schema as Node)["allOf"];
    if (!name.endsWith("Problem") || !Array.isArray(parts)) continue;
    const properties = child(parts[1] as Node, "properties");
    const [code, status, title] = ["code", "status", "title"].map((property) => child(properties, property)["const"]);
    rows.set(String(code), `  ${code}: { status: ${status}, title: ${JSON.stringify(title)}, schema: ${JSON.stringify(name)} },`);
  }
  const codes = child(schemas, "ErrorCode")["enum"] as readonly string[];
  const missing = [...codes.filter((code) => !rows.has(code)), ...[...rows.keys()].filter((code) => !codes.includes(code))];
  if (missing.length > 0) throw new Error(`ErrorCode and the problem schemas disagree about ${missing.join(", ")}`);
  const watchCodes = child(schemas, "WatchErrorCode")["enum"] as readonly string[];
  return [
    banner,
    "/** Every problem code with its status, its title and the name of its schema. */",
    "export const problems = {",
    ...codes.map((code) => rows.get(code)),
    "} as const;",
    "",
    "/** Every code that ends a watch. */",
    `export const watchErrorCodes = ${JSON.stringify(watchCodes)} as const;`,
    "",
  ].join("\n");
}

function child(node: Node, name: string): Node {
  const found = node[name];
  if (typeof found !== "object" || Array.isArray(found)) throw new Error(`keyhold.yaml: no ${name} where one belongs`);
  return found as Node;
}

/** The names of generated files that differ from what the document gives now. */
export async function findStale(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [name, text] of await generate()) {
    const present = await readFile(new URL(name, folder), "utf8").catch(() => undefined);
    if (present !== text) stale.push(name);
  }
  return stale;
}

async function main(): Promise<void> {
  if (process.argv.includes("--check")) {
    const stale = await findStale();
    if (stale.length === 0) return;
    process.stderr.write(
      `stale: ${stale.map((name) => `openapi/generated/${name}`).join(", ")}; run npx tsx openapi/generate.ts\n`,
    );
    process.exitCode = 1;
    return;
  }
  await mkdir(folder, { recursive: true });
  for (const [name, text] of await generate()) await writeFile(new URL(name, folder), text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
