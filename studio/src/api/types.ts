/** What the server says and is told, as JSON. The other side of this file is src/ganvas/studio. */

export type RunState = "queued" | "starting" | "training" | "pausing" | "paused" | "finished" | "failed";
export type VerdictKind = "too early" | "improving" | "plateau" | "collapse" | "divergence" | "copying";

export interface Verdict {
  kind: VerdictKind;
  evidence: string;
  advice: string;
  images: number;
}

/** A verdict's advice as a button. */
export interface Offer {
  action: "stop" | "extend" | "fork" | "publish" | "look";
  label_key: string;
  values: Record<string, unknown>;
}

/** A moment of a run: `images` shown by then. */
export interface At {
  run: string;
  images: number;
}

export interface RunSummary {
  name: string;
  state: RunState;
  source: string;
  set: string | null;
  recipe: string;
  width: number; // px, as height
  height: number;
  channels: number;
  classes: string[];
  images: number; // shown so far
  until_images: number | null;
  seconds: number; // of training so far, over all sittings
  seconds_left: number | null;
  images_per_second: number | null;
  verdict: Verdict | null;
  offer: Offer | null;
  kd: number | null; // kernel distance of the best moment; 0 is perfect
  kd_error: number | null; // one standard error
  floor_kd: number | null; // of real pictures against real ones
  pca_kd: number | null; // of draws from the set's principal components
  best_images: number | null;
  preview: string | null;
  drawn: number[]; // moments whose sheet of samples is there, in images
  begun: number; // seconds since 1970, as `changed`
  changed: number;
  by: "studio" | "terminal";
  problem: string | null;
  made: string[];
  start: At | null;
}

export interface Moment {
  images: number;
  drawn: boolean; // its sheet of samples is there
  kept: boolean; // its generator is there
}

export interface RunEvent {
  images: number;
  seconds: number;
  event: string;
  text: string;
  [field: string]: unknown;
}

export type Columns = Record<string, (number | null)[]>;

export interface RunDetail extends RunSummary {
  moments: Moment[];
  columns: Columns; // incl. images and seconds
  events: RunEvent[];
  settings: Record<string, unknown>; // "section.field" -> value
  data: Record<string, unknown> | null;
  bytes: number;
  command: string;
  film: string | null;
  directions: string | null;
  report: string;
}

/** [x, y, side]: left and upper edge as shares of the picture's width and height, and the window's size as a share of the
 * largest that has the network's shape and fits in the picture. */
export type CropWindow = [number, number, number];

export type Fit = "crop" | "pad" | "stretch";

export interface Edits {
  left_out: string[];
  classes: Record<string, string>; // of files that are in another than their folder says
  windows: Record<string, CropWindow>; // of files whose middle is not what is cropped
  fit: Fit;
  size: [number, number] | null; // px, width and height; null: nothing was chosen
  alpha: boolean;
  drop_near: number | null; // similarity from which on the later of two pictures is left out
}

/** A change of edits: of classes and windows those that are named, null for back to what they were. */
export interface EditChanges extends Partial<Pick<Edits, "fit" | "size" | "alpha" | "drop_near">> {
  leave_out?: string[];
  put_back?: string[];
  classes?: Record<string, string | null>;
  windows?: Record<string, CropWindow | null>;
}

export interface PictureSet {
  name: string;
  kind: "dropped" | "folder" | "known";
  source: string;
  count: number;
  classes: Record<string, number>;
  bytes: number;
  changed: number;
  edits: Edits;
  ready: boolean; // there are enough pictures to train on
  problem: string | null; // why its pictures cannot be read, as where its folder is gone
}

export interface SetFile {
  file: string;
  class: string | null;
  width: number | null; // px, upright; null where the beginning of the file does not say
  height: number | null;
  bytes: number;
  left_out: boolean;
  window: CropWindow | null;
  thumbnail: string;
}

export interface LeftOut {
  file: string;
  reason: string;
}

/** What became of the files of one request. */
export interface Sent {
  added: number;
  left_out: LeftOut[]; // the first of them
  left_out_count: number;
  set: PictureSet;
}

/** values: changes of the set's edits; of "leave out" there are none: the finding's files are left out. */
export interface Mend {
  action: "leave out" | "pad" | "crop" | "stretch" | "alpha" | "flatten" | "size" | "drop near";
  values: EditChanges;
  label_key: string;
}

export interface Finding {
  kind: string;
  text: string;
  files: string[];
  pairs: [string, string][]; // the one of `files`, and the one it is the same as
  mends: Mend[];
  reasons?: Record<string, string>; // file -> why it cannot be used
}

