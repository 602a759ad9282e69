/**
 * This file turns the OpenAPI document into checks, once, at start: `unknown` becomes a typed request here and nowhere
 * else. All routes, hot and rare, use the same compiled validators, so their answers agree (DECISIONS 13).
 */
import type { IncomingMessage } from "node:http";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";
import type { components, operations } from "../../openapi/generated/types.ts";
import { assert } from "../../src/base/assert.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import {
  type ContractFault,
  compileParameters,
  faultOf,
  type JsonSchema,
  type ParameterObject,
  type ParameterSet,
  type SchemaSource,
  splitQuery,
} from "./contract-parameters.ts";

import { holdsLoneSurrogate } from "./json-text.ts";

export type { ContractFault } from "./contract-parameters.ts";
/** The id of an operation of the document. */
export type OperationId = keyof operations;
/** The schemas of the document, as generated types. */
export type Schemas = components["schemas"];

type PartOf<Id extends OperationId, Part extends string> = operations[Id] extends { parameters: { [key in Part]?: infer Found } }
  ? NonNullable<Found>
  : Record<never, never>;

/** The parameters of a request, as the generated types give them. */
export type Parameters<Id extends OperationId> = {
  readonly path: PartOf<Id, "path">;
  readonly query: PartOf<Id, "query">;
  readonly headers: PartOf<Id, "header">;
};

/** The JSON body of an operation. */
export type BodyOf<Id extends OperationId> = operations[Id] extends {
  requestBody?: { content: { "application/json": infer Found } };
}
  ? Found
  : never;

/** One operation of the document, compiled. */
export type Operation<Id extends OperationId = OperationId> = {
  readonly id: Id;
  readonly method: string;
  /** As the document writes it: `/v1/config/{key}`. */
  readonly template: string;
  readonly hasBody: boolean;
  parameters(request: IncomingMessage, path: Record<string, string>): Result<Parameters<Id>, ContractFault>;
  checkBody(body: unknown): Result<BodyOf<Id>, ContractFault>;
};

/** The compiled document. */
export type Contract = {
  readonly operations: readonly Operation[];
  operation<Id extends OperationId>(id: Id): Operation<Id>;
  /** A check for a named schema, for what does not come over REST; compiled when it is first asked for. */
  schema<Name extends keyof Schemas>(name: Name): (value: unknown) => Result<Schemas[Name], ContractFault>;
};

type OperationObject = {
  readonly operationId: string;
  readonly responses: object;
  readonly parameters?: readonly (ParameterObject | { readonly $ref: string })[];
  readonly requestBody?: {
    readonly content: { readonly [mediaType: string]: { readonly schema?: JsonSchema } };
  };
};
type Document = { readonly paths: { readonly [template: string]: { readonly [method: string]: OperationObject } } };

const methods = ["get", "put", "post", "delete", "patch"] as const;
const documentId = "keyhold:document";
// ajv-formats is CommonJS whose types describe its default export one level too high.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void;

/** Compiles everything in `document` (the parsed keyhold.yaml). Throws when the document is not valid. */
export function createContract(document: object): Contract {
  const ajv = new Ajv2020({ strict: false, useDefaults: true, allErrors: false, inlineRefs: false });
  addFormats(ajv);
  ajv.addSchema({ $id: documentId, ...document }, documentId);
  const source: SchemaSource = {
    resolve: (schema) => resolve(document, schema),
    compile: (schema) => ajv.compile(absolute(schema) as JsonSchema),
  };
  const operationsById = new Map<string, Operation>();
  for (const [template, item] of Object.entries((document as Document).paths)) {
    for (const method of methods) {
      const object = item[method];
      if (object === undefined) continue;
      const shared = (item as unknown as { parameters?: OperationObject["parameters"] }).parameters ?? [];
      const parameters = [...shared, ...(object.parameters ?? [])].map((found) => resolve(document, found) as ParameterObject);
      const operation = compileOperation({ template, method: method.toUpperCase(), object, parameters, source });
      operationsById.set(object.operationId, operation);
    }
  }
  const compiledByName = new Map<string, ValidateFunction>();
  const compileNamed = (name: string): ValidateFunction => {
    const validate = compiledByName.get(name) ?? source.compile({ $ref: `#/components/schemas/${name}` });
    compiledByName.set(name, validate);
    return validate;
  };
  return {
    operations: [...operationsById.values()],
    operation<Id extends OperationId>(id: Id) {
      const found = operationsById.get(id);
      assert(found !== undefined, `the document has no operation ${id}`);
      return found as unknown as Operation<Id>;
    },
    schema<Name extends keyof Schemas>(name: Name) {
      const validate = compileNamed(name);
      // Bodies of routes were checked as text (json-text.ts); here values are already parsed.
      return (value: unknown) => (holdsLoneSurrogate(value) ? err(notUnicode) : checked<Schemas[Name]>(validate, value));
    },
  };
}

