import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a certificate is for. */
export interface CertificateRequest {
  readonly name: string;
  /** The authority that signs it; its name, too. */
  readonly authority: string;
  /** Subject alternative names as openssl writes them. */
  readonly names?: string;
  /** Days that it is valid; less than none: it has expired. */
  readonly days?: number;
}

/** Makes an authority in a folder: `NAME.pem` and `NAME-key.pem`. */
export function makeAuthority(folder: string, name: string): void {
  openssl(
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 -subj /CN=${name} -keyout ${path(folder, `${name}-key`)} -out ${path(folder, name)}`,
  );
}

/** Makes a certificate that an authority of the folder has signed: `NAME.pem` and `NAME-key.pem`. */
export function makeCertificate(
  folder: string,
  { name, authority, names, days = 3 }: CertificateRequest,
): void {
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  writeFileSync(extensions, names === undefined ? "" : `subjectAltName=${names}\n`);
  openssl(
    `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=${name} -keyout ${path(folder, `${name}-key`)} -out ${request}`,
  );
  openssl(
    `x509 -req -in ${request} -CA ${path(folder, authority)} -CAkey ${path(folder, `${authority}-key`)} -CAcreateserial -days ${days} -extfile ${extensions} -out ${path(folder, name)}`,
  );
}

function path(folder: string, name: string): string {
  return join(folder, `${name}.pem`);
}

function openssl(args: string): void {
  execFileSync("openssl", args.split(" "), { stdio: "pipe" });
}
