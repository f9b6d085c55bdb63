import { Command } from "commander";
import { CliError } from "../program/cli-error.ts";

const shells = ["bash", "zsh", "fish"] as const;

/** `cellplane completion SHELL`: a script for the shell to source. `program` tells what there is to complete. */
export function createCompletionCommand(program: () => Command): Command {
  return new Command("completion")
    .description("Print a shell completion script")
    .argument("<shell>", shells.join(", "))
    .addHelpText("after", "\nExample:\n  source <(cellplane completion bash)")
    .action((shell: string) => {
      process.stdout.write(renderCompletion(shell, program()));
    });
}

/** The completion script of a shell: commands first, then the options of each. */
export function renderCompletion(shell: string, program: Command): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    summary: command.description(),
    verbs: command.commands.map((verb) => ({ name: verb.name(), options: optionsOf(verb) })),
    options: optionsOf(command),
  }));
  const names = commands.map(({ name }) => name).join(" ");
  const cases = commands.flatMap(({ name, verbs, options }) => [
    ...verbs.map((verb) => `    "${name} ${verb.name}") words="${verb.options.join(" ")}" ;;`),
    `    "${name} "*) words="${[...verbs.map((verb) => verb.name), ...options].join(" ")}" ;;`,
  ]);
  if (shell === "bash" || shell === "zsh") {
    return [
      ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
      "_cellplane() {",
      '  local words="" word="${COMP_WORDS[COMP_CWORD]}"',
      '  case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in',
      ...cases,
      "  esac",
      `  if [ "$COMP_CWORD" -eq 1 ]; then words="${names}"; fi`,
      '  case "${COMP_WORDS[COMP_CWORD-1]}" in',
      '    --kubeconfig|--member-kubeconfig|--data-dir|--token-auth-file|--audit-log-path) COMPREPLY=($(compgen -f -- "$word")); return ;;',
      "  esac",
      '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
      "}",
      "complete -F _cellplane cellplane",
      "",
    ].join("\n");
  }
  if (shell === "fish") {
    const lines = commands.flatMap(({ name, summary, verbs, options }) => [
      `complete -c cellplane -n __fish_use_subcommand -f -a ${name} -d "${summary.replaceAll('"', "'")}"`,
      ...verbs.map(
        (verb) =>
          `complete -c cellplane -n "__fish_seen_subcommand_from ${name}" -f -a ${verb.name}`,
      ),
      ...Array.from(new Set([...options, ...verbs.flatMap((verb) => verb.options)])).map(
        (option) =>
          `complete -c cellplane -n "__fish_seen_subcommand_from ${name}" -l ${option.replace(/^--/, "")}`,
      ),
    ]);
    return `${lines.join("\n")}\n`;
  }
  throw new CliError(`Cannot complete for "${shell}": it must be one of ${shells.join(", ")}`);
}

function optionsOf(command: Command): readonly string[] {
  return command.options.flatMap((option) => (option.long ? [option.long] : []));
}
