import { deepEqual, equal, notDeepEqual, rejects } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { EnvelopeKey } from "./envelope-key.ts";
import { KmsError, type KmsFailure } from "./kms-error.ts";

/** A key to test, and how to change what is behind it. */
export interface TestedKey extends AsyncDisposable {
  readonly key: EnvelopeKey;
  /** Makes a new first key; the old ones stay for reading. */
  readonly rotate: () => void;
  /** Takes away all keys but the first. */
  readonly forgetOld: () => void;
}

/** Whether an error is a KmsError with this failure. */
export function failsAs(failure: KmsFailure): (error: unknown) => boolean {
  return (error) => error instanceof KmsError && error.failure === failure;
}

/** What every EnvelopeKey does. */
export function describeEnvelopeKey(name: string, open: () => Promise<TestedKey>): void {
  describe(name, () => {
    it("unwraps what it wrapped, and never shows it", async () => {
      await using tested = await open();
      const dataKey = randomBytes(32);
      const first = await tested.key.wrap(dataKey);
      const second = await tested.key.wrap(dataKey);
      notDeepEqual(first.wrapped, second.wrapped);
      equal(Buffer.from(first.wrapped).includes(dataKey), false);
      equal(first.keyId, await tested.key.currentKeyId());
      deepEqual(Buffer.from(await tested.key.unwrap(first)), dataKey);
    });

    it("wraps under the new key after a rotation, and unwraps under the old one", async () => {
      await using tested = await open();
      const dataKey = randomBytes(32);
      const old = await tested.key.wrap(dataKey);
      tested.rotate();
      const fresh = await tested.key.wrap(dataKey);
      notDeepEqual(fresh.keyId, old.keyId);
      equal(await tested.key.currentKeyId(), fresh.keyId);
      deepEqual(Buffer.from(await tested.key.unwrap(old)), dataKey);
    });

    it("says so when the key is gone", async () => {
      await using tested = await open();
      const old = await tested.key.wrap(randomBytes(32));
      tested.rotate();
      tested.forgetOld();
      await rejects(tested.key.unwrap(old), failsAs("KeyMissing"));
    });

    it("refuses what was altered", async () => {
      await using tested = await open();
      const { wrapped, ...rest } = await tested.key.wrap(randomBytes(32));
      for (const at of [0, wrapped.length - 1]) {
        const altered = Buffer.from(wrapped);
        altered[at] = (altered[at] ?? 0) ^ 1;
        await rejects(tested.key.unwrap({ ...rest, wrapped: altered }), failsAs("Tampered"));
      }
      const cut = wrapped.subarray(0, 5);
      await rejects(tested.key.unwrap({ ...rest, wrapped: cut }), failsAs("Tampered"));
    });
  });
}
