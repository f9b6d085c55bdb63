import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { Envelope } from "../envelope/envelope.ts";
import type { EnvelopeKey, WrappedKey } from "../envelope-key.ts";
import { failsAs } from "../envelope-key.suite.ts";
import { KmsError } from "../kms-error.ts";
import {
  keyIdOfCredential,
  openCredential,
  sealCredential,
  sealedCredential,
} from "./sealed-credential.ts";

/** Counts how often it is asked. */
class CountingKey implements EnvelopeKey {
  readonly place = "memory";
  id = "one";
  wraps = 0;
  unwraps = 0;
  readonly #keys = new Map<string, Uint8Array>();

  async currentKeyId(): Promise<string> {
    return this.id;
  }

  async wrap(dataKey: Uint8Array): Promise<WrappedKey> {
    const wrapped = Buffer.from(`wrapped ${++this.wraps}`);
    this.#keys.set(wrapped.toString(), Uint8Array.from(dataKey));
    return { keyId: this.id, wrapped, annotations: new Map([["a.example", Buffer.from("x")]]) };
  }

  async unwrap({ wrapped }: WrappedKey): Promise<Uint8Array> {
    this.unwraps += 1;
    const key = this.#keys.get(Buffer.from(wrapped).toString());
    if (!key) throw new KmsError("KeyMissing", "not here");
    return key;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const of = { namespace: "kube-federation-system", name: "hz-a-credential", cluster: "hz-a" };
const data = { token: Buffer.from("very secret").toString("base64") };

describe("sealCredential()", () => {
  it("gives a Secret's data in which nothing can be read, and opens them", async () => {
    await using envelope = new Envelope(new CountingKey(), Date.now);
    const sealed = await sealCredential(envelope, data, of);
    deepEqual(Object.keys(sealed), [sealedCredential.field]);
    const bytes = Buffer.from(sealed[sealedCredential.field] ?? "", "base64");
    equal(bytes.includes("very secret") || bytes.includes(data.token), false);
    equal(keyIdOfCredential(sealed), "one");
    deepEqual(await openCredential(envelope, sealed, of), data);
  });

  it("opens nowhere but in its place", async () => {
    await using envelope = new Envelope(new CountingKey(), Date.now);
    const sealed = await sealCredential(envelope, data, of);
    for (const other of [{ namespace: "x" }, { name: "x" }, { cluster: "hz-b" }]) {
      await rejects(openCredential(envelope, sealed, { ...of, ...other }), failsAs("Tampered"));
    }
  });

  it("is refused after any bit of it changed", async () => {
    await using envelope = new Envelope(new CountingKey(), Date.now);
    const sealed = await sealCredential(envelope, data, of);
    const bytes = Buffer.from(sealed[sealedCredential.field] ?? "", "base64");
    for (let at = 0; at < bytes.length; at++) {
      const altered = Buffer.from(bytes);
      altered[at] = (altered[at] ?? 0) ^ 4;
      await rejects(
        openCredential(envelope, { sealed: altered.toString("base64") }, of),
        KmsError,
        `byte ${at}`,
      );
    }
  });

  it("is refused with plaintext beside it", () => {
    throws(() => keyIdOfCredential({ ...data, sealed: "" }), failsAs("Malformed"));
    throws(() => keyIdOfCredential({}), failsAs("Malformed"));
  });
});

describe("Envelope", () => {
  it("asks its key once for many seals, and again after a rotation and an hour", async () => {
    const key = new CountingKey();
    let nowMs = 0;
    await using envelope = new Envelope(key, () => nowMs);
    const seal = (): Promise<Buffer> => envelope.seal(randomBytes(10), ["x"]);
    await Promise.all([seal(), seal(), seal()]);
    equal(key.wraps, 1);
    key.id = "two";
    const sealed = await seal();
    equal(key.wraps, 2);
    nowMs = 3_600_000;
    await seal();
    equal(key.wraps, 3);
    await envelope.open(sealed, ["x"]);
    await envelope.open(sealed, ["x"]);
    equal(key.unwraps, 1);
  });
});
