import { join } from "node:path";
import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { type JoinContext, planJoin } from "../../apps/cli/src/membership/join-cluster.ts";
import { type MeasuredServer, startCellplane } from "../support/cellplane-server.ts";
import { clusterNames, federatedNamespace, namespace } from "./objects.ts";

const joinWithinMs = 60_000;

/** One server and a client of it. */
export interface Site {
  readonly name: string;
  readonly server: MeasuredServer;
  readonly client: RestClient;
  /** The members' audit log. */
  readonly auditLog: string;
}

/** A control plane and two members, each a process. */
export interface Fleet extends AsyncDisposable {
  readonly controlPlane: Site;
  readonly members: readonly Site[];
}

/** Starts all servers, joins the members, and makes the namespace in all of them. */
export async function openFleet(folder: string): Promise<Fleet> {
  await using started = new AsyncDisposableStack();
  const open = async (verb: "up" | "member", name: string): Promise<Site> => {
    const site = await openSite({ verb, name, folder });
    started.defer(async () => {
      await site.client[Symbol.asyncDispose]();
      await site.server.stop();
    });
    return site;
  };
  const controlPlane = await open("up", "control-plane");
  const members = [];
  for (const name of clusterNames) members.push(await open("member", name));
  for (const member of members) await joinMember(controlPlane, member);
  await makeNamespace(controlPlane.client);
  const kept = started.move();
  return { controlPlane, members, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function openSite(site: {
  readonly verb: "up" | "member";
  readonly name: string;
  readonly folder: string;
}): Promise<Site> {
  const dataDir = join(site.folder, site.name);
  const auditLog = join(site.folder, `${site.name}.audit.jsonl`);
  const args = site.verb === "member" ? ["--audit-log-path", auditLog] : [];
  const server = await startCellplane(site.verb, { dataDir, args });
  const { connection } = await loadKubeconfig({ file: server.kubeconfig });
  const client = connectRestClient(connection, { userAgent: "bench", timeoutMs: 30_000 });
  return { name: site.name, server, client, auditLog };
}

/** Joins a member as the command line does. */
export async function joinMember(controlPlane: Site, member: Site): Promise<void> {
  const { kubeconfig } = member.server;
  const { connection } = await loadKubeconfig({ file: kubeconfig });
  const context: JoinContext = { undo: [] };
  const steps = planJoin({
    name: member.name,
    controlPlane: controlPlane.client,
    member: member.client,
    connection,
    kubeconfig,
    timeoutMs: joinWithinMs,
  });
  for (const step of steps) await step.run(context, () => undefined);
}

async function makeNamespace(client: RestClient): Promise<void> {
  const namespaces = { group: "", version: "v1", resource: "namespaces" };
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await client.create(namespaces, object);
  const path = {
    group: "types.kubefed.io",
    version: "v1beta1",
    resource: "federatednamespaces",
    namespace,
  };
  await client.create(path, federatedNamespace());
}
