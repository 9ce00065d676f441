import { parseNameList } from "../pipeline/names/name-list.ts";
import { PipelineError } from "../run/errors.ts";

/** A comma-separated list of companies; `where` says where it stands. Throws `config_invalid`. */
export function parseCompanies(text: string, where: string): string[] {
  const names = parseNameList(text);
  if (names === null) throw malformedList(where, text);
  return names;
}

function malformedList(where: string, value: string): PipelineError {
  return new PipelineError({
    code: "config_invalid",
    message: `${where} is not a list of companies: ${value}`,
    data: "Nothing was read or changed.",
    next: 'Separate names by commas; put a name that holds a comma in double quotes: jpmorgan,"EQUIFAX, INC."',
  });
}
