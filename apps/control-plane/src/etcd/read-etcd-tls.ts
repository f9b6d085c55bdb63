import { readFileSync } from "node:fs";
import { createSecureContext, type TlsOptions } from "node:tls";
import { ServerError } from "../options/server-error.ts";

/** etcd's own names for the files of TLS. */
export interface EtcdTlsFiles {
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly trustedCaFile?: string;
  readonly clientCertAuth?: boolean;
}

/** Reads the files of an https address; nothing for http. @throws {ServerError} */
export function readEtcdTls(isSecure: boolean, files: EtcdTlsFiles): TlsOptions | undefined {
  const { certFile, keyFile, trustedCaFile, clientCertAuth = false } = files;
  if (!isSecure) {
    if (certFile ?? keyFile ?? trustedCaFile ?? (clientCertAuth || undefined)) {
      throw new ServerError("Cannot use certificates as --listen is no https:// address");
    }
    return undefined;
  }
  if (certFile === undefined || keyFile === undefined) {
    throw new ServerError("Cannot serve https without --cert-file and --key-file");
  }
  if (clientCertAuth && trustedCaFile === undefined) {
    throw new ServerError("Cannot check clients by --client-cert-auth without --trusted-ca-file");
  }
  const tls: TlsOptions = {
    cert: read("--cert-file", certFile),
    key: read("--key-file", keyFile),
    requestCert: clientCertAuth,
    rejectUnauthorized: clientCertAuth,
    ...(trustedCaFile === undefined ? {} : { ca: read("--trusted-ca-file", trustedCaFile) }),
  };
  try {
    createSecureContext(tls);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError(`Cannot use the certificate and key: ${why}`, { cause: error });
  }
  return tls;
}

function read(flag: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new ServerError(`Cannot read ${flag} "${file}": ${code}`, { cause: error });
  }
}
