import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import "./choices.css";

export interface ChoiceOf<T extends string> {
  value: T;
  label: ComponentChildren;
  disabled?: boolean;
}

export interface ChoicesProps<T extends string> {
  label: string;
  hideLabel?: boolean;
  /** cards: each with a ground of its own, for the few that matter most. bar: side by side, for a word each. */
  look?: "cards" | "bar";
  value: T | null;
  choices: readonly ChoiceOf<T>[];
  onInput: (value: T) => void;
}

/** One of several, all in sight: radio buttons, which arrow keys move between. */
export function Choices<T extends string>({ label, hideLabel, look = "bar", value, choices, onInput }: ChoicesProps<T>) {
  const name = useId();
  return (
    <fieldset class={`choices ${look}`}>
      <legend class={hideLabel ? "sr-only" : "soft small"}>{label}</legend>
      <div class="choices-list">
        {choices.map((choice) => (
          <label key={choice.value} class="choice">
            <input
              type="radio" name={name} value={choice.value} checked={choice.value === value} disabled={choice.disabled}
              onInput={() => onInput(choice.value)}
            />
            <span class="choice-face">{choice.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
