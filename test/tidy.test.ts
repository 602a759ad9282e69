/**
 * This file keeps the source tree in order: what no linter checks about folders, files, docstrings, decisions and error codes.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { errorTable } from "../openapi/client/errors.ts";

const root = new URL("..", import.meta.url).pathname;
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const isGenerated = (path: string) => path.startsWith("openapi/generated/");
const sources = files.filter((path) => extname(path) === ".ts" && !isGenerated(path));
const prose = files.filter((path) => [".ts", ".md", ".yaml", ".yml"].includes(extname(path)) || basename(path) === "Makefile");

test("nothing lies at the top but what belongs there", () => {
  const allowed = [
    ...[".biome.json", ".ci", ".dockerignore", ".gitattributes", ".github", ".gitignore", ".nvmrc"],
    ...["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md"],
    ...["api", "deploy", "openapi", "package-lock.json", "package.json", "src", "test", "tsconfig.json"],
  ];
  const found = new Set(files.map((path) => path.split("/", 1)[0] ?? ""));
  expect([...found].filter((name) => !allowed.includes(name))).toEqual([]);
});

test("every room has a README of at most 15 lines", () => {
  const inSrc = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const rooms = ["api", "openapi", "deploy", "test", ...inSrc.map((entry) => `src/${entry.name}`)];
  const wrong = rooms.filter((room) => {
    const path = `${room}/README.md`;
    return !existsSync(join(root, path)) || read(path).trimEnd().split("\n").length > 15;
  });
  expect(wrong).toEqual([]);
});

test("no source file is longer than 400 lines", () => {
  const long = sources
    .map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});

test("every source file opens by saying what it does", () => {
  const opening = /^(#![^\n]*\n)?(\/\*\*\n \* This file (?:(?!\*\/)[\s\S])*?\*\/)\n/;
  const silent = sources.filter((path) => {
    const comment = opening.exec(read(path))?.[2];
    // Ten lines, and the two marks; a drawing, a list or a proof may follow, indented or as a paragraph.
    return comment === undefined || (comment.split(/\n \*(?:\n| {3})/, 1)[0] ?? "").split("\n").length > 12;
  });
  expect(silent).toEqual([]);
});

test("file names are kebab-case, and nothing is called utils", () => {
  const exempt =
    /(^|\/)(README|CHANGELOG|CONTRIBUTING|DECISIONS|GUIDE|METRICS|NUMBERS|PROOF|RUNBOOK|SETTINGS|LICENSE|Makefile|Dockerfile)(\.|$)/;
  const wrong = files.filter((path) => {
    const name = basename(path);
    const words = /^\.?[a-z0-9]+([.-][a-z0-9]+)*$/.test(name) || exempt.test(path);
    return !words || /(^|\/)(utils?|helpers?|common|misc|shared)(\.ts)?(\/|$)/.test(path);
  });
  expect(wrong).toEqual([]);
});

const banned = [
  { what: "work put off", pattern: new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`) },
  { what: "a silenced compiler", pattern: new RegExp(`@ts-${"(ignore|nocheck)"}`) },
  { what: "a test that runs alone", pattern: new RegExp(`\\b(test|it|describe)\\.${"only"}\\(`) },
  {
    what: "a path of somebody's machine",
    pattern: new RegExp(`(^|[\\s"'\`(])/(${["ho" + "me", "wo" + "rk", "Us" + "ers"].join("|")})/`, "m"),
  },
  // Written by code points, so that this file passes its own test.
  { what: "emoji or typographic quotes", pattern: /[\u{1f300}-\u{1faff}\u2018\u2019\u201c\u201d\u2013\u2014]/u },
];
for (const { what, pattern } of banned) {
  test(`no file holds ${what}`, () => {
    // Tests of text need odd characters.
    const looked = what.startsWith("emoji") ? prose.filter((path) => !path.startsWith("test/")) : prose;
    expect(looked.filter((path) => pattern.test(read(path)))).toEqual([]);
  });
}

test("imports within the project name the file with its ending", () => {
  const bare = /from "(\.{1,2}\/[^"]*)"/g;
  const wrong = sources.flatMap((path) =>
    [...read(path).matchAll(bare)]
      .filter((match) => !/\.(ts|json|js)$/.test(match[1] ?? ""))
      .map((match) => `${path}: ${match[1]}`),
  );
  expect(wrong).toEqual([]);
});

/** The source files under one of `rooms`, parsed. */
function parsed(rooms: readonly string[]): readonly ts.SourceFile[] {
  return sources
    .filter((path) => rooms.some((room) => path.startsWith(`${room}/`)))
    .map((path) => ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true));
}

/** The exported declarations of a file, and whether a docstring stands before them: the comment of the file is none. */
function exportsOf(file: ts.SourceFile): readonly { readonly name: string; readonly hasDocstring: boolean }[] {
  const found = new Map<string, boolean>();
  for (const statement of file.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    const docstrings = ts.getJSDocCommentsAndTags(statement).filter((node) => !/^\/\*\*\s*\*? ?This file /.test(node.getText()));
    // Of several signatures of one function, the first has the docstring.
    for (const name of namesOf(statement)) found.set(name, (found.get(name) ?? false) || docstrings.length > 0);
  }
  return [...found].map(([name, hasDocstring]) => ({ name, hasDocstring }));
}

