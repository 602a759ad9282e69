/**
 * This file reads the text parameters of one operation: path, query and header. Text becomes a number or a boolean only
 * where the schema says so and only when it is written plainly; unknown and repeated query parameters are refused,
 * because each is a mistake that would otherwise be ignored silently.
 */
import type { ValidateFunction } from "ajv/dist/2020.js";
import { assert, unreachable } from "../../src/base/assert.ts";
import { err, ok, type Result } from "../../src/base/result.ts";

/** A JSON Schema (2020-12) as it is in the document. */
export type JsonSchema = { readonly [keyword: string]: unknown };
/** Where a parameter is sent. */
export type ParameterPlace = "path" | "query" | "header";
/** A parameter as the document declares it. */
export type ParameterObject = {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly required?: boolean;
  readonly schema: JsonSchema;
};

/** What is wrong with a request: its place, and the rest of a sentence. */
export type ContractFault = { readonly in: ParameterPlace | "body"; readonly path: string; readonly message: string };

/** What a compiled set needs from the document: how to follow a `$ref`, and how to compile a schema that may hold some. */
export type SchemaSource = {
  resolve(schema: JsonSchema): JsonSchema;
  compile(schema: JsonSchema): ValidateFunction;
};

type TextKind = "string" | "integer" | "number" | "boolean";
type Reader = { readonly name: string; readonly lowerName: string; readonly kind: TextKind; readonly fallback: unknown };

/** The parameters of one place, ready to be read from many requests. */
export type ParameterSet = {
  /** `text` gives each parameter's text, undefined when the request has none. */
  read(text: (name: string, lowerName: string) => string | undefined): Result<Record<string, unknown>, ContractFault>;
  has(name: string): boolean;
};

/** Compiles the parameters of `place` among `parameters`. */
export function compileParameters(
  parameters: readonly ParameterObject[],
  place: ParameterPlace,
  source: SchemaSource,
): ParameterSet {
  const own = parameters.filter((parameter) => parameter.in === place);
  const readers = own.map((parameter): Reader => {
    const schema = source.resolve(parameter.schema);
    return {
      name: parameter.name,
      lowerName: parameter.name.toLowerCase(),
      kind: textKind(schema, parameter.name),
      fallback: schema["default"],
    };
  });
  const validate = source.compile({
    type: "object",
    properties: Object.fromEntries(own.map((parameter) => [parameter.name, parameter.schema])),
    required: own.filter((parameter) => parameter.required === true).map((parameter) => parameter.name),
  });
  const names = new Set(own.map((parameter) => parameter.name));
  const check = (values: Record<string, unknown>): Result<Record<string, unknown>, ContractFault> =>
    validate(values) ? ok(values) : err(faultOf(validate, place));
  // Most requests have no query and none of these headers: their result is computed once.
  const nothing = check(Object.freeze(defaultsOf(readers)));
  return {
    has: (name) => names.has(name),
    read(text) {
      let values: Record<string, unknown> | undefined;
      for (const reader of readers) {
        const found = text(reader.name, reader.lowerName);
        if (found === undefined) continue;
        values ??= defaultsOf(readers);
        values[reader.name] = fromText(found, reader.kind);
      }
      return values === undefined ? nothing : check(values);
    },
  };
}

function defaultsOf(readers: readonly Reader[]): Record<string, unknown> {
  const withDefault = readers.filter((reader) => reader.fallback !== undefined);
  return Object.fromEntries(withDefault.map((reader) => [reader.name, reader.fallback]));
}

/** The pairs of a query string, or which parameter is unknown or repeated. */
export function splitQuery(query: string, known: (name: string) => boolean): Result<Map<string, string>, ContractFault> {
  try {
    // URLSearchParams accepts malformed escapes; this throws.
    decodeURIComponent(query);
  } catch {
    return err({ in: "query", path: "", message: "is not valid percent-encoded UTF-8" });
  }
  const values = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known(name)) return err({ in: "query", path: name, message: "is not a parameter of this operation" });
    if (values.has(name)) return err({ in: "query", path: name, message: "must be given at most once" });
    values.set(name, value);
  }
  return ok(values);
}

/** The first error that a validator found. */
export function faultOf(validate: ValidateFunction, place: ContractFault["in"]): ContractFault {
  const found = validate.errors?.[0];
  if (found === undefined) return { in: place, path: "", message: "is not valid" };
  const extra = found.keyword === "additionalProperties" ? `/${String(found.params["additionalProperty"])}` : "";
  const path = (found.instancePath + extra).slice(0, 200);
  return { in: place, path, message: extra === "" ? (found.message ?? "is not valid") : "is not a known property" };
}

function textKind(schema: JsonSchema, name: string): TextKind {
  const type = schema["type"];
  assert(
    type === "string" || type === "integer" || type === "number" || type === "boolean",
    `parameter ${name} has a schema type that text cannot be read as: ${JSON.stringify(type)}`,
  );
  return type;
}

/** `text` as a number or boolean if it is written plainly; otherwise the text itself, which the schema then refuses. */
function fromText(text: string, kind: TextKind): unknown {
  switch (kind) {
    case "string":
      return text;
    case "integer":
      return /^(0|-?[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case "number":
      return /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return unreachable(kind);
  }
}
