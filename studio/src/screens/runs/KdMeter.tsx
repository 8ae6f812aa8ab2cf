import type { RunSummary } from "../../api/types";
import { measure, withError } from "../../format";
import { t } from "../../words";
import "./kd-meter.css";

type Measured = Pick<RunSummary, "kd" | "kd_error" | "floor_kd" | "pca_kd">;

const USUAL_SPAN = 100; // times that KD falls from the baseline on the way to real pictures, where nobody measured them

/** How far it came, 0..1: from the PCA baseline (0) to real pictures (1), where each halving of KD counts alike. */
export function wayCome(kd: number, floor: number | null, pca: number): number {
  const least = Math.max(floor ?? pca / USUAL_SPAN, pca / 1000, 1e-9);
  if (pca <= least) return 0;
  return Math.min(1, Math.max(0, Math.log(pca / Math.max(kd, least)) / Math.log(pca / least)));
}

/** KD as a place between the PCA baseline and real pictures. */
export function KdMeter({ kd, kd_error, floor_kd, pca_kd }: Measured) {
  if (kd === null) return <p class="soft small">{t("kd.none")}</p>;
  const ends = floor_kd === null ? t("kd.above", { pca: measure(pca_kd) }) : t("kd.between", { floor: measure(floor_kd), pca: measure(pca_kd) });
  return (
    <div class="kd">
      <p class="small numbers"><abbr title={t("kd.meaning")}>KD</abbr> {withError(kd, kd_error)}</p>
      {pca_kd !== null && (
        <div class={floor_kd === null ? "kd-track" : "kd-track measured"} title={ends}>
          <i style={{ left: `${100 * wayCome(kd, floor_kd, pca_kd)}%` }} />
          <span class="sr-only">{ends}</span>
        </div>
      )}
    </div>
  );
}
