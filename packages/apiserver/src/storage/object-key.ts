import type { GroupResource } from "@cellplane/apimachinery";

const root = "/registry/";

/** The prefix of every key of the API: `/registry/`. */
export const registryPrefix: string = root;

/** `/registry/<group, or core>/<resource>/`: every object of one resource lies below it. */
export function resourcePrefix(of: GroupResource): string {
  return `${root}${of.group === "" ? "core" : of.group}/${of.resource}/`;
}

/** `<namespace>/<name>`, or `<name>` where the resource has no namespaces: the key below the prefix. */
export function objectPath(namespace: string, name: string): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** The two halves of an object path. */
export function parseObjectPath(path: string): {
  readonly namespace: string;
  readonly name: string;
} {
  const slash = path.indexOf("/");
  if (slash === -1) return { namespace: "", name: path };
  return { namespace: path.slice(0, slash), name: path.slice(slash + 1) };
}

/** The first key after all those that start with `prefix`. */
export function prefixEnd(prefix: string): Buffer {
  const end = Buffer.from(prefix);
  // A prefix ends in a slash, so that its last byte can always be raised.
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1;
  return end;
}

/** How kube-apiserver would name the key; its error texts show it. */
export function displayKey(of: GroupResource, path: string): string {
  return `${root}${of.resource}/${path}`;
}
