/**
 * This file finds switches that are not closed: where a value of a new kind would pass unnoticed.
 */
import ts from "typescript";

/** What a union is told apart by. */
const tags = new Set(["kind", "code", "reason", "check"]);

/**
 * The switches over the tag of a union in `text`, as `line: what is wrong`, that neither end in `default: unreachable(...)` nor, without a default,
 * in a function that must return a value after them: there the compiler names the case that is missing.
 */
export function openSwitches(path: string, text: string): readonly string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isSwitchStatement(node) && isTag(node.expression)) {
      const fault = faultOf(node);
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      if (fault !== undefined) found.push(`${line}: ${fault}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isTag(expression: ts.Expression): boolean {
  if (ts.isPropertyAccessExpression(expression)) return tags.has(expression.name.text);
  return ts.isIdentifier(expression) && tags.has(expression.text);
}

function faultOf(statement: ts.SwitchStatement): string | undefined {
  const otherwise = statement.caseBlock.clauses.find(ts.isDefaultClause);
  if (otherwise !== undefined) {
    // What is decoded may be anything: there the default refuses aloud.
    const closes = /\bunreachable\(|\bsatisfies never\b|\bthrow\b|\bcheck\(false,/.test(otherwise.getText());
    return closes ? undefined : "its default takes whatever comes";
  }
  return mustReturn(statement) ? undefined : "it has no default, and nothing asks for a value after it";
}

/** Whether `statement` is the last one of a function that declares that it returns something. */
function mustReturn(statement: ts.SwitchStatement): boolean {
  const block = statement.parent;
  if (!ts.isBlock(block) || block.statements.at(-1) !== statement) return false;
  const around = block.parent;
  if (!ts.isFunctionLike(around) || around.type === undefined) return false;
  return !/\b(void|undefined)\b/.test(around.type.getText());
}
