/** The one uploader of the page. */

import { effect } from "@preact/signals";
import { home, setPictureSet } from "../state/store";
import { send } from "./send";
import { isUnderWay, makeUploader } from "./uploads";

export { below, gather, type Gathered } from "./gather";
export { isUnderWay, type Upload } from "./uploads";

export const uploader = makeUploader({ send, onSet: setPictureSet, mostFiles: () => home.peek()?.limits.upload_files ?? 20_000 });

const stay = (event: BeforeUnloadEvent) => event.preventDefault();

effect(() => { // closing the page would end what is under way: the browser asks first
  const busy = [...uploader.all.value.values()].some((upload) => isUnderWay(upload) && upload.phase !== "asking");
  (busy ? addEventListener : removeEventListener)("beforeunload", stay);
});
