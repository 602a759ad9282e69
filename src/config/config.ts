/**
 * This file makes one frozen `Config` of flags, environment, file and defaults (in that order of precedence), and refuses
 * what is wrong or unsafe. The options themselves are in `options.ts`.
 */
import type { Result } from "../base/result.ts";
import { err, ok } from "../base/result.ts";
import { validateTiming } from "../raft/options.ts";
import { planBudget } from "../storage/budget.ts";
import { configFileEnv, type OptionName, options } from "./options.ts";
import {
  type ConfigError,
  type Member,
  type OptionSpec,
  parseMembers,
  parseUrls,
  parseValue,
  readFileValues,
  suggestion,
} from "./values.ts";

type Values = { readonly [Name in OptionName]: ValueOf<(typeof options)[Name]> };

type ValueOf<Spec> = Spec extends { kind: "integer" }
  ? number
  : Spec extends { kind: "boolean" }
    ? boolean
    : Spec extends { kind: "choice"; choices: readonly (infer Choice)[] }
      ? Choice
      : string;

/** Where an option's value came from, in order of precedence; the peer secret also from the file that `peerSecretFile` names. */
export type OptionSource = "flag" | "environment" | "file" | "default" | "peerSecretFile";

/** All settings of a node, checked. Frozen. */
export type Config = Values & {
  /** `initialCluster`, parsed and sorted by id; empty only when the node joins. */
  readonly members: readonly Member[];
  /** `join`, parsed; empty unless the node joins a cluster. */
  readonly joinUrls: readonly string[];
  readonly optionSources: { readonly [Name in OptionName]: OptionSource };
};

/** What `loadConfig` reads: flags by option name, the environment, and how to read a file (it throws when it cannot). */
export type ConfigSources = {
  readonly flags: Readonly<Partial<Record<string, unknown>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly configFile: string | undefined;
  readonly readText: (path: string) => string;
};

/** Merges the sources and checks every value; the first error names the option, the value and the bound. */
export function loadConfig(sources: ConfigSources): Result<Config, ConfigError> {
  const foreign = unknownVariable(sources.env);
  if (foreign !== undefined) return err(foreign);
  const path = sources.configFile ?? sources.env[configFileEnv];
  const file = path === undefined ? ok({}) : readFileValues(path, sources.readText, Object.keys(options));
  if (!file.ok) return file;
  const values: Record<string, unknown> = {};
  const optionSources: Record<string, OptionSource> = {};
  for (const [name, spec] of Object.entries<OptionSpec>(options)) {
    const [source, raw] = pick(name, spec, { ...sources, file: file.value });
    const parsed = parseValue(name, spec, raw, source);
    if (!parsed.ok) return parsed;
    values[name] = parsed.value;
    optionSources[name] = source;
  }
  const secret = secretIn(values as Values, sources.readText);
  if (!secret.ok) return secret;
  if (secret.value !== values["peerSecret"]) optionSources["peerSecret"] = "peerSecretFile";
  if (placeholderSecret.test(secret.value)) return err(publicSecret);
  return finish({ ...(values as Values), peerSecret: secret.value }, optionSources as Config["optionSources"]);
}

/** The peer secret, from its file when there is one. */
function secretIn({ peerSecret, peerSecretFile }: Values, readText: ConfigSources["readText"]): Result<string, ConfigError> {
  if (peerSecretFile === "") return ok(peerSecret);
  if (peerSecret !== "") return refuse("peerSecretFile", "peerSecret is set, too: give one of them");
  let text: string;
  try {
    text = readText(peerSecretFile);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return refuse("peerSecretFile", `${peerSecretFile} cannot be read: ${why}`);
  }
  const parsed = parseValue("peerSecret", options.peerSecret, text, "file");
  if (parsed.ok && parsed.value !== "") return ok(String(parsed.value));
  return refuse("peerSecretFile", `${peerSecretFile} does not hold 32 to 1024 printable characters without spaces`);
}

function pick(
  name: string,
  spec: OptionSpec,
  sources: ConfigSources & { readonly file: Readonly<Record<string, unknown>> },
): readonly [OptionSource, unknown] {
  const flag = sources.flags[name];
  if (flag !== undefined) return ["flag", flag];
  const variable = sources.env[spec.env];
  if (variable !== undefined) return ["environment", variable];
  const value = sources.file[name];
  if (value !== undefined) return ["file", value];
  return ["default", spec.default];
}

function finish(values: Values, optionSources: Config["optionSources"]): Result<Config, ConfigError> {
  const timing = validateTiming({ ...values, leasePromiseMs: leasePromiseMsOf(values) });
  if (!timing.ok) {
    const { option, message } = timing.error;
    return refuse(option === "leasePromiseMs" ? "readLeases" : option, message);
  }
  const budget = planBudget(values);
  if (!budget.ok) return err({ option: "mapBytesMax", message: budget.error, exitCode: 2 });
  if (sharePort(values)) return refuse("peerPort", `${values.peerPort} is the apiPort, too: a node listens on two ports`);
  const unsafe = unprotected(values);
  if (unsafe !== undefined) return err(unsafe);
  if (values.join !== "") return joining(values, optionSources);
  const parsed = values.initialCluster === "" ? ok([alone(values)]) : parseMembers(values.initialCluster);
  if (!parsed.ok) return refuse("initialCluster", parsed.error);
  const members = [...parsed.value].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (!members.some((member) => member.id === values.nodeId)) {
    return refuse("initialCluster", `has no member named ${values.nodeId}, which is this node's id`);
  }
  if (members.length > 1 && lacksSecret(values)) return err(noSecret);
  return ok(
    Object.freeze({ ...values, members: Object.freeze(members), joinUrls: [], optionSources: Object.freeze(optionSources) }),
  );
}

