import { isJsonObject, type JsonObject } from "@cellplane/apimachinery";
import type { ResourcePath, RestClient } from "@cellplane/client";

const crds: ResourcePath = {
  group: "apiextensions.k8s.io",
  version: "v1",
  resource: "customresourcedefinitions",
};
// Of the kinds that come with the federation; all have the same conversion.
const example = "federatedconfigmaps.types.kubefed.io";

/**
 * How the federated kinds of a control plane are converted: by webhook where it is a plug-in to
 * another API server, `undefined` where the server does it itself. A new kind must be served with
 * the same from its first moment, or an object written then would lose what the other view says.
 */
export async function findConversion(controlPlane: RestClient): Promise<JsonObject | undefined> {
  const { items } = await controlPlane.list(crds, { fieldSelector: `metadata.name=${example}` });
  const spec = items[0]?.["spec"];
  const conversion = isJsonObject(spec) ? spec["conversion"] : undefined;
  return isJsonObject(conversion) && conversion["strategy"] === "Webhook" ? conversion : undefined;
}
