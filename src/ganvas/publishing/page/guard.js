// What is said when not even the page's own scripts arrive; it stands inside the page.

addEventListener("error", ({ target }) => {
  if (!(target.src ?? target.href)) return; // a fault of a script that is there
  const { protocol, pathname, search, hash } = location;
  if (protocol === "file:") {
    tell("This page needs a web server; from disk, open page.html.");
  } else if (/\/[^/.]+$/.test(pathname)) {
    location.replace(`${pathname}/${search}${hash}`); // beside the page's folder instead of in it
  } else {
    document.querySelectorAll("script[src], link[rel=modulepreload], link[rel=stylesheet]").forEach(check);
  }
}, true);

async function check({ src, href }) {
  const address = src ?? href;
  const response = await fetch(address).catch(() => null);
  const isPage = response?.headers.get("Content-Type")?.startsWith("text/html");
  if (!response?.ok || isPage) tell(`${new URL(address).pathname.split("/").pop()} is missing on this server.`);
}

function tell(text) {
  const line = document.getElementById("status");
  if (line) line.textContent = text;
  else addEventListener("DOMContentLoaded", () => tell(text));
}
