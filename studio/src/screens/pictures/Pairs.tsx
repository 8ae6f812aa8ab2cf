/** Pictures that are there twice, or nearly, side by side. */

import { useState } from "preact/hooks";
import type { PictureSet } from "../../api/types";
import { Button } from "../../parts";
import { leaveOut } from "../../state/files";
import { t } from "../../words";
import { LeaveOut, Thumb } from "./Finding";

const PAGE = 24;

export function Pairs({ set, pairs }: { set: PictureSet; pairs: readonly [string, string][] }) {
  const [shown, setShown] = useState(PAGE);
  return (
    <div class="stack">
      <div class="row">
        <Button kind="main" onClick={() => void leaveOut(set.name, pairs.map(([file]) => file))}>{t("pairs.all", { n: pairs.length })}</Button>
        <p class="soft small">{t("pairs.help")}</p>
      </div>
      <ul class="pairs">
        {pairs.slice(0, shown).map((pair) => (
          <li key={pair.join("|")}>
            {[...pair].reverse().map((file) => (
              <figure key={file}>
                <Thumb set={set} file={file} />
                <figcaption class="small">{file}</figcaption>
                <LeaveOut set={set} file={file} />
              </figure>
            ))}
          </li>
        ))}
      </ul>
      {pairs.length > shown && <Button onClick={() => setShown(shown + PAGE)}>{t("pairs.more", { n: pairs.length - shown })}</Button>}
    </div>
  );
}
