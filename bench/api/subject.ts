/** A kind of object to measure with: how it is addressed, and 2 KB objects of it. */
export interface Subject {
  readonly collection: string;
  /** The text of an object; `turn` makes its content differ. */
  object(name: string, turn: number, resourceVersion?: string): string;
}

/** Objects of about 2 KB in a list of this length. */
export const listLength = 1000;

const namespace = "bench";
const group = "bench.cellplane.example";

/** Built-in objects without a status. */
export const configMaps: Subject = {
  collection: `/api/v1/namespaces/${namespace}/configmaps`,
  object: (name, turn, resourceVersion) =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: metadata(name, resourceVersion),
      data: { turn: String(turn), ...texts() },
    }),
};

/** Custom resources with a structural schema. */
export const customResources: Subject = {
  collection: `/apis/${group}/v1/namespaces/${namespace}/settings`,
  object: (name, turn, resourceVersion) =>
    JSON.stringify({
      apiVersion: `${group}/v1`,
      kind: "Setting",
      metadata: metadata(name, resourceVersion),
      spec: {
        turn,
        mode: "Fast",
        values: texts(),
        rules: [
          { name: "first", weight: 1 },
          { name: "second", weight: 2 },
        ],
      },
    }),
};

/** The definition of the custom resources. */
export const settingsDefinition: string = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `settings.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "settings", singular: "setting", kind: "Setting", listKind: "SettingList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec: specSchema() } } },
      },
    ],
  },
});

function specSchema(): object {
  const rule = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string", minLength: 1 }, weight: { type: "integer", minimum: 0 } },
  };
  return {
    type: "object",
    required: ["mode"],
    properties: {
      turn: { type: "integer" },
      mode: { type: "string", enum: ["Fast", "Safe"] },
      values: {
        type: "object",
        additionalProperties: { type: "string", maxLength: 1000 },
      },
      rules: {
        type: "array",
        items: rule,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      },
    },
  };
}

function metadata(name: string, resourceVersion: string | undefined): object {
  return {
    name,
    namespace,
    labels: { "app.kubernetes.io/name": "bench", "app.kubernetes.io/part-of": "cellplane" },
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function texts(): Record<string, string> {
  const line = "payments.example/settlement?window=15m&retries=3&currency=CNY&mode=strict&route=a";
  return Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`setting-${String(i).padStart(2, "0")}`, `${line}${i}`]),
  );
}
