import { systemdService, systemdTimer, type Unit } from "../../schedule/systemd.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { ownCommand } from "../own-command.ts";
import { wrong } from "../usage-error.ts";

export type SystemdOptions = GlobalOptions & { at: string };

/** `pipeline schedule systemd`: prints a service and a timer of a nightly run, and where to put them. */
export async function scheduleSystemd(options: SystemdOptions): Promise<number> {
  if (/[\r\n]/.test(options.at) || options.at.trim() === "") {
    throw wrong(`--at is "${options.at}": expected a time as systemd has it.`, 'Such as "*-*-* 02:00:00".');
  }
  const { config } = await configOf(options);
  const unit: Unit = {
    description: `Nightly run of ${config.home}`,
    at: options.at.trim(),
    directory: process.cwd(),
    command: ownCommand(["run", "--trigger", "schedule"], options),
  };
  const service = systemdService(unit);
  const timer = systemdTimer(unit);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ service, timer })}\n`
      : `# ~/.config/systemd/user/pipeline.service\n${service}\n# ~/.config/systemd/user/pipeline.timer\n${timer}\n` +
          "# Then: systemctl --user daemon-reload && systemctl --user enable --now pipeline.timer\n" +
          "# A user's timers stop when the user logs out, unless: loginctl enable-linger\n",
  );
  return 0;
}
