import {
  isJsonArray,
  isJsonObject,
  isJsonEqual,
  type JsonValue,
  parseJson,
} from "@cellplane/apimachinery";

/** Finds the first value at a column's path; `undefined` where there is none. */
export type FindValue = (object: JsonValue) => JsonValue | undefined;

type Step = (values: readonly JsonValue[]) => readonly JsonValue[];

const stepPattern =
  /\.([^.[\]\\]+(?:\\.[^.[\]\\]*)*)|\[(?:'([^']*)'|"([^"]*)"|(-?\d+)|(\*)|\?\(@((?:\.[\w-]+)+)\s*(==|!=)\s*(.+?)\))\]/gy;

/** Compiles a JSON path such as `.spec.replicas` or `.status.conditions[?(@.type=="Ready")].status`. */
export function compileColumnPath(path: string): FindValue {
  const steps = Array.from(path.matchAll(stepPattern), toStep);
  return (object) => {
    let values: readonly JsonValue[] = [object];
    for (const step of steps) {
      values = step(values);
      if (values.length === 0) return undefined;
    }
    return values[0];
  };
}

function toStep(match: RegExpExecArray): Step {
  const [, name, single, double, index, star, field = "", operator, literal = ""] = match;
  const key = name?.replaceAll(/\\(.)/g, "$1") ?? single ?? double;
  if (key === "*" || star !== undefined) return (values) => values.flatMap(membersOf);
  if (key !== undefined)
    return (values) =>
      values.flatMap((value) => {
        const member = isJsonObject(value) ? value[key] : undefined;
        return member === undefined ? [] : [member];
      });
  if (index !== undefined)
    return (values) =>
      values.flatMap((value) => (isJsonArray(value) ? (value.at(Number(index)) ?? []) : []));
  const find = compileColumnPath(field);
  const wanted = literalOf(literal);
  return (values) =>
    values
      .flatMap(membersOf)
      .filter((item) => isJsonEqual(find(item), wanted) === (operator === "=="));
}

function membersOf(value: JsonValue): readonly JsonValue[] {
  if (isJsonArray(value)) return value;
  if (!isJsonObject(value)) return [];
  return Object.values(value).filter((member) => member !== undefined);
}

function literalOf(text: string): JsonValue {
  const quoted = /^'(.*)'$/.exec(text.trim());
  return quoted ? (quoted[1] ?? "") : parseJson(text);
}
