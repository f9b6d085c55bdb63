import { parseGroupVersion } from "@cellplane/apimachinery";

/** Group and version of an `apiVersion` that a plan made. */
export function parseApiVersion(apiVersion: string): {
  readonly group: string;
  readonly version: string;
} {
  return parseGroupVersion(apiVersion) ?? { group: "", version: apiVersion };
}
