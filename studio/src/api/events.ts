/** Server-sent events that go on after the server was gone: EventSource tries again by itself only where the connection
 * broke, not where the server answered with an error, as a proxy does while what is behind it starts. */

import { address } from "./client";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export type Handlers = Record<string, (data: never) => void>;

export interface Listening {
  close(): void;
}

export interface ListenOptions {
  /** Told true when the stream is open, and false when it broke. */
  onAlive?: (alive: boolean) => void;
  make?: (url: string) => EventSource;
}

/** Listen at `where`; each event's data is JSON and goes to the handler of its name.
 *
 * Where the browser connects again by itself, it says which event was the last. Otherwise the stream begins anew, so that
 * what was missed has to be asked for when `onAlive` says true.
 */
export function listen(where: string, handlers: Handlers, options: ListenOptions = {}): Listening {
  const make = options.make ?? ((url) => new EventSource(url));
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = FIRST_WAIT_MS;

  const open = () => {
    source = make(address(where));
    source.onopen = () => {
      wait = FIRST_WAIT_MS;
      options.onAlive?.(true);
    };
    source.onerror = () => {
      options.onAlive?.(false);
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again
      timer = setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        handle(JSON.parse((event as MessageEvent<string>).data) as never);
      });
    }
  };

  open();
  return {
    close() {
      clearTimeout(timer);
      source?.close();
    },
  };
}
