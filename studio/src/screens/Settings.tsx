/** A tab of a run: with which settings it was made, the same as a command, and what it left on the disk. */

import { useEffect, useState } from "preact/hooks";
import { address, get } from "../api/client";
import type { Recipe, RunDetail, SettingInfo } from "../api/types";
import { ButtonLink, Card, Copyable, Fold, TextField } from "../parts";
import { bytes, count } from "../format";
import { home } from "../state/store";
import { named, t } from "../words";
import { bySection, helpOf, isSame, labelOf, shown } from "./settings/check";
import "./settings/settings.css";

interface Row {
  path: string;
  value: unknown;
  info: SettingInfo | undefined;
}

export function SettingsTab({ run }: { run: RunDetail }) {
  const recipe = useRecipe(run.recipe);
  const [find, setFind] = useState("");
  const about = new Map(recipe?.settings.map((setting) => [setting.path, setting]));
  const rows: Row[] = Object.entries(run.settings).map(([path, value]) => ({ path, value, info: about.get(path) }));
  const changed = rows.filter(({ path, value, info }) => info && path !== "pictures.source" && !isSame(value, info.default));
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter(({ path, info }) => words.every((word) => `${path} ${info?.description ?? ""}`.toLowerCase().includes(word)));
  const kept = run.moments.filter((moment) => moment.kept).length;
  return (
    <div class="settings-tab">
      <div class="stack">
        <Card title={t("settings.same")}>
          <p class="soft small">{t(run.by === "terminal" ? "settings.goOnHelp" : "settings.sameHelp")}</p>
          <Copyable text={run.command} label={t("settings.command")} />
        </Card>
        <Card title={t("settings.differs", { recipe: run.recipe })}>
          {changed.length ? <Table rows={changed} showsDefault /> : <p class="soft">{recipe ? t("settings.nothing") : t("loading")}</p>}
        </Card>
        <Card title={t("settings.all")}>
          <TextField label={t("more.find")} value={find} onInput={setFind} placeholder={t("more.findExample")} />
          {[...bySection(found)].map(([section, each]) => (
            <Fold key={`${section} ${find && "found"}`} title={named(`section.${section}`, {}, section || t("more.general"))} note={String(each.length)} open={find !== ""}>
              <Table rows={each} />
            </Fold>
          ))}
        </Card>
      </div>
      <aside class="stack">
        <Card title={t("settings.files")}>
          <Copyable text={`${home.value?.home ?? "."}/runs/${run.name}`} label={t("settings.folder")} />
          <dl class="facts">
            <div><dt>{t("settings.bytes")}</dt><dd class="numbers">{bytes(run.bytes)}</dd></div>
            <div><dt>{t("settings.moments")}</dt><dd class="numbers">{t("settings.kept", { kept: count(kept), n: run.moments.length })}</dd></div>
            {run.data && <div><dt>{t("settings.pictures")}</dt><dd class="numbers">{t("settings.used", { used: count(Number(run.data["used"])), n: Number(run.data["found"]) })}</dd></div>}
          </dl>
          <div class="row">
            <ButtonLink icon="open" href={address(run.report)} target="_blank">{t("settings.report")}</ButtonLink>
            {run.film && <ButtonLink icon="save" href={address(run.film)} download>{t("settings.film")}</ButtonLink>}
          </div>
        </Card>
      </aside>
    </div>
  );
}

function Table({ rows, showsDefault = false }: { rows: readonly Row[]; showsDefault?: boolean }) {
  return (
    <dl class="setting-rows">
      {rows.map(({ path, value, info }) => (
        <div key={path}>
          <dt>{showsDefault ? path : labelOf({ path })}</dt>
          <dd>
            <b class="numbers">{shown(value)}</b>
            {showsDefault && info && <span class="soft"> {t("settings.instead", { value: shown(info.default) })}</span>}
            {info && <p class="soft small">{helpOf(info)}</p>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function useRecipe(name: string): Recipe | undefined {
  const [recipes, setRecipes] = useState<readonly Recipe[]>([]);
  useEffect(() => {
    get<Recipe[]>("api/recipes").then(setRecipes, () => undefined); // without it, settings are shown without their help
  }, []);
  return recipes.find((recipe) => recipe.name === name);
}
