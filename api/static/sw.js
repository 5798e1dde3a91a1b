// Service worker (the server puts EDITION, PAGES and FILES in front): the counter page and all it loads stand in one
// cache for each edition; so it opens with the server dead. Answers on licences are never kept.

const PREFIX = "yinzheng-";
const NAME = `${PREFIX}${EDITION}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(NAME);
      await cache.addAll(FILES);
      await cache.addAll(PAGES.map((page) => new Request(page, { cache: "reload" })));
      await self.skipWaiting();
    })(),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const old = (await caches.keys()).filter((each) => each.startsWith(PREFIX) && each !== NAME);
      // A page of the edition before may still be open and load one more module.
      await Promise.all(old.slice(0, -1).map((each) => caches.delete(each)));
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (!PAGES.includes(url.pathname) && !/^\/(?:scripts|vendor|static)\//.test(url.pathname)) return;
  event.respondWith(
    (async () => (await caches.match(request, { ignoreSearch: PAGES.includes(url.pathname) })) ?? fetch(request))(),
  );
});
