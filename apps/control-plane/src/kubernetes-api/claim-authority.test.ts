import { equal, rejects } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  builtinResourceDefinitions,
  createResourceRegistry,
  ensurePki,
  type ObjectAccess,
  openApiServerCore,
} from "@cellplane/apiserver";
import { openMemoryStore } from "@cellplane/kv";
import { ServerError } from "../options/server-error.ts";
import { type Authority, claimAuthority } from "./claim-authority.ts";

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const home = mkdtempSync(join(tmpdir(), "cellplane-authority-"));
after(() => rmSync(home, { recursive: true }));

function authority(name: string): Promise<Authority> {
  return ensurePki(join(home, name), { hosts: [], nowMs: Date.now() });
}

/** What a store's servers see of it. */
async function openObjects(opened: AsyncDisposableStack): Promise<ObjectAccess> {
  const store = opened.use(await openMemoryStore());
  const registry = createResourceRegistry();
  for (const each of builtinResourceDefinitions({ handlers: {} })) registry.put(each);
  const core = { store, registry, logger: silent, nowMs: Date.now };
  return opened.use(await openApiServerCore(core)).objects;
}

describe("claimAuthority()", () => {
  it("lets servers of one authority on a store, and writes only once", async () => {
    await using opened = new AsyncDisposableStack();
    const objects = await openObjects(opened);
    const ours = await authority("a");
    await Promise.all([1, 2, 3].map(() => claimAuthority(objects, ours, "pki")));
    const scope = { group: "", resource: "configmaps", namespace: "kube-system" };
    const read = async () =>
      (await objects.get(scope, "extension-apiserver-authentication"))?.metadata.resourceVersion;
    const revision = await read();
    await claimAuthority(objects, ours, "pki");
    equal(await read(), revision);
  });

  it("refuses another authority, and another key of tokens, and says what to copy", async () => {
    await using opened = new AsyncDisposableStack();
    const objects = await openObjects(opened);
    const [ours, others] = [await authority("a"), await authority("b")];
    await claimAuthority(objects, ours, "pki");
    const text =
      /another control plane: its authority has .*copy ca.crt, ca.key and sa.key .* "x\/pki"/;
    await rejects(claimAuthority(objects, others, "x/pki"), (error) => {
      return error instanceof ServerError && text.test(error.message);
    });
    const mixed = { ca: ours.ca, serviceAccountKey: others.serviceAccountKey };
    await rejects(claimAuthority(objects, mixed, "x/pki"), /tokens are signed with key/);
  });

  it("makes one of two that claim an empty store at once its owner", async () => {
    await using opened = new AsyncDisposableStack();
    const objects = await openObjects(opened);
    const claims = [await authority("a"), await authority("b")].map((each) =>
      claimAuthority(objects, each, "pki"),
    );
    const outcomes = await Promise.allSettled(claims);
    equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });
});
