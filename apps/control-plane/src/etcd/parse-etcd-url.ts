import { ServerError } from "../options/server-error.ts";

/** Where to listen. */
export interface EtcdUrl {
  readonly scheme: "http" | "https";
  readonly isSecure: boolean;
  readonly host: string;
  /** The host as it stands in a URL: IPv6 in brackets. */
  readonly hostText: string;
  readonly port: number;
}

const defaultPort = 2379;

/** Parses `http://HOST:PORT` or `https://HOST:PORT`. @throws {ServerError} */
export function parseEtcdUrl(text: string): EtcdUrl {
  // `URL` drops the port that is a scheme's own, which is one like any other here.
  const match =
    /^(?<scheme>https?):\/\/(?<host>\[[0-9a-fA-F:]+\]|[^:/[\]@?#]+)(?::(?<port>\d{1,5}))?\/?$/.exec(
      text,
    );
  const { scheme, host: hostText, port: portText } = match?.groups ?? {};
  const port = portText === undefined ? defaultPort : Number(portText);
  if (scheme === undefined || hostText === undefined || port > 65_535) {
    throw new ServerError(
      `Cannot listen as --listen must be http://HOST:PORT or https://HOST:PORT: it is "${text}"`,
    );
  }
  const isSecure = scheme === "https";
  const host = hostText.replace(/^\[|\]$/g, "");
  return { scheme: isSecure ? "https" : "http", isSecure, host, hostText, port };
}
