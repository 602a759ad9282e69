/**
 * This file holds every answer against the document: it must be one that the operation documents, with the headers and
 * the body that it documents. What was seen is remembered; the contract test asks at the end what never was.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import { document } from "../../openapi/generated/document.ts";

/** One answer of the API, with the request that it belongs to. */
export type Observed = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when the answer is not JSON. */
  readonly body: unknown;
  readonly text: string;
};

type Json = Readonly<Record<string, unknown>>;
type ResponseObject = {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Json }>>;
  readonly content?: Readonly<Record<string, { readonly schema: Json }>>;
};

const ajv = new Ajv2020({ strict: false, allErrors: true });
(addFormatsModule as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema({ $id: "contract:", ...document }, "contract:");

const methods = ["get", "put", "post", "delete", "patch"];
const seen = new Set<string>();
const validators = new Map<string, ValidateFunction>();

/** Names one documented answer: operation, status, and the code if it is a problem. */
export type AnswerName = string;

/** Every answer that was seen. */
export function answersSeen(): ReadonlySet<AnswerName> {
  return seen;
}

/** Every answer that the document promises. */
export function answersDocumented(): ReadonlySet<AnswerName> {
  const names = new Set<AnswerName>();
  for (const { id, responses } of operations()) {
    for (const [status, response] of Object.entries(responses)) {
      for (const code of codesOf(resolve(response) as ResponseObject)) names.add(`${id} ${status} ${code}`);
    }
  }
  for (const [status, response] of Object.entries(document["x-unmatched"] as Json)) {
    for (const code of codesOf(resolve(response) as ResponseObject)) names.add(`unmatched ${status} ${code}`);
  }
  for (const [status, response] of Object.entries(document["x-refused"] as Json)) {
    for (const code of codesOf(resolve(response) as ResponseObject)) names.add(`refused ${status} ${code}`);
  }
  return names;
}

/** Holds an answer that was given before a path was looked at against the document; throws when it is not as documented. */
export function recordRefusal(observed: Observed): void {
  const response = (document["x-refused"] as Json)[String(observed.status)];
  const where = `refused with ${observed.status}`;
  if (response === undefined) throw new Error(`${where}, which is not documented: ${observed.text.slice(0, 300)}`);
  const resolved = resolve(response) as ResponseObject;
  checkHeaders(where, observed, resolved);
  const mediaType = observed.headers["content-type"] ?? "";
  const content = resolved.content?.[mediaType];
  if (content === undefined) throw new Error(`${where} as ${mediaType}, which is not documented`);
  check(where, content.schema, { where, value: observed.body });
  seen.add(`refused ${observed.status} ${isProblem(observed.body) ? observed.body.code : "-"}`);
}

/** Throws when `observed` is not as documented. */
export function record(observed: Observed): void {
  const { id, responses } = operationOf(observed);
  const where = `${observed.method} ${observed.path.slice(0, 80)} (${id}) answered ${observed.status}`;
  const response = responses[String(observed.status)];
  if (response === undefined) throw new Error(`${where}, which is not documented: ${observed.text.slice(0, 300)}`);
  const resolved = resolve(response) as ResponseObject;
  checkHeaders(where, observed, resolved);
  const mediaType = (observed.headers["content-type"] ?? "").split(";")[0] ?? "";
  const content = resolved.content?.[mediaType] ?? resolved.content?.["*/*"];
  // HEAD has the headers of GET and no body, as 304 has.
  if (observed.method === "HEAD" || observed.status === 304) {
    if (observed.text !== "") throw new Error(`${where} with a body`);
  } else if (content === undefined) throw new Error(`${where} as ${mediaType}, which is not documented`);
  else if (observed.body !== undefined && !(mediaType === "application/json" && observed.path.includes("raw=true"))) {
    check(`${id} ${observed.status} ${mediaType}`, content.schema, { where, value: observed.body });
  }
  const code = isProblem(observed.body) ? observed.body.code : "-";
  if (observed.method !== "HEAD") seen.add(`${id} ${observed.status} ${code}`);
}

/** Throws unless `value` is as the named schema of the document says. */
export function checkSchema(name: string, value: unknown): void {
  check(`schema ${name}`, { $ref: `#/components/schemas/${name}` }, { where: name, value });
}

function checkHeaders(where: string, observed: Observed, response: ResponseObject): void {
  for (const [name, object] of Object.entries(response.headers ?? {})) {
    const header = resolve(object) as { readonly required?: boolean; readonly schema: Json };
    const text = observed.headers[name.toLowerCase()];
    if (text === undefined) {
      if (header.required === true) throw new Error(`${where} without ${name}`);
      continue;
    }
    const schema = resolve(header.schema) as Json;
    const value = schema["type"] === "integer" ? Number(text) : text;
    check(`header ${name}`, header.schema, { where: `${where} with ${name}: ${text}`, value });
  }
}

function check(key: string, schema: Json, what: { readonly where: string; readonly value: unknown }): void {
  let validate = validators.get(key);
  if (validate === undefined) {
    validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"contract:#/')) as object);
    validators.set(key, validate);
  }
  if (validate(what.value)) return;
  throw new Error(`${what.where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(what.value).slice(0, 500)}`);
}

type OperationEntry = { readonly id: string; readonly method: string; readonly template: string; readonly responses: Json };

function operations(): readonly OperationEntry[] {
  return Object.entries(document["paths"] as Record<string, Record<string, { operationId: string; responses: Json }>>).flatMap(
    ([template, item]) =>
      methods.flatMap((method) => {
        const operation = item[method];
        if (operation === undefined) return [];
        return [{ id: operation.operationId, method: method.toUpperCase(), template, responses: operation.responses }];
      }),
  );
}

/** Keys and names hold slashes; of several templates that fit, the one with the most fixed text is meant. */
function operationOf({ method, path }: Observed): { readonly id: string; readonly responses: Json } {
  const bare = path.split("?")[0] ?? "";
  const wanted = method === "HEAD" ? "GET" : method;
  const fitting = operations()
    .filter((operation) => operation.method === wanted && templatePattern(operation.template).test(bare))
    .sort((a, b) => fixedLength(b.template) - fixedLength(a.template));
  const found = fitting[0];
  return found ?? { id: "unmatched", responses: document["x-unmatched"] as Json };
}

function templatePattern(template: string): RegExp {
  const pattern = template
    .replaceAll(".", "\\.")
    .replaceAll(/\{(key|name)\}/g, ".*")
    .replaceAll(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^${pattern}$`, "s");
}

function fixedLength(template: string): number {
  return template.replaceAll(/\{\w+\}/g, "").length;
}

/** The codes of a problem response; "-" for one that is no problem. */
function codesOf(response: ResponseObject): readonly string[] {
  const problem = response.content?.["application/problem+json"];
  return problem === undefined ? ["-"] : codesIn(problem.schema);
}

function codesIn(schema: Json): readonly string[] {
  const resolved = resolve(schema) as Json;
  const own = (resolved["properties"] as { code?: { const?: string } } | undefined)?.code?.const;
  const parts = [...((resolved["oneOf"] as Json[] | undefined) ?? []), ...((resolved["allOf"] as Json[] | undefined) ?? [])];
  return [...(own === undefined ? [] : [own]), ...parts.flatMap(codesIn)];
}

function resolve(object: unknown): unknown {
  const reference = (object as { readonly $ref?: string }).$ref;
  if (reference === undefined) return object;
  let current: unknown = document;
  for (const part of reference.slice(2).split("/")) current = (current as Json)[part.replaceAll("~1", "/")];
  return resolve(current);
}

function isProblem(body: unknown): body is { readonly code: string; readonly status: number } {
  return typeof body === "object" && body !== null && "code" in body && "title" in body && "status" in body;
}
