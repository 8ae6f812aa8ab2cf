/** The words of the page in English. A section for each screen; {name} stands for a value, and `n` chooses the plural. */

export const en = {
  // shell
  "app.name": "Ganvas studio",
  "app.skip": "To the content",
  "nav.main": "Main",
  "nav.runs": "Runs",
  "nav.train": "New run",
  "nav.compare": "Compare",
  "language.label": "Language",
  "theme.label": "Colours",
  "theme.auto": "As the system",
  "theme.light": "Light",
  "theme.dark": "Dark",
  "connection.gone": "The studio does not answer. Trainings go on without it; this page will when it is back.",
  "connection.back": "The studio is back.",
  "notFound.title": "There is nothing at this address",
  "notFound.text": "The run may have been renamed or deleted.",
  "loading": "Loading…",

  // actions, states, words of many screens
  "action.cancel": "Cancel",
  "action.close": "Close",
  "action.pause": "Pause",
  "action.resume": "Resume",
  "action.stop": "Stop",
  "action.extend": "Train longer…",
  "action.fork": "Fork from here…",
  "action.delete": "Delete…",
  "action.rename": "Rename…",
  "action.compare": "Compare",
  "action.watch": "Watch",
  "action.explore": "Explore",
  "action.publish": "Publish",
  "action.more": "More for {name}",
  "action.retry": "Try again",
  "action.save": "Save",
  "state.queued": "waiting",
  "state.starting": "starting",
  "state.training": "training",
  "state.pausing": "pausing",
  "state.paused": "paused",
  "state.finished": "finished",
  "state.failed": "failed",
  "verdict.too early": "Too early to tell",
  "verdict.improving": "Improving",
  "verdict.plateau": "No longer improving",
  "verdict.collapse": "Pictures became alike",
  "verdict.divergence": "Getting worse",
  "verdict.copying": "Copying the set",
  "time.seconds": { one: "{n} s", other: "{n} s" },
  "time.minutes": { one: "{n} min", other: "{n} min" },
  "time.minutesSeconds": "{minutes} min {n} s",
  "time.hours": { one: "{n} h", other: "{n} h" },
  "time.hoursMinutes": "{hours} h {n} min",
  "time.days": { one: "{n} day", other: "{n} days" },
  "time.justNow": "just now",
  "size.square": "{px} px",
  "size.both": "{width} × {height} px",
  "images": { one: "{n} image", other: "{n} images" },
  "problem.unreachable": "The studio does not answer.",
  "problem.status": "The studio answered with status {status}.",
  "job.failed": "The work failed.",
  "job.cancelled": "The work was cancelled.",

  // runs

  // watch

  // compare

  // play

  // first visit

  // pictures

  // train

  // publish

  // settings of a run
} as const;
