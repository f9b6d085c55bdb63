/**
 * A URL may hold a password, and a process's arguments can be read by everybody on the machine
 * until its title replaces them.
 */
export function hidePassword(url: string): void {
  if (/^\w+:\/\/[^@]*:.*@/.test(url)) process.title = "cellplane";
}
