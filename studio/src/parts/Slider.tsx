import { useId } from "preact/hooks";
import "./slider.css";

export interface SliderProps {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  /** While it moves. */
  onInput: (value: number) => void;
  /** Once it is let go. */
  onChange?: (value: number) => void;
  /** The value as people read it, shown beside and read out. */
  text?: string;
  hideLabel?: boolean;
  /** `text` is read out, but shown elsewhere. */
  hideText?: boolean;
  disabled?: boolean;
  /** Places to mark below the track, in units of the value. */
  marks?: readonly number[];
}

export function Slider({ label, value, min, max, step = 1, onInput, onChange, text, hideLabel, hideText, disabled, marks }: SliderProps) {
  const id = useId();
  const span = max - min || 1;
  return (
    <div class="slider">
      <label for={id} class={hideLabel ? "sr-only" : "soft small"}>{label}</label>
      <span class="track">
        <input
          id={id} type="range" min={min} max={max} step={step} value={value} disabled={disabled || max <= min}
          aria-valuetext={text}
          onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
          onChange={(event) => onChange?.(event.currentTarget.valueAsNumber)}
        />
        {marks && (
          <span class="marks" aria-hidden="true">
            {marks.map((mark) => <i key={mark} style={{ left: `${(100 * (mark - min)) / span}%` }} />)}
          </span>
        )}
      </span>
      {text !== undefined && !hideText && <output for={id} class="numbers small">{text}</output>}
    </div>
  );
}
