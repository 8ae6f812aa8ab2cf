import { render } from "preact";
import "./design/tokens.css";
import "./design/base.css";
import { App } from "./App";
import { followAddress } from "./router";
import { follow } from "./state/live";
import { keepTheme } from "./state/theme";
import { preferredLanguage, speak } from "./words";

keepTheme();
followAddress();
await speak(preferredLanguage());
follow();
render(<App />, document.getElementById("app") as HTMLElement);
