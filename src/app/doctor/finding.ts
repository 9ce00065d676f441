import { PipelineError } from "../../run/errors.ts";

/** What a check found. `fix`: the command or the change that helps. */
export type Finding = { check: string; state: "ok" | "warning" | "failure"; what: string; fix: string | null };

export const ok = (check: string, what: string): Finding => ({ check, state: "ok", what, fix: null });
export const warning = (check: string, what: string, fix: string | null): Finding => ({
  ...{ check, state: "warning", what, fix },
});
export const failure = (check: string, what: string, fix: string | null): Finding => ({
  ...{ check, state: "failure", what, fix },
});

/** The findings of a check; what it throws is one. */
export async function findingsOf(check: string, look: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof PipelineError && error.code !== "cancelled")
      return [failure(check, error.message, error.next)];
    throw error;
  }
}
