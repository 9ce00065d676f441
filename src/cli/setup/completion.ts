import { wrong } from "../usage-error.ts";

/** `pipeline completion`: what a shell reads so that Tab completes commands, options, runs and schedules. */
export function completionScript(shell: string): number {
  const script = scripts[shell];
  if (script === undefined) throw wrong(`There is no completion for "${shell}".`, "Name one of bash, zsh and fish.");
  process.stdout.write(script);
  return 0;
}

const scripts: Record<string, string> = {
  bash: `# pipeline completion for bash: source <(pipeline completion bash)
_pipeline() {
  local line word=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(pipeline __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _pipeline pipeline
`,
  zsh: `#compdef pipeline
# pipeline completion for zsh: source <(pipeline completion zsh)
_pipeline() {
  local line files
  local -a found
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}"); fi
  done < <(pipeline __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#found )) && _describe 'pipeline' found
  [[ -n $files ]] && _files
  return 0
}
compdef _pipeline pipeline
`,
  fish: `# pipeline completion for fish: pipeline completion fish | source
function __pipeline_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in (pipeline __complete -- $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c pipeline -f -a '(__pipeline_complete)'
`,
};
