import type { JsonObject } from "@cellplane/apimachinery";
import { numberAt, objectAt, objectsAt, stringAt, textsAt } from "../plain/plain.ts";
import { ageOf, type Cells, formatLabels, nameOf, none } from "./cells.ts";

/** Cells of a Service. */
export const serviceCells: Cells = (service, nowMs) => {
  const spec = objectAt(service, "spec");
  return [
    nameOf(service),
    stringAt(spec, "type"),
    textsAt(spec, "clusterIPs")[0] ?? none,
    externalAddress(service),
    formatPorts(objectsAt(spec, "ports")),
    ageOf(service, nowMs),
    formatLabels(objectAt(spec, "selector")),
  ];
};

function externalAddress(service: JsonObject): string {
  const spec = objectAt(service, "spec");
  const external = textsAt(spec, "externalIPs");
  switch (stringAt(spec, "type")) {
    case "ExternalName":
      return stringAt(spec, "externalName");
    case "LoadBalancer": {
      const all = [...new Set([...loadBalancerAddresses(service), ...external])];
      return all.length === 0 ? "<pending>" : all.join(",");
    }
    default:
      return external.length === 0 ? none : external.join(",");
  }
}

/** Addresses, or names, under which a load balancer is reached. */
export function loadBalancerAddresses(object: JsonObject): readonly string[] {
  return objectsAt(object, "status", "loadBalancer", "ingress")
    .map((each) => stringAt(each, "ip") || stringAt(each, "hostname"))
    .filter((address) => address !== "");
}

function formatPorts(ports: readonly JsonObject[]): string {
  if (ports.length === 0) return none;
  const texts = ports.map((port) => {
    const nodePort = numberAt(port, "nodePort") ?? 0;
    const number = numberAt(port, "port") ?? 0;
    const both = nodePort > 0 ? `${number}:${nodePort}` : `${number}`;
    return `${both}/${stringAt(port, "protocol")}`;
  });
  return texts.join(",");
}
