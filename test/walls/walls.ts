/**
 * This file judges source files by the list of rooms: every import, and in rooms that are deterministic or played in virtual time every
 * global and method by which the world gets in.
 */
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import type { Room, World } from "./rooms.ts";

/** A use that the list of rooms does not allow. */
export type Breach = { readonly path: string; readonly what: string };

const clocks = ["Date", "performance", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "Temporal"];
const chance = ["crypto"];
const world = ["process", "fetch", "WebSocket", "console", "globalThis", "global", "require", "eval", "Function", "Atomics"];
/** Their answers depend on the machine or on the garbage collector, or come later. */
const unstable = ["Intl", "Promise", "Buffer", "WeakRef", "FinalizationRegistry", "SharedArrayBuffer", "Worker"];
const deniedGlobals: { readonly [W in World]: ReadonlySet<string> } = {
  pure: new Set([...clocks, ...chance, ...world, ...unstable]),
  played: new Set([...clocks, ...chance, "process", "fetch", "WebSocket", "console", "globalThis", "global", "require", "eval"]),
  free: new Set(),
};
/** Methods whose answers differ from machine to machine, or from call to call. */
const localeMembers = /^(localeCompare|toLocale[A-Z]\w*)$/;
const deniedModules = /^node:(timers|perf_hooks|worker_threads|async_hooks|process|child_process)(\/|$)/;

/** What in `text`, the file at `path` (from the root of the project), the list does not allow. */
export function breaches(
  rooms: readonly Room[],
  { path, text }: { readonly path: string; readonly text: string },
): readonly Breach[] {
  const room = rooms.find((candidate) => candidate.room === dirname(path));
  if (room === undefined) return [{ path, what: "lies in no room of the list" }];
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const isPort = room.ports?.includes(path) ?? false;
  const imports = importsOf(source).filter((name) => !mayImport(room, path, name));
  const inner = isPort ? [] : worldIn(source, room.world);
  return [...imports.map((name) => `imports ${name}`), ...inner].map((what) => ({ path, what }));
}

function mayImport(room: Room, path: string, name: string): boolean {
  if (!name.startsWith(".")) {
    if (room.world !== "free" && deniedModules.test(name)) return false;
    const packages = room.ports?.includes(path) ? [...room.packages, ...(room.portPackages ?? [])] : room.packages;
    return packages.some((allowed) => name === allowed || (!allowed.startsWith("node:") && name.startsWith(`${allowed}/`)));
  }
  const target = normalize(join(dirname(path), name));
  return [room.room, ...room.imports].some((allowed) => allowed === target || allowed === dirname(target));
}

/** Names of modules in every form of import: static, of types, re-exports, dynamic, `import("x").Type`, `require`. */
function importsOf(source: ts.SourceFile): readonly string[] {
  const names: string[] = [];
  visit(source, (node) => {
    const at =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) &&
              (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")
            ? node.arguments[0]
            : ts.isExternalModuleReference(node)
              ? node.expression
              : undefined;
    if (at !== undefined) names.push(ts.isStringLiteralLike(at) ? at.text : `something computed: ${at.getText()}`);
  });
  return names;
}

function worldIn(source: ts.SourceFile, kind: World): readonly string[] {
  const denied = deniedGlobals[kind];
  if (denied.size === 0) return [];
  const found: string[] = [];
  const own = new Set<string>();
  visit(source, (node) => {
    if ("name" in node && ts.isDeclarationStatement(node as ts.Node) === false && isBinding(node))
      own.add((node.name as ts.Node).getText());
  });
  visit(source, (node) => {
    if (ts.isPropertyAccessExpression(node)) {
      if (node.getText() === "Math.random") found.push("calls Math.random");
      if (localeMembers.test(node.name.text)) found.push(`calls ${node.name.text}`);
    }
    if (ts.isIdentifier(node) && denied.has(node.text) && !own.has(node.text) && isReference(node))
      found.push(`uses ${node.text}`);
  });
  return found;
}

/** Whether `node` gives a name to something of its own file, which then is no global. */
function isBinding(node: ts.Node): node is ts.Node & { readonly name: ts.Node } {
  return ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node);
}

/** Whether an identifier stands for a value, and not for a type, a member or a label. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent))
    return parent.name !== node;
  if (ts.isMethodDeclaration(parent) || ts.isMethodSignature(parent)) return parent.name !== node;
  return true;
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
