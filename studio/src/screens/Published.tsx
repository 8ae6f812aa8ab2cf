/** All that was published from this home folder. */

import { useEffect } from "preact/hooks";
import { path, remove } from "../api/client";
import type { Published } from "../api/types";
import { ask, attempt, ButtonLink, Empty } from "../parts";
import { href } from "../router";
import { t } from "../words";
import { PublicationCard } from "./publish/PublicationCard";
import { publications, readPublications } from "./publish/publications";
import "./publish/publish.css";

export function PublishedScreen() {
  const all = publications.value;
  useEffect(() => {
    void readPublications();
  }, []);
  return (
    <div class="screen">
      <h1>{t("published.title")}</h1>
      {all === null && <p class="soft">{t("loading")}</p>}
      {all?.length === 0 && (
        <Empty title={t("published.none")} text={t("published.noneText")}>
          <ButtonLink href={href([])}>{t("nav.runs")}</ButtonLink>
        </Empty>
      )}
      <ul class="publications">{all?.map((made) => <li key={made.name}><PublicationCard made={made} showsRun onDelete={() => void deleteAsked(made)} /></li>)}</ul>
    </div>
  );
}

async function deleteAsked({ name }: Published): Promise<void> {
  const agreed = await ask({ title: t("delete.title", { name }), text: t("published.delete"), confirm: t("delete.confirm"), danger: true });
  if (!agreed) return;
  await attempt(remove(path(["api", "published", name])), t("delete.done", { name }));
  await readPublications();
}
