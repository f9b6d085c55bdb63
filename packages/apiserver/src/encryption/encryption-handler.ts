import { methodNotAllowed, stringifyJson } from "@cellplane/apimachinery";
import type { HttpHandler } from "../request/http-handler.ts";

/** Where a server says what it encrypts. Never a key. */
export const encryptionPath = "/encryption";

/** What a server encrypts, as it is answered. */
export interface EncryptionReport {
  /** As configured: `secrets`, `*.apps`, `*.`, `*.*`; none: nothing is encrypted. */
  readonly resources: readonly string[];
  /** `sha256:…` of the configuration file. */
  readonly hash?: string;
}

/** Serves `GET /encryption` to whoever the authorizer lets read that path. */
export function createEncryptionHandler(reportNow: () => EncryptionReport): HttpHandler {
  return {
    handles: (path) => path === encryptionPath,
    handle: async ({ method }) => {
      if (method !== "GET") throw methodNotAllowed();
      return {
        status: 200,
        headers: { "content-type": "application/json" },
        body: `${stringifyJson(bodyOf(reportNow()))}\n`,
      };
    },
  };
}

function bodyOf({ resources, hash }: EncryptionReport): EncryptionReport {
  return { resources, ...(hash === undefined ? {} : { hash }) };
}
