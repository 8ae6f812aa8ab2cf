import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import "./field.css";

interface Described {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

export interface FieldProps {
  label: string;
  help?: ComponentChildren;
  error?: string | null;
  /** The control, given what ties it to its label, help and error. */
  children: (tied: Described) => ComponentChildren;
}

/** A control with its label above, its help below, and what is wrong with it. */
export function Field({ label, help, error, children }: FieldProps) {
  const id = useId();
  const described = [help && `${id}-help`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? true : undefined })}
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

interface Input {
  name?: string;
  disabled?: boolean;
  required?: boolean;
  placeholder?: string;
  autoFocus?: boolean;
  min?: number;
  max?: number;
  step?: number | "any";
  maxLength?: number;
  list?: string;
  onChange?: () => void;
}

export interface TextFieldProps extends Input {
  label: string;
  value: string;
  onInput: (value: string) => void;
  /** Lines to write in; one unless given. */
  rows?: number;
  help?: ComponentChildren;
  error?: string | null;
}

export function TextField({ label, help, error, onInput, rows, ...rest }: TextFieldProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(tied) =>
        rows === undefined
          ? <input class="input" type="text" {...rest} {...tied} onInput={(event) => onInput(event.currentTarget.value)} />
          : <textarea class="input" rows={rows} {...(rest as object)} {...tied} onInput={(event) => onInput(event.currentTarget.value)} />}
    </Field>
  );
}

export interface NumberFieldProps extends Input {
  label: string;
  value: number | null;
  /** null: empty, or no number. */
  onInput: (value: number | null) => void;
  unit?: string;
  help?: ComponentChildren;
  error?: string | null;
}

export function NumberField({ label, value, onInput, unit, help, error, ...rest }: NumberFieldProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(tied) => (
        <span class="number">
          <input
            class="input numbers" type="number" inputMode="decimal" step="any" {...rest} {...tied} value={value ?? ""}
            onInput={({ currentTarget: { valueAsNumber } }) => onInput(Number.isNaN(valueAsNumber) ? null : valueAsNumber)}
          />
          {unit && <span class="soft">{unit}</span>}
        </span>
      )}
    </Field>
  );
}

export interface Choice {
  value: string;
  label: string;
}

export interface SelectProps {
  disabled?: boolean;
  label: string;
  value: string;
  choices: readonly Choice[];
  onInput: (value: string) => void;
  help?: ComponentChildren;
  error?: string | null;
}

export function Select({ label, choices, onInput, help, error, value, ...rest }: SelectProps) {
  return (
    <Field label={label} help={help} error={error}>
      {(tied) => (
        <select class="input" {...rest} {...tied} onInput={(event) => onInput(event.currentTarget.value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value} selected={choice.value === value}>{choice.label}</option>
          ))}
        </select>
      )}
    </Field>
  );
}

export interface CheckProps {
  label: ComponentChildren;
  checked: boolean;
  onInput: (checked: boolean) => void;
  disabled?: boolean;
}

export function Check({ label, checked, onInput, disabled }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} disabled={disabled} onInput={(event) => onInput(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
