// Draw the 2,000 faces of the built-in set `avatars` as 192 px PNGs: node draw.mjs FOLDER
//
// Picture i is a pure function of the seed string `ganvas-{i}` and the pinned package versions: every choice below is
// made by DiceBear's own generator of random numbers, so drawing again gives the same faces.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { openPeeps } from "@dicebear/collection";
import { createAvatar } from "@dicebear/core";
import { Resvg } from "@resvg/resvg-js";

const PICTURES = 2000;
const DRAWN_PX = 192; // three times the stored size; pack.py makes it smaller

// The style draws a bust on a 704-unit canvas; this window holds the head. x, y, width, height in those units.
const WINDOW = "84 40 612 612";

const BACKGROUNDS = ["ffd9dc", "ffe3c8", "fff1c1", "d9f0cf", "c9ecea", "cfe3fb", "dcd6f7", "f6d5ee"];
const SKINS = ["ffdfc0", "f8cda6", "edb98a", "d9986a", "bf7a4d", "a3633d", "8a5338"];
const CLOTHES = ["e7675c", "f7a64a", "f9d949", "6cc57c", "46b5b0", "5b86d6", "8e6fd0", "e279b7", "f4f1ea", "4a5568"];

// Hair, one row a colour: where the style fills hair with a colour of its own, and where hair is plain ink. The style
// inks in black only; dark inks keep its outlines and bring some colour to the plain heads.
const HAIR = [
  { fill: "e8e1e1", ink: "000000" },
  { fill: "ecdcbf", ink: "000000" },
  { fill: "e3b65b", ink: "000000" },
  { fill: "b58143", ink: "55290f" },
  { fill: "a55728", ink: "702710" },
  { fill: "724133", ink: "3d1d16" },
  { fill: "c93305", ink: "85200a" },
  { fill: "e88a8a", ink: "641c44" },
  { fill: "7d8fd6", ink: "1f2c66" },
  { fill: "5fb3a8", ink: "0d4448" },
];

// Heads by how their hair is drawn and by the facial hair that suits them.
// Left out: `bear` (no human outline) and `longAfro` (larger than the canvas).
const INKED = [
  "bangs2", "bun", "bun2", "buns", "cornrows2", "hijab", "long", "longBangs", "longCurly", "medium1", "medium2",
  "medium3", "mediumBangs", "mediumBangs3", "mediumStraight",
];
const INKED_WITH_BEARD = [
  "afro", "bantuKnots", "dreads1", "dreads2", "flatTop", "flatTopLong", "hatBeanie", "hatHip", "noHair1", "noHair2",
  "pomp", "shaved1", "shaved2", "shaved3", "short1", "short2", "short3", "short5", "turban", "twists", "twists2",
];
const FILLED = ["bangs", "cornrows", "grayBun", "grayMedium", "mediumBangs2"];
const FILLED_WITH_BEARD = ["grayShort", "mohawk", "mohawk2", "noHair3", "short4"];

// Filled heads stand twice in the list, to be drawn twice as often: they are few, and the most colourful.
const HEADS = [
  ...INKED, ...INKED_WITH_BEARD, ...FILLED, ...FILLED, ...FILLED_WITH_BEARD, ...FILLED_WITH_BEARD,
];

// Left out: `cyclops` and `monster` (not two eyes), `rage` (runs over the outline). Smiles stand twice or more.
const FACES = [
  "angryWithFang", "awe", "blank", "calm", "cheeky", "concerned", "concernedFear", "contempt", "cute", "driven",
  "eatingHappy", "explaining", "eyesClosed", "fear", "hectic", "lovingGrin1", "lovingGrin2", "old", "serious",
  "smile", "smileBig", "smileLOL", "smileTeethGap", "solemn", "suspicious", "tired", "veryAngry",
  "calm", "cheeky", "cute", "smile", "smile", "smileBig", "smileTeethGap",
];

const INKED_BEARDS = [
  "chin", "full", "full2", "full3", "goatee1", "goatee2", "moustache1", "moustache4", "moustache5", "moustache6",
  "moustache7",
];
const FILLED_BEARDS = ["full4", "moustache9"];

const OPTIONS = {
  backgroundColor: BACKGROUNDS,
  skinColor: SKINS,
  clothingColor: CLOTHES,
  headContrastColor: HAIR.map(({ fill }) => fill),
  face: FACES,
  accessories: ["glasses", "glasses2", "glasses3", "glasses4", "glasses5", "sunglasses", "sunglasses2"],
  accessoriesProbability: 25,
  maskProbability: 0,
};

/** DiceBear's options for the facial hair of a head: drawn the way its hair is drawn, so that the colours agree. */
function facialHairFor(head) {
  if (INKED_WITH_BEARD.includes(head)) return { facialHair: INKED_BEARDS, facialHairProbability: 35 };
  if (FILLED_WITH_BEARD.includes(head)) return { facialHair: FILLED_BEARDS, facialHairProbability: 35 };
  return { facialHairProbability: 0 };
}

/** The five groups that follow the body are head, face, facial hair, mask, accessories: ink the first and the third. */
function inkHair(svg, ink) {
  const groups = svg.split(/(?=<g transform=)/);
  if (groups.length !== 6) throw new Error(`expected a body and 5 groups in the drawing, found ${groups.length - 1}`);
  return groups.map((group, k) => (k === 1 || k === 3 ? group.replaceAll("#000", `#${ink}`) : group)).join("");
}

/** `text` with its one `before` turned into `after`; without it, this is not the style the file was written for. */
function replaceOnce(text, before, after) {
  if (text.split(before).length !== 2) throw new Error(`expected one ${before} in the style's drawing`);
  return text.replace(before, after);
}

/**
 * The SVG of picture `index`: hair inked, the window moved onto the head, edges hard.
 *
 * Hard edges because pack.py does the smoothing: the mean of 3x3 hard pixels takes ten values along an edge, which look
 * the same as 256 and pack into half the bytes.
 */
function face(index) {
  const seed = `ganvas-${index}`;
  const { head } = createAvatar(openPeeps, { ...OPTIONS, seed, head: HEADS }).toJson().extra;
  const avatar = createAvatar(openPeeps, { ...OPTIONS, seed, head: [head], ...facialHairFor(head) });

  const fill = avatar.toJson().extra.headContrastColor.slice(1);
  const isFilled = FILLED.includes(head) || FILLED_WITH_BEARD.includes(head);
  const ink = isFilled ? "000000" : HAIR.find((hair) => hair.fill === fill).ink;

  const svg = inkHair(avatar.toString(), ink);
  const framed = replaceOnce(svg, 'viewBox="0 0 704 704"', `viewBox="${WINDOW}"`);
  return replaceOnce(framed, 'shape-rendering="auto"', 'shape-rendering="crispEdges"');
}

const folder = process.argv[2];
if (!folder) throw new Error("usage: node draw.mjs FOLDER");
mkdirSync(folder, { recursive: true });
for (let index = 0; index < PICTURES; index++) {
  const png = new Resvg(face(index), { fitTo: { mode: "width", value: DRAWN_PX } }).render().asPng();
  writeFileSync(join(folder, `${String(index).padStart(4, "0")}.png`), png);
}
