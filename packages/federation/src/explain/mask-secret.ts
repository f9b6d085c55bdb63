import {
  isJsonObject,
  type JsonObject,
  type KubernetesObject,
  stringifyJson,
} from "@cellplane/apimachinery";

const secretFields = ["data", "stringData"] as const;
// kubectl keeps a copy of the whole manifest here.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The same Secret as several states, without its values: `***` where all states agree on a value,
 * else `*** (1)`, `*** (2)`, … for each different one, so that a comparison still shows what
 * changes. Not even a hash of a value is told, for a short value can be guessed by it.
 */
export function maskSecrets<T extends KubernetesObject | undefined>(
  states: readonly T[],
): readonly T[] {
  const masks = new Map(secretFields.map((field) => [field, masksOf(states, field)] as const));
  return states.map((state) => {
    if (state === undefined) return state;
    const masked: Record<string, unknown> = { ...state };
    for (const [field, maskOf] of masks) {
      const values = state[field];
      if (values !== undefined) masked[field] = maskValues(values, maskOf);
    }
    return { ...masked, metadata: maskMetadata(state) } as T;
  });
}

function masksOf(
  states: readonly (KubernetesObject | undefined)[],
  field: string,
): (key: string, value: unknown) => string {
  const seen = new Map<string, string[]>();
  for (const state of states) {
    for (const [key, value] of entriesOf(state?.[field])) {
      const values = seen.get(key) ?? [];
      const text = stringifyJson(value);
      if (!values.includes(text)) values.push(text);
      seen.set(key, values);
    }
  }
  return (key, value) => {
    const values = seen.get(key) ?? [];
    return values.length < 2 ? "***" : `*** (${values.indexOf(stringifyJson(value)) + 1})`;
  };
}

function maskValues(
  values: unknown,
  maskOf: (key: string, value: unknown) => string,
): JsonObject | string {
  if (!isJsonObject(values)) return "***";
  return Object.fromEntries(entriesOf(values).map(([key, value]) => [key, maskOf(key, value)]));
}

function maskMetadata({ metadata }: KubernetesObject): KubernetesObject["metadata"] {
  const { annotations } = metadata;
  if (annotations?.[lastApplied] === undefined) return metadata;
  return { ...metadata, annotations: { ...annotations, [lastApplied]: "***" } };
}

function entriesOf(values: unknown): readonly (readonly [string, unknown])[] {
  return isJsonObject(values) ? Object.entries(values) : [];
}
