/** One setting, whose control, limits and help follow from how it describes itself. */

import type { SettingInfo } from "../../api/types";
import { Check, NumberField, Select, TextField } from "../../parts";
import { t } from "../../words";
import { fault, helpOf, labelOf, shown } from "./check";

export interface SettingFieldProps {
  setting: SettingInfo;
  /** undefined: as it is by default. */
  value: unknown;
  onInput: (value: unknown) => void;
}

export function SettingField({ setting, value, onInput }: SettingFieldProps) {
  const { choices, unit } = setting;
  const label = labelOf(setting);
  const now = value === undefined ? setting.default : value;
  const isChanged = value !== undefined;
  const reset = isChanged && <> <button type="button" class="link" onClick={() => onInput(undefined)}>{t("setting.reset", { value: shown(setting.default) })}</button></>;
  const help = <>{helpOf(setting)}{reset}</>;
  const error = isChanged ? fault(setting, now) : null;
  if (setting.kind === "switch") {
    return (
      <div class="field">
        <Check label={helpOf(setting)} checked={now === true} onInput={onInput} />
        {reset && <p class="help">{reset}</p>}
      </div>
    );
  }
  if (setting.kind === "choice" && choices) {
    return <Select label={label} value={String(now)} choices={choices.map((each) => ({ value: String(each), label: shown(each) }))} onInput={onInput} help={help} error={error} />;
  }
  const isNumber = setting.kind === "whole" || setting.kind === "number";
  if (isNumber && !choices) {
    return (
      <NumberField
        label={label} value={typeof now === "number" ? now : null} onInput={onInput} unit={unit ?? undefined} help={help} error={error}
        placeholder={setting.optional ? t("setting.unset") : undefined}
      />
    );
  }
  const parse = (typed: string) => {
    if (setting.kind === "list") return onInput(typed.split(",").map((part) => part.trim()).filter(Boolean).map(asNumber));
    onInput(isNumber ? asNumber(typed) : typed); // a number, or one of a few words
  };
  const text = Array.isArray(now) ? now.join(", ") : String(now ?? "");
  return <TextField label={label} value={text} onInput={parse} help={choices ? <>{help} {t("setting.choices", { choices: choices.map(shown).join(", ") })}</> : help} error={error} />;
}

const asNumber = (text: string): string | number => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text);
