import { useState } from "preact/hooks";
import { sentence } from "../../api/client";
import type { RunSummary } from "../../api/types";
import { Button, closeDialog, Dialog, NumberField, Select } from "../../parts";
import { count, duration } from "../../format";
import { type More, resume } from "../../state/orders";
import { t } from "../../words";

const UNITS = ["minutes", "hours", "images"] as const;
type Unit = (typeof UNITS)[number];
const SECONDS: Record<Exclude<Unit, "images">, number> = { minutes: 60, hours: 3600 };

/** How much longer a run trains. seconds: what is proposed, more than so far. */
export function ExtendDialog({ run, seconds }: { run: RunSummary; seconds?: number }) {
  const [amount, setAmount] = useState<number | null>(seconds ? Math.round(seconds / 60) : 10);
  const [unit, setUnit] = useState<Unit>("minutes");
  const [problem, setProblem] = useState<string | null>(null);
  const more = amount === null || amount <= 0 ? null : moreOf(run, amount, unit);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (!more) return setProblem(t("extend.positive"));
    try {
      await resume(run.name, more);
      closeDialog();
    } catch (error) {
      setProblem(sentence(error));
    }
  };
  const speed = run.images_per_second ?? (run.seconds > 0 ? run.images / run.seconds : null);
  const forecast = () => {
    if (!more || !speed) return "";
    if (more.seconds) return t("extend.images", { n: Math.round(((more.seconds - run.seconds) * speed) / 100) * 100 });
    return t("extend.time", { time: duration(((more.images ?? 0) - run.images) / speed) });
  };

  return (
    <Dialog title={t("extend.title", { name: run.name })} onClose={closeDialog}>
      <form class="stack" onSubmit={submit}>
        <p class="soft">{t("extend.text", { images: count(run.images) })}</p>
        <div class="row extend">
          <NumberField label={t("extend.amount")} value={amount} min={0} onInput={setAmount} error={problem} autoFocus />
          <Select
            label={t("extend.unit")} value={unit} choices={UNITS.map((value) => ({ value, label: t(`unit.${value}`) }))}
            onInput={(value) => setUnit(value as Unit)}
          />
        </div>
        <p class="soft small">{forecast()}</p>
        <div class="row actions">
          <Button onClick={closeDialog}>{t("action.cancel")}</Button>
          <Button kind="main" type="submit">{t("extend.confirm")}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Limits as the server takes them: of the whole run, what it trained so far included. */
export function moreOf(run: Pick<RunSummary, "images" | "seconds">, amount: number, unit: Unit): More {
  return unit === "images" ? { images: run.images + Math.round(amount) } : { seconds: run.seconds + amount * SECONDS[unit] };
}
