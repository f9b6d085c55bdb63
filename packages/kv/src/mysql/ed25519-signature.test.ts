import { equal } from "node:assert/strict";
import { createPrivateKey, randomBytes, sign } from "node:crypto";
import { describe, it } from "node:test";
import { signEd25519 } from "./ed25519-signature.ts";

/** RFC 8032, 7.1: secret, message, signature. */
const vectors: readonly (readonly [string, string, string])[] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
  [
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "af82",
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ],
];

describe("signEd25519()", () => {
  it("gives the signatures of RFC 8032", () => {
    for (const [secret, message, signature] of vectors) {
      const bytes = Buffer.from(message, "hex");
      equal(signEd25519(Buffer.from(secret, "hex"), bytes).toString("hex"), signature);
    }
  });

  it("gives what node:crypto gives where that takes the secret", () => {
    for (let i = 0; i < 20; i++) {
      const [secret, message] = [randomBytes(32), randomBytes(32)];
      // The head of a key of this kind in PKCS #8.
      const head = Buffer.from("302e020100300506032b657004220420", "hex");
      const key = { key: Buffer.concat([head, secret]), format: "der", type: "pkcs8" } as const;
      const expected = sign(null, message, createPrivateKey(key)).toString("hex");
      equal(signEd25519(secret, message).toString("hex"), expected);
    }
  });
});
