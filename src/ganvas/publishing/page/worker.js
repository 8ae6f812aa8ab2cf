// Keeps the page's files, so that it works without a network after the first visit; with one, the newest are shown.

const MINE = `ganvas $${self.registration.scope} `; // other pages of this host have their own
const KEPT = `$${MINE}$version`;
const FILES = $files;
const PATHS = new Set(FILES.map((name) => new URL(name, self.registration.scope).pathname));

self.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(KEPT);
    await cache.addAll(FILES.map((name) => new Request(name, { cache: "no-cache" })));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const forget = async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(MINE) && name !== KEPT);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(forget());
});

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || !PATHS.has(pathname)) return;
  event.respondWith(fetch(event.request).catch(() => kept(event.request)));
});

async function kept(request) {
  const found = await caches.match(request, { cacheName: KEPT, ignoreSearch: true, ignoreVary: true });
  return found ?? Response.error();
}
