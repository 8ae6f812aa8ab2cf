// What a browser keeps for this model: names, stars, presets. Where it keeps nothing, it lasts as long as the page.

const PREFIX = "ganvas";
let model = "";

/** Say which model it is of: two models on one host have nothing in common. */
export function rememberFor(sha256) {
  model = sha256.slice(0, 16);
}

/** A value that outlives the page: { value } to read and to set. `usual`: where nothing is kept yet. */
export function remembered(name, usual) {
  const key = `${PREFIX}:${model}:${name}`;
  let now = usual;
  try {
    now = JSON.parse(localStorage.getItem(key)) ?? usual;
  } catch (error) {
    console.warn("nothing is kept here", error);
  }
  return {
    get value() {
      return now;
    },
    set value(next) {
      now = next;
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch (error) {
        console.warn("this browser keeps no more for this page", error);
      }
    },
  };
}
