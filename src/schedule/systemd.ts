export type Unit = {
  description: string;
  /** systemd's OnCalendar expression. */
  at: string;
  directory: string;
  command: readonly string[];
};

/** The text of a oneshot service. A unit takes % for a specifier and $ for a variable. */
export function systemdService({ description, directory, command }: Unit): string {
  return `[Unit]
Description=${escaped(description)}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
WorkingDirectory=${escaped(directory)}
ExecStart=${command.map(quoted).join(" ")}
TimeoutStartSec=infinity
KillMode=mixed
`;
}

/** The text of its timer; a time that passed while the machine was off is made up for. */
export function systemdTimer({ description, at }: Unit): string {
  return `[Unit]
Description=${escaped(description)}

[Timer]
OnCalendar=${at}
Persistent=true

[Install]
WantedBy=timers.target
`;
}

const escaped = (text: string) => text.replaceAll("%", "%%");

function quoted(word: string): string {
  const text = escaped(word).replaceAll("$", "$$$$");
  return /^[\w@./:=+%$-]+$/.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
