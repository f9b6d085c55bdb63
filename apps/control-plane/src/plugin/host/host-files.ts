import type { Logger } from "@cellplane/apiserver";
import { abortableDelay } from "@cellplane/client";
import { LocalObjects } from "./local-objects.ts";
import { readCredentials, readObjects } from "./read-host-files.ts";

const lookEveryMs = 2000;

/** Where the operator puts what a host cannot keep. */
export interface HostFileOptions {
  readonly credentialsDir: string | undefined;
  readonly namespacesFile: string | undefined;
  readonly systemNamespace: string;
  readonly logger: Logger;
}

/** What stands in files instead of in the host, read anew as it changes. */
export class HostFiles {
  readonly namespaces: LocalObjects = new LocalObjects("Namespace");
  readonly secrets: LocalObjects = new LocalObjects("Secret");
  readonly #options: HostFileOptions;
  /** Problems told already: each is told once, until it changes. */
  readonly #told = new Map<string, string>();

  constructor(options: HostFileOptions) {
    this.#options = options;
  }

  /** Reads everything once. */
  async read(): Promise<void> {
    const { credentialsDir, namespacesFile, systemNamespace } = this.#options;
    const problems = new Map<string, string>();
    const note = (file: string, error: unknown): void => {
      problems.set(file, error instanceof Error ? error.message : String(error));
    };
    if (credentialsDir !== undefined) {
      try {
        this.secrets.replace(await readCredentials(credentialsDir, systemNamespace, note));
      } catch (error) {
        note(credentialsDir, error);
      }
    }
    if (namespacesFile !== undefined) {
      try {
        this.namespaces.replace(await readObjects(namespacesFile, "Namespace"));
      } catch (error) {
        // A file that is being written: what was known stays.
        note(namespacesFile, error);
      }
    }
    this.#tell(problems);
  }

  /** Looks for changes until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await abortableDelay(lookEveryMs, signal);
      if (!signal.aborted) await this.read();
    }
  }

  #tell(problems: ReadonlyMap<string, string>): void {
    for (const [file, problem] of problems) {
      if (this.#told.get(file) === problem) continue;
      this.#options.logger.warn({ file, problem }, "a file that stands for objects was not used");
    }
    this.#told.clear();
    for (const [file, problem] of problems) this.#told.set(file, problem);
  }
}
