import { useEffect, useRef } from "preact/hooks";
import { Menu } from "./parts";
import { Dialogs } from "./parts/Dialog";
import { Toasts } from "./parts/Toast";
import { href, place } from "./router";
import { screenAt } from "./screens";
import { connection } from "./state/store";
import { THEMES, theme } from "./state/theme";
import { language, LANGUAGES, speak, t, type Language } from "./words";
import "./app.css";

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

export function App() {
  const { key, screen } = screenAt(place.value);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => { // a screen that opens is read out, and begins at its top
    if (first.current) { first.current = false; return; }
    scrollTo(0, 0);
    const heading = main.current?.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus({ preventScroll: true });
  }, [key]);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>{t("app.skip")}</button>
      <Header />
      <ConnectionBar />
      <main ref={main} tabIndex={-1} key={key}>{screen}</main>
      <Toasts />
      <Dialogs />
    </>
  );
}

function Header() {
  const [where = "runs"] = place.value.parts;
  const current = (name: string) => (where === name ? "page" : undefined);
  return (
    <header class="shell">
      <nav aria-label={t("nav.main")}>
        <a class="brand" href={href([])}><img src="./icon.svg" alt="" width="24" height="24" /><span>{t("app.name")}</span></a>
        <a href={href([])} aria-current={current("runs")}>{t("nav.runs")}</a>
        <a href={href(["train"])} aria-current={current("train")}>{t("nav.train")}</a>
        <a href={href(["sets"])} aria-current={current("sets")}>{t("nav.sets")}</a>
        <a href={href(["compare"])} aria-current={current("compare")}>{t("nav.compare")}</a>
        <a href={href(["published"])} aria-current={current("published")}>{t("nav.published")}</a>
      </nav>
      <div class="row">
        <Menu
          icon="globe" label={t("language.label")}
          items={Object.entries(LANGUAGES).map(([tag, label]) => ({
            label, checked: language.value === tag, onSelect: () => void speak(tag as Language),
          }))}
        />
        <Menu
          icon={THEME_ICONS[theme.value]} label={t("theme.label")}
          items={THEMES.map((name) => ({
            label: t(`theme.${name}`), icon: THEME_ICONS[name], checked: theme.value === name, onSelect: () => { theme.value = name; },
          }))}
        />
      </div>
    </header>
  );
}

function ConnectionBar() {
  const gone = connection.value === "gone";
  return <div role="status" class={gone ? "connection gone" : "connection"}>{gone && t("connection.gone")}</div>;
}
