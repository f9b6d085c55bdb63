import type { Logger } from "@cellplane/apiserver";
import pino from "pino";

/** A log of JSON lines on standard error. Tokens and keys never reach it: they are no fields of any line. */
export function createLogger(level: string, name: string): Logger {
  return pino({ level, name, base: { name } }, pino.destination(2));
}
