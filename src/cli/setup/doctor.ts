import { runChecks } from "../../app/doctor/doctor.ts";
import type { Finding } from "../../app/doctor/finding.ts";
import { wireDoctor } from "../../app/wiring/doctor.ts";
import { notifySecrets } from "../../app/wiring/notify.ts";
import { plural } from "../../pipeline/report/format.ts";
import { redactor, redactValue, secretsOf } from "../../run/redact.ts";
import { withHomeOptions } from "../hints.ts";
import { configOf, type GlobalOptions } from "../options.ts";
import { cancelOnSignals, readingCancelMessage } from "../signals.ts";
import { printNotice } from "../terminal/console.ts";
import { type Style, styleFor } from "../terminal/style.ts";

export type DoctorOptions = GlobalOptions & { offline?: boolean };

/** `pipeline doctor`: exit code 1 where a check failed. */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const { config, warnings } = await configOf(options);
  const cancellation = cancelOnSignals(readingCancelMessage("The check"));
  const style = styleFor(process.stdout, options, config.env);
  const redact = redactor([...secretsOf(config.source), ...notifySecrets(config)]);
  const print = (finding: Finding) => {
    if (options.json || (options.quiet && finding.state === "ok")) return;
    process.stdout.write(redact(findingText(finding, style)));
  };
  try {
    const findings = await runChecks(
      wireDoctor(config, printNotice),
      warnings,
      options.offline ?? false,
      cancellation.signal,
      print,
    );
    const count = (state: Finding["state"]) => findings.filter((finding) => finding.state === state).length;
    const [failures, warned] = [count("failure"), count("warning")];
    if (options.json)
      process.stdout.write(
        `${JSON.stringify(redactValue(redact, { failures, warnings: warned, checks: findings }))}\n`,
      );
    else if (!options.quiet) {
      const said =
        failures === 0 && warned === 0
          ? "All is well."
          : `${plural(failures, "failure")}, ${plural(warned, "warning")}.`;
      process.stdout.write(`\n${said}\n`);
    }
    return failures === 0 ? 0 : 1;
  } finally {
    cancellation.stop();
  }
}

function findingText({ check, state, what, fix }: Finding, style: Style): string {
  const word = { ok: style.good("ok     "), warning: "warning", failure: style.bad("failure") }[state];
  return `${word}  ${check}: ${withHomeOptions(what)}\n${
    fix === null
      ? ""
      : withHomeOptions(fix)
          .split("\n")
          .map((line) => `         ${style.dim(line)}\n`)
          .join("")
  }`;
}
