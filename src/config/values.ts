/**
 * This file turns raw settings (text of a flag or variable, a value in a YAML file) into checked values, or says which
 * option has a wrong value, and which values are right.
 */
import { parse } from "yaml";
import { unreachable } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { err, ok } from "../base/result.ts";
import { addressLengthMax, membersMax } from "../raft/ceilings.ts";
import { isNodeId } from "../raft/types.ts";

type Described = { readonly env: string; readonly reason: string };
/** The declaration of one option. */
export type OptionSpec = Described &
  (
    | { readonly kind: "text"; readonly flag: string; readonly pattern: RegExp; readonly bound: string; readonly default: string }
    | { readonly kind: "secret"; readonly pattern: RegExp; readonly bound: string; readonly default: string }
    | {
        readonly kind: "integer";
        readonly flag: string;
        readonly min: number;
        readonly max: number;
        readonly unit: string;
        readonly default: number;
      }
    | { readonly kind: "choice"; readonly flag: string; readonly choices: readonly string[]; readonly default: string }
    | { readonly kind: "boolean"; readonly flag: string; readonly default: boolean }
    | { readonly kind: "members" | "urls"; readonly flag: string; readonly bound: string; readonly default: string }
  );

/** Why a node does not start. `exitCode` 2: the value is wrong. 78: it is valid, and refused as unsafe. */
export type ConfigError = { readonly option: string; readonly message: string; readonly exitCode: 2 | 78 };

/** A member of the initial cluster. */
export type Member = { readonly id: string; readonly peerUrl: string; readonly apiUrl: string };

/** Checks `raw` against its option. Text of flags and variables is trimmed first. */
export function parseValue(
  name: string,
  spec: OptionSpec,
  raw: unknown,
  source: string,
): Result<string | number | boolean, ConfigError> {
  const wrong = (bound: string): Result<never, ConfigError> => {
    const shown = spec.kind === "secret" ? "the value" : JSON.stringify(raw);
    const message = `${name}: ${shown} (from ${describeSource(source, spec)}) is not ${bound}`;
    return err({ option: name, message, exitCode: 2 });
  };
  const value = typeof raw === "string" ? raw.trim() : raw;
  switch (spec.kind) {
    case "integer": {
      const number = typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
      const inside = typeof number === "number" && Number.isSafeInteger(number) && number >= spec.min && number <= spec.max;
      return inside ? ok(number) : wrong(`an integer from ${spec.min} to ${spec.max} (${spec.unit})`);
    }
    case "boolean":
      if (value === true || value === "true" || value === "1") return ok(true);
      if (value === false || value === "false" || value === "0") return ok(false);
      return wrong("true or false");
    case "choice":
      return typeof value === "string" && spec.choices.includes(value) ? ok(value) : wrong(`one of ${spec.choices.join(", ")}`);
    case "text":
    case "secret":
      return typeof value === "string" && spec.pattern.test(value) ? ok(value) : wrong(spec.bound);
    case "members":
    case "urls":
      return typeof value === "string" ? ok(value) : wrong(spec.bound);
    default:
      return unreachable(spec);
  }
}

function describeSource(source: string, spec: OptionSpec): string {
  if (source === "environment") return spec.env;
  if (source === "flag" && spec.kind !== "secret") return spec.flag;
  return source === "file" ? "the file" : `the ${source}`;
}

/** Parses `id=peerUrl|apiUrl,...`; the error completes "initialCluster: ". */
export function parseMembers(text: string): Result<readonly Member[], string> {
  const members: Member[] = [];
  for (const part of text.split(",")) {
    const match = /^([^=|]+)=([^|]+)\|([^|]+)$/.exec(part.trim());
    const [, id = "", peerUrl = "", apiUrl = ""] = match ?? [];
    if (match === null || !isNodeId(id)) return err(`${JSON.stringify(part.trim())} is not id=peerUrl|apiUrl`);
    const peer = originOf(peerUrl);
    const api = originOf(apiUrl);
    if (peer === undefined) return err(`${JSON.stringify(peerUrl)} is not an http URL of a host and a port`);
    if (isTls(peer)) return err(plainOnly(peerUrl));
    if (api === undefined) return err(`${JSON.stringify(apiUrl)} is not an http URL of a host and a port`);
    if (members.some((member) => member.id === id)) return err(`the id ${id} is there twice`);
    if (members.some((member) => member.peerUrl === peer)) return err(`the peer URL ${peer} is there twice`);
    members.push({ id, peerUrl: peer, apiUrl: api });
  }
  if (members.length > membersMax) return err(`${members.length} members are more than ${membersMax}`);
  return ok(members);
}

/** Parses `url,...`; the error completes "join: ". */
export function parseUrls(text: string): Result<readonly string[], string> {
  const urls: string[] = [];
  for (const part of text.split(",")) {
    const url = originOf(part.trim());
    if (url === undefined) return err(`${JSON.stringify(part.trim())} is not an http URL of a host and a port`);
    if (isTls(url)) return err(plainOnly(part.trim()));
    if (!urls.includes(url)) urls.push(url);
  }
  return urls.length > membersMax ? err(`${urls.length} URLs are more than ${membersMax}`) : ok(urls);
}

function isTls(url: string): boolean {
  return url.startsWith("https:");
}

function plainOnly(url: string): string {
  return `${JSON.stringify(url)} is an https URL, and nodes call each other by plain HTTP only: write http://`;
}

/** `http://host:port` of a URL that has nothing else in it. */
function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const bare = url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (url.origin.length > addressLengthMax) return undefined;
  if (!bare || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  // URL drops a default port; peers connect to what is written.
  return url.origin;
}

/** Reads option values from a YAML or JSON file and refuses names that are not options. */
export function readFileValues(
  path: string,
  readText: (path: string) => string,
  known: readonly string[],
): Result<Readonly<Record<string, unknown>>, ConfigError> {
  const refuse = (message: string) => err({ option: "config", message: `config file ${path}: ${message}`, exitCode: 2 as const });
  let content: unknown;
  try {
    content = parse(readText(path));
  } catch (error) {
    return refuse(error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error));
  }
  if (content === null || content === undefined) return ok({});
  if (typeof content !== "object" || Array.isArray(content)) return refuse("is not a map of option names to values");
  for (const name of Object.keys(content)) {
    if (!known.includes(name)) return refuse(`${name} is no option${suggestion(name, known)}`);
  }
  return ok(content as Readonly<Record<string, unknown>>);
}

/** `; did you mean X?` when a known name is close to `name`, else nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const close = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ distance }) => distance <= 3)
    .sort((a, b) => a.distance - b.distance)[0];
  return close === undefined ? "" : `; did you mean ${close.candidate}?`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substituted = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
