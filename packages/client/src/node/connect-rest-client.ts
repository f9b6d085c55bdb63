import { createRestClient, type RestClientOptions } from "../rest/create-rest-client.ts";
import type { RestClient } from "../rest/rest-client.ts";
import type { ConnectionSettings } from "./credentials.ts";
import { createHttpTransport } from "./http-transport.ts";

/** A client of the server that the settings name. Nothing is connected before the first request. */
export function connectRestClient(
  settings: ConnectionSettings,
  options: RestClientOptions,
): RestClient {
  return createRestClient(createHttpTransport(settings), options);
}
