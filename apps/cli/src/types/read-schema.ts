import { isJsonArray, isJsonObject, type JsonObject, parseJson } from "@cellplane/apimachinery";
import type { DiscoveredResource, RestClient } from "@cellplane/client";
import { inlineSchema } from "@cellplane/federation";

/**
 * The structural schema of a resource: from the server's OpenAPI v3, or else from the resource's CRD;
 * `undefined` where neither says.
 */
export async function readSchema(
  client: RestClient,
  resource: DiscoveredResource,
): Promise<JsonObject | undefined> {
  return (await readOpenApi(client, resource)) ?? (await readCrdSchema(client, resource));
}

async function readOpenApi(
  client: RestClient,
  resource: DiscoveredResource,
): Promise<JsonObject | undefined> {
  const { group, version, kind } = resource;
  const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
  const headers = { accept: "application/json" };
  const answer = await client.raw({ method: "GET", path: `/openapi/v3/${path}`, headers });
  // A server that is not told of its API groups answers 200 with nothing.
  if (answer.status !== 200 || answer.body.length === 0) return undefined;
  const document = parseJson(new TextDecoder().decode(answer.body));
  const components = isJsonObject(document) ? document["components"] : undefined;
  const schemas = isJsonObject(components) ? components["schemas"] : undefined;
  if (!isJsonObject(schemas)) return undefined;
  const own = Object.values(schemas).find((each) => isSchemaOf(each, { group, version, kind }));
  if (!isJsonObject(own)) return undefined;
  return inlineSchema(own, (name) => {
    const found = schemas[name];
    return isJsonObject(found) ? found : undefined;
  });
}

async function readCrdSchema(
  client: RestClient,
  { group, version, resource }: DiscoveredResource,
): Promise<JsonObject | undefined> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${resource}.${group}`;
  const answer = await client.raw({ method: "GET", path });
  if (answer.status !== 200) return undefined;
  const crd = parseJson(new TextDecoder().decode(answer.body));
  const spec = isJsonObject(crd) ? crd["spec"] : undefined;
  const versions = isJsonObject(spec) ? spec["versions"] : undefined;
  const own = (isJsonArray(versions) ? versions : []).find(
    (each) => isJsonObject(each) && each["name"] === version,
  );
  const schema = isJsonObject(own) ? own["schema"] : undefined;
  const found = isJsonObject(schema) ? schema["openAPIV3Schema"] : undefined;
  return isJsonObject(found) ? found : undefined;
}

function isSchemaOf(
  schema: unknown,
  of: { readonly group: string; readonly version: string; readonly kind: string },
): boolean {
  const kinds = isJsonObject(schema) ? schema["x-kubernetes-group-version-kind"] : undefined;
  return (isJsonArray(kinds) ? kinds : []).some(
    (each) =>
      isJsonObject(each) &&
      each["group"] === of.group &&
      each["version"] === of.version &&
      each["kind"] === of.kind,
  );
}
