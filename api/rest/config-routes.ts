/**
 * This file answers /v1/config: entries with compare-and-set, and lists at one revision.
 */
import { isUtf8 } from "node:buffer";
import { unreachable } from "../../src/base/assert.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import { type ConfigEntry, labelBytesMax, type Page, type Precondition, toRevision } from "../../src/node/service.ts";
import type { ApiContext } from "../context.ts";
import { decodeCursor, encodeCursor } from "../contract/cursor.ts";
import { parseJson } from "../contract/json-text.ts";
import { leaseIdOf } from "../contract/lease-id.ts";
import { invalidRequest, type Problem, unsupportedMediaType } from "../contract/problem.ts";
import { configEntryJson, isUtf8Charset, mediaTypeOf, valueKindOf } from "../contract/wire-format.ts";
import { jsonText, pageLimitOf, readHeaders, readOptionsOf, refuse, writeOptionsOf } from "./exchange-options.ts";
import type { Answer, Exchange, Router } from "./routing.ts";

/** Binds the operations on config; get and put first, because they are the most frequent. */
export function bindConfigRoutes(router: Router, context: ApiContext): void {
  const bytesMax = context.limits.valueBytesMax;
  const wayOut = "Keep large data in a blob store and its address here.";
  router.bind("getConfig", (exchange) => getConfig(exchange, context));
  router.bind("putConfig", (exchange) => putConfig(exchange, context), { rawBody: { bytesMax, what: "A value", wayOut } });
  router.bind("deleteConfig", (exchange) => deleteConfig(exchange, context));
  router.bind("listConfig", (exchange) => listConfig(exchange, context), { waitsForRoom: "beforeMade" });
}

async function getConfig(exchange: Exchange<"getConfig">, context: ApiContext): Promise<Answer> {
  const { path, query, headers } = exchange;
  const options = readOptionsOf(exchange, context);
  const revision = query.revision === undefined ? null : toRevision(query.revision);
  const found = await context.service.read({ kind: "config", key: path.key, revision }, options);
  if (!found.ok) return refuse(found.error, context);
  if (found.value === null) return refuse({ kind: "keyNotFound" }, context);
  const { record } = found.value;
  const shared = ["ETag", `"${record.modRevision}"`, ...readHeaders(options, context)];
  const known = headers["If-None-Match"];
  if (known !== undefined && tagRevision(known) === record.modRevision) return ok({ status: 304, headers: shared, body: "" });
  if (query.raw === true)
    return ok({ status: 200, headers: ["Content-Type", record.contentType, ...shared], body: record.value });
  return jsonText(configEntryJson(found.value), { headers: shared });
}

async function putConfig(exchange: Exchange<"putConfig">, context: ApiContext): Promise<Answer> {
  const { path, query, headers, bytes, request } = exchange;
  const contentType = checkValue(request.headers["content-type"], bytes);
  if (!contentType.ok) return contentType;
  const precondition = preconditionOf(headers["If-Match"], headers["If-None-Match"]);
  if (!precondition.ok) return precondition;
  const comment = decodeComment(headers["Keyhold-Comment"]);
  if (!comment.ok) return comment;
  const leaseId = query.lease === undefined ? ok(null) : leaseIdOf(query.lease);
  if (!leaseId.ok) return leaseId;
  const written = await context.service.execute<"configPut">(
    {
      kind: "configPut",
      key: path.key,
      value: bytes,
      contentType: contentType.value,
      precondition: precondition.value,
      leaseId: leaseId.value,
      author: null,
      comment: comment.value,
    },
    writeOptionsOf(exchange, context),
  );
  if (!written.ok) return refuse(written.error, context);
  const { created, version, createRevision, modRevision } = written.value;
  return jsonText(
    `{"key":${JSON.stringify(path.key)},"created":${created},"version":${version},"createRevision":${createRevision},"modRevision":${modRevision}}`,
    { status: created ? 201 : 200, headers: ["ETag", `"${modRevision}"`] },
  );
}

async function deleteConfig(exchange: Exchange<"deleteConfig">, context: ApiContext): Promise<Answer> {
  const { path, headers } = exchange;
  const precondition = preconditionOf(headers["If-Match"], undefined);
  if (!precondition.ok) return precondition;
  const deleted = await context.service.execute<"configDelete">(
    { kind: "configDelete", key: path.key, precondition: precondition.value },
    writeOptionsOf(exchange, context),
  );
  if (!deleted.ok) return refuse(deleted.error, context);
  return jsonText(`{"key":${JSON.stringify(path.key)},"revision":${deleted.value.revision}}`);
}

