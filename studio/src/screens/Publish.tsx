/** A tab of a run: where to publish it, with which words, and what became of it. */

import { useEffect, useState } from "preact/hooks";
import { path, post, remove } from "../api/client";
import type { Job, RunDetail, Target } from "../api/types";
import { attempt, Button, Card, Check, Choices, Copyable, Empty, Picture, Progress, Select, TextField } from "../parts";
import { count } from "../format";
import { href, place, setQuery } from "../router";
import { setJob } from "../state/store";
import { named, t } from "../words";
import { Copies } from "./publish/Copies";
import { PublicationCard } from "./publish/PublicationCard";
import { isUnderWay, jobOf, publications, readPublications, readTargets, targets } from "./publish/publications";
import { SettingField } from "./settings/SettingField";
import type { Published } from "../api/types";
import "./publish/publish.css";

const LICENCES = ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "MIT"]; // SPDX identifiers

export function PublishTab({ run }: { run: RunDetail }) {
  const { query } = place.value;
  const all = targets.value;
  const target = all?.find(({ name }) => name === query["to"]) ?? all?.[0];
  const [words, setWords] = useState({ title: "", about: "", licence: "" });
  const [options, setOptions] = useState<Record<string, unknown>>({});
  const [evenCopies, setEvenCopies] = useState(false);
  const job = jobOf("publish", run.name);
  const at = query["at"] ?? "best";
  useEffect(() => {
    void readTargets();
  }, []);
  useEffect(() => {
    void readPublications();
  }, [run.made.length, job?.state]);
  if (run.images === 0) return <Empty title={t("publish.tooEarly")} text={t("publish.tooEarlyText")} />;
  if (!all || !target) return <p class="soft">{t("loading")}</p>;

  const publish = async (event: Event) => {
    event.preventDefault();
    const asked = { target: target.name, at, ...words, options, even_copies: evenCopies };
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "publish"]), asked));
    if (begun) setJob(begun);
  };
  const made = publications.value?.filter(({ name }) => run.made.includes(name)) ?? [];
  const latest = job?.state === "done" ? (job.result as unknown as Published) : null;
  return (
    <div class="publish">
      <form class="stack" onSubmit={publish}>
        <Choices
          label={t("publish.where")} look="cards" value={target.name} onInput={(to) => { setQuery({ to }); setOptions({}); }}
          choices={all.map(({ name, about, needs }) => ({
            value: name,
            label: <><strong>{named(`target.${name}`, {}, name)}</strong><span class="soft small">{named(`targetAbout.${name}`, {}, about)}</span>{needs.length > 0 && <span class="warn small">{t("publish.needsMore")}</span>}</>,
          }))}
        />
        <Needs target={target} />
        <MomentSelect run={run} value={at} onInput={(next) => setQuery({ at: next === "best" ? null : next })} />
        <TextField label={t("publish.title")} value={words.title} onInput={(title) => setWords({ ...words, title })} placeholder={t("publish.titleExample")} maxLength={200} />
        <TextField label={t("publish.about")} value={words.about} onInput={(about) => setWords({ ...words, about })} help={t("publish.aboutHelp")} maxLength={2000} />
        <TextField label={t("publish.licence")} value={words.licence} onInput={(licence) => setWords({ ...words, licence })} help={t("publish.licenceHelp")} list="licences" maxLength={100} />
        <datalist id="licences">{LICENCES.map((licence) => <option key={licence} value={licence} />)}</datalist>
        {target.options.map((setting) => (
          <SettingField key={setting.path} setting={setting} value={options[setting.path]} onInput={(value) => setOptions(withValue(options, setting.path, value))} />
        ))}
        {run.verdict?.kind === "copying" && <Check label={t("publish.evenCopies")} checked={evenCopies} onInput={setEvenCopies} />}
        <div class="row">
          <Button kind="main" type="submit" icon="upload" busy={isUnderWay(job)} disabled={target.needs.length > 0}>{t("publish.do")}</Button>
          {isUnderWay(job) && job && <Button kind="quiet" onClick={() => void attempt(remove(path(["api", "jobs", job.id])))}>{t("action.cancel")}</Button>}
        </div>
        {job && <JobProgress job={job} />}
      </form>
      <aside class="stack">
        {latest && <PublicationCard made={latest} isNew />}
        <Preview run={run} at={at} title={words.title} about={words.about} licence={words.licence} />
        <Copies run={run} at={at} />
        {made.filter(({ name }) => name !== latest?.name).map((each) => <PublicationCard key={each.name} made={each} />)}
        {made.length > 0 && <a href={href(["published"])}>{t("publish.all")}</a>}
      </aside>
    </div>
  );
}

function withValue(options: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  const { [name]: _, ...others } = options;
  return value === undefined ? others : { ...others, [name]: value };
}

function Needs({ target: { needs } }: { target: Target }) {
  if (!needs.length) return null;
  return (
    <div class="stack needs" role="status">
      <p class="warn">{t("publish.needs", { n: needs.length })}</p>
      {needs.map((command) => <Copyable key={command} text={command} label={t("publish.command")} />)}
    </div>
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

function JobProgress({ job }: { job: Job }) {
  if (job.state === "failed") return <p class="warn" role="alert">{job.problem}</p>;
  if (!isUnderWay(job)) return null;
  return (
    <div class="stack" role="status">
      <p class="soft small">{job.text || t("publish.working")}</p>
      <Progress share={job.total ? job.done / job.total : null} label={t("publish.working")} />
    </div>
  );
}

function Preview({ run, at, title, about, licence }: { run: RunDetail; at: string; title: string; about: string; licence: string }) {
  return (
    <Card class="page-preview" aria-label={t("publish.preview")}>
      <Picture src={path(["api", "runs", run.name, "draw"], { seeds: "0-15", at, v: at === "last" ? run.images : run.best_images })} alt={t("publish.previewAlt", { name: run.name })} />
      <h3>{title || t("publish.titleExample")}</h3>
      {about && <p>{about}</p>}
      <p class="soft small">{licence ? t("publish.licenceSaid", { licence }) : t("made.noLicence")}</p>
    </Card>
  );
}
