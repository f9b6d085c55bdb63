import { randomInt } from "node:crypto";
import {
  type FieldError,
  invalid,
  invalidObject,
  type JsonObject,
  type KubernetesObject,
  StatusError,
} from "@cellplane/apimachinery";
import type { AdmissionPlugin, AdmissionRequest } from "../../admission/admission.ts";
import type { ObjectAccess } from "../../registry/object-access.ts";
import { formatAddress, parseAddress, parseAddressRange } from "../allocation/address-range.ts";
import { NumberPool } from "../allocation/number-pool.ts";
import { editMember, withMember } from "../plain/edit.ts";
import {
  asJson,
  asObject,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
  valuesAt,
} from "../plain/plain.ts";
import {
  dropUnneeded,
  inheritAllocations,
  needsAddress,
  needsHealthPort,
  needsNodePorts,
} from "./service-changes.ts";

/** From where Services get addresses and ports. */
export interface ServiceAllocationOptions {
  /** IPv4 range, `10.96.0.0/16` by default. */
  readonly addressRange?: string;
  /** First and last node port; 30000 to 32767 by default. */
  readonly nodePorts?: readonly [first: number, last: number];
  /** Milliseconds since 1970. */
  readonly clock: () => number;
}

const services = { group: "", resource: "services" } as const;
const knownTypes: ReadonlySet<string> = new Set(["ClusterIP", "NodePort", "LoadBalancer"]);

/**
 * Gives Services their addresses and node ports. What is in use is known from a watch on Services,
 * so nothing leaks: the pool is what the stored objects say. It stands last among those that
 * change objects, so that webhooks see what the client sent.
 */
