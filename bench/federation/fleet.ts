import { join } from "node:path";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { joinMember, type Site } from "../propagation/fleet.ts";
import { namespace } from "../propagation/objects.ts";
import { startCellplane } from "../support/cellplane-server.ts";
import { openMembers } from "./member-processes.ts";
import { everywhere } from "./objects.ts";

/** A control plane on SQLite, and members over memory, ten to a process. */
export interface Fleet extends AsyncDisposable {
  readonly controlPlane: Site;
  readonly members: readonly Site[];
  /** Stops the control plane and starts it again on its data, with an audit log. */
  restart(): Promise<void>;
}

/** Starts all servers, joins the members, and makes the namespace in all of them. */
export async function openFleet(count: number, folder: string): Promise<Fleet> {
  await using opened = new AsyncDisposableStack();
  const members = await openMembers(count, folder, opened);
  let controlPlane = await openControlPlane(folder, []);
  opened.defer(() => closeSite(controlPlane));
  for (const member of members) await joinMember(controlPlane, member);
  const { client } = controlPlane;
  await client.create(
    { group: "", version: "v1", resource: "namespaces" },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
  );
  const path = { group: "types.kubefed.io", version: "v1beta1", namespace };
  await client.create(
    { ...path, resource: "federatednamespaces" },
    everywhere("Namespace", namespace, undefined),
  );
  const whole = opened.move();
  return {
    get controlPlane() {
      return controlPlane;
    },
    members,
    restart: async () => {
      await closeSite(controlPlane);
      const auditLog = join(folder, "control-plane.audit.jsonl");
      controlPlane = await openControlPlane(folder, ["--audit-log-path", auditLog]);
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function openControlPlane(folder: string, args: readonly string[]): Promise<Site> {
  const server = await startCellplane("up", { dataDir: join(folder, "control-plane"), args });
  const { connection } = await loadKubeconfig({ file: server.kubeconfig });
  const client = connectRestClient(connection, { userAgent: "bench", timeoutMs: 60_000 });
  const auditLog = join(folder, "control-plane.audit.jsonl");
  return { name: "control-plane", server, client, auditLog };
}

async function closeSite({ client, server }: Site): Promise<void> {
  await client[Symbol.asyncDispose]();
  await server.stop();
}
