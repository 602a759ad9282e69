/**
 * This file finds a piece of TypeScript in a source by its tokens. White space, comments, the quotes of a string, and the
 * commas and bars that a formatter adds when it breaks a line do not count, so that a formatted source is the same source.
 */
import ts from "typescript";

type Token = { readonly text: string; readonly start: number; readonly end: number };

/** Where something stands in a text: from its first character up to, and without, the one at `end`. */
export type Span = { readonly start: number; readonly end: number };

/** Sources that were scanned: many pieces are looked for in one. */
const sources = new Map<string, readonly Token[]>();

/** Every place in `source` that reads as `piece` does, in order. A piece without a token is found nowhere. */
export function placesOf(piece: string, source: string): readonly Span[] {
  const wanted = tokensOf(piece);
  const [first] = wanted;
  if (first === undefined) return [];
  const tokens = sources.get(source) ?? tokensOf(source);
  sources.set(source, tokens);
  const places: Span[] = [];
  for (let from = 0; from + wanted.length <= tokens.length; from++) {
    const last = tokens[from + wanted.length - 1];
    const begins = tokens[from];
    if (begins === undefined || last === undefined) break;
    if (wanted.every(({ text }, i) => tokens[from + i]?.text === text)) places.push({ start: begins.start, end: last.end });
  }
  return places;
}

/** Whether two pieces read the same. */
export function readsAs(one: string, other: string): boolean {
  const [a, b] = [tokensOf(one), tokensOf(other)];
  return a.length === b.length && a.every(({ text }, i) => text === b[i]?.text);
}

/** What a parser objects to in `source`, one line each; empty when it can be run. */
export function objectionsTo(source: string): readonly string[] {
  const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
  return diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

function tokensOf(text: string): readonly Token[] {
  const tokens = scan(text);
  return tokens.filter((_, i) => !isOfFormat(tokens, i));
}

const closing = [")", "]", "}", ">"];
const beforeBar = ["=", ":", "<", "(", ",", "=>"];

/** A comma before what closes a list, or a bar before the first of several types. */
function isOfFormat(tokens: readonly Token[], i: number): boolean {
  const text = tokens[i]?.text ?? "";
  if (text === ",") return closing.includes(tokens[i + 1]?.text ?? "");
  return (text === "|" || text === "&") && beforeBar.includes(tokens[i - 1]?.text ?? "");
}

function scan(text: string): readonly Token[] {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, ts.LanguageVariant.Standard, text);
  const tokens: Token[] = [];
  /** For each template that is open, how many braces are open within its present expression. */
  const templates: number[] = [];
  let before = ts.SyntaxKind.Unknown;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const depth = templates.at(-1);
    if (kind === ts.SyntaxKind.CloseBraceToken && depth === 0) {
      kind = scanner.reScanTemplateToken(false);
      if (kind === ts.SyntaxKind.TemplateTail) templates.pop();
    } else if (kind === ts.SyntaxKind.TemplateHead) templates.push(0);
    else if (kind === ts.SyntaxKind.OpenBraceToken && depth !== undefined) templates[templates.length - 1] = depth + 1;
    else if (kind === ts.SyntaxKind.CloseBraceToken && depth !== undefined) templates[templates.length - 1] = depth - 1;
    else if (isSlash(kind) && !endsValue(before)) kind = scanner.reScanSlashToken();
    const isText = kind === ts.SyntaxKind.StringLiteral;
    tokens.push({
      text: isText ? JSON.stringify(scanner.getTokenValue()) : scanner.getTokenText(),
      start: scanner.getTokenStart(),
      end: scanner.getTokenEnd(),
    });
    before = kind;
  }
  return tokens;
}

function isSlash(kind: ts.SyntaxKind): boolean {
  return kind === ts.SyntaxKind.SlashToken || kind === ts.SyntaxKind.SlashEqualsToken;
}

/** After a value a slash divides; anywhere else it begins a regular expression. */
function endsValue(kind: ts.SyntaxKind): boolean {
  return (
    kind === ts.SyntaxKind.CloseParenToken ||
    kind === ts.SyntaxKind.CloseBracketToken ||
    kind === ts.SyntaxKind.CloseBraceToken ||
    kind === ts.SyntaxKind.Identifier ||
    kind === ts.SyntaxKind.ThisKeyword ||
    kind === ts.SyntaxKind.NumericLiteral ||
    kind === ts.SyntaxKind.BigIntLiteral ||
    kind === ts.SyntaxKind.StringLiteral ||
    kind === ts.SyntaxKind.NoSubstitutionTemplateLiteral ||
    kind === ts.SyntaxKind.TemplateTail
  );
}
