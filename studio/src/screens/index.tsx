/** Which screen is at which address. */

import type { VNode } from "preact";
import { ButtonLink, Empty } from "../parts";
import { href, type Place } from "../router";
import { t } from "../words";
import { CompareScreen } from "./Compare";
import { PicturesScreen } from "./Pictures";
import { PlayScreen } from "./Play";
import { PublishedScreen } from "./Published";
import { RunScreen } from "./Run";
import { RunsScreen } from "./Runs";
import { SetsScreen } from "./Sets";
import { TrainScreen } from "./Train";

interface Shown {
  /** Another key is another screen: the page begins at its top again. */
  key: string;
  screen: VNode;
}

export function screenAt({ parts: [where = "runs", name], query }: Place): Shown {
  const key = `${where}/${name ?? ""}`;
  if (where === "runs" && name) return { key, screen: <RunScreen key={key} name={name} tab={query["tab"] ?? "watch"} /> };
  if (where === "runs") return { key, screen: <RunsScreen /> };
  if (where === "sets" && name) return { key, screen: <PicturesScreen key={key} name={name} /> };
  if (where === "sets") return { key, screen: <SetsScreen /> };
  if (where === "published") return { key, screen: <PublishedScreen /> };
  if (where === "train") return { key, screen: <TrainScreen /> };
  if (where === "compare") return { key, screen: <CompareScreen /> };
  if (where === "play" && name) return { key, screen: <PlayScreen key={key} name={name} /> };
  const ways = <ButtonLink href={href([])}>{t("nav.runs")}</ButtonLink>;
  return { key, screen: <Empty whole title={t("notFound.title")} text={t("notFound.text")}>{ways}</Empty> };
}
