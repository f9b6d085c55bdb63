import {
  isJsonEqual,
  isStatus,
  type JsonObject,
  type KubernetesObject,
} from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "../../registry/object-access.ts";
import { formatAddress, parseAddressRange } from "../allocation/address-range.ts";
import { asJson } from "../plain/plain.ts";

/** What the server says about itself in its bootstrap objects. */
export interface BootstrapOptions {
  /** The range of Services' addresses; `10.96.0.0/16` by default. */
  readonly addressRange?: string;
  /** The port that the server listens on. Absent: no Service `kubernetes`. */
  readonly port?: number;
  /** PEM of the authority of client certificates, for aggregated API servers. */
  readonly clientCa?: string;
  /** PEM of the authority of front proxies, and the names that it may certify. */
  readonly requestHeader?: { readonly ca: string; readonly allowedNames: readonly string[] };
}

interface Wanted {
  readonly scope: ObjectScope;
  readonly object: KubernetesObject;
  /** Members that are brought back when they differ; none: only its absence is mended. */
  readonly owned?: readonly string[];
}

const namespaceNames = ["default", "kube-system", "kube-public", "kube-node-lease"];

/**
 * Makes the objects that every cluster has: namespaces, the system's priority classes, the range
 * of Services, the Service `kubernetes`, and what aggregated API servers read. Objects that are
 * there stay as they are.
 */
export async function ensureBootstrapObjects(
  objects: ObjectAccess,
  options: BootstrapOptions = {},
): Promise<void> {
  await Promise.all(namespaceNames.map((name) => ensure(objects, namespaceOf(name))));
  const wanted = [...priorityClasses, ...serviceObjects(options), ...authentication(options)];
  await Promise.all(wanted.map((each) => ensure(objects, each)));
}

async function ensure(objects: ObjectAccess, wanted: Wanted): Promise<void> {
  const { scope, object, owned = [] } = wanted;
  const name = object.metadata.name ?? "";
  const current = await objects.get(scope, name);
  if (!current) return await createMissing(objects, wanted);
  const ours = asJson(object);
  const theirs = asJson(current);
  if (owned.every((member) => isJsonEqual(theirs[member], ours[member]))) return;
  const members = Object.fromEntries(owned.map((member) => [member, ours[member]]));
  await objects.update(scope, name, (each) => ({ ...each, ...members }));
}

async function createMissing(objects: ObjectAccess, { scope, object }: Wanted): Promise<void> {
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

/** How aggregated API servers know whom to trust. */
function authentication({ clientCa, requestHeader }: BootstrapOptions): readonly Wanted[] {
  const list = (values: readonly string[]): string => JSON.stringify(values);
  const data: JsonObject = {
    ...(clientCa === undefined ? {} : { "client-ca-file": clientCa }),
    ...(requestHeader === undefined
      ? {}
      : {
          "requestheader-client-ca-file": requestHeader.ca,
          "requestheader-allowed-names": list(requestHeader.allowedNames),
          "requestheader-username-headers": list(["X-Remote-User"]),
          "requestheader-group-headers": list(["X-Remote-Group"]),
          "requestheader-extra-headers-prefix": list(["X-Remote-Extra-"]),
        }),
  };
  const name = "extension-apiserver-authentication";
  return [
    {
      scope: { group: "", resource: "configmaps", namespace: "kube-system" },
      object: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: "kube-system" },
        ...(Object.keys(data).length === 0 ? {} : { data }),
      },
      owned: ["data"],
    },
  ];
}
