import { deepEqual, equal, notDeepEqual, throws } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import { createAesCbcCipher } from "./aes-cbc-cipher.ts";
import { createAesGcmCipher } from "./aes-gcm-cipher.ts";
import { poly1305 } from "./poly1305.ts";
import { createSecretboxCipher, openSecretbox, sealSecretbox } from "./secretbox-cipher.ts";
import { createSeededGcmCipher } from "./seeded-gcm-cipher.ts";
import { CipherError, type ValueCipher } from "./value-cipher.ts";

const hex = (text: string): Buffer => Buffer.from(text, "hex");

// NaCl's own test of secretbox (tests/secretbox.c).
const nacl = {
  key: hex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"),
  nonce: hex("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"),
  message: hex(
    "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705",
  ),
  box: hex(
    "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5",
  ),
};

describe("poly1305()", () => {
  it("gives the tag of RFC 8439, 2.5.2", () => {
    const key = hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b");
    const tag = poly1305(key, Buffer.from("Cryptographic Forum Research Group"));
    equal(tag.toString("hex"), "a8061dc1305136c6c22b8baf0c0127a9");
  });

  it("reduces at the edges of the modulus (RFC 8439, A.3, tests 7 to 9)", () => {
    const key = (r: string, s = "00".repeat(16)): Buffer => hex(r.padEnd(32, "0") + s);
    const ones = "ff".repeat(16);
    equal(poly1305(key("02"), hex(ones)).toString("hex"), `03${"00".repeat(15)}`);
    equal(
      poly1305(key("02", ones), hex(`02${"00".repeat(15)}`)).toString("hex"),
      `03${"00".repeat(15)}`,
    );
    const long = `${ones}f0${"ff".repeat(15)}11${"00".repeat(15)}`;
    equal(poly1305(key("01"), hex(long)).toString("hex"), `05${"00".repeat(15)}`);
  });
});

describe("sealSecretbox()", () => {
  it("seals and opens NaCl's own example", () => {
    deepEqual(sealSecretbox(nacl.message, nacl), nacl.box);
    deepEqual(openSecretbox(nacl.box, nacl), nacl.message);
  });

  it("opens nothing that was altered in any byte", () => {
    for (let at = 0; at < nacl.box.length; at += 1) {
      const altered = Buffer.from(nacl.box);
      altered[at] = (altered[at] ?? 0) ^ 1;
      equal(openSecretbox(altered, nacl), undefined);
    }
  });
});

describeCipher("AES-GCM", { create: createAesGcmCipher, keyBytes: 16, isBound: true });
describeCipher("AES-GCM, 256 bits", { create: createAesGcmCipher, keyBytes: 32, isBound: true });
describeCipher("AES-GCM of seeds", { create: createSeededGcmCipher, keyBytes: 32, isBound: true });
describeCipher("AES-CBC", { create: createAesCbcCipher, keyBytes: 24, isBound: false });
describeCipher("secretbox", { create: createSecretboxCipher, keyBytes: 32, isBound: false });

function describeCipher(
  name: string,
  tested: {
    readonly create: (key: Uint8Array) => ValueCipher;
    readonly keyBytes: number;
    readonly isBound: boolean;
  },
): void {
  describe(name, () => {
    const cipher = tested.create(randomBytes(tested.keyBytes));
    const storeKey = "/registry/core/secrets/default/one";

    it("opens what it encrypted, of any length, and never the same way twice", () => {
      for (const length of [1, 15, 16, 17, 63, 64, 65, 4000]) {
        const value = randomBytes(length);
        const bytes = cipher.encrypt(value, storeKey);
        deepEqual(cipher.decrypt(bytes, storeKey), value);
        notDeepEqual(cipher.encrypt(value, storeKey), bytes);
      }
    });

    it("refuses another key, and what is cut short", () => {
      const bytes = cipher.encrypt(randomBytes(100), storeKey);
      const other = tested.create(randomBytes(tested.keyBytes));
      // Unauthenticated bytes may by chance end in what looks like padding.
      if (tested.isBound) throws(() => other.decrypt(bytes, storeKey), CipherError);
      for (const length of [0, 5, 20]) {
        throws(() => cipher.decrypt(bytes.subarray(0, length), storeKey), CipherError);
      }
    });

    it(`opens ${tested.isBound ? "nowhere but" : "also elsewhere than"} where it was stored`, () => {
      const bytes = cipher.encrypt(Buffer.from("value"), storeKey);
      const elsewhere = (): Buffer => cipher.decrypt(bytes, `${storeKey}x`);
      if (tested.isBound) throws(elsewhere, /message authentication failed/);
      else equal(elsewhere().toString(), "value");
    });
  });
}
