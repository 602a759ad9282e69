/**
 * This file holds the house in order: what no linter checks about folders, files, words and error codes.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

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

test("file names are kebab-case, and no drawer is called utils", () => {
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

test("every error code of the contract is in the problem table and provoked by a test", () => {
  const contract = parse(read("openapi/keyhold.yaml"), { merge: true, maxAliasCount: -1 }) as {
    components: { schemas: { ErrorCode: { enum: string[] } } };
  };
  const table = read("api/contract/problem.ts") + read("api/contract/membership-problem.ts");
  const tests = sources.filter((path) => path.startsWith("test/") && path !== "test/tidy.test.ts").map(read);
  const missing = contract.components.schemas.ErrorCode.enum.filter(
    (code) => !table.includes(`"${code}"`) || !tests.some((text) => text.includes(code)),
  );
  expect(missing).toEqual([]);
});
