/** A tab of a run: where to publish it, with which words, and what became of it. */

import { useEffect, useState } from "preact/hooks";
import { get, path, post } from "../api/client";
import type { Job, Need, Published, Publishing, RunDetail } from "../api/types";
import { attempt, Button, Card, Check, Choices, Copyable, Empty, Icon, JobProgress, Picture, Select, TextField } from "../parts";
import { count } from "../format";
import { href, place, setQuery } from "../router";
import { isUnderWay, jobOf } from "../state/jobs";
import { moment } from "../state/moments";
import { setJob } from "../state/store";
import { named, t } from "../words";
import { PageFrame, type Words } from "./play/PageFrame";
import { Copies } from "./publish/Copies";
import { PublicationCard } from "./publish/PublicationCard";
import { readTargets, targets } from "./publish/publications";
import { SettingField } from "./settings/SettingField";
import "./publish/publish.css";

const LICENCES = ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "MIT"]; // SPDX identifiers

export function PublishTab({ run }: { run: RunDetail }) {
  const { query } = place.value;
  const all = targets.value;
  const target = all?.find(({ name }) => name === query["to"]) ?? all?.[0];
  const job = jobOf("publish", run.name);
  const before = usePublishing(run.name, job?.state === "done" ? job.id : "");
  const [typed, setTyped] = useState<Partial<Words>>({});
  const [options, setOptions] = useState<Record<string, unknown>>({});
  const [evenCopies, setEvenCopies] = useState(false);
  const at = query["at"] ?? "best";
  useEffect(() => {
    void readTargets();
  }, []);
  if (run.images === 0) return <Empty title={t("publish.tooEarly")} text={t("publish.tooEarlyText")} />;
  if (!all || !target || !before) return <p class="soft">{t("loading")}</p>;

  // What an earlier export said stands until something else is typed.
  const words = { title: typed.title ?? before.title, about: typed.about ?? before.about, licence: typed.licence ?? before.licence };
  const copies = before.copying === true || run.verdict?.kind === "copying";
  const publish = async (event: Event) => {
    event.preventDefault();
    const asked = { target: target.name, at: moment(at), ...words, options, even_copies: evenCopies };
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "publish"]), asked));
    if (begun) setJob(begun);
  };
  const made = job?.state === "done" ? (job.result as unknown as Published) : null;
  const latest = before.published.some(({ name }) => name === made?.name) ? made : null; // it may have been deleted since
  return (
    <div class="publish">
      <form class="stack" onSubmit={publish}>
        <Choices
          label={t("publish.where")} look="cards" value={target.name} onInput={(to) => { setQuery({ to }); setOptions({}); }}
          choices={all.map(({ name, about, needs }) => ({
            value: name,
            label: (
              <>
                <strong>{named(`target.${name}`, {}, name)}</strong>
                <span class="soft small">{named(`targetAbout.${name}`, {}, about)}</span>
                {needs.some(({ there }) => !there) && <span class="warn small">{t("publish.needsMore")}</span>}
              </>
            ),
          }))}
        />
        <Needs needs={target.needs} />
        <MomentSelect run={run} value={at} onInput={(next) => setQuery({ at: next === "best" ? null : next })} />
        <TextField label={t("publish.title")} value={words.title} onInput={(title) => setTyped({ ...typed, title })} placeholder={t("publish.titleExample")} maxLength={200} />
        <TextField label={t("publish.about")} value={words.about} onInput={(about) => setTyped({ ...typed, about })} help={t("publish.aboutHelp")} maxLength={2000} rows={3} />
        <TextField label={t("publish.licence")} value={words.licence} onInput={(licence) => setTyped({ ...typed, licence })} help={t("publish.licenceHelp")} list="licences" maxLength={100} />
        <datalist id="licences">{LICENCES.map((licence) => <option key={licence} value={licence} />)}</datalist>
        {target.options.map((setting) => (
          <SettingField key={setting.path} setting={setting} value={options[setting.path]} onInput={(value) => setOptions(withValue(options, setting.path, value))} />
        ))}
        {copies && <Check label={t("publish.evenCopies")} checked={evenCopies} onInput={setEvenCopies} />}
        <div class="row"><Button kind="main" type="submit" icon="upload" busy={isUnderWay(job)}>{t("publish.do")}</Button></div>
        <JobProgress job={job} working={t("publish.working")} />
      </form>
      <aside class="stack">
        {latest && <PublicationCard made={latest} isNew />}
        <Preview run={run} at={at} words={words} />
        <Copies run={run} at={at} said={before.copy_word} />
        {before.published.filter(({ name }) => name !== latest?.name).map((each) => <PublicationCard key={each.name} made={each} />)}
        {before.published.length > 0 && <a href={href(["published"])}>{t("publish.all")}</a>}
      </aside>
    </div>
  );
}

