import type { RunEvent } from "../../api/types";
import { capital, duration } from "../../format";
import { setQuery } from "../../router";
import { t } from "../../words";
import "./events.css";

/** What happened, latest first; a press on a moment brings the film there. */
export function Events({ events }: { events: readonly RunEvent[] }) {
  if (events.length === 0) return null;
  return (
    <section class="events" aria-labelledby="events-title">
      <h2 id="events-title">{t("events.title")}</h2>
      <ol>
        {events.toReversed().map((event, index) => (
          <li key={events.length - index}>
            <button type="button" class="numbers" onClick={() => setQuery({ at: event.images })}>{t("images", { n: event.images })}</button>
            <span class="soft numbers small">{duration(event.seconds)}</span>
            <span>{capital(event.text)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
