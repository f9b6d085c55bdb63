import { isJsonArray, isJsonObject, type JsonObject, parseJson } from "@cellplane/apimachinery";
import type { DiscoveredResource, RestClient } from "@cellplane/client";
import { inlineSchema } from "@cellplane/federation";

/** The structural schema of a resource, from the server's OpenAPI v3; `undefined` where it has none. */
export async function readSchema(
  client: RestClient,
  resource: DiscoveredResource,
): Promise<JsonObject | undefined> {
  const { group, version, kind } = resource;
  const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
  const headers = { accept: "application/json" };
  const answer = await client.raw({ method: "GET", path: `/openapi/v3/${path}`, headers });
  if (answer.status !== 200) return undefined;
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
