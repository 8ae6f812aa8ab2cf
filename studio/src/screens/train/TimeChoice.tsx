import { useState } from "preact/hooks";
import { Check, Choices, NumberField, Select } from "../../parts";
import { clock, duration } from "../../format";
import { t } from "../../words";
import { TIMES } from "./choices";

const UNITS = { minutes: 60, hours: 3_600, images: 1 } as const;
type Unit = keyof typeof UNITS;

export interface TimeChoiceProps {
  seconds: number | null;
  images: number | null;
  until: "limit" | "plateau";
  /** Whether other runs go first, so that nobody knows when it ends. */
  isQueued: boolean;
  onInput: (changes: { seconds?: number | null; images?: number | null; until?: "limit" | "plateau" }) => void;
}

/** The third choice: how long. */
export function TimeChoice({ seconds, images, until, isQueued, onInput }: TimeChoiceProps) {
  const isUsual = seconds !== null && images === null && (TIMES as readonly number[]).includes(seconds);
  const [isOther, setOther] = useState(!isUsual);
  const [unit, setUnit] = useState<Unit>(images !== null ? "images" : seconds !== null && seconds >= 7_200 ? "hours" : "minutes");
  const amount = unit === "images" ? images : seconds === null ? null : seconds / UNITS[unit];
  const set = (value: number | null, of: Unit) => onInput(of === "images" ? { images: value, seconds: null } : { seconds: value === null ? null : value * UNITS[of], images: null });
  const choose = (text: string) => {
    setOther(text === "other");
    if (text !== "other") onInput({ seconds: Number(text), images: null });
  };
  const now = Date.now() / 1000;
  return (
    <section class="choice-block time-choice" aria-labelledby="train-time">
      <h2 id="train-time"><i>3</i>{t("train.time")}</h2>
      <Choices
        label={t("train.time")} hideLabel look="cards" value={isOther || !isUsual ? "other" : String(seconds)} onInput={choose}
        choices={[
          ...TIMES.map((time) => ({
            value: String(time),
            label: <><strong class="large">{duration(time)}</strong><span class="soft small">{t(`train.time${time}`)}</span>{!isQueued && <span class="soft small numbers">{t("train.until", { time: clock(now + time) })}</span>}</>,
          })),
          { value: "other", label: <><strong class="large">{t("train.otherTime")}</strong><span class="soft small">{t("train.otherTimeText")}</span></> },
        ]}
      />
      {(isOther || !isUsual) && (
        <div class="row sides">
          <NumberField label={t("train.amount")} value={amount} min={0} onInput={(value) => set(value, unit)} error={amount !== null && amount > 0 ? null : t("extend.positive")} />
          <Select
            label={t("extend.unit")} value={unit} choices={(Object.keys(UNITS) as Unit[]).map((value) => ({ value, label: t(`unit.${value}`) }))}
            onInput={(next) => { setUnit(next as Unit); set(amount, next as Unit); }}
          />
        </div>
      )}
      <Check label={t("train.plateau")} checked={until === "plateau"} onInput={(checked) => onInput({ until: checked ? "plateau" : "limit" })} />
    </section>
  );
}
