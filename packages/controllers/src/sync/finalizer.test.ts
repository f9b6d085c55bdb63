import { deepEqual, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { createInformer, createRestClient, type RestClient } from "@cellplane/client";
import type { FederatedObject } from "@cellplane/federation";
import type { RecordedEvent } from "../events/event-recorder.ts";
import { setFinalizer } from "./finalizer.ts";
import type { SyncedType } from "./sync-dependencies.ts";

/** A server that answers everything with one status. */
function answering(code: number, reason: string): RestClient {
  const status = { kind: "Status", status: "Failure", code, reason, message: `no: ${reason}` };
  return createRestClient(
    {
      server: "https://host",
      request: async () => ({
        status: code,
        headers: { "content-type": "application/json" },
        body: (async function* () {
          yield new TextEncoder().encode(JSON.stringify(status));
        })(),
      }),
      [Symbol.asyncDispose]: async () => undefined,
    },
    { userAgent: "test" },
  );
}

function typeAt(client: RestClient): SyncedType {
  const target = { version: "v1", pluralName: "configmaps", scope: "Namespaced" } as const;
  const path = { group: "types.kubefed.io", version: "v1beta1", resource: "federatedconfigmaps" };
  return {
    name: "configmaps",
    typeConfig: {
      propagation: "Enabled",
      targetType: { ...target, kind: "ConfigMap" },
      federatedType: { ...target, kind: "FederatedConfigMap" },
    },
    path,
    objects: createInformer<FederatedObject>({ client, path }),
  };
}

const object: FederatedObject = { metadata: { name: "web", namespace: "bank" } };

async function eventsOf(change: "add" | "remove", client: RestClient): Promise<readonly string[]> {
  const events: RecordedEvent[] = [];
  const deps = {
    client,
    recorder: { record: (_about: unknown, event: RecordedEvent) => void events.push(event) },
  };
  const { signal } = new AbortController();
  const setting = setFinalizer(object, change, { type: typeAt(client), deps }, signal);
  await rejects(setting, /no: Forbidden/);
  return events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

describe("setFinalizer()", () => {
  it("tells of the object that its finalizer could not be set", async () => {
    deepEqual(await eventsOf("add", answering(403, "Forbidden")), [
      'Warning EnsureFinalizerError: Failed to ensure the finalizer of FederatedConfigMap "web": no: Forbidden',
    ]);
  });

  it("tells nothing of a removal, which is tried again", async () => {
    deepEqual(await eventsOf("remove", answering(403, "Forbidden")), []);
  });
});
