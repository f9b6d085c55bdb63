/** `protobuf-fields.json`: message → field → number and type. */
export type ProtobufFacts = Readonly<Record<string, ProtobufMessage>>;

type ProtobufMessage = Readonly<Record<string, readonly [number, string]>>;

/** Messages of the aggregator, whose facts are not in `protobuf-fields.json`. */
const aggregator = "k8s.io.kube_aggregator.pkg.apis.apiregistration.v1";
const aggregatorNumbers: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  APIService: { metadata: 1, spec: 2, status: 3 },
  APIServiceCondition: { type: 1, status: 2, lastTransitionTime: 3, reason: 4, message: 5 },
  APIServiceList: { metadata: 1, items: 2 },
  APIServiceSpec: {
    service: 1,
    group: 2,
    version: 3,
    insecureSkipTLSVerify: 4,
    caBundle: 5,
    groupPriorityMinimum: 7,
    versionPriority: 8,
  },
  APIServiceStatus: { conditions: 1 },
  ServiceReference: { namespace: 1, name: 2, port: 3 },
};

/** Fields whose names in JSON are not those of the message. */
const otherNames: Readonly<Record<string, string>> = { ref: "$ref", schema: "$schema" };

/**
 * The field numbers of a definition's properties; `2.19` is field 19 of the message in field 2,
 * whose fields JSON has one level higher.
 */
export function protobufNumbers(
  facts: ProtobufFacts,
  definition: string,
  properties: readonly string[],
): ReadonlyMap<string, string> {
  const message = `k8s.io.${definition.slice("io.k8s.".length).replaceAll("-", "_")}`;
  const known = new Map<string, string>();
  if (message.startsWith(`${aggregator}.`)) {
    const numbers = aggregatorNumbers[message.slice(aggregator.length + 1)] ?? {};
    for (const [name, number] of Object.entries(numbers)) known.set(name, String(number));
    return known;
  }
  if (properties.length === 0) return known;
  collect(facts, message, { prefix: "", wanted: new Set(properties), known });
  return known;
}

interface Collection {
  readonly prefix: string;
  readonly wanted: ReadonlySet<string>;
  readonly known: Map<string, string>;
}

function collect(facts: ProtobufFacts, message: string, collection: Collection): void {
  const { prefix, wanted, known } = collection;
  for (const [field, [number, type]] of Object.entries(facts[message] ?? {})) {
    const name = jsonName(field, message, wanted);
    if (name !== undefined) known.set(name, `${prefix}${number}`);
    else if (type in facts) collect(facts, type, { ...collection, prefix: `${prefix}${number}.` });
  }
}

function jsonName(field: string, message: string, wanted: ReadonlySet<string>): string | undefined {
  if (message.endsWith(".JSONSchemaProps")) {
    const dashed = field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [otherNames[field], dashed, field].find((name) => wanted.has(name ?? ""));
  }
  if (wanted.has(field)) return field;
  return Array.from(wanted).find((name) => name.toLowerCase() === field.toLowerCase());
}
