import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "../../registry/object-access.ts";
import { formatAddress, parseAddressRange } from "../allocation/address-range.ts";

/** What the server says about itself in its bootstrap objects. */
export interface BootstrapOptions {
  /** The range of Services' addresses; `10.96.0.0/16` by default. */
  readonly addressRange?: string;
  /** The port that the server listens on. Absent: no Service `kubernetes`. */
  readonly port?: number;
}

interface Wanted {
  readonly scope: ObjectScope;
  readonly object: KubernetesObject;
}

const namespaceNames = ["default", "kube-system", "kube-public", "kube-node-lease"];

/**
 * Makes the objects that every cluster has: namespaces, the system's priority classes, the range
 * of Services, and the Service `kubernetes`. Objects that are there stay as they are.
 */
export async function ensureBootstrapObjects(
  objects: ObjectAccess,
  options: BootstrapOptions = {},
): Promise<void> {
  await Promise.all(namespaceNames.map((name) => ensure(objects, namespaceOf(name))));
  const wanted = [...priorityClasses, ...serviceObjects(options)];
  await Promise.all(wanted.map((each) => ensure(objects, each)));
}

async function ensure(objects: ObjectAccess, { scope, object }: Wanted): Promise<void> {
  if (await objects.get(scope, object.metadata.name ?? "")) return;
  try {
    await objects.create(scope, object);
  } catch (error) {
    // Another replica was faster.
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

function namespaceOf(name: string): Wanted {
  return {
    scope: { group: "", resource: "namespaces" },
    object: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
  };
}

const priorityClasses: readonly Wanted[] = (
  [
    ["system-node-critical", 2_000_001_000, "Pods that their node cannot do without."],
    ["system-cluster-critical", 2_000_000_000, "Pods that the cluster cannot do without."],
  ] as const
).map(([name, value, description]) => ({
  scope: { group: "scheduling.k8s.io", resource: "priorityclasses" },
  object: {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description,
  },
}));

function serviceObjects({
  addressRange = "10.96.0.0/16",
  port,
}: BootstrapOptions): readonly Wanted[] {
  const range = parseAddressRange(addressRange);
  const cidr: Wanted = {
    scope: { group: "networking.k8s.io", resource: "servicecidrs" },
    object: {
      apiVersion: "networking.k8s.io/v1",
      kind: "ServiceCIDR",
      metadata: { name: "kubernetes" },
      spec: { cidrs: [range.cidr] },
    },
  };
  return port === undefined
    ? [cidr]
    : [cidr, kubernetesService(formatAddress(range.base + 1), port)];
}

/** The Service under which pods would find this server: the range's first address. */
function kubernetesService(clusterIP: string, targetPort: number): Wanted {
  const labels = { component: "apiserver", provider: "kubernetes" };
  return {
    scope: { group: "", resource: "services", namespace: "default" },
    object: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kubernetes", namespace: "default", labels },
      spec: {
        clusterIP,
        ports: [{ name: "https", protocol: "TCP", port: 443, targetPort }],
      },
    },
  };
}
