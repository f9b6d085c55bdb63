import { CompiledNode } from "./compiled-node.ts";

/** Definitions whose Go types decode themselves, by the last part of their names. */
export type SelfDecoding = "Time" | "MicroTime" | "Quantity" | "IntOrString" | "Duration";

const selfDecoding = new Map<string, SelfDecoding>([
  ["io.k8s.apimachinery.pkg.apis.meta.v1.Time", "Time"],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "MicroTime"],
  ["io.k8s.apimachinery.pkg.apis.meta.v1.Duration", "Duration"],
  ["io.k8s.apimachinery.pkg.api.resource.Quantity", "Quantity"],
  ["io.k8s.apimachinery.pkg.util.intstr.IntOrString", "IntOrString"],
]);

/** How the node's Go type decodes itself, where it does. */
export function selfDecodingOf(node: CompiledNode): SelfDecoding | undefined {
  return node.definition === undefined ? undefined : selfDecoding.get(node.definition);
}

/** The name of the Go struct: `PodSpec`. */
export function goStructName(node: CompiledNode): string {
  return node.definition?.split(".").at(-1) ?? "";
}

/** The node's type as Go names it: `int32`, `[]v1.Container`, `map[string]string`. */
export function goTypeName(node: CompiledNode): string {
  if (node.definition !== undefined) return node.definition.split(".").slice(-2).join(".");
  switch (node.type) {
    case "string":
      return node.format === "byte" ? "[]uint8" : "string";
    case "integer":
      return node.format === "int32" ? "int32" : "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "array":
      return `[]${node.items === undefined ? "interface {}" : goTypeName(node.items)}`;
    case "object":
      return goMapName(node);
    default:
      return "interface {}";
  }
}

// Kubernetes has one named type among its maps: amounts by resource.
function goMapName({ additionalProperties }: CompiledNode): string {
  if (!(additionalProperties instanceof CompiledNode)) return "map[string]interface {}";
  if (selfDecodingOf(additionalProperties) === "Quantity") return "v1.ResourceList";
  return `map[string]${goTypeName(additionalProperties)}`;
}
