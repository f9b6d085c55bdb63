import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject, KubernetesObject } from "@cellplane/apimachinery";
import type { AdmissionRequest } from "../../admission/admission.ts";
import { MemoryObjectAccess } from "../../registry/memory-object-access.suite.ts";
import { defaultService } from "../defaults/service-defaults.ts";
import { asJson, asObject, numberAt, objectsAt, stringAt, valueAt } from "../plain/plain.ts";
import { serviceAllocationPlugin, type ServiceAllocationOptions } from "./service-allocation.ts";

const scope = { group: "", resource: "services", namespace: "n" } as const;

function service(spec: JsonObject, name = "s"): KubernetesObject {
  const metadata = { name, namespace: "n" };
  return asObject(defaultService({ apiVersion: "v1", kind: "Service", metadata, spec }));
}

function create(
  object: KubernetesObject,
  change: Partial<AdmissionRequest> = {},
): AdmissionRequest {
  return {
    operation: "CREATE",
    gvk: { group: "", version: "v1", kind: "Service" },
    gvr: { group: "", version: "v1", resource: "services" },
    subresource: "",
    namespace: "n",
    name: object.metadata.name ?? "",
    object,
    options: undefined,
    dryRun: false,
    user: { username: "u", groups: [] },
    warn: () => undefined,
    ...change,
  };
}

interface Setup {
  readonly objects: MemoryObjectAccess;
  readonly allocate: (request: AdmissionRequest) => Promise<KubernetesObject>;
}

function setUp(options: Partial<ServiceAllocationOptions> = {}): Setup {
  const objects = new MemoryObjectAccess();
  const plugin = serviceAllocationPlugin(objects, { clock: () => 0, ...options });
  const { signal } = new AbortController();
  return {
    objects,
    allocate: async (request) => (await plugin.mutate?.(request, signal)) ?? { metadata: {} },
  };
}

const ports = [{ port: 80 }];

describe("serviceAllocationPlugin()", () => {
  it("gives an address of the range", async () => {
    const { allocate } = setUp({ addressRange: "10.0.0.0/24" });
    const made = await allocate(create(service({ ports })));
    match(stringAt(made, "spec", "clusterIP"), /^10\.0\.0\.\d+$/);
    deepEqual(valueAt(made, "spec", "clusterIPs"), [stringAt(made, "spec", "clusterIP")]);
  });

  it("never gives an address twice, until none is left", async () => {
    const { allocate } = setUp({ addressRange: "10.0.0.0/29" });
    const given = new Set<string>();
    for (let at = 0; at < 6; at += 1) {
      const made = await allocate(create(service({ ports }, `s${at}`)));
      given.add(stringAt(made, "spec", "clusterIP"));
    }
    equal(given.size, 6);
    await rejects(allocate(create(service({ ports }))), /range is full/);
  });

  it("takes nothing for a dry run", async () => {
    const { allocate } = setUp({ addressRange: "10.0.0.0/30" });
    for (let at = 0; at < 4; at += 1) await allocate(create(service({ ports }), { dryRun: true }));
    await allocate(create(service({ ports })));
    await allocate(create(service({ ports })));
  });

  it("takes back what a failed write was promised", async () => {
    let nowMs = 0;
    const { allocate } = setUp({ addressRange: "10.0.0.0/30", clock: () => nowMs });
    await allocate(create(service({ ports })));
    await allocate(create(service({ ports })));
    await rejects(allocate(create(service({ ports }))), /range is full/);
    nowMs = 60_000;
    await allocate(create(service({ ports })));
  });

  it("knows the addresses of stored Services, and frees them with the Services", async () => {
    const { objects, allocate } = setUp({ addressRange: "10.0.0.0/24" });
    await objects.create(scope, service({ ports, clusterIP: "10.0.0.7" }));
    const again = create(service({ ports, clusterIP: "10.0.0.7" }, "other"));
    await rejects(allocate(again), {
      message:
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.0.0.7"]: failed to allocate IP 10.0.0.7: provided IP is already allocated',
    });
    await objects.delete(scope, "s");
    equal(stringAt(await allocate(again), "spec", "clusterIP"), "10.0.0.7");
  });

  it("refuses an address of another range", async () => {
    const { allocate } = setUp({ addressRange: "10.0.0.0/24" });
    await rejects(
      allocate(create(service({ ports, clusterIP: "10.9.0.1" }))),
      /not in the valid range. The range of valid IPs is 10.0.0.0\/24/,
    );
  });

  it("leaves headless and external Services alone", async () => {
    const { allocate } = setUp();
    for (const spec of [{ clusterIP: "None" }, { type: "ExternalName", externalName: "a.b" }]) {
      const sent = service(spec);
      deepEqual(await allocate(create(sent)), sent);
    }
  });

  it("gives node ports where the type has them", async () => {
    const { allocate } = setUp({ nodePorts: [30_000, 30_000] });
    const made = await allocate(create(service({ type: "NodePort", ports })));
    deepEqual(
      objectsAt(made, "spec", "ports").map((port) => port["nodePort"]),
      [30_000],
    );
    await rejects(
      allocate(create(service({ type: "NodePort", ports: [{ port: 80, nodePort: 30_000 }] }))),
      /spec.ports\[0\].nodePort: Invalid value: 30000: provided port is already allocated/,
    );
    const plain = service({ type: "LoadBalancer", allocateLoadBalancerNodePorts: false, ports });
    equal(
      numberAt(objectsAt(await allocate(create(plain)), "spec", "ports")[0], "nodePort"),
      undefined,
    );
  });

  it("keeps addresses and ports through an update that leaves them out", async () => {
    const { allocate } = setUp();
    const old = await allocate(create(service({ type: "NodePort", ports })));
    const wanted = service({ type: "NodePort", ports: [{ port: 80, targetPort: 8080 }] });
    const made = await allocate(create(wanted, { operation: "UPDATE", oldObject: old }));
    equal(stringAt(made, "spec", "clusterIP"), stringAt(old, "spec", "clusterIP"));
    equal(
      numberAt(objectsAt(made, "spec", "ports")[0], "nodePort"),
      numberAt(objectsAt(old, "spec", "ports")[0], "nodePort"),
    );
  });

  it("drops what the new type has no use for", async () => {
    const { allocate } = setUp();
    const old = await allocate(create(service({ type: "NodePort", ports })));
    const spec = asJson(old)["spec"] as JsonObject;
    const wanted = asObject({ ...asJson(old), spec: { ...spec, type: "ClusterIP" } });
    const made = await allocate(create(wanted, { operation: "UPDATE", oldObject: old }));
    equal(valueAt(made, "spec", "externalTrafficPolicy"), undefined);
    equal(numberAt(objectsAt(made, "spec", "ports")[0], "nodePort"), undefined);
    equal(stringAt(made, "spec", "clusterIP"), stringAt(old, "spec", "clusterIP"));
  });
});
