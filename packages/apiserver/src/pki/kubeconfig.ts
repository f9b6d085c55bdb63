import { writeFileAtomically } from "./atomic-file.ts";

/** What a kubeconfig needs to say. Certificates and key in PEM. */
export interface KubeconfigOptions {
  /** `https://127.0.0.1:6443`. */
  readonly server: string;
  /** The authority to trust. Absent: the system's. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** Names cluster and context; the user is `<name>-admin`. */
  readonly name: string;
}

/** Writes a kubeconfig with one context, readable by its owner only. */
export async function writeKubeconfig(file: string, options: KubeconfigOptions): Promise<void> {
  await writeFileAtomically(file, renderKubeconfig(options), 0o600);
}

/** The text of a kubeconfig. Values are JSON strings, which YAML reads the same. */
export function renderKubeconfig(options: KubeconfigOptions): string {
  const { server, ca, cert, key, token, name } = options;
  const user = `${name}-admin`;
  const lines = [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    `- name: ${quote(name)}`,
    "  cluster:",
    ...field("server", server),
    ...field("certificate-authority-data", ca && toBase64(ca)),
    "contexts:",
    `- name: ${quote(name)}`,
    "  context:",
    ...field("cluster", name),
    ...field("user", user),
    `current-context: ${quote(name)}`,
    "users:",
    `- name: ${quote(user)}`,
    "  user:",
    ...field("client-certificate-data", cert && toBase64(cert)),
    ...field("client-key-data", key && toBase64(key)),
    ...field("token", token),
  ];
  return `${lines.join("\n")}\n`;
}

function field(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`    ${name}: ${quote(value)}`];
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function toBase64(pem: string): string {
  return Buffer.from(pem, "utf8").toString("base64");
}