export interface Looked {
  used: number;
  found: number;
  width: number;
  height: number;
  channels: number;
  classes: Record<string, number>;
  findings: Finding[];
  sheet: string;
  key: string;
}

export interface Job {
  id: string;
  kind: "look" | "publish" | "score" | "walk" | "explore" | "example";
  subject: string;
  state: "waiting" | "working" | "done" | "failed" | "cancelled";
  done: number;
  total: number | null;
  text: string;
  result: Record<string, unknown> | null;
  problem: string | null;
}

export interface TrainRequest {
  set: string | null;
  source: string | null;
  name: string | null;
  size: number | [number, number] | null;
  seconds: number | null;
  images: number | null;
  until: "limit" | "plateau";
  recipe: string | null;
  settings: Record<string, unknown>;
  start: StartAt | { model: string } | null;
}

/** A moment of a run to begin with; images: null for where it is now. */
export interface StartAt {
  run: string;
  images: number | null;
}

/** null: nobody knows, as of a recipe that was not measured. */
export interface Forecast {
  seconds: number | null;
  size: [number, number];
  images: number | null;
  at: number | null; // when it ends, seconds since 1970
  disk_bytes: number;
  memory_bytes: number | null;
  kd_share: [number, number] | null;
  words_key: string;
  examples: { set: string; images: number; width: number; height: number; picture: string }[];
  images_per_second: number | null;
  measured_here: boolean;
}

export interface Home {
  version: string;
  home: string;
  free_bytes: number;
  battery: { on_battery: boolean; share: number } | null;
  cores: number;
  device: string;
  recipes: string[];
  limits: { upload_bytes: number; upload_files: number; pixels: number };
  known: KnownSet[];
  extras: Record<string, boolean>;
}

/** A set that Ganvas knows by its name. */
export interface KnownSet {
  name: string;
  about: string;
  count: number;
  width: number; // px, as height
  height: number;
  needs: string; // the command that installs what it needs; "": nothing
  here: boolean; // nothing has to be fetched
}

/** A setting as it describes itself. A bound may itself not be allowed, as 0 of what must be above it. */
export interface SettingInfo {
  path: string;
  kind: "switch" | "whole" | "number" | "choice" | "list" | "text";
  default: unknown;
  description: string;
  minimum: number | null;
  maximum: number | null;
  step: number | null;
  choices: unknown[] | null;
  unit: string | null;
  optional: boolean; // null may be given, too
}

export interface Recipe {
  name: string;
  about: string;
  source: string;
  reached: string;
  failings: string;
  how: string[];
  is_default: boolean;
  settings: SettingInfo[];
}

export interface Target {
  name: string;
  about: string;
  needs: Need[];
  options: SettingInfo[];
  opens: boolean; // it has a page
}

/** What a target needs; how: the command that brings it, or where it is. */
export interface Need {
  what: string;
  there: boolean;
  how: string;
}

/** What an export says of itself. */
export interface Said {
  title: string;
  about: string;
  licence: string;
  copying: boolean | null;
  copy_word: string | null;
  findings: string[];
}

export interface Published extends Said {
  name: string;
  run: string;
  target: string;
  folder: string;
  addresses: string[]; // where it is online
  files: { file: string; bytes: number }[];
  bytes: number;
  changed: number;
  open: string | null;
  zip: string;
}

/** What is known of a run before it is published: what an earlier export says, and what was published of it. */
export interface Publishing extends Said {
  preview: string | null;
  published: Published[];
}

/** A number with the ends of its 95% interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

export interface Scores {
  kernel_distance: Estimate;
  frechet_distance: number;
  neighbourhoods: { precision: number; recall: number; density: number; coverage: number } | null;
  spread: number | null;
  same: number;
}

/** What `ganvas score` measures; `at`: images, or null for the best moment. */
export interface ScoreCard {
  model: Scores;
  floor: Scores; // real pictures against other real ones
  pca: Scores; // draws from the set's principal components
  ceiling: Scores; // noise
  copies: { share: Estimate; chance: Estimate } | null;
  findings: string[]; // sentences, the worst first
  pairs: string | null; // a picture: generated ones beside the training pictures nearest to them
  at: number | null;
  measured: number; // seconds since 1970
}

/** A film through latent space. */
export interface Walk {
  name: string;
  file: string;
  bytes: number;
  changed: number;
}

export interface Comparison {
  settings: { path: string; values: unknown[] }[];
  runs: (RunDetail & { card: ScoreCard | null })[];
}

/** The first event of /api/events. */
export interface Snapshot {
  runs: RunSummary[];
  queue: string[];
  jobs: Job[];
  sets?: PictureSet[];
  home?: Home;
}
