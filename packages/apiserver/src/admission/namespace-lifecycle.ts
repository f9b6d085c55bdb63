import { forbidden, type KubernetesObject, notFound, StatusError } from "@cellplane/apimachinery";
import type { ObjectAccess } from "../registry/object-access.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";

const namespaces = { group: "", resource: "namespaces" } as const;
/** What no one may delete. */
const protectedNames: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);

/**
 * Nothing is created in a namespace that is missing (404) or going away (403 with the cause
 * NamespaceTerminating), and the system's namespaces are not deleted.
 */
export function namespaceLifecycle(objects: ObjectAccess): AdmissionPlugin {
  const index = new NamespaceIndex(objects);
  return {
    name: "NamespaceLifecycle",
    handles: (request) => createsContent(request) || deletesNamespace(request),
    mutate: async (request) => {
      if (createsContent(request)) await requireActive(request, index);
      return request.object ?? { metadata: {} };
    },
    validate: (request) => {
      if (!deletesNamespace(request) || !protectedNames.has(request.name)) return;
      throw forbidden({ ...namespaces, name: request.name }, "this namespace may not be deleted");
    },
  };
}

function createsContent({ operation, namespace, gvr }: AdmissionRequest): boolean {
  if (operation !== "CREATE" || namespace === "") return false;
  if (gvr.resource === "localsubjectaccessreviews") return false;
  return gvr.group !== "" || gvr.resource !== "namespaces";
}

function deletesNamespace({ operation, gvr, subresource }: AdmissionRequest): boolean {
  const isNamespace = gvr.group === "" && gvr.resource === "namespaces" && subresource === "";
  return operation === "DELETE" && isNamespace;
}

async function requireActive(request: AdmissionRequest, index: NamespaceIndex): Promise<void> {
  const { namespace, gvr } = request;
  const state = await index.stateOf(namespace);
  if (state === "active") return;
  if (state === undefined) throw notFound({ ...namespaces, name: namespace });
  const name = nameForMessages(request);
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const refusal = forbidden({ group: gvr.group, resource: gvr.resource, name }, why);
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  throw new StatusError("Forbidden", refusal.message, {
    details: { ...refusal.details, causes: [cause] },
  });
}

/** The name in a refusal of admission: there may be none yet. */
export function nameForMessages({ name, object }: AdmissionRequest): string {
  if (name !== "") return name;
  return object?.metadata.name || object?.metadata.generateName || "Unknown";
}

type NamespaceState = "active" | "terminating";

/** The namespaces there are, by a watch that starts with the first question. */
class NamespaceIndex {
  readonly #objects: ObjectAccess;
  readonly #states = new Map<string, NamespaceState>();
  #watching: Promise<Disposable> | undefined;

  constructor(objects: ObjectAccess) {
    this.#objects = objects;
  }

  async stateOf(name: string): Promise<NamespaceState | undefined> {
    this.#watching ??= this.#objects.watch(namespaces, {
      onPut: (object) => this.#states.set(object.metadata.name ?? "", stateOf(object)),
      onDelete: (object) => this.#states.delete(object.metadata.name ?? ""),
    });
    await this.#watching;
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    // Another replica may just have made it.
    const live = await this.#objects.get(namespaces, name);
    return live && stateOf(live);
  }
}

function stateOf(namespace: KubernetesObject): NamespaceState {
  return namespace.metadata.deletionTimestamp === undefined ? "active" : "terminating";
}
