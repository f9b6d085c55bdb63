import { type FieldError, invalid } from "@cellplane/apimachinery";
import { parseResourcePattern, type ResourcePattern } from "./resource-pattern.ts";

// The texts are kube-apiserver's: apiserver `pkg/apis/apiserver/validation/validation_encryption.go`.
const texts = {
  duplicate: "the same resource cannot be specified multiple times",
  overlap:
    "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
  capitals: "resource name should not contain capital letters",
  star: "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources",
  noApi: "resources which do not have REST API/s cannot be encrypted",
  events:
    "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file",
  extensions: "'extensions' group has been removed and cannot be used for encryption",
  acrossGroups: "encrypting the same resource across groups is not supported",
} as const;

/** Resources that a cluster stores without serving them. */
const unserved: ReadonlySet<string> = new Set([
  "apiserveripinfo",
  "serviceipallocations",
  "servicenodeportallocations",
]);

/** What is wrong with one list of resources. */
export function validateResources(resources: readonly string[], path: string): FieldError[] {
  const errors = findOverlaps(resources).map((text) => invalid(path, [...resources], text));
  for (const [at, name] of resources.entries()) {
    const text = findProblem(name);
    if (text !== undefined) errors.push(invalid(`${path}[${at}]`, name, text));
  }
  return errors;
}

function findOverlaps(resources: readonly string[]): readonly string[] {
  const patterns = resources.map(parseResourcePattern);
  const pairs = patterns.flatMap((one, at) =>
    patterns.slice(at + 1).map((other) => [one, other] as const),
  );
  const found: string[] = [];
  if (pairs.some(([one, other]) => isEqual(one, other))) found.push(texts.duplicate);
  if (pairs.some(([one, other]) => !isEqual(one, other) && covers(one, other))) {
    found.push(texts.overlap);
  }
  return found;
}

function isEqual(one: ResourcePattern, other: ResourcePattern): boolean {
  return one.group === other.group && one.resource === other.resource;
}

function covers(one: ResourcePattern, other: ResourcePattern): boolean {
  if (isEverything(one) || isEverything(other)) return true;
  return one.group === other.group && (one.resource === "*" || other.resource === "*");
}

function isEverything({ group, resource }: ResourcePattern): boolean {
  return group === "*" && resource === "*";
}

function findProblem(name: string): string | undefined {
  if (name.toLowerCase() !== name) return texts.capitals;
  if (name === "*") return texts.star;
  if (unserved.has(name)) return texts.noApi;
  const { group, resource } = parseResourcePattern(name);
  if (group === "events.k8s.io") return texts.events;
  if (group === "extensions") return texts.extensions;
  return group === "*" && resource !== "*" ? texts.acrossGroups : undefined;
}
