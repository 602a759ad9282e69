/**
 * This file reads the pages of the documentation: which there are, their links, and the fenced blocks that a test runs.
 *
 *   ```sh run             run in the shell of the page, from the root of the checkout; it ends by itself
 *   ```js run watch.mjs   saved under this name and started; it may run on
 *   ```json output        all that the shell block before it printed; `...` stands for any text within a line
 *   ```text output unordered      the same, its lines in any order
 *   ```text output watch.mjs      what this program prints next
 *
 * Any other block is only shown.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The pages that are run, in the order in which a newcomer meets them. */
export const runnablePages = ["README.md", "openapi/GUIDE.md", "openapi/client/README.md"] as const;

/** A fenced block that a test runs, or compares with what came out. */
export type Block = {
  /** `README.md:35`, for messages. */
  readonly place: string;
  readonly kind: "run" | "output";
  readonly language: string;
  /** The name of a program, or how output is compared; empty when there is neither. */
  readonly name: string;
  readonly text: string;
};

/** Every Markdown page of the checkout, by its path. */
export function allPages(): readonly string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"];
  const files = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n");
  return files.filter((path) => path !== "" && existsSync(join(root, path)));
}

/** The text of a file of the checkout. */
export function readPage(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The marked blocks of a page, in its order. Throws on a mark that means nothing. */
export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page);
  return [...text.matchAll(/^```(\S+) (\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language = "", kind = "", name = "", body = ""] = match;
    const place = `${page}:${text.slice(0, match.index).split("\n").length}`;
    if (kind !== "run" && kind !== "output") throw new Error(`${place}: "${kind}" is no mark of a block`);
    return { place, kind, language, name, text: body };
  });
}

/** A page without its fenced blocks. */
export function proseOf(page: string): string {
  return readPage(page).replaceAll(/^```[\s\S]*?^```$/gm, "");
}

/** What a page links to, as it is written. */
export function linksOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? "");
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map((match) => match[1] ?? "");
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** The rows of the table under a heading, cell by cell, without the heads of the columns. */
export function tableUnder(page: string, heading: string): readonly (readonly string[])[] {
  const text = readPage(page);
  const start = text.indexOf(`\n## ${heading}\n`);
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const section = text.slice(start + 1).split(/\n## /, 1)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  return rows.slice(1).map((row) =>
    row
      .slice(2, -2)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What a block shows, as a pattern: `...` is any text within a line. */
export function outputPattern(text: string): string {
  return text
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    .replaceAll("\\.\\.\\.", ".*?")
    .trimEnd();
}
