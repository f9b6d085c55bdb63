import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import {
  isJsonArray,
  isJsonObject,
  type JsonValue,
  type KubernetesObject,
  parseYamlDocuments,
} from "@cellplane/apimachinery";
import { loadKubeconfig } from "@cellplane/client/node";

/** Called for a file that cannot be used; the others are. */
export type FileReporter = (file: string, error: unknown) => void;

/**
 * The credentials in a directory, as Secrets: `*.yaml` and `*.json` hold Secrets, and
 * `CLUSTER.kubeconfig` stands for the Secret `CLUSTER-credential`.
 */
export async function readCredentials(
  dir: string,
  namespace: string,
  onProblem: FileReporter,
): Promise<readonly KubernetesObject[]> {
  const found: KubernetesObject[] = [];
  for (const name of (await readdir(dir)).toSorted()) {
    const file = join(dir, name);
    try {
      if (name.endsWith(".kubeconfig")) found.push(await secretOfKubeconfig(file, namespace));
      else if (/\.(yaml|yml|json)$/.test(name)) {
        for (const secret of await readObjects(file, "Secret")) {
          found.push({ ...secret, metadata: { namespace, ...secret.metadata } });
        }
      }
    } catch (error) {
      onProblem(file, error);
    }
  }
  return found;
}

/** The objects of one kind in a YAML or JSON file, also in lists. @throws {Error} If there is another. */
export async function readObjects(
  file: string,
  kind: string,
): Promise<readonly KubernetesObject[]> {
  const documents = parseYamlDocuments(await readFile(file, "utf8"));
  return documents.flatMap((document) => objectsIn(document, { file, kind }));
}

function objectsIn(
  document: JsonValue,
  of: { readonly file: string; readonly kind: string },
): readonly KubernetesObject[] {
  if (document === null) return [];
  if (isJsonObject(document)) {
    const { items, metadata } = document;
    if (isJsonArray(items)) return items.flatMap((item) => objectsIn(item, of));
    if (document["kind"] === of.kind && isJsonObject(metadata)) return [{ ...document, metadata }];
  }
  throw new Error(`Cannot use "${of.file}" as it must hold objects of kind ${of.kind} alone`);
}

async function secretOfKubeconfig(file: string, namespace: string): Promise<KubernetesObject> {
  const { connection } = await loadKubeconfig({ file });
  const token = (await connection.token?.("cached")) ?? "";
  const fields = {
    token,
    "tls.crt": connection.clientCertificate ?? "",
    "tls.key": connection.clientKey ?? "",
  };
  const data = Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== "")
      .map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  const name = `${basename(file, ".kubeconfig")}-credential`;
  return { metadata: { name, namespace }, type: "Opaque", data };
}
