/** All that most people leave as it is: the recipe, and every setting with its own help. */

import { useState } from "preact/hooks";
import type { Recipe } from "../../api/types";
import { Choices, Fold, TextField } from "../../parts";
import { named, t } from "../../words";
import { bySection, matching } from "../settings/check";
import { SettingField } from "../settings/SettingField";
import "../settings/settings.css";

/** Chosen elsewhere on this page. */
const ELSEWHERE = /^(pictures\.(source|width|height|fit|conditional|drop_near)|measuring\.until|limits\.)/;

export interface MoreSettingsProps {
  recipes: readonly Recipe[];
  recipe: Recipe | undefined;
  values: Record<string, unknown>;
  onRecipe: (name: string) => void;
  onValues: (values: Record<string, unknown>) => void;
}

export function MoreSettings({ recipes, recipe, values, onRecipe, onValues }: MoreSettingsProps) {
  const [isOpen, setOpen] = useState(Object.keys(values).length > 0);
  const [find, setFind] = useState("");
  const changed = Object.keys(values).length;
  const settings = recipe?.settings.filter(({ path }) => !ELSEWHERE.test(path)) ?? [];
  const found = matching(settings, find);
  const change = (path: string, value: unknown) => {
    const { [path]: _, ...others } = values;
    onValues(value === undefined ? others : { ...others, [path]: value });
  };
  return (
    <Fold title={t("more.title")} note={recipe && t("more.note", { n: settings.length, changed })} open={isOpen} onToggle={setOpen}>
      {isOpen && recipe && (
        <>
          <Choices
            label={t("more.recipe")} value={recipe.name} onInput={onRecipe}
            choices={recipes.map(({ name }) => ({ value: name, label: name }))}
          />
          <div class="stack recipe">
            <p>{recipe.about}</p>
            {recipe.reached && <p class="small soft"><b>{t("more.reached")}</b> {recipe.reached}</p>}
            {recipe.failings && <p class="small soft"><b>{t("more.failings")}</b> {recipe.failings}</p>}
          </div>
          <TextField label={t("more.find")} value={find} onInput={setFind} placeholder={t("more.findExample")} />
          {[...bySection(found)].map(([section, each]) => (
            <Fold key={`${section} ${find && "found"}`} title={named(`section.${section}`, {}, section || t("more.general"))} note={noteOn(each, values)} open={find !== "" || each.some(({ path }) => path in values)}>
              <div class="settings">
                {each.map((setting) => <SettingField key={setting.path} setting={setting} value={values[setting.path]} onInput={(value) => change(setting.path, value)} />)}
              </div>
            </Fold>
          ))}
          {found.length === 0 && <p class="soft">{t("more.noneFound", { find })}</p>}
        </>
      )}
    </Fold>
  );
}

function noteOn(settings: readonly { path: string }[], values: Record<string, unknown>): string {
  const changed = settings.filter(({ path }) => path in values).length;
  return changed ? t("more.changed", { n: changed }) : String(settings.length);
}
