import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import { MemoryObjectAccess } from "../registry/memory-object-access.suite.ts";
import type { UserInfo } from "../request/user.ts";
import type { AuthorizationAttributes, Authorizer } from "./authorizer.ts";
import { createRbacAuthorizer } from "./rbac-authorizer.ts";
import { RbacIndex } from "./rbac-index.ts";

const group = "rbac.authorization.k8s.io";

export const alice: UserInfo = {
  username: "alice",
  groups: ["dev", "qa", "system:authenticated"],
};

/** A question about a resource, `get configmaps` in `ns` where nothing else is said. */
export function asking(change: Partial<AuthorizationAttributes> = {}): AuthorizationAttributes {
  return {
    isResourceRequest: true,
    path: "",
    verb: "get",
    group: "",
    version: "v1",
    namespace: "ns",
    resource: "configmaps",
    subresource: "",
    name: "",
    ...change,
  };
}

/** A question about a path. */
export function askingPath(path: string, verb = "get"): AuthorizationAttributes {
  return {
    ...asking(),
    isResourceRequest: false,
    namespace: "",
    resource: "",
    version: "",
    path,
    verb,
  };
}

/** A rule for reading ConfigMaps, changed. */
export function rule(change: JsonObject = {}): JsonObject {
  return { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], ...change };
}

/** Roles and bindings in a store, and the authorizer that follows them. */
export class RbacFixture {
  readonly objects: MemoryObjectAccess;
  readonly index: RbacIndex;
  readonly authorizer: Authorizer;

  static async open(): Promise<RbacFixture> {
    const objects = new MemoryObjectAccess();
    return new RbacFixture(objects, await RbacIndex.open(objects));
  }

  constructor(objects: MemoryObjectAccess, index: RbacIndex) {
    this.objects = objects;
    this.index = index;
    this.authorizer = createRbacAuthorizer(index);
  }

  /** A Role in `ns`, or with a `namespace` of `""` a ClusterRole. */
  putRole(name: string, rules: readonly JsonObject[], namespace = "ns"): Promise<KubernetesObject> {
    return this.#put(namespace === "" ? "clusterroles" : "roles", { name, namespace }, { rules });
  }

  /** A binding of `Kind name` to `User name`, `Group name` or `ServiceAccount namespace/name`. */
  putBinding(
    name: string,
    role: string,
    subject: string,
    namespace = "ns",
  ): Promise<KubernetesObject> {
    const resource = namespace === "" ? "clusterrolebindings" : "rolebindings";
    const [roleKind = "", roleName = ""] = role.split(" ");
    const roleRef = { apiGroup: group, kind: roleKind, name: roleName };
    return this.#put(resource, { name, namespace }, { roleRef, subjects: [parseSubject(subject)] });
  }

  async deleteBinding(name: string): Promise<void> {
    await this.objects.delete({ group, resource: "rolebindings", namespace: "ns" }, name);
  }

  async #put(
    resource: string,
    { name, namespace }: { readonly name: string; readonly namespace: string },
    content: JsonObject,
  ): Promise<KubernetesObject> {
    const scope = { group, resource, ...(namespace !== "" && { namespace }) };
    const known = await this.objects.get(scope, name);
    if (known) return this.objects.update(scope, name, (object) => ({ ...object, ...content }));
    return this.objects.create(scope, { metadata: { name }, ...content });
  }
}

function parseSubject(text: string): JsonObject {
  const [kind = "", name = ""] = text.split(" ");
  const [namespace = "", account] = name.split("/");
  if (account !== undefined) return { kind, namespace, name: account };
  return { kind, apiGroup: group, name };
}
