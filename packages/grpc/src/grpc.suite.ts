import { deepEqual, equal, match } from "node:assert/strict";
import { describe, it } from "node:test";
import { note } from "./suite/note-service.suite.ts";
import { failure } from "./suite/own-peers.suite.ts";
import type { PeerClient, PeerServer } from "./suite/peers.suite.ts";

/** What every client may expect of every server, and every server of every client. */
export function describeGrpc(
  name: string,
  open: () => Promise<{ readonly client: PeerClient; readonly server: PeerServer }>,
): void {
  describe(name, () => {
    const withPair =
      (
        run: (pair: { readonly client: PeerClient; readonly server: PeerServer }) => Promise<void>,
      ) =>
      async (): Promise<void> => {
        const pair = await open();
        await using server = pair.server;
        await using client = pair.client;
        await run({ server, client });
      };

    it(
      "answers a unary call with headers, a message and trailers",
      withPair(async ({ client }) => {
        const bytes = Buffer.from([0, 1, 254, 255]);
        const request = note.create({ text: "grüß", number: -7, payload: Buffer.from("abc") });
        const outcome = await client.say(request, {
          metadata: { "x-ask": "so", "x-ask-bin": bytes },
        });
        equal(outcome.status, "OK", outcome.message);
        deepEqual(outcome.notes.map(plain), [plain(request)]);
        equal(outcome.headers["x-echo"], "so");
        deepEqual(Buffer.from(outcome.headers["x-echo-bin"] as Uint8Array), bytes);
        equal(outcome.trailers["x-done"], "yes");
      }),
    );

    it(
      "carries a failure with its message and metadata",
      withPair(async ({ client }) => {
        const outcome = await client.say(note.create({ text: "fail" }));
        equal(outcome.status, failure.status);
        equal(outcome.message, failure.message);
        equal(outcome.trailers["x-why"], "asked");
        deepEqual(
          Buffer.from(outcome.trailers["why-bin"] as Uint8Array),
          failure.trailers["why-bin"],
        );
      }),
    );

    it(
      "carries an empty message, and one that fills many frames",
      withPair(async ({ client }) => {
        const payload = Buffer.alloc(3_000_000, "x");
        for (const request of [note.create(), note.create({ payload })]) {
          const outcome = await client.say(request);
          equal(outcome.status, "OK", outcome.message);
          equal(outcome.notes[0]?.payload.length, request.payload.length);
        }
      }),
    );

    it(
      "collects a stream of requests",
      withPair(async ({ client }) => {
        const requests = ["a", "b", "c"].map((text, at) => note.create({ text, number: at }));
        const outcome = await client.collect(requests);
        deepEqual(outcome.notes.map(plain), [plain(note.create({ text: "a,b,c", number: 3 }))]);
        deepEqual((await client.collect([])).notes.map(plain), [plain(note.create())]);
      }),
    );

    it(
      "gives a stream of responses, in order, and its end",
      withPair(async ({ client }) => {
        const payload = Buffer.alloc(10_000, "y");
        const outcome = await client.count(note.create({ number: 500, payload }));
        equal(outcome.status, "OK", outcome.message);
        deepEqual(
          outcome.notes.map(({ number }) => number),
          Array.from({ length: 500 }, (_, at) => at + 1),
        );
        deepEqual((await client.count(note.create())).notes, []);
      }),
    );

    it(
      "gives what was sent before a failure",
      withPair(async ({ client }) => {
        const outcome = await client.count(note.create({ text: "fail", number: 3 }));
        equal(outcome.status, failure.status);
        equal(outcome.message, failure.message);
        equal(outcome.notes.length, 3);
      }),
    );

    it(
      "talks both ways",
      withPair(async ({ client }) => {
        const requests = ["a", "b", "c"].map((text) => note.create({ text }));
        const outcome = await client.chat(requests);
        equal(outcome.status, "OK", outcome.message);
        deepEqual(
          outcome.notes.map(({ text }) => text),
          ["a", "b", "c"],
        );
      }),
    );

    it(
      "lets the server end a call while the client could still send",
      withPair(async ({ client }) => {
        const outcome = await client.chat(["a", "stop"].map((text) => note.create({ text })));
        equal(outcome.status, "OK", outcome.message);
        deepEqual(
          outcome.notes.map(({ text }) => text),
          ["a"],
        );
      }),
    );

    it(
      "ends a call at its deadline, at both ends",
      withPair(async ({ client, server }) => {
        // The connection stands, so the call is sure to arrive in time.
        await client.say(note.create());
        const outcome = await client.say(note.create({ text: "wait" }), { timeoutMs: 300 });
        equal(outcome.status, "DEADLINE_EXCEEDED");
        await server.nextCancel();
      }),
    );

    it(
      "cancels a call, at both ends",
      withPair(async ({ client, server }) => {
        const cancel = new AbortController();
        const call = client.count(note.create({ text: "wait", number: 1 }), {
          signal: cancel.signal,
          onNote: () => cancel.abort(),
        });
        equal((await call).status, "CANCELLED");
        await server.nextCancel();
      }),
    );

    it(
      "refuses methods and services that the server does not have",
      withPair(async ({ client }) => {
        for (const path of ["/test.Notes/Other", "/test.Other/Say"]) {
          const outcome = await client.callUnknown(path);
          equal(outcome.status, "UNIMPLEMENTED");
          match(outcome.message, /Other/);
        }
      }),
    );

    it(
      "serves many calls at once",
      withPair(async ({ client }) => {
        const all = await Promise.all(
          Array.from({ length: 300 }, (_, number) => client.say(note.create({ number }))),
        );
        deepEqual(
          all.map(({ notes }) => notes[0]?.number),
          all.map((_, at) => at),
        );
      }),
    );
  });
}

function plain(value: {
  readonly text: string;
  readonly number: number;
  readonly payload: Uint8Array;
}): unknown {
  return { ...value, payload: Buffer.from(value.payload).toString("base64") };
}
