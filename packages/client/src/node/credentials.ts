import type { Duplex } from "node:stream";

/** How to reach one API server, and as whom. PEM texts. */
export interface ConnectionSettings {
  readonly server: string;
  readonly caBundle?: string;
  /** Accept any certificate. Only where the user's kubeconfig says so. */
  readonly insecureSkipTlsVerify?: boolean;
  /**
   * Checks of the server's certificate that are left out: `SubjectName` its name,
   * `ValidityPeriod` its dates (reference: KubeFed's `disabledTLSValidations`).
   */
  readonly disabledTlsChecks?: readonly string[];
  /** An `http:`, `https:` or `socks5:` proxy that connections go through. */
  readonly proxyUrl?: string;
  /** Opens connections in another way, as through a tunnel; instead of a proxy. */
  readonly dial?: (
    target: { readonly host: string; readonly port: number },
    signal: AbortSignal,
  ) => Promise<Duplex>;
  /** The name the server's certificate must have, where it is not the host of `server`. */
  readonly tlsServerName?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Gives the bearer token of a request; asked again after a 401 with `refresh`. */
  readonly token?: TokenSource;
  readonly impersonateUser?: string;
}

/** Gives a bearer token; `refresh` asks for a new one as the last was refused. */
export type TokenSource = (refresh: "cached" | "refresh") => Promise<string> | string;
