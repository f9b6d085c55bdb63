import type { JsonObject } from "@cellplane/apimachinery";
import type { FindDefinition, Schemas } from "./open-api-types.ts";

const referenced = /"\$ref":"[^"]*?([^"/]+)"/g;

/** These definitions and all that they refer to, as far as they are known. */
export function closeOver(names: readonly string[], find: FindDefinition): Schemas {
  const found: Record<string, Schemas[string]> = {};
  const wanted = [...names];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    if (found[name]) continue;
    const definition = find(name);
    if (!definition) continue;
    found[name] = definition;
    wanted.push(...referencesOf(definition));
  }
  return found;
}

// Most definitions are shared: every resource refers to ObjectMeta and what is below it.
const known = new WeakMap<JsonObject, readonly string[]>();

function referencesOf(definition: JsonObject): readonly string[] {
  const cached = known.get(definition);
  if (cached) return cached;
  const names = Array.from(
    JSON.stringify(definition).matchAll(referenced),
    ([, name = ""]) => name,
  );
  known.set(definition, names);
  return names;
}
