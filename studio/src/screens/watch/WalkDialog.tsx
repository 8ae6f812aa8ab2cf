import { useEffect, useState } from "preact/hooks";
import { address, get, path, post, remove } from "../../api/client";
import type { Job, RunDetail, Walk } from "../../api/types";
import { bytes } from "../../format";
import { attempt, Button, ButtonLink, closeDialog, Dialog, IconButton, JobProgress, NumberField, Select, TextField } from "../../parts";
import { isUnderWay, jobOf } from "../../state/jobs";
import { home, setJob } from "../../state/store";
import { t } from "../../words";
import { seedsIn } from "./draws";
import "./walk.css";

const FORMATS = ["mp4", "webm", "gif", "webp"] as const;
const NEED_VIDEO = ["mp4", "webm"];

/** A film from seed to seed, drawn at the server and kept in the run's folder. */
export function WalkDialog({ run, at, seed }: { run: RunDetail; at: number; seed: number | null }) {
  const formats = FORMATS.filter((format) => home.value?.extras["video"] || !NEED_VIDEO.includes(format));
  const [typed, setTyped] = useState(`${seed ?? 0}-${(seed ?? 0) + 5}`);
  const [seconds, setSeconds] = useState<number | null>(12);
  const [format, setFormat] = useState<string>(formats[0] as string);
  const [problem, setProblem] = useState<string | null>(null);
  const job = jobOf("walk", run.name);
  const walks = useWalks(run.name, job?.state === "done" ? job.id : "");

  const submit = async (event: Event) => {
    event.preventDefault();
    const seeds = seedsIn(typed);
    setProblem(seeds ? null : t("walk.noSeeds"));
    if (!seeds) return;
    const begun = await attempt(post<Job>(path(["api", "runs", run.name, "walk"]), { seeds, seconds: seconds ?? 12, at, format }));
    if (begun) setJob(begun);
  };
  return (
    <Dialog title={t("walk.title")} onClose={closeDialog}>
      <form class="stack" onSubmit={submit}>
        <TextField label={t("walk.seeds")} value={typed} onInput={setTyped} help={t("walk.seedsHelp")} error={problem} autoFocus />
        <div class="row extend">
          <NumberField label={t("walk.seconds")} value={seconds} min={1} max={600} onInput={setSeconds} />
          <Select label={t("walk.format")} value={format} onInput={setFormat} choices={formats.map((value) => ({ value, label: value.toUpperCase() }))} />
        </div>
        <JobProgress job={job} working={t("walk.working")} />
        <div class="row actions">
          <Button onClick={closeDialog}>{t("action.close")}</Button>
          <Button kind="main" type="submit" busy={isUnderWay(job)}>{t("walk.begin")}</Button>
        </div>
      </form>
      <Walks {...walks} run={run.name} />
    </Dialog>
  );
}

function Walks({ run, all, readAgain }: { run: string; all: readonly Walk[]; readAgain: () => void }) {
  const drop = async (name: string) => {
    await attempt(remove(path(["api", "runs", run, "walks", name])));
    readAgain();
  };
  return (
    <ul class="walks">
      {all.map((walk) => (
        <li key={walk.name}>
          {/\.(mp4|webm)/.test(walk.file)
            ? <video src={address(walk.file)} controls loop muted playsInline />
            : <img src={address(walk.file)} alt={walk.name} />}
          <div class="row spread">
            <ButtonLink icon="save" href={address(walk.file)} download={`${run}-${walk.name}`}>{t("walk.download")}</ButtonLink>
            <span class="soft small">{walk.name} · {bytes(walk.bytes)}</span>
            <IconButton icon="trash" label={t("walk.drop", { name: walk.name })} onClick={() => void drop(walk.name)} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function useWalks(run: string, after: string) {
  const [all, setAll] = useState<readonly Walk[]>([]);
  const read = async () => setAll((await attempt(get<Walk[]>(path(["api", "runs", run, "walks"])))) ?? []);
  useEffect(() => void read(), [run, after]);
  return { all, readAgain: () => void read() };
}
