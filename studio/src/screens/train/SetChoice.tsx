import { useState } from "preact/hooks";
import { Choices } from "../../parts";
import { href } from "../../router";
import { sets } from "../../state/store";
import { t } from "../../words";
import { AddPictures } from "../pictures/AddPictures";
import { dropIntoNewSet } from "../pictures/newSet";
import { OtherSources } from "../pictures/OtherSources";
import { Mosaic } from "../Sets";

const SOURCE = "/"; // which no set is called

/** The first choice: which pictures. */
export function SetChoice({ value, source, onInput }: { value: string | null; source: string | null; onInput: (set: string) => void }) {
  const [first] = useState(value); // the one that was chosen before stands first, and does not move when another is
  const all = [...sets.value.values()].sort((one, other) => Number(other.name === first) - Number(one.name === first) || other.changed - one.changed);
  const chosen = value === null ? undefined : sets.value.get(value);
  return (
    <section class="choice-block sets-choice" aria-labelledby="train-pictures">
      <h2 id="train-pictures"><i>1</i>{t("train.pictures")}</h2>
      {all.length > 0 || source !== null
        ? (
          <>
            <Choices
              label={t("train.pictures")} hideLabel look="cards" value={value ?? SOURCE} onInput={(name) => name !== SOURCE && onInput(name)}
              choices={[
                ...(source === null ? [] : [{ value: SOURCE, label: <><strong>{t("train.samePictures")}</strong><span class="soft small">{source}</span></> }]),
                ...all.map((set) => ({
                  value: set.name,
                  label: <><Mosaic set={set} n={4} /><strong>{set.name}</strong><span class="soft small">{t("set.count", { n: set.count })}</span></>,
                })),
              ]}
            />
            <div class="row">
              {chosen && <a href={href(["sets", chosen.name])}>{t("train.lookAt", { name: chosen.name })}</a>}
              <span class="spring" />
              <OtherSources onMade={onInput} />
            </div>
          </>
        )
        : (
          <AddPictures title={t("add.title")} onGathered={(gathered) => void dropIntoNewSet(gathered)}><OtherSources onMade={onInput} /></AddPictures>
        )}
      {chosen?.problem && <p class="warn" role="alert">{chosen.problem}</p>}
      {chosen && !chosen.ready && !chosen.problem && <p class="warn" role="alert">{t("set.tooFew")}</p>}
    </section>
  );
}
