import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { createRestClient } from "../rest/create-rest-client.ts";
import type { Transport, TransportResponse } from "../rest/transport.ts";
import { createInformer } from "./create-informer.ts";

const utf8 = new TextEncoder();

/** A server of one ConfigMap whose watches can be cut, and which can be away. */
class Server implements Transport {
  readonly server = "https://here";
  readonly requests: string[] = [];
  away = false;
  #cut: () => void = () => {};

  /** Ends the open watch as a lost connection does. */
  cut(): void {
    this.#cut();
  }

  async request({ path }: { readonly path: string }): Promise<TransportResponse> {
    this.requests.push(path.includes("watch=true") ? "watch" : "list");
    if (this.away) throw new Error("no route");
    const list = { metadata: { resourceVersion: "5" }, items: [{ metadata: { name: "a" } }] };
    const body = path.includes("watch=true") ? this.#silence() : once(JSON.stringify(list));
    return { status: 200, headers: {}, body };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async *#silence(): AsyncIterable<Uint8Array> {
    const lost = Promise.withResolvers<never>();
    this.#cut = () => lost.reject(new Error("connection lost"));
    yield await lost.promise;
  }
}

async function* once(text: string): AsyncIterable<Uint8Array> {
  yield utf8.encode(text);
}

describe("an informer whose watch is lost", () => {
  it("knows again as soon as the watch is open, though nothing happens in it", async () => {
    const server = new Server();
    const client = createRestClient(server, { userAgent: "test" });
    const informer = createInformer({
      client,
      path: { group: "", version: "v1", resource: "configmaps" },
      random: () => 0,
    });
    const states: (string | undefined)[] = [];
    const recovered = Promise.withResolvers<void>();
    informer.addHandler({
      onStateChange: () => {
        states.push(informer.lastError?.message);
        if (informer.lastError) server.away = false;
        else if (states.length > 1) recovered.resolve();
      },
    });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    ok(await informer.waitForSync(AbortSignal.timeout(5000)));
    while (server.requests.at(-1) !== "watch") await new Promise(setImmediate);
    await new Promise(setImmediate);
    server.away = true;
    server.cut();
    await recovered.promise;
    deepEqual(states, [undefined, "connection lost", undefined]);
    // It resumed; nothing was listed again.
    equal(server.requests.filter((request) => request === "list").length, 1);
    stop.abort();
    server.cut();
    await running;
  });

  it("waits shortly after a watch that was open, however long the trouble before it was", async () => {
    const server = new Server();
    const client = createRestClient(server, { userAgent: "test" });
    let failures = 0;
    const informer = createInformer({
      client,
      path: { group: "", version: "v1", resource: "configmaps" },
      random: () => 0,
      onError: () => {
        failures += 1;
        if (failures === 12) server.away = false;
        // None of these waits is waited for; after the last failure it would be 15 s.
        if (failures <= 12) setImmediate(() => informer.wake());
      },
    });
    const stop = new AbortController();
    const running = informer.run(stop.signal);
    ok(await informer.waitForSync(AbortSignal.timeout(5000)));
    const watches = (): number => server.requests.filter((each) => each === "watch").length;
    while (watches() === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    server.away = true;
    server.cut();
    const isOpenAgain = (): boolean => failures >= 12 && !informer.lastError;
    while (!isOpenAgain()) await new Promise(setImmediate);
    const opened = watches();
    const cutMs = performance.now();
    server.cut();
    while (watches() === opened && performance.now() - cutMs < 10_000) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    equal(watches(), opened + 1);
    equal(failures, 13);
    stop.abort();
    server.cut();
    await running;
  });
});