/** Whether API and peers would listen on one port of one address. */
function sharePort({ apiHost, apiPort, peerHost, peerPort }: Values): boolean {
  return apiPort === peerPort && (apiHost === peerHost || [apiHost, peerHost].some((host) => ["0.0.0.0", "::"].includes(host)));
}

/** The config of a node that joins: it learns from the cluster who the members are. */
function joining(values: Values, optionSources: Config["optionSources"]): Result<Config, ConfigError> {
  if (values.initialCluster !== "") return refuse("join", "initialCluster is set, too: a node begins a cluster or joins one");
  const parsed = parseUrls(values.join);
  if (!parsed.ok) return refuse("join", parsed.error);
  if (lacksSecret(values)) return err(noSecret);
  const joinUrls = Object.freeze(parsed.value);
  return ok(Object.freeze({ ...values, members: [], joinUrls, optionSources: Object.freeze(optionSources) }));
}

/** For how many ms a node with these settings promises to elect no other leader; 0 without read leases. */
export function leasePromiseMsOf(values: Pick<Values, "readLeases" | "electionTicks" | "tickMs">): number {
  return values.readLeases ? values.electionTicks * values.tickMs : 0;
}

function refuse(option: string, message: string): Result<never, ConfigError> {
  return err({ option, message: `${option}: ${message}`, exitCode: 2 });
}

function alone(values: Values): Member {
  return {
    id: values.nodeId,
    peerUrl: `http://${urlHost(values.peerHost)}:${values.peerPort}`,
    apiUrl: `http://${urlHost(values.apiHost)}:${values.apiPort}`,
  };
}

/** A host as part of a URL: IPv6 addresses in brackets. */
export function urlHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Whether a listener on `host` is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The error for a listener that strangers can reach without protection, unless the operator vouches for the network (`insecure`). */
function unprotected(values: Values): ConfigError | undefined {
  if (values.insecure) return undefined;
  const ways = "listen on loopback, or pass --insecure (KEYHOLD_INSECURE=true) where no stranger can reach this network";
  if (!isLoopback(values.apiHost)) {
    return {
      option: "apiHost",
      exitCode: 78,
      message: `apiHost: ${values.apiHost} is not loopback and the API has no authentication: ${ways}`,
    };
  }
  if (!isLoopback(values.peerHost) && values.peerSecret === "") {
    return {
      option: "peerHost",
      exitCode: 78,
      message: `peerHost: ${values.peerHost} is not loopback and there is no peer secret: set KEYHOLD_PEER_SECRET or KEYHOLD_PEER_SECRET_FILE, ${ways}`,
    };
  }
  return undefined;
}

/** Whether there is neither a secret to prove to peers nor the word that none is needed. */
export function lacksSecret({ insecure, peerSecret }: Pick<Values, "insecure" | "peerSecret">): boolean {
  return !insecure && peerSecret === "";
}

/** With other nodes a secret is needed on loopback, too, because other programs can call there. */
export const noSecret: ConfigError = {
  option: "peerSecret",
  exitCode: 78,
  message:
    "peerSecret: there are other nodes and no peer secret: make one (openssl rand -hex 32), and give it to every node as KEYHOLD_PEER_SECRET, " +
    "or in a file as KEYHOLD_PEER_SECRET_FILE; or pass --insecure (KEYHOLD_INSECURE=true) where no stranger can reach the nodes' ports",
};

/** The placeholder of `deploy/systemd/keyhold.env.example`. */
const placeholderSecret = /^(replace|change)-?me/i;

const publicSecret: ConfigError = {
  option: "peerSecret",
  exitCode: 78,
  message:
    "peerSecret: the placeholder of the example settings is known to everybody: make a secret (openssl rand -hex 32), and give it to every " +
    "node as KEYHOLD_PEER_SECRET, or in a file as KEYHOLD_PEER_SECRET_FILE",
};

/** Kubernetes announces services in variables such as KEYHOLD_SERVICE_HOST and KEYHOLD_PORT_7001_TCP; those are not options. */
const announcedByPlatform = /^KEYHOLD(_[A-Z0-9_]+)?_(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP))|^KEYHOLD_PORT$/;

function unknownVariable(env: Readonly<Record<string, string | undefined>>): ConfigError | undefined {
  const known = [configFileEnv, ...Object.values<OptionSpec>(options).map((spec) => spec.env)];
  for (const name of Object.keys(env)) {
    if (!name.startsWith("KEYHOLD_") || known.includes(name) || announcedByPlatform.test(name)) continue;
    return { option: name, exitCode: 2, message: `${name}: no such option${suggestion(name, known)}` };
  }
  return undefined;
}
