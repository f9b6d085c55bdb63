import { equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ensurePki } from "@cellplane/apiserver";
import type { ServerKind } from "../../../kv/src/mysql/mysql-server.suite.ts";
import { Kubectl } from "./kubectl.ts";
import { runCellplane } from "./run-program.ts";
import { TestServer } from "./test-server.ts";

/** Which database the tests start: `CELLPLANE_TEST_DATABASE`, MariaDB unless it says `mysql`. */
export function databaseKind(): ServerKind {
  return process.env["CELLPLANE_TEST_DATABASE"] === "mysql" ? "mysql" : "mariadb";
}

/** What several control planes start on. */
export interface SharedControlPlanesOptions {
  /** The URL of the database of each, which may lead through a relay of its own. */
  readonly urls: readonly string[];
  /** Members to start beside them. */
  readonly members?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments of each control plane. */
  readonly args?: readonly string[];
}

/** Several control planes on one database, and members; child processes all. */
export class SharedControlPlanes implements AsyncDisposable {
  readonly folder: string;
  readonly planes: readonly TestServer[];
  readonly #members: ReadonlyMap<string, TestServer>;

  private constructor(
    folder: string,
    planes: readonly TestServer[],
    members: ReadonlyMap<string, TestServer>,
  ) {
    this.folder = folder;
    this.planes = planes;
    this.#members = members;
  }

  /** Starts all of them at once, the control planes with copies of one authority. */
  static async open(options: SharedControlPlanesOptions): Promise<SharedControlPlanes> {
    const folder = await mkdtemp(join(tmpdir(), "cellplane-shared-"));
    const names = options.members ?? [];
    await makeAuthority(join(folder, "pki"));
    const started = await Promise.allSettled([
      ...options.urls.map(async (datastore, at) => {
        const dataDir = join(folder, `cp-${at}`);
        await copyAuthority(folder, dataDir);
        const { env = {}, args = [] } = options;
        return TestServer.start({ verb: "up", dataDir, datastore, env, args });
      }),
      ...names.map((name) =>
        TestServer.start({ verb: "member", dataDir: join(folder, name), datastore: "memory" }),
      ),
    ]);
    const servers = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const failed = started.find((each) => each.status === "rejected");
    if (failed) {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      await rm(folder, { recursive: true, force: true });
      throw failed.reason;
    }
    const planes = servers.slice(0, options.urls.length);
    const members = servers.slice(options.urls.length);
    const byName = new Map(members.map((member, at) => [names[at] ?? "", member]));
    return new SharedControlPlanes(folder, planes, byName);
  }

  plane(at: number): TestServer {
    const found = this.planes[at];
    if (!found) throw new Error(`Cannot find a control plane ${at}`);
    return found;
  }

  member(name: string): TestServer {
    const found = this.#members.get(name);
    if (!found) throw new Error(`Cannot find a member "${name}"`);
    return found;
  }

  /** kubectl at a control plane. */
  kubectl(at: number): Kubectl {
    return new Kubectl(this.plane(at).kubeconfig, { home: join(this.folder, `home-${at}`) });
  }

  /** Joins a member by the command line. */
  async join(name: string, at: number): Promise<void> {
    const control = ["--kubeconfig", this.plane(at).kubeconfig];
    const member = ["--member-kubeconfig", this.member(name).kubeconfig];
    const { code, stderr } = await runCellplane(["join", name, ...control, ...member]);
    equal(code, 0, `cellplane join ${name}: ${stderr}`);
  }

  /** Which control plane holds the lock, as one that runs tells. */
  async leader(toldBy: number): Promise<number> {
    const lock = ["get", "configmap", "kubefed-controller-manager", "-o", "yaml"];
    const text = await this.kubectl(toldBy).ok(["-n", "kube-federation-system", ...lock]);
    const identity = /"holderIdentity":"([^"]*)"/.exec(text)?.[1] ?? "";
    return this.planes.findIndex(({ dataDir }) => identity.endsWith(digestOf(dataDir)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = [...this.planes, ...this.#members.values()];
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

function makeAuthority(folder: string): Promise<unknown> {
  return ensurePki(folder, { hosts: [], nowMs: Date.now() });
}

/** What an operator copies: see `docs/operations.md`. */
async function copyAuthority(from: string, dataDir: string): Promise<void> {
  for (const file of ["ca.crt", "ca.key", "sa.key"]) {
    await cp(join(from, "pki", file), join(dataDir, "pki", file), { recursive: true });
  }
}

/** How a candidate is told from those of other data directories. */
function digestOf(dataDir: string): string {
  return createHash("sha256").update(resolve(dataDir)).digest("hex").slice(0, 12);
}
