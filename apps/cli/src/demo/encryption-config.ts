import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringifyYaml } from "@cellplane/apimachinery";

/** Writes a configuration that encrypts Secrets under a new key, into a folder; its path. */
export async function writeEncryptionConfig(folder: string): Promise<string> {
  const file = join(folder, "encryption.yaml");
  const key = { name: "demo", secret: randomBytes(32).toString("base64") };
  const configuration = {
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [
      {
        resources: ["secrets"],
        providers: [{ secretbox: { keys: [key] } }, { identity: {} }],
      },
    ],
  };
  await writeFile(file, stringifyYaml(configuration), { mode: 0o600 });
  return file;
}