const notUnicode: ContractFault = { in: "body", path: "", message: "holds half a surrogate pair" };

function compileOperation(options: {
  readonly template: string;
  readonly method: string;
  readonly object: OperationObject;
  readonly parameters: readonly ParameterObject[];
  readonly source: SchemaSource;
}): Operation {
  const { object, parameters, source } = options;
  const path = compileParameters(parameters, "path", source);
  const query = compileParameters(parameters, "query", source);
  const headers = compileParameters(parameters, "header", source);
  const jsonSchema = object.requestBody?.content["application/json"]?.schema;
  // An operation that documents no 400 (a probe) ignores parameters that it does not know.
  const refuses = "400" in object.responses;
  const validateBody = jsonSchema === undefined ? undefined : source.compile(jsonSchema);
  return {
    id: object.operationId as OperationId,
    method: options.method,
    template: options.template,
    hasBody: object.requestBody !== undefined,
    parameters: (request, pathTexts) => readParameters({ path, query, headers, refuses }, request, pathTexts),
    checkBody: (body) => (validateBody === undefined ? ok(body as never) : checked<never>(validateBody, body)),
  };
}

type Sets = {
  readonly path: ParameterSet;
  readonly query: ParameterSet;
  readonly headers: ParameterSet;
  readonly refuses: boolean;
};

function readParameters(
  sets: Sets,
  request: IncomingMessage,
  pathTexts: Record<string, string>,
): Result<Parameters<OperationId>, ContractFault> {
  const path = sets.path.read((name) => pathTexts[name]);
  if (!path.ok) return path;
  const query = readQuery(sets, request.url ?? "");
  if (!query.ok) return query;
  const headers = sets.headers.read((_, lowerName) => headerText(request.headers[lowerName]));
  if (!headers.ok) return headers;
  return ok({ path: path.value, query: query.value, headers: headers.value } as Parameters<OperationId>);
}

function readQuery(sets: Sets, url: string): Result<Record<string, unknown>, ContractFault> {
  const queryAt = url.indexOf("?");
  const texts = queryAt === -1 ? ok(noTexts) : splitQuery(url.slice(queryAt + 1), sets.query.has);
  const query = texts.ok ? sets.query.read((name) => texts.value.get(name)) : texts;
  return query.ok || sets.refuses ? query : sets.query.read(() => undefined);
}

const noTexts: ReadonlyMap<string, string> = new Map();

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value;
}

function checked<Value>(validate: ValidateFunction, value: unknown): Result<Value, ContractFault> {
  return validate(value) ? ok(value as Value) : err(faultOf(validate, "body"));
}

/** Follows `$ref`s within the document to their target. */
function resolve<Found extends object>(document: object, found: Found): Found {
  let current: unknown = found;
  for (let hops = 0; hops < 16; hops++) {
    const reference = (current as { readonly $ref?: unknown }).$ref;
    if (typeof reference !== "string") return current as Found;
    current = document;
    for (const part of reference.slice("#/".length).split("/")) {
      current = (current as Record<string, unknown>)[part.replaceAll("~1", "/").replaceAll("~0", "~")];
      assert(typeof current === "object" && current !== null, `${reference} leads nowhere`);
    }
  }
  throw new TypeError(`a $ref chain in the document does not end: ${JSON.stringify(found)}`);
}

/** `schema` with its document-relative references made absolute, so that it compiles outside the document. */
function absolute(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(absolute);
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" && value.startsWith("#") ? documentId + value : absolute(value),
    ]),
  );
}