function namesOf(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return [name?.text ?? "a statement without a name"];
}

test("every exported name of src, api, openapi/client and test has a docstring", () => {
  const missing = parsed(["src", "api", "openapi/client", "test"]).flatMap((file) =>
    exportsOf(file)
      .filter(({ hasDocstring }) => !hasDocstring)
      .map(({ name }) => `${file.fileName}: ${name}`),
  );
  expect(missing).toEqual([]);
});

test("an export without a docstring is found, and the comment of its file is none", () => {
  const text =
    "/** This file is a. */\nexport const a = 1, b = 2;\n/** C. */\nexport function c(): void;\nexport function c(): void {}\n";
  expect(exportsOf(ts.createSourceFile("a.ts", text, ts.ScriptTarget.Latest, true))).toEqual([
    { name: "a", hasDocstring: false },
    { name: "b", hasDocstring: false },
    { name: "c", hasDocstring: true },
  ]);
});

/** The docstrings of a text that stand directly before another one, so that nothing is theirs; the comment of a file is none. */
function lostDocstrings(text: string): readonly string[] {
  const docstring = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/(?=\s*\/\*\*)/g;
  return [...text.matchAll(docstring)].map(([found]) => found).filter((found) => !/^\/\*\*\s*\*? ?This file /.test(found));
}

test("no docstring stands before another one", () => {
  expect(lostDocstrings("/** This file is a. */\n\n/** B. */\nconst b = 1;\n/** C. */\n  /**\n * D. */\nconst d = 2;\n")).toEqual(
    ["/** C. */"],
  );
  const lost = sources
    .filter((path) => path !== "test/tidy.test.ts")
    .flatMap((path) => lostDocstrings(read(path)).map((found) => `${path}: ${found}`));
  expect(lost).toEqual([]);
});

const decisions = [...read("src/DECISIONS.md").matchAll(/^## (\d+)\. /gm)].map((match) => Number(match[1]));

test("decisions are numbered from 1 without a gap", () => {
  expect(decisions).toEqual(decisions.map((_, position) => position + 1));
});

test("every decision that the code names exists, and is named in one way", () => {
  // Such as `DECISIONS 12`, `DECISIONS 12 and 13`, `DECISIONS 20 to 22, 46, 54`.
  const named = /\bDECISIONS (\d+(?:(?:, | and | to )\d+)*)/g;
  const wrong: string[] = [];
  let count = 0;
  for (const path of sources.filter((each) => each !== "test/tidy.test.ts")) {
    const text = read(path);
    if (/\bDECISION \d/.test(text)) wrong.push(`${path}: write DECISIONS`);
    for (const match of text.matchAll(named)) {
      for (const number of (match[1] ?? "").match(/\d+/g) ?? []) {
        count += 1;
        if (!decisions.includes(Number(number))) wrong.push(`${path}: ${number}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(50);
});

const contract = parse(read("openapi/keyhold.yaml"), { merge: true, maxAliasCount: -1 }) as {
  components: { schemas: Record<"ErrorCode" | "WatchErrorCode", { enum: string[] }> };
};
const codes = { ofRest: contract.components.schemas.ErrorCode.enum, ofWatches: contract.components.schemas.WatchErrorCode.enum };

test("every error code of the contract is in the problem table and provoked by a test", () => {
  const table = read("api/contract/problem.ts") + read("api/contract/membership-problem.ts");
  const tests = sources.filter((path) => path.startsWith("test/") && path !== "test/tidy.test.ts").map(read);
  const missing = codes.ofRest.filter((code) => !table.includes(`"${code}"`) || !tests.some((text) => text.includes(code)));
  expect(missing).toEqual([]);
});

test("every error code that the API or the client uses is in the contract", () => {
  const used = parsed(["api"]).flatMap((file) => {
    const table = file.fileName.endsWith("problem.ts");
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      // `code: "x"` anywhere; in the problem table, which maps errors to codes, every property.
      if (ts.isPropertyAssignment(node) && ts.isStringLiteral(node.initializer)) {
        if (node.name.getText(file) === "code" || (table && /^[a-z]+(_[a-z]+)*$/.test(node.initializer.text))) {
          found.push(node.initializer.text);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
    return found;
  });
  const known = new Set([...codes.ofRest, ...codes.ofWatches]);
  expect([...new Set(used)].filter((code) => !known.has(code))).toEqual([]);
  expect(new Set(used).size).toBeGreaterThan(40);

  const ofClientOnly = ["unreachable", "aborted", "bad_response", "lock_lost"];
  expect(Object.keys(errorTable).sort()).toEqual([...new Set([...known, ...ofClientOnly])].sort());
});
