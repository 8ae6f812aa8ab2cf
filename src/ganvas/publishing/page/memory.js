// What a browser keeps for this model: names, stars, presets. Where it keeps nothing, it lasts as long as the page.

const PREFIX = "ganvas";
let model = "";

/** Say which model it is of: two models on one host have nothing in common. */
export function rememberFor(sha256) {
  model = sha256.slice(0, 16);
}

/**
 * A value that outlives the page: { value } to read and to set, { isKept }: whether the browser had room for the last one.
 * `usual`: where nothing is kept yet. `sound(found)`: what is sound of what is kept, since others may write there too.
 * `changed()`: is told when another page of this model kept something else.
 */
export function remembered(name, usual, { sound = (found) => found, changed = () => {} } = {}) {
  const key = `${PREFIX}:${model}:${name}`;
  const read = (stored) => {
    try {
      return sound(JSON.parse(stored) ?? usual);
    } catch (error) {
      console.warn("what was kept here is left out", error);
      return usual;
    }
  };
  let now = usual;
  let isKept = true;
  try {
    now = read(localStorage.getItem(key));
  } catch (error) {
    console.warn("nothing is kept here", error);
  }
  addEventListener("storage", ({ key: other, newValue }) => {
    if (other !== key) return;
    now = read(newValue);
    changed();
  });
  return {
    get isKept() {
      return isKept;
    },
    get value() {
      return now;
    },
    set value(next) {
      now = next;
      try {
        localStorage.setItem(key, JSON.stringify(next));
        isKept = true;
      } catch (error) {
        isKept = false;
        console.warn("this browser keeps no more for this page", error);
      }
    },
  };
}
