import { home } from "../../state/store";
import { t } from "../../words";

/** That the machine is on battery, and what this means for what trains; nothing where it is not. */
export function OnBattery() {
  return home.value?.battery?.on_battery ? <p class="small soft">{t("runs.battery")}</p> : null;
}
