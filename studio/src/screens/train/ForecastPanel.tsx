/** Beside the choices: what can be expected of them, and what to mind. */

import type { ComponentChildren } from "preact";
import type { Forecast } from "../../api/types";
import { Picture } from "../../parts";
import { bytes, clock, duration, measure, percent, short } from "../../format";
import { home } from "../../state/store";
import { named, t } from "../../words";
import { type Forecasting, warnings } from "./forecast";
import "./forecast.css";

interface ForecastPanelProps {
  forecasting: Forecasting;
  /** Whether other runs go first, so that nobody knows when it ends. */
  isQueued: boolean;
  /** Pictures of the set, if that is known. */
  pictures: number | null;
}

export function ForecastPanel({ forecasting, isQueued, pictures }: ForecastPanelProps) {
  const { forecast, problem, isOld } = forecasting;
  return (
    <section class={isOld ? "forecast card old" : "forecast card"} aria-label={t("forecast.title")} aria-busy={isOld}>
      <h2>{t("forecast.title")}</h2>
      {problem && <p class="warn">{problem}</p>}
      {forecast && <Expected forecast={forecast} isQueued={isQueued} />}
      {!forecast && !problem && <p class="soft">{t("forecast.none")}</p>}
      {warnings(forecast, home.value, pictures).map((kind) => (
        <p key={kind} class="warn small" role="alert">
          {t(`warning.${kind}`, { free: bytes(home.value?.free_bytes ?? 0), share: percent(home.value?.battery?.share ?? 0) })}
        </p>
      ))}
    </section>
  );
}

function Expected({ forecast, isQueued }: { forecast: Forecast; isQueued: boolean }) {
  const { images, seconds, at, disk_bytes, memory_bytes, kd_share, examples, images_per_second: rate, measured_here } = forecast;
  return (
    <>
      <p>{named(forecast.words_key, {}, "")}</p>
      {examples.length > 0 && <p class="soft small">{t("forecast.others")}</p>}
      {examples.length > 0 && (
        <div class="examples">
          {examples.map((example) => (
            <figure key={example.picture}>
              <Picture src={example.picture} width={example.width} height={example.height} alt={t("forecast.example", { set: example.set })} />
              <figcaption class="small soft">{named(`known.${example.set}`, {}, example.set)}, {t("forecast.after", { images: short(example.images) })}</figcaption>
            </figure>
          ))}
        </div>
      )}
      <dl class="facts">
        {at !== null && !isQueued && <Fact name={t("forecast.ends")}>{clock(at)}</Fact>}
        {seconds !== null && isQueued && <Fact name={t("forecast.takes")}>{duration(seconds)}</Fact>}
        {images !== null && <Fact name={t("forecast.shown")}>{t("forecast.about", { images: t("images", { n: rounded(images) }) })}</Fact>}
        {kd_share && <Fact name={t("forecast.kd")}>{t("forecast.kdShare", { low: percent(kd_share[0]), high: percent(kd_share[1]) })}</Fact>}
        {rate !== null && <Fact name={t("forecast.speed")}>{t(measured_here ? "forecast.measured" : "forecast.guessed", { rate: measure(rate) })}</Fact>}
        <Fact name={t("forecast.disk")}>{bytes(disk_bytes)}</Fact>
        {memory_bytes !== null && <Fact name={t("forecast.memory")}>{bytes(memory_bytes)}</Fact>}
      </dl>
    </>
  );
}

/** To two digits: more would promise too much. */
const rounded = (images: number): number => Number(images.toPrecision(2));

const Fact = ({ name, children }: { name: string; children: ComponentChildren }) => <div><dt>{name}</dt><dd class="numbers">{children}</dd></div>;
