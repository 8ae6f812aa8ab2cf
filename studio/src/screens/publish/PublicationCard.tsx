import type { Published } from "../../api/types";
import { address } from "../../api/client";
import { ButtonLink, Card, Copyable } from "../../parts";
import { bytes } from "../../format";
import { t } from "../../words";

/** Something that was published: where it lies, and how to see it. */
export function PublicationCard({ made, isNew = false }: { made: Published; isNew?: boolean }) {
  const { name, folder, files, bytes: size, licence, copy_word: copies, open, zip } = made;
  return (
    <Card title={isNew ? t("made.title", { name }) : name} class="publication">
      <p class="soft small">{[t("made.files", { n: files.length }), bytes(size), licence || t("made.noLicence")].join(" · ")}</p>
      {copies && <p class="small">{copies}</p>}
      <Copyable text={folder} label={t("made.folder")} />
      <div class="row">
        {open && <ButtonLink kind={isNew ? "main" : "plain"} icon="open" href={address(open)} target="_blank">{t("made.open")}</ButtonLink>}
        <ButtonLink icon="save" href={address(zip)} download>{t("made.zip")}</ButtonLink>
      </div>
    </Card>
  );
}
