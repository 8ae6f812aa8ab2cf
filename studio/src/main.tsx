import { render } from "preact";
import "./design/tokens.css";
import "./design/base.css";
import { App } from "./App";
import { followAddress } from "./router";
import { follow } from "./state/live";
import { giveNotices } from "./state/notices";
import { keepTheme } from "./state/theme";
import { preferredLanguage, speak } from "./words";

keepTheme();
followAddress();
await speak(preferredLanguage());
follow();
giveNotices();
render(<App />, document.getElementById("app") as HTMLElement);
