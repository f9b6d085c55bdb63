import { deepEqual, equal, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { KubernetesObject } from "@cellplane/apimachinery";
import { crds, thingCrd, things } from "../stock-load/thing.ts";
import { EtcdProcess } from "./etcd-process.ts";
import { StockApiServer } from "./stock-api-server.ts";
import { waitFor } from "./wait-for.ts";

const count = 200;
const nameOf = (i: number): string => `thing-${String(i).padStart(3, "0")}`;
const thing = (i: number): KubernetesObject => ({
  apiVersion: "example.com/v1",
  kind: "Thing",
  metadata: { name: nameOf(i) },
  spec: { i },
});

describe("Kubernetes' own API server on cellplane etcd", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellplane-facade-"));
  let etcd: EtcdProcess;
  let stock: StockApiServer;
  const startEtcd = (listen: string): Promise<EtcdProcess> =>
    EtcdProcess.start(["--data-dir", join(folder, "store"), "--listen", listen]);
  before(async () => {
    etcd = await startEtcd("http://127.0.0.1:0");
    stock = await StockApiServer.start(join(folder, "stock"), { etcdUrl: etcd.url });
    await stock.client.create(crds, thingCrd);
    await waitFor("the kind to be served", async () => {
      const path = "/apis/example.com/v1/things";
      return (await stock.client.raw({ method: "GET", path })).status === 200 ? true : undefined;
    });
    for (let i = 0; i < count; i++) await stock.client.create(things, thing(i));
  });
  after(async () => {
    await stock[Symbol.asyncDispose]();
    await etcd[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it("lists in pages of one revision", async () => {
    const names: (string | undefined)[] = [];
    const revisions = new Set<string | undefined>();
    let page = await stock.client.list(things, { limit: 70 });
    for (let written = count; ; written++) {
      names.push(...page.items.map(({ metadata }) => metadata?.name));
      revisions.add(page.metadata.resourceVersion);
      if (!page.metadata.continue) break;
      // Not part of what is being listed.
      await stock.client.create(things, thing(written));
      page = await stock.client.list(things, { limit: 70, continue: page.metadata.continue });
    }
    deepEqual(
      names,
      Array.from({ length: count }, (_, i) => nameOf(i)),
    );
    equal(revisions.size, 1);
  });

  it("watches from a list on, and refuses what is too old", async () => {
    const { metadata } = await stock.client.list(things, { limit: 1 });
    const resourceVersion = metadata.resourceVersion ?? "";
    const signal = AbortSignal.timeout(45_000);
    await stock.client.create(things, thing(900));
    await stock.client.delete(things, nameOf(900));
    const seen: string[] = [];
    for await (const event of stock.client.watch(things, { resourceVersion }, signal)) {
      if (event.type === "BOOKMARK") continue;
      seen.push(`${event.type} ${event.object.metadata?.name}`);
      if (seen.length === 2) break;
    }
    deepEqual(seen, ["ADDED thing-900", "DELETED thing-900"]);
    const tooOld = async (): Promise<void> => {
      for await (const _ of stock.client.watch(things, { resourceVersion: "1" }, signal)) break;
    };
    await rejects(tooOld, { reason: "Expired" });
  });

  it("has everything again after the facade was killed", async () => {
    const before = await stock.client.list(things);
    await etcd.end("SIGKILL");
    etcd = await startEtcd(etcd.url);
    const again = await waitFor("the store to answer", () =>
      stock.client.list(things).catch(() => undefined),
    );
    deepEqual(again.items, before.items);
    await waitFor("a write", () =>
      stock.client.create(things, thing(901)).then(
        () => true,
        () => undefined,
      ),
    );
  });
});
