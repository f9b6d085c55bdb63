import { isStatus, type KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectScope } from "../registry/object-access.ts";
import { renderBootstrapPolicy } from "./bootstrap-policy.ts";
import { reconcilePolicy } from "./reconcile-policy.ts";

const group = "rbac.authorization.k8s.io";

/**
 * Creates the bootstrap roles and bindings that are missing, and adds to those that lack rules,
 * subjects or labels. Never takes anything away, and leaves alone what is annotated
 * `rbac.authorization.kubernetes.io/autoupdate: "false"`.
 */
export async function ensureBootstrapPolicy(objects: ObjectAccess): Promise<void> {
  const policy = Object.entries(renderBootstrapPolicy()) as readonly (readonly [
    string,
    readonly KubernetesObject[],
  ])[];
  await Promise.all(
    policy.map(([resource, wanted]) => ensureAll({ group, resource }, wanted, objects)),
  );
}

async function ensureAll(
  scope: ObjectScope,
  wanted: readonly KubernetesObject[],
  objects: ObjectAccess,
): Promise<void> {
  const current = new Map((await objects.list(scope)).map((object) => [keyOf(object), object]));
  await Promise.all(
    wanted.map((object) => {
      const known = current.get(keyOf(object));
      if (!known) return create(scope, object, objects);
      return reconcile(scope, { known, object }, objects);
    }),
  );
}

async function create(
  scope: ObjectScope,
  object: KubernetesObject,
  objects: ObjectAccess,
): Promise<void> {
  try {
    await objects.create(within(scope, object), object);
  } catch (error) {
    // Another control plane starts at the same time.
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

async function reconcile(
  scope: ObjectScope,
  { known, object }: { readonly known: KubernetesObject; readonly object: KubernetesObject },
  objects: ObjectAccess,
): Promise<void> {
  const plan = reconcilePolicy(known, object);
  if (plan.kind === "keep") return;
  const name = object.metadata.name ?? "";
  if (plan.kind === "replace") {
    // A binding's role cannot be changed.
    await objects.delete(within(scope, object), name);
    await create(scope, object, objects);
    return;
  }
  await objects.update(within(scope, object), name, (current) => {
    const again = reconcilePolicy(current, object);
    return again.kind === "update" ? again.object : current;
  });
}

function within(scope: ObjectScope, { metadata }: KubernetesObject): ObjectScope {
  return metadata.namespace === undefined ? scope : { ...scope, namespace: metadata.namespace };
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ""}/${metadata.name ?? ""}`;
}
