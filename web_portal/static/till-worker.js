// Keeps the till's page and its files, so that a tablet that was switched off opens it without a line. The line comes
// first: what is kept is shown only where nothing answers. Of no other page and no data does it know anything.
"use strict";
const KEPT = "remedy-till";
const isPage = (url) => url.pathname === new URL(self.registration.scope).pathname;
const isFile = (url) => url.pathname.startsWith("/static/") && url.searchParams.has("v");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function keep(request, answer) {
  if (answer.status === 200 && answer.type === "basic" && !answer.redirected) {
    const cache = await caches.open(KEPT);
    await cache.put(request, answer.clone());
  }
  return answer;
}

async function page(request) {
  try {
    return await keep(new URL(request.url).pathname, await fetch(request));
  } catch (failure) {
    const cache = await caches.open(KEPT);
    const kept = await cache.match(new URL(request.url).pathname);
    if (kept) {
      return kept;
    }
    throw failure;
  }
}

async function file(request) {
  const cache = await caches.open(KEPT);
  return (await cache.match(request)) || keep(request, await fetch(request));
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) {
    return;
  }
  if (event.request.mode === "navigate" && isPage(url)) {
    event.respondWith(page(event.request));
  } else if (isFile(url)) {
    event.respondWith(file(event.request));
  }
});

// The page says which files it was drawn with; those of an older version go.
self.addEventListener("message", (event) => {
  const wanted = event.data.keep.map((address) => new URL(address, self.location.origin).href);
  event.waitUntil(
    caches.open(KEPT).then(async (cache) => {
      await cache.addAll(wanted.filter((address) => !isPage(new URL(address))));
      await keep(new URL(self.registration.scope).pathname, await fetch(self.registration.scope));
      for (const request of await cache.keys()) {
        const url = new URL(request.url);
        if (isFile(url) && !wanted.includes(url.href)) {
          await cache.delete(request);
        }
      }
    }).catch(() => {}), // no line: what is kept stays
  );
});
