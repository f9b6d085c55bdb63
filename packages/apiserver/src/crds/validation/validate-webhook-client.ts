import {
  dns1123SubdomainErrors,
  type FieldError,
  invalid,
  required,
} from "@cellplane/apimachinery";

const form = "; desired format: https://host[/path]";

/** The URL of a webhook: HTTPS, a host, and nothing but a path. */
export function validateWebhookUrl(text: string, path: string): readonly FieldError[] {
  const match =
    /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(?:\?([^#]*))?(?:#(.*))?$/.exec(text);
  const [, scheme = "", authority = "", query = "", fragment = ""] = match ?? [];
  const at = authority.lastIndexOf("@");
  return [
    ...(scheme === "https"
      ? []
      : [invalid(path, scheme, `'https' is the only allowed URL scheme${form}`)]),
    ...(authority.slice(at + 1) === "" ? [invalid(path, "", `host must be specified${form}`)] : []),
    ...(at >= 0
      ? [invalid(path, authority.slice(0, at), "user information is not permitted in the URL")]
      : []),
    ...(fragment === "" ? [] : [invalid(path, fragment, "fragments are not permitted in the URL")]),
    ...(query === ""
      ? []
      : [invalid(path, query, "query parameters are not permitted in the URL")]),
  ];
}

/** The service of a webhook. */
export function validateWebhookService(
  service: {
    readonly namespace?: string;
    readonly name?: string;
    readonly path?: string;
    readonly port?: number;
  },
  path: string,
): readonly FieldError[] {
  const port = service.port ?? 443;
  const isPort = port >= 1 && port <= 65_535;
  return [
    ...(service.name ? [] : [required(`${path}.name`)]),
    ...(service.namespace ? [] : [required(`${path}.namespace`)]),
    ...(isPort
      ? []
      : [
          invalid(
            `${path}.port`,
            port,
            "port is not valid: must be between 1 and 65535, inclusive",
          ),
        ]),
    ...validateUrlPath(service.path, `${path}.path`),
  ];
}

function validateUrlPath(urlPath: string | undefined, path: string): readonly FieldError[] {
  if (!urlPath || urlPath === "/") return [];
  if (urlPath === "//") return [invalid(path, urlPath, "segment[0] may not be empty")];
  const steps = urlPath.slice(1).replace(/\/$/, "").split("/");
  return [
    ...(urlPath.startsWith("/") ? [] : [invalid(path, urlPath, "must start with a '/'")]),
    ...steps.flatMap((step, index) => {
      if (step === "") return [invalid(path, urlPath, `segment[${index}] may not be empty`)];
      return dns1123SubdomainErrors(step).map((problem) =>
        invalid(path, urlPath, `segment[${index}]: ${problem}`),
      );
    }),
  ];
}
