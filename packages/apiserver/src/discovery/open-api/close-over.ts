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
    for (const [, target = ""] of JSON.stringify(definition).matchAll(referenced))
      wanted.push(target);
  }
  return found;
}
