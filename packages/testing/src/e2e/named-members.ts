import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RestClient } from "@cellplane/client";
import { connectRestClient, loadKubeconfig } from "@cellplane/client/node";
import { Kubectl } from "./kubectl.ts";
import { TestServer } from "./test-server.ts";

/** Kubeconfigs of clusters to test against, with `,` or `:` between them. */
export const namedMembersVariable = "CELLPLANE_TEST_MEMBER_KUBECONFIGS";

/** A cluster to join: one that was named, or one of ours. */
export interface NamedMember {
  readonly name: string;
  readonly kubeconfig: string;
  /** As its administrator. */
  readonly client: RestClient;
  /** Whether it had the system namespace before: then it stays. */
  readonly hadSystemNamespace: boolean;
}

/** A control plane of ours, and the clusters that the environment names, or else two of ours. */
export class NamedMembers implements AsyncDisposable {
  readonly controlPlane: TestServer;
  readonly kubectl: Kubectl;
  readonly members: readonly NamedMember[];
  /** Unlike any other in those clusters. */
  readonly namespace: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    controlPlane: TestServer,
    members: readonly NamedMember[],
    opened: AsyncDisposableStack,
  ) {
    this.controlPlane = controlPlane;
    this.members = members;
    this.namespace = `cellplane-test-${randomBytes(4).toString("hex")}`;
    this.kubectl = new Kubectl(controlPlane.kubeconfig, { home: controlPlane.dataDir });
    this.#opened = opened;
  }

  /** Starts what has to be started; joins nothing. */
  static async open(): Promise<NamedMembers> {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "cellplane-named-"));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const start = async (verb: "up" | "member", name: string): Promise<TestServer> =>
      opened.use(
        await TestServer.start({ verb, dataDir: join(folder, name), datastore: "memory" }),
      );
    const controlPlane = await start("up", "control-plane");
    const named = (process.env[namedMembersVariable] ?? "")
      .split(/[,:]/)
      .filter((path) => path !== "");
    const kubeconfigs =
      named.length > 0
        ? named
        : [(await start("member", "a")).kubeconfig, (await start("member", "b")).kubeconfig];
    const members: NamedMember[] = [];
    for (const [index, kubeconfig] of kubeconfigs.entries()) {
      const { connection } = await loadKubeconfig({ file: kubeconfig });
      const settings = { userAgent: "e2e", timeoutMs: 20_000 };
      const client = opened.use(connectRestClient(connection, settings));
      const { items } = await client.list({ group: "", version: "v1", resource: "namespaces" });
      const hadSystemNamespace = items.some(
        ({ metadata }) => metadata.name === "kube-federation-system",
      );
      members.push({ name: `member-${index}`, kubeconfig, client, hadSystemNamespace });
    }
    return new NamedMembers(controlPlane, members, opened.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}