function usePublishing(run: string, after: string): Publishing | null {
  const [said, setSaid] = useState<Publishing | null>(null);
  useEffect(() => {
    void attempt(get<Publishing>(path(["api", "runs", run, "publishing"]))).then((publishing) => publishing && setSaid(publishing));
  }, [run, after]);
  return said;
}

function withValue(options: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  const { [name]: _, ...others } = options;
  return value === undefined ? others : { ...others, [name]: value };
}

/** What a target needs, with the command for what is not there. */
function Needs({ needs }: { needs: readonly Need[] }) {
  const missing = needs.filter(({ there }) => !there);
  if (!missing.length) return null;
  return (
    <ul class="needs">
      {missing.map(({ what, how }) => (
        <li key={what}>
          <span class="warn"><Icon name="warn" /> {what}</span>
          {/^(pip|python|hf) /.test(how) ? <Copyable text={how} label={t("publish.command")} /> : <span class="soft small">{how}</span>}
        </li>
      ))}
    </ul>
  );
}

function MomentSelect({ run, value, onInput }: { run: RunDetail; value: string; onInput: (at: string) => void }) {
  const kept = run.moments.filter((moment) => moment.kept).map(({ images }) => images).reverse();
  const best = run.best_images === null ? t("publish.best") : t("publish.bestAt", { images: count(run.best_images) });
  return (
    <Select
      label={t("publish.moment")} value={value} onInput={onInput}
      choices={[
        { value: "best", label: best }, { value: "last", label: t("publish.last", { images: count(run.images) }) },
        ...kept.map((images) => ({ value: String(images), label: t("images", { n: images }) })),
      ]}
    />
  );
}

/** What it will look like: some of its pictures and the words, and the page itself once it is asked for. */
function Preview({ run, at, words }: { run: RunDetail; at: string; words: Words }) {
  const [asked, setAsked] = useState<{ at: string; words: Words } | null>(null);
  const isSame = asked !== null && asked.at === at && Object.entries(words).every(([name, said]) => asked.words[name as keyof Words] === said);
  const version = at === "last" ? run.images : run.best_images;
  return (
    <Card class="page-preview" aria-label={t("publish.preview")}>
      {asked ? (
        <PageFrame run={run.name} at={asked.at} words={asked.words} />
      ) : (
        <>
          <Picture src={path(["api", "runs", run.name, "draw"], { seeds: "0-15", at, v: version })} alt={t("publish.previewAlt", { name: run.name })} />
          <h2>{words.title || t("publish.titleExample")}</h2>
          {words.about && <p>{words.about}</p>}
          <p class="soft small">{words.licence ? t("publish.licenceSaid", { licence: words.licence }) : t("made.noLicence")}</p>
        </>
      )}
      {!isSame && <Button icon="open" onClick={() => setAsked({ at, words })}>{t(asked ? "publish.previewAgain" : "publish.previewPage")}</Button>}
    </Card>
  );
}
