/**
 * This file reads what a source file uses from outside itself: imports, globals, and syntax by which the world gets in.
 */
import ts from "typescript";

/** One name that a file imports. `name` is `types` for what vanishes when compiled, `*` for the whole module, `effects` for no name at all. */
export type Imported = { readonly module: string; readonly name: string };

/** What a file uses. */
export type Uses = {
  readonly imports: readonly Imported[];
  /** `Math.max` where a name follows at once, `new Date(...)` where it is made of something, `Math` where it is used in any other way. */
  readonly globals: readonly string[];
  /** Names of members, by whatever syntax they are asked for: `.name`, `["name"]`, `{ name } =`. */
  readonly members: readonly string[];
  /** `import.meta`, `a dynamic import`, `async`. */
  readonly syntax: readonly string[];
};

/** What `text`, the file at `path`, uses. */
export function usesOf(path: string, text: string): Uses {
  const { source, checker } = bound(path, text);
  const imports: Imported[] = [];
  const globals: string[] = [];
  const members: string[] = [];
  const syntax: string[] = [];
  visit(source, (node, isCompiled) => {
    imports.push(...importsIn(node));
    if (!isCompiled) return;
    if (ts.isIdentifier(node) && isValue(node) && !isOwn(node, source, checker)) globals.push(globalAt(node));
    const member = memberAt(node);
    if (member !== undefined) members.push(member);
    syntax.push(...syntaxIn(node));
  });
  return { imports, globals, members, syntax };
}

/** What `text`, the file at `path`, imports. */
export function importsOf(path: string, text: string): readonly Imported[] {
  const found: Imported[] = [];
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true), (node) => found.push(...importsIn(node)));
  return found;
}

/** One file by itself, with its names bound by the compiler: without its imports and without Node's types, so what it finds is the file's own. */
function bound(path: string, text: string): { readonly source: ts.SourceFile; readonly checker: ts.TypeChecker } {
  const options: ts.CompilerOptions = { noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ESNext };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const program = ts.createProgram({
    rootNames: [path],
    options,
    host: {
      getSourceFile: (name) => (name === path ? source : undefined),
      getDefaultLibFileName: () => "",
      writeFile: () => {},
      getCurrentDirectory: () => "/",
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      fileExists: (name) => name === path,
      readFile: () => undefined,
    },
  });
  return { source, checker: program.getTypeChecker() };
}

/** Visits `node` and what is in it; `isCompiled` tells values from types, which vanish when compiled. */
function visit(node: ts.Node, see: (node: ts.Node, isCompiled: boolean) => void, isCompiled = true): void {
  see(node, isCompiled);
  ts.forEachChild(node, (child) => visit(child, see, isCompiled && !isType(child)));
}

/** Every form of import: static, of types, re-exports, dynamic, `import("x").Type`, `require`. */
function importsIn(node: ts.Node): readonly Imported[] {
  if (ts.isImportDeclaration(node)) return named(node.moduleSpecifier, importedNames(node.importClause));
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) return named(node.moduleSpecifier, exportedNames(node));
  if (ts.isImportTypeNode(node))
    return named(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, ["types"]);
  if (ts.isExternalModuleReference(node)) return named(node.expression, ["*"]);
  const isCall = ts.isCallExpression(node) && (isImport(node.expression) || isRequire(node.expression));
  return isCall ? named(node.arguments[0] ?? node, ["*"]) : [];
}

function named(specifier: ts.Node, names: readonly string[]): readonly Imported[] {
  const module = ts.isStringLiteralLike(specifier) ? specifier.text : `something computed: ${specifier.getText()}`;
  return names.map((name) => ({ module, name }));
}

function importedNames(clause: ts.ImportClause | undefined): readonly string[] {
  if (clause === undefined) return ["effects"];
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return ["types"];
  const bindings = clause.namedBindings;
  const first = clause.name === undefined ? [] : ["default"];
  if (bindings === undefined) return first;
  return [...first, ...(ts.isNamespaceImport(bindings) ? ["*"] : bindings.elements.map(nameOf))];
}

function exportedNames({ exportClause, isTypeOnly }: ts.ExportDeclaration): readonly string[] {
  if (isTypeOnly) return ["types"];
  return exportClause !== undefined && ts.isNamedExports(exportClause) ? exportClause.elements.map(nameOf) : ["*"];
}

function nameOf(one: ts.ImportSpecifier | ts.ExportSpecifier): string {
  return one.isTypeOnly ? "types" : (one.propertyName ?? one.name).text;
}

function isType(node: ts.Node): boolean {
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || (ts.isTypeNode(node) && !isExtended(node));
}

/** Whether `node` is the class that another class extends, which is a value. */
function isExtended({ parent }: ts.TypeNode): boolean {
  return ts.isHeritageClause(parent) && parent.token === ts.SyntaxKind.ExtendsKeyword && ts.isClassLike(parent.parent);
}

/** Whether an identifier stands for a value that is looked up by this name, and not for a member, a label or a part of an import. */
function isValue(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if ("name" in parent && parent.name === node) return false;
  if (ts.isBindingElement(parent) || ts.isImportSpecifier(parent)) return parent.propertyName !== node;
  return !ts.isExportSpecifier(parent) && !ts.isLabeledStatement(parent) && !ts.isBreakOrContinueStatement(parent);
}

/** Whether the value that `node` names in its scope is made in this file or imported; what is only declared in it is not. */
function isOwn(node: ts.Identifier, source: ts.SourceFile, checker: ts.TypeChecker): boolean {
  if (node.text === "undefined" || node.text === "arguments") return true;
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return (symbol?.declarations ?? []).some(
    (made) => made.getSourceFile() === source && (ts.getCombinedModifierFlags(made) & ts.ModifierFlags.Ambient) === 0,
  );
}

function globalAt(node: ts.Identifier): string {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return `${node.text}.${parent.name.text}`;
  const first = ts.isNewExpression(parent) && parent.expression === node ? parent.arguments?.[0] : undefined;
  return first === undefined || ts.isSpreadElement(first) ? node.text : `new ${node.text}(...)`;
}

/** The name of the member that `node` asks for. */
function memberAt(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  if (ts.isElementAccessExpression(node)) return textOf(node.argumentExpression);
  if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) return textOf(node.propertyName ?? node.name);
  return undefined;
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isComputedPropertyName(node)) return textOf(node.expression);
  return ts.isIdentifier(node) || ts.isStringLiteralLike(node) ? node.text : undefined;
}

function syntaxIn(node: ts.Node): readonly string[] {
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return ["import.meta"];
  if (isImport(node)) return ["a dynamic import"];
  return isAsync(node) ? ["async"] : [];
}

function isAsync(node: ts.Node): boolean {
  if (ts.isVariableDeclarationList(node)) return (node.flags & ts.NodeFlags.AwaitUsing) === ts.NodeFlags.AwaitUsing;
  return ts.isAwaitExpression(node) || node.kind === ts.SyntaxKind.AsyncKeyword || node.kind === ts.SyntaxKind.AwaitKeyword;
}

function isImport(node: ts.Node): boolean {
  return node.kind === ts.SyntaxKind.ImportKeyword && ts.isCallExpression(node.parent);
}

function isRequire(node: ts.Node): boolean {
  return ts.isIdentifier(node) && node.text === "require";
}
