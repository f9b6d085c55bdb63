import { equal, match } from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FederationFixture } from "./federation-fixture.ts";
import { runCellplane } from "./run-program.ts";
import { federatedConfigMap, type FederatedFields, namespace } from "./tenant.ts";

describe("bad input", () => {
  let fixture: FederationFixture;
  before(async () => {
    fixture = await FederationFixture.openJoined();
  });
  after(() => fixture[Symbol.asyncDispose]());

  const refusedApply = (object: object): Promise<string> =>
    fixture.kubectl.refused(["apply", "-f", "-"], { stdin: JSON.stringify(object) });
  const refusedSpec = (spec: object, fields: Partial<FederatedFields> = {}): Promise<string> =>
    refusedApply(federatedConfigMap("bad", "one", { ...fields, spec }));

  it("is refused with the path of its field, and nothing of it is stored", async () => {
    const named = [{ name: "rz00a" }, { name: "rz00a" }];
    const override = (path: string): object => ({
      overrides: [{ topologyName: "rz00a", topologyOverrides: [{ path, value: "x" }] }],
    });
    match(
      await refusedSpec({ topologyType: "planet" }),
      /is invalid: spec\.topologyType: .*"planet"/,
    );
    match(
      await refusedSpec({ placement: { topologies: named } }),
      /spec\.placement\.topologies\[1\].*: Duplicate value: /,
    );
    for (const path of ["/metadata/name", "/metadata/namespace", "/kind", "/apiVersion"]) {
      const field = /spec\.overrides\[0\]\.topologyOverrides\[0\]\.path: /;
      match(await refusedSpec(override(path)), field, path);
    }
    match(
      await refusedSpec(override("no pointer")),
      /spec\.overrides\[0\]\.topologyOverrides\[0\]\.path: Invalid value: "no pointer"/,
    );
    const get = ["-n", namespace, "get", "fcm", "bad", "--ignore-not-found"];
    equal(await fixture.kubectl.ok(get), "");
  });

  it("is a Cell on a cluster that is not known", async () => {
    const cell = {
      apiVersion: "cellplane.io/v1alpha1",
      kind: "Cell",
      metadata: { name: "rz77x", namespace },
      spec: { clusterRef: { name: "hz-z" } },
    };
    match(await refusedApply(cell), /is invalid: spec\.clusterRef\.name: Not found: "hz-z"/);
  });

  it("is an unknown field or a value of the wrong type", async () => {
    match(await refusedSpec({ topologyType: 7 }), /spec\.topologyType: Invalid value: "integer"/);
    match(await refusedSpec({ overrides: [null] }), /spec\.overrides\[0\]: Invalid value: "null"/);
    match(await refusedSpec({ placementMsak: {} }), /unknown field "spec\.placementMsak"/);
    match(
      await refusedSpec({ placement: { topologies: "rz00a" } }),
      /spec\.placement\.topologies: Invalid value: "string"/,
    );
  });

  it("is a port that is taken, a data directory that is a file or in use", async () => {
    const { host } = new URL(fixture.controlPlane.url);
    const fresh = join(fixture.folder, "fresh");
    const taken = await runCellplane(["up", "--data-dir", fresh, "--listen", host]);
    equal(taken.code, 1);
    match(taken.stderr, new RegExp(`^Error: Cannot listen .*${host}`));

    const file = join(fixture.folder, "file");
    await writeFile(file, "");
    const blocked = await runCellplane(["up", "--data-dir", file, "--listen", "127.0.0.1:0"]);
    equal(blocked.code, 1);
    equal(blocked.stderr, `Error: Cannot use the data directory "${file}": it is a file\n`);

    const inUse = [
      [fixture.controlPlane, "sqlite"],
      [fixture.member("hz-a"), "memory"],
    ] as const;
    for (const [{ dataDir }, datastore] of inUse) {
      const options = ["--listen", "127.0.0.1:0", "--datastore", datastore];
      const second = await runCellplane(["up", "--data-dir", dataDir, ...options]);
      equal(second.code, 1);
      match(second.stderr, /^Error: Cannot use the data directory .* another process has it open/);
    }
    await fixture.kubectl.ok(["get", "--raw", "/readyz"]);
  });
});