export function serviceAllocationPlugin(
  objects: ObjectAccess,
  options: ServiceAllocationOptions,
): AdmissionPlugin {
  const allocator = new ServiceAllocator(objects, options);
  return {
    name: "ServiceAllocation",
    handles: ({ operation, gvr, subresource }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      gvr.group === "" &&
      gvr.resource === "services" &&
      subresource === "",
    mutate: (request) => allocator.allocate(request),
  };
}

/** The pools, and the watch that fills them from the first question on. */
class ServiceAllocator {
  readonly #objects: ObjectAccess;
  readonly #range: ReturnType<typeof parseAddressRange>;
  readonly #addresses: NumberPool;
  readonly #ports: NumberPool;
  readonly #portRange: string;
  #watching: Promise<Disposable> | undefined;

  constructor(objects: ObjectAccess, options: ServiceAllocationOptions) {
    const { addressRange = "10.96.0.0/16", nodePorts = [30_000, 32_767], clock } = options;
    this.#objects = objects;
    this.#range = parseAddressRange(addressRange);
    const { base, size } = this.#range;
    const common = { clock, random: (below: number) => randomInt(below) };
    // The first address is the network's, the last its broadcast.
    this.#addresses = new NumberPool({ first: base + 1, last: base + size - 2, ...common });
    this.#portRange = nodePorts.join("-");
    this.#ports = new NumberPool({ first: nodePorts[0], last: nodePorts[1], ...common });
  }

  async allocate(request: AdmissionRequest): Promise<KubernetesObject> {
    await this.#watch();
    await request.guard?.(["services"]);
    const wanted = asJson(request.object ?? { metadata: {} });
    const old = request.oldObject && asJson(request.oldObject);
    const kept = old ? inheritAllocations(dropUnneeded(wanted, old), old) : wanted;
    // A type that is none is refused by validation, with all else that is wrong.
    if (!knownTypes.has(stringAt(kept, "spec", "type"))) return asObject(kept);
    const before = objectAt(old, "spec");
    return asObject(
      editMember(kept, "spec", (spec) => {
        const addressed = this.#giveAddress(request, { spec, before });
        return this.#givePorts(request, { spec: addressed, before });
      }),
    );
  }

  async #watch(): Promise<void> {
    this.#watching ??= this.#objects.watch(services, {
      onPut: (object, old) => {
        if (old) this.#count(old, (pool, number) => pool.release(number));
        this.#count(object, (pool, number) => pool.use(number));
      },
      onDelete: (object) => this.#count(object, (pool, number) => pool.release(number)),
    });
    await this.#watching;
  }

  #count(service: KubernetesObject, change: (pool: NumberPool, number: number) => void): void {
    const spec = objectAt(asJson(service), "spec");
    for (const address of valuesAt(spec, "clusterIPs")) {
      const number = typeof address === "string" ? parseAddress(address) : undefined;
      if (number !== undefined) change(this.#addresses, number);
    }
    for (const port of nodePortsOf(spec)) change(this.#ports, port);
  }

  #giveAddress(request: AdmissionRequest, { spec, before }: Specs): JsonObject {
    if (!needsAddress(spec)) return spec;
    const asked = stringAt(spec, "clusterIP");
    if (asked !== "" && asked === stringAt(before, "clusterIP")) return spec;
    if (asked !== "") {
      this.#takeAddress(request, asked);
      return spec;
    }
    const number = this.#addresses.find();
    if (number === undefined) {
      throw new StatusError(
        "InternalError",
        "Internal error occurred: failed to allocate a serviceIP: range is full",
      );
    }
    if (isPromised(request)) this.#addresses.promise(number);
    const address = formatAddress(number);
    return { ...spec, clusterIP: address, clusterIPs: [address] };
  }

  #takeAddress(request: AdmissionRequest, address: string): void {
    const number = parseAddress(address);
    if (number === undefined) return; // Validation says so.
    const why = !this.#addresses.contains(number)
      ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${this.#range.cidr}`
      : this.#addresses.isFree(number)
        ? undefined
        : "provided IP is already allocated";
    if (why !== undefined) {
      const detail = `failed to allocate IP ${address}: ${why}`;
      throw refuse(request, invalid("spec.clusterIPs", [address], detail));
    }
    if (isPromised(request)) this.#addresses.promise(number);
  }

  #givePorts(request: AdmissionRequest, { spec, before }: Specs): JsonObject {
    const owned = new Set(nodePortsOf(before));
    const takenHere = new Set<number>();
    const wanted = needsNodePorts(spec);
    const ports = objectsAt(spec, "ports").map((port, at) => {
      const asked = numberAt(port, "nodePort") ?? 0;
      if (asked === 0 && !wanted) return port;
      const path = `spec.ports[${at}].nodePort`;
      const isOwn = owned.has(asked) || takenHere.has(asked);
      const nodePort = isOwn ? asked : this.#takePort(request, { path, asked });
      takenHere.add(nodePort);
      return asked === nodePort ? port : { ...port, nodePort };
    });
    const ported = ports.length > 0 ? withMember(spec, "ports", ports) : spec;
    if (!needsHealthPort(ported)) return ported;
    const asked = numberAt(ported, "healthCheckNodePort") ?? 0;
    if (owned.has(asked)) return ported;
    const health = this.#takePort(request, { path: "spec.healthCheckNodePort", asked });
    return withMember(ported, "healthCheckNodePort", health);
  }

  #takePort(
    request: AdmissionRequest,
    { path, asked }: { readonly path: string; readonly asked: number },
  ): number {
    if (asked !== 0 && !this.#ports.contains(asked)) {
      const why = `provided port is not in the valid range. The range of valid ports is ${this.#portRange}`;
      throw refuse(request, invalid(path, asked, why));
    }
    if (asked !== 0 && !this.#ports.isFree(asked)) {
      throw refuse(request, invalid(path, asked, "provided port is already allocated"));
    }
    const port = asked === 0 ? this.#ports.find() : asked;
    if (port === undefined) {
      const why = "Internal error occurred: failed to allocate a nodePort: range is full";
      throw new StatusError("InternalError", why);
    }
    if (isPromised(request)) this.#ports.promise(port);
    return port;
  }
}

interface Specs {
  readonly spec: JsonObject;
  readonly before: JsonObject;
}

/** All ports that a Service holds on nodes; the same one only once. */
function nodePortsOf(spec: JsonObject): readonly number[] {
  const ports = objectsAt(spec, "ports").map((port) => numberAt(port, "nodePort") ?? 0);
  const health = numberAt(spec, "healthCheckNodePort") ?? 0;
  return [...new Set([...ports, health])].filter((port) => port !== 0);
}

// Under a guard nobody else decides until the write is made, and one that is decided anew may ask again.
function isPromised({ dryRun, guard }: AdmissionRequest): boolean {
  return !dryRun && !guard;
}

function refuse(request: AdmissionRequest, error: FieldError): StatusError {
  const name = request.name || (request.object?.metadata.name ?? "");
  return invalidObject({ group: "", kind: "Service", name }, [error]);
}
