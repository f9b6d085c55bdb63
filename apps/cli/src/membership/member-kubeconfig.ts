import { stringifyYaml } from "@cellplane/apimachinery";
import type { KubeconfigEntries } from "@cellplane/client/node";

/** What a kubeconfig is to reach through the control plane. */
export interface ProxiedMember {
  /** A joined cluster, or the dotted name of a cell. */
  readonly name: string;
  /** The namespace that kubectl begins in; `default` unless given. */
  readonly namespace?: string;
}

/** A kubeconfig by which kubectl reaches a member as the user of the control plane that `by` has. */
export function renderMemberKubeconfig(by: KubeconfigEntries, member: ProxiedMember): string {
  const { name, namespace } = member;
  const { server: own } = by.cluster;
  const server = `${typeof own === "string" ? own.replace(/\/$/, "") : ""}${proxyPathOf(name)}`;
  const context = {
    cluster: name,
    user: "control-plane",
    ...(namespace === undefined ? {} : { namespace }),
  };
  return stringifyYaml({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { ...by.cluster, server } }],
    users: [{ name: "control-plane", user: by.user }],
    contexts: [{ name, context }],
    "current-context": name,
  });
}

/** Where the control plane serves a member. */
export function proxyPathOf(name: string): string {
  return `/apis/proxy.cellplane.io/v1alpha1/clusters/${name}/proxy`;
}
