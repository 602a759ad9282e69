/**
 * This file compiles the examples in the docstrings of the client against its public interface.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { sourceFiles } from "../walls/source-files.ts";

const root = new URL("../..", import.meta.url).pathname;
const virtual = join(root, "openapi/client/examples.virtual.ts");

/** The code of every `@example` in the client, by the file that it stands in. */
function examples(): readonly { readonly path: string; readonly code: string }[] {
  return sourceFiles(root)
    .filter((path) => path.startsWith("openapi/client/"))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return [...text.matchAll(/@example\n \* ```ts\n([\s\S]*?)\n \* ```/g)].map((match) => ({
        path,
        code: (match[1] ?? "").replace(/^ \* ?/gm, ""),
      }));
    });
}

test("every example in the client's docstrings compiles", { timeout: 120_000 }, () => {
  const found = examples();
  expect(found.length).toBeGreaterThanOrEqual(7);
  const text = [
    'import { createClient, type KeyholdClient } from "./index.ts";',
    "declare const client: KeyholdClient;",
    ...found.map(({ path, code }, position) => {
      const shadowed = code.includes("const client =") ? "" : "void client;";
      return `export async function example${position}(): Promise<void> {\n// ${path}\n${shadowed}\n${code}\n}`;
    }),
    "void createClient;",
  ].join("\n");

  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const host = ts.createCompilerHost({ ...options, noEmit: true });
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === virtual || fileExists(name);
  host.readFile = (name) => (name === virtual ? text : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === virtual ? ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true) : getSourceFile(name, ...rest);
  const program = ts.createProgram({ rootNames: [virtual], options: { ...options, noEmit: true, incremental: false }, host });
  const source = program.getSourceFile(virtual);
  const wrong = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  expect(wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
});
