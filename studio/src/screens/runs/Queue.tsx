import { useRef, useState } from "preact/hooks";
import { attempt, Icon, Menu } from "../../parts";
import { size } from "../../format";
import { href } from "../../router";
import { moved, reorder } from "../../state/orders";
import { queue, run as runNamed } from "../../state/store";
import { t } from "../../words";
import { runMenu } from "./menu";
import "./queue.css";

/** Runs that wait, in order: dragged by their grips, or moved with the arrow keys while a grip has the focus. */
export function Queue() {
  const list = useRef<HTMLOListElement>(null);
  const [dragged, setDragged] = useState<{ name: string; order: readonly string[] } | null>(null);
  const [said, setSaid] = useState("");
  const names = (dragged?.order ?? queue.value).filter((name) => runNamed(name));
  if (names.length === 0) return null;

  const move = async (name: string, to: number) => {
    const from = names.indexOf(name);
    const place = Math.min(Math.max(to, 0), names.length - 1);
    if (from === place) return;
    await attempt(reorder(moved(names, from, place)));
    setSaid(t("queue.moved", { name, place: place + 1, n: names.length }));
    list.current?.querySelectorAll<HTMLElement>(".grip")[place]?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, name: string) => {
    const at = names.indexOf(name);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    void move(name, to);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (!dragged || !list.current) return;
    const rows = [...list.current.children].map((row) => row.getBoundingClientRect());
    const from = dragged.order.indexOf(dragged.name);
    const over = rows.findIndex((row) => event.clientY < row.bottom);
    const to = over < 0 ? rows.length - 1 : over;
    if (to !== from) setDragged({ name: dragged.name, order: moved(dragged.order, from, to) });
  };
  const onDrop = () => {
    if (dragged && dragged.order.join("\n") !== queue.value.join("\n")) void attempt(reorder(dragged.order));
    setDragged(null);
  };

  return (
    <section class="queue" aria-labelledby="queue-title">
      <h2 id="queue-title">{t("queue.title")}</h2>
      <ol ref={list} onPointerMove={onPointerMove} onPointerUp={onDrop} onPointerCancel={() => setDragged(null)}>
        {names.map((name) => (
          <li key={name} class={dragged?.name === name ? "dragged" : ""}>
            <button
              type="button" class="grip" aria-label={t("queue.grip", { name })} aria-describedby="queue-help"
              onKeyDown={(event) => onKeyDown(event, name)}
              onPointerDown={(event) => { event.currentTarget.setPointerCapture(event.pointerId); setDragged({ name, order: names }); }}
            >
              <Icon name="grip" />
            </button>
            <Row name={name} />
          </li>
        ))}
      </ol>
      <p id="queue-help" class="sr-only">{t("queue.help")}</p>
      <p class="sr-only" role="status">{said}</p>
    </section>
  );
}

function Row({ name }: { name: string }) {
  const run = runNamed(name);
  if (!run) return null;
  const facts = [run.set ?? run.source, size(run.width, run.height), run.recipe];
  return (
    <>
      <a class="queue-name" href={href(["runs", name])}>{name}</a>
      <span class="soft small queue-facts">{facts.filter(Boolean).join(" · ")}</span>
      <Menu label={t("action.more", { name })} items={runMenu(run)} />
    </>
  );
}
