import type { KubernetesObject } from "@cellplane/apimachinery";
import type { ObjectAccess, ObjectListener } from "../registry/object-access.ts";
import type { UserInfo } from "../request/user.ts";
import { type PolicyRule, readRules } from "./policy-rule.ts";
import {
  readBinding,
  type RoleBinding,
  type Subject,
  subjectKey,
  userKeys,
} from "./role-binding.ts";

/** A binding that applies to a user, by which of its subjects, and the rules it grants. */
export interface Grant {
  readonly binding: RoleBinding;
  readonly subject: Subject;
  /** `undefined`: the role is missing. */
  readonly rules: readonly PolicyRule[] | undefined;
}

const group = "rbac.authorization.k8s.io";

/** Roles and bindings in memory, findable by user. Follows the store by watching. */
export class RbacIndex implements Disposable {
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  /** Namespace (`""`: cluster) → subject → bindings by name. */
  readonly #bindings = new Map<string, Map<string, Map<string, RoleBinding>>>();
  readonly #watches = new DisposableStack();
  #generation = 0;

  /** An index of what is in a store. */
  static async open(objects: ObjectAccess): Promise<RbacIndex> {
    const index = new RbacIndex();
    await index.follow(objects);
    return index;
  }

  /** Resolves once all roles and bindings of the store are known. Until then nobody has a right. */
  async follow(objects: ObjectAccess): Promise<void> {
    const watch = async (resource: string, listener: ObjectListener): Promise<void> => {
      this.#watches.use(await objects.watch({ group, resource }, listener));
    };
    await Promise.all([
      watch("roles", this.#roleListener()),
      watch("clusterroles", this.#roleListener()),
      watch("rolebindings", this.#bindingListener()),
      watch("clusterrolebindings", this.#bindingListener()),
    ]);
  }

  /** Counts changes: what was computed under another generation may be stale. */
  get generation(): number {
    return this.#generation;
  }

  /** What a user is granted in a namespace: cluster-wide first, then there; each by name. */
  grantsOf(user: UserInfo, namespace: string): readonly Grant[] {
    const keys = userKeys(user);
    const grants = this.#grantsIn("", keys);
    return namespace === "" ? grants : [...grants, ...this.#grantsIn(namespace, keys)];
  }

  /** The rules of a role that a binding in `namespace` refers to; `undefined`: there is none. */
  rulesOf(kind: string, name: string, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(kind === "Role" ? roleKey(namespace, name) : roleKey("", name));
  }

  [Symbol.dispose](): void {
    this.#watches.dispose();
  }

  #grantsIn(namespace: string, keys: ReadonlySet<string>): readonly Grant[] {
    const bySubject = this.#bindings.get(namespace);
    if (!bySubject) return [];
    const found = new Map<string, RoleBinding>();
    for (const key of keys) {
      for (const [name, binding] of bySubject.get(key) ?? []) found.set(name, binding);
    }
    return Array.from(found.values())
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((binding) => this.#toGrant(binding, keys));
  }

  #toGrant(binding: RoleBinding, keys: ReadonlySet<string>): readonly Grant[] {
    const subject = binding.subjects.find((each) => keys.has(subjectKey(each)));
    if (!subject) return [];
    const { kind, name } = binding.roleRef;
    return [{ binding, subject, rules: this.rulesOf(kind, name, binding.namespace) }];
  }

  #roleListener(): ObjectListener {
    const keyOf = ({ metadata }: KubernetesObject): string =>
      roleKey(metadata.namespace ?? "", metadata.name ?? "");
    return {
      onPut: (role) => {
        this.#roles.set(keyOf(role), readRules(role["rules"]));
        this.#generation++;
      },
      onDelete: (role) => {
        this.#roles.delete(keyOf(role));
        this.#generation++;
      },
    };
  }

  #bindingListener(): ObjectListener {
    return {
      onPut: (object, old) => {
        if (old) this.#removeBinding(readBinding(old));
        this.#addBinding(readBinding(object));
      },
      onDelete: (object) => this.#removeBinding(readBinding(object)),
    };
  }

  #addBinding(binding: RoleBinding): void {
    const bySubject = getOrInsert(this.#bindings, binding.namespace, () => new Map());
    for (const subject of binding.subjects) {
      getOrInsert(bySubject, subjectKey(subject), () => new Map()).set(binding.name, binding);
    }
    this.#generation++;
  }

  #removeBinding(binding: RoleBinding): void {
    const bySubject = this.#bindings.get(binding.namespace);
    for (const subject of binding.subjects) {
      const key = subjectKey(subject);
      const byName = bySubject?.get(key);
      byName?.delete(binding.name);
      if (byName?.size === 0) bySubject?.delete(key);
    }
    if (bySubject?.size === 0) this.#bindings.delete(binding.namespace);
    this.#generation++;
  }
}

function roleKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
