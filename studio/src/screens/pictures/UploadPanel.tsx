import { useState } from "preact/hooks";
import { Button, Fold, IconButton, NumberField, Progress } from "../../parts";
import { home } from "../../state/store";
import { isUnderWay, type Upload, uploader } from "../../uploads";
import { count } from "../../format";
import { t } from "../../words";

/** How far an upload is, what it asks, and what it left out and why. */
export function UploadPanel({ name }: { name: string }) {
  const upload = uploader.all.value.get(name);
  if (!upload) return null;
  const isMoving = upload.phase === "reading" || upload.phase === "sending";
  return (
    <section class="upload card" aria-label={t("upload.label")}>
      <div class="row spread">
        <p role="status">{words(upload)}</p>
        <div class="row">
          {upload.phase === "failed" && <Button onClick={() => void uploader.retry(name)}>{t("action.retry")}</Button>}
          {isUnderWay(upload)
            ? <Button kind="quiet" onClick={() => uploader.cancel(name)}>{t("action.cancel")}</Button>
            : <IconButton icon="close" label={t("action.close")} onClick={() => uploader.dismiss(name)} />}
        </div>
      </div>
      {isMoving && <Progress share={upload.phase === "reading" ? null : upload.sent / Math.max(upload.found, 1)} label={t("upload.label")} />}
      {upload.phase === "asking" && <VideoQuestion upload={upload} />}
      {upload.leftOutCount > 0 && (
        <Fold title={t("upload.leftOut", { n: upload.leftOutCount })}>
          <ul class="left-out small">
            {upload.leftOut.map(({ file, reason }) => <li key={file}><b>{file}</b> <span class="soft">{reason}</span></li>)}
            {upload.leftOutCount > upload.leftOut.length && <li>{t("upload.more", { n: upload.leftOutCount - upload.leftOut.length })}</li>}
          </ul>
        </Fold>
      )}
    </section>
  );
}

function words(upload: Upload): string {
  const { phase, found, sent, added, problem, isWaiting } = upload;
  if (isWaiting && isUnderWay(upload)) return t("upload.waiting");
  if (phase === "reading") return t("upload.reading", { n: found });
  if (phase === "sending") return t("upload.sending", { sent: count(Math.floor(sent)), n: found });
  if (phase === "asking") return t("upload.asking", { n: upload.videos });
  if (phase === "failed") return t("upload.failed", { why: problem ?? "" });
  return t(phase === "cancelled" ? "upload.cancelled" : "upload.done", { n: added });
}

function VideoQuestion({ upload }: { upload: Upload }) {
  const [every, setEvery] = useState<number | null>(1);
  const isGood = every !== null && every > 0;
  if (home.value?.extras["video"] === false) {
    return (
      <div class="stack">
        <p>{t("video.missing")} <code>pip install 'ganvas[video]'</code></p>
        <div class="row"><Button onClick={() => uploader.leaveVideos(upload.set)}>{t("video.leave")}</Button></div>
      </div>
    );
  }
  return (
    <form class="row video" onSubmit={(event) => { event.preventDefault(); if (isGood) void uploader.takeVideos(upload.set, every); }}>
      <NumberField
        label={t("video.every")} value={every} onInput={setEvery} unit={t("video.unit")} min={0.05}
        error={isGood ? null : t("extend.positive")}
      />
      <Button kind="main" type="submit" disabled={!isGood}>{t("video.take")}</Button>
      <Button onClick={() => uploader.leaveVideos(upload.set)}>{t("video.leave")}</Button>
      <p class="soft small">{t("video.help")}</p>
    </form>
  );
}
