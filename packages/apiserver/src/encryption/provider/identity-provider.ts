import { isEncrypted } from "../../storage/value-transformer.ts";
import { CipherError } from "../cipher/value-cipher.ts";
import type { ValueProvider } from "./value-provider.ts";

/** Plaintext. Refuses what is encrypted rather than taking it for an object. */
export const identityProvider: ValueProvider = {
  prefix: "",
  family: "identity",
  encrypt: (value) => value,
  decrypt: (value) => {
    if (isEncrypted(value)) {
      throw new CipherError("identity transformer tried to read encrypted data");
    }
    return { value, isStale: false };
  },
};
