/** Why a listener could not be opened, for the person who started it. */
export function describeListenError(
  error: Error,
  at: { readonly host: string; readonly port: number },
): Error {
  const where = `${at.host}:${at.port}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return new Error(`Cannot listen on ${where} as another program does`, { cause: error });
    case "EACCES":
      return new Error(`Cannot listen on ${where} as this user may not use ports below 1024`, {
        cause: error,
      });
    case "EADDRNOTAVAIL":
      return new Error(`Cannot listen on ${where} as this machine has no such address`, {
        cause: error,
      });
    default:
      return new Error(`Cannot listen on ${where}: ${error.message}`, { cause: error });
  }
}
