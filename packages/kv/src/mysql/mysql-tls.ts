/** How much of the server's certificate is checked, named as MySQL's own clients name it. */
export type TlsVerification = "VERIFY_IDENTITY" | "VERIFY_CA" | "REQUIRED";

/** TLS to the database; certificates and keys are PEM. */
export interface MysqlTls {
  /** Absent: the system's authorities. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /**
   * Absent: `VERIFY_IDENTITY`, the authority and the host's name. `VERIFY_CA`: only the authority.
   * `REQUIRED`: nothing, so that whoever is on the way can pose as the server.
   */
  readonly verify?: TlsVerification;
}

/** The parameters of a URL that say how. */
export const tlsParameters: readonly string[] = [
  "ssl",
  "ssl-mode",
  "ssl-ca",
  "ssl-cert",
  "ssl-key",
];

const modes: readonly string[] = ["DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"];

/**
 * Reads TLS from the parameters of a URL; absent: unencrypted. `readFile` tells what is in a file,
 * and `refuse` makes the error.
 */
export function parseMysqlTls(
  given: URLSearchParams,
  readFile: (path: string) => string,
  refuse: (why: string) => Error,
): MysqlTls | undefined {
  const file = (name: string): string | undefined => {
    const path = given.get(name);
    return path === null ? undefined : readFile(path);
  };
  const [ca, cert, key] = [file("ssl-ca"), file("ssl-cert"), file("ssl-key")];
  if ((cert === undefined) !== (key === undefined)) {
    throw refuse("ssl-cert and ssl-key go together");
  }
  const mode = given.get("ssl-mode")?.toUpperCase();
  if (mode === "PREFERRED") {
    throw refuse("ssl-mode=PREFERRED may end unencrypted; use REQUIRED, or better VERIFY_IDENTITY");
  }
  if (mode !== undefined && !modes.includes(mode)) {
    throw refuse(`ssl-mode is "${mode}", known are ${modes.join(", ")}`);
  }
  const isAskedFor = ca !== undefined || cert !== undefined || given.get("ssl") === "true";
  if (mode === "DISABLED" && isAskedFor) throw refuse("ssl-mode=DISABLED contradicts the rest");
  if (mode === "DISABLED" || (mode === undefined && !isAskedFor)) return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(mode === "REQUIRED" || mode === "VERIFY_CA" ? { verify: mode } : {}),
  };
}

/** The client library's settings of it. */
export function tlsOptions({ verify = "VERIFY_IDENTITY", ...files }: MysqlTls): {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized: boolean;
  readonly verifyIdentity: boolean;
} {
  return {
    ...files,
    rejectUnauthorized: verify !== "REQUIRED",
    verifyIdentity: verify === "VERIFY_IDENTITY",
  };
}

/** What to do about a connection that was refused over TLS, for want of it or for its way to log in; empty if nothing of that kind. */
export function tlsRemedy(
  tls: MysqlTls | undefined,
  {
    errno,
    code,
    message,
  }: { readonly errno: number; readonly code: string; readonly message: string },
): string {
  const accessDenied = 1045;
  if (errno === accessDenied && !tls) {
    return "; if the user may come only over TLS, give ssl-ca (and ssl-cert and ssl-key)";
  }
  if (errno === accessDenied && tls?.cert === undefined) {
    return "; if the user needs a certificate of its own (REQUIRE X509), give ssl-cert and ssl-key";
  }
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") {
    return "; set up TLS there (its ssl_ca, ssl_cert and ssl_key), or leave out ssl-*";
  }
  if (/unknown plugin/.test(message)) {
    return "; identify the user by caching_sha2_password, mysql_native_password or ed25519";
  }
  if (/altnames/.test(message)) {
    return "; connect by a name of its certificate, or check only its authority by ssl-mode=VERIFY_CA";
  }
  if (/expired|not yet valid/.test(message)) return "; renew the server's certificate";
  if (/self.signed|unable to (verify|get)/i.test(message)) {
    return "; ssl-ca must name the authority that signed the server's certificate";
  }
  return "";
}
