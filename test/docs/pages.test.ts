/**
 * This file holds the form of the documentation: a short README, links that lead somewhere, words that do not grow old.
 */
import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { allPages, anchorsOf, blocksOf, linksOf, proseOf, readPage, root, runnablePages } from "./pages.ts";

const pages = allPages();

test("the README has at most 150 lines", () => {
  expect(readPage("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
});

test("every relative link leads to a file, and to a heading of it where it names one", () => {
  const broken = pages.flatMap((page) => {
    const links = linksOf(page).filter((link) => !/^[a-z]+:/.test(link));
    return links.filter((link) => !leadsSomewhere(page, link)).map((link) => `${page}: ${link}`);
  });
  expect(broken).toEqual([]);
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#", 2);
  const target = path === "" ? page : normalize(join(dirname(page), path));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || (target.endsWith(".md") && anchorsOf(target).has(anchor));
}

test("every page but tapes and room READMEs is reached from the README by links", () => {
  const reached = new Set(["README.md"]);
  for (const page of reached) {
    for (const link of linksOf(page)) {
      const target = normalize(join(dirname(page), link.split("#", 1)[0] ?? ""));
      if (pages.includes(target)) reached.add(target);
    }
  }
  const lost = pages.filter((page) => !reached.has(page) && !/^(src|api|openapi|test)\/(.*\/)?README\.md$/.test(page));
  expect(lost).toEqual([]);
});

test("no page names a commit", () => {
  const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
  const commit = /\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b/;
  const found = pages.flatMap((page) => {
    const match = commit.exec(readPage(page).replaceAll(uuid, ""));
    return match === null ? [] : [`${page}: ${match[0]}`];
  });
  expect(found).toEqual([]);
});

test("no page but the changelog and the decisions tells how it came to be", () => {
  const history = /\b(formerly|previously|recently|used to be|has been renamed|at the time of writing|no longer called)\b/i;
  const found = pages
    .filter((page) => page !== "CHANGELOG.md" && !page.endsWith("DECISIONS.md"))
    .flatMap((page) => {
      const match = history.exec(proseOf(page));
      return match === null ? [] : [`${page}: ${match[0]}`];
    });
  expect(found).toEqual([]);
});

test("an output follows what prints it: a shell block, or a program that the page has started", () => {
  for (const page of runnablePages) {
    const started = new Set<string>();
    let last = "";
    for (const { place, kind, language, name } of blocksOf(page)) {
      if (kind === "run" && language !== "sh") started.add(name);
      const follows = name === "" || name === "unordered" ? last === "run sh" : started.has(name);
      if (kind === "output") expect(follows, place).toBe(true);
      else expect(language === "sh" ? name === "" : /^[a-z-]+\.(mjs|ts)$/.test(name), place).toBe(true);
      last = `${kind} ${language}`;
    }
  }
});

test("only the pages that are run have blocks that are marked", () => {
  const marked = pages.filter((page) => blocksOf(page).length > 0);
  expect(marked.toSorted()).toEqual([...runnablePages].toSorted());
});