async function listConfig(exchange: Exchange<"listConfig">, context: ApiContext): Promise<Answer> {
  const { query } = exchange;
  const cursor = decodeCursor("config", query.cursor);
  if (!cursor.ok) return cursor;
  const options = readOptionsOf(exchange, context);
  const page = await context.service.read(
    {
      kind: "configList",
      prefix: query.prefix ?? "",
      after: cursor.value?.after ?? null,
      revision: cursor.value?.revision ?? null,
      limit: pageLimitOf(query),
      bytesMax: context.limits.pageBytesMax,
    },
    options,
  );
  if (!page.ok) return refuse(page.error, context);
  const { revision } = page.value;
  const { itemsJson, next } = pageJson(page.value, { keysOnly: query.keysOnly === true, bytesMax: context.limits.pageBytesMax });
  const after = next === null ? null : encodeCursor("config", { after: next, revision });
  return jsonText(`{"items":[${itemsJson}],"cursor":${JSON.stringify(after)},"revision":${revision}}`, {
    headers: readHeaders(options, context),
  });
}

/** The items that fit, at least one. As text they may take six times the bytes by which the page was bounded. */
function pageJson(
  page: Page<ConfigEntry>,
  options: { readonly keysOnly: boolean; readonly bytesMax: number },
): { readonly itemsJson: string; readonly next: string | null } {
  const texts: string[] = [];
  let bytes = 0;
  let last: string | null = null;
  for (const item of page.items) {
    const text = configEntryJson(item, { keysOnly: options.keysOnly });
    bytes += Buffer.byteLength(text);
    if (last !== null && bytes > options.bytesMax) return { itemsJson: texts.join(","), next: last };
    texts.push(text);
    last = item.key;
  }
  return { itemsJson: texts.join(","), next: page.next };
}

/** A content type header, in the commonly used part of RFC 9110's grammar. */
const contentTypeGrammar = /^[\w!#$&^.+-]{1,100}\/[\w!#$&^.+-]{1,100}(\s*;[\x20-\x7e]{0,250})?$/;
const formTypes: ReadonlySet<string> = new Set(["application/x-www-form-urlencoded", "multipart/form-data"]);

/** The content type to store with `bytes`, or the problem when they do not match it. */
function checkValue(header: string | undefined, bytes: Buffer): Result<string, Problem> {
  const contentType = header?.trim() ?? "application/octet-stream";
  // The grammar is ASCII, so characters are bytes.
  if (!contentTypeGrammar.test(contentType) || contentType.length > labelBytesMax)
    return err(unsupportedMediaType(`The Content-Type is not a media type of at most ${labelBytesMax} characters.`));
  if (formTypes.has(mediaTypeOf(contentType))) {
    return err(
      unsupportedMediaType("A form is not a value: send the type of the value, for example Content-Type: application/json."),
    );
  }
  const kind = valueKindOf(contentType);
  if (kind !== "bytes" && !isUtf8Charset(contentType)) {
    return err(unsupportedMediaType("JSON and text are UTF-8 here: name that charset, or none."));
  }
  switch (kind) {
    case "json": {
      const parsed = parseJson(bytes);
      return parsed.ok ? ok(contentType) : parsed;
    }
    case "text":
      return isUtf8(bytes) ? ok(contentType) : err(invalidRequest("Text values are UTF-8, and this body is not.", "body"));
    case "bytes":
      return ok(contentType);
    default:
      return unreachable(kind);
  }
}

function preconditionOf(ifMatch: string | undefined, ifNoneMatch: string | undefined): Result<Precondition, Problem> {
  if (ifMatch !== undefined && ifNoneMatch !== undefined) {
    return err(invalidRequest("If-Match and If-None-Match exclude each other.", "header/If-Match"));
  }
  if (ifNoneMatch !== undefined) return ok({ kind: "absent" });
  if (ifMatch === undefined) return ok({ kind: "none" });
  if (ifMatch === "*") return ok({ kind: "exists" });
  const revision = tagRevision(ifMatch);
  if (!Number.isSafeInteger(revision)) return err(invalidRequest("No revision is that large.", "header/If-Match"));
  return ok({ kind: "modRevision", revision: toRevision(revision) });
}

/** The number in an ETag, whose quotes are optional. */
function tagRevision(tag: string): number {
  return Number(tag.replaceAll('"', ""));
}

/** Node.js reads header bytes as Latin-1; here they are UTF-8, or percent-encoded. */
function decodeComment(header: string | undefined): Result<string | null, Problem> {
  if (header === undefined) return ok(null);
  const bytes = Buffer.from(header, "latin1");
  if (isUtf8(bytes)) {
    try {
      return ok(decodeURIComponent(bytes.toString("utf8")));
    } catch {
      // Refused below.
    }
  }
  return err(invalidRequest("Keyhold-Comment is not percent-encoded UTF-8 (a bare % is written %25).", "header/Keyhold-Comment"));
}
