/** Server-sent events that go on after the server was gone: EventSource tries again by itself only where the connection
 * broke, not where the server answered with an error, as a proxy does while what is behind it starts.
 *
 * A browser has six connections for all its windows of one server, so a window that is not looked at gives its own back.
 */

import { address } from "./client";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export type Handlers = Record<string, (data: never) => void>;

export interface Listening {
  close(): void;
}

export interface ListenOptions {
  /** The stream is open, for the first time or again: what was missed before has to be asked for. */
  onOpen?: () => void;
  /** It broke. */
  onBroken?: () => void;
  /** Whether to listen while the window is hidden too; not, unless given. */
  isNeededHidden?: () => boolean;
  make?: (url: string) => EventSource;
  /** What may be hidden. */
  page?: Pick<Document, "hidden" | "addEventListener" | "removeEventListener">;
}

/** Listen at `where`; each event's data is JSON and goes to the handler of its name. */
export function listen(where: string, handlers: Handlers, options: ListenOptions = {}): Listening {
  const { make = (url: string) => new EventSource(url), page = document } = options;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;

  const open = () => {
    const opened = make(address(where));
    source = opened;
    opened.onopen = () => {
      wait = FIRST_WAIT_MS;
      options.onOpen?.();
    };
    opened.onerror = () => {
      options.onBroken?.();
      if (opened.readyState !== opened.CLOSED) return; // the browser tries again
      timer = setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      opened.addEventListener(name, (event) => handle(JSON.parse((event as MessageEvent<string>).data) as never));
    }
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const onVisibility = () => {
    if (!page.hidden && source === null) open();
    else if (page.hidden && !options.isNeededHidden?.()) close();
  };

  if (!page.hidden || options.isNeededHidden?.()) open();
  page.addEventListener("visibilitychange", onVisibility);
  return {
    close() {
      page.removeEventListener("visibilitychange", onVisibility);
      close();
    },
  };
}
