import type { Published } from "../../api/types";
import { address } from "../../api/client";
import { ButtonLink, Card, Copyable, IconButton, Picture } from "../../parts";
import { ago, bytes } from "../../format";
import { href } from "../../router";
import { run } from "../../state/store";
import { t } from "../../words";

interface PublicationCardProps {
  made: Published;
  isNew?: boolean;
  showsRun?: boolean;
  onDelete?: () => void;
}

/** Something that was published: of which run, where it lies, and how to see it. */
export function PublicationCard({ made, isNew = false, showsRun = false, onDelete }: PublicationCardProps) {
  const { name, folder, addresses, files, bytes: size, licence, copy_word: copies, open, zip } = made;
  const of = showsRun ? run(made.run) : undefined;
  const facts = <p class="soft small">{[t("made.files", { n: files.length }), bytes(size), licence || t("made.noLicence")].join(" · ")}</p>;
  return (
    <Card title={isNew ? t("made.title", { name }) : made.title || name} class="publication">
      {of
        ? (
          <div class="of-run">
            <Picture src={of.preview} alt={t("publish.previewAlt", { name: of.name })} />
            <div>{facts}<a class="small" href={href(["runs", of.name], { tab: "publish" })}>{of.name}</a> <span class="soft small">{ago(made.changed)}</span></div>
          </div>
        )
        : facts}
      {copies && <p class="small">{copies}</p>}
      <Copyable text={folder} label={t("made.folder")} />
      {addresses.length > 0 && (
        <ul class="small" aria-label={t("made.online")}>
          {addresses.map((url) => <li key={url}><a href={url} target="_blank" rel="noreferrer">{url}</a></li>)}
        </ul>
      )}
      <div class="row">
        {open && <ButtonLink kind={isNew ? "main" : "plain"} icon="open" href={address(open)} target="_blank">{t("made.open")}</ButtonLink>}
        <ButtonLink icon="save" href={address(zip)} download>{t("made.zip")}</ButtonLink>
        {onDelete && <IconButton icon="trash" label={t("delete.named", { name })} onClick={onDelete} />}
      </div>
    </Card>
  );
}
