// A map beside a list, never instead of it: points of what the list shows, outlines of districts, and no ground of
// anybody else's. Leaflet is fetched only where a map is looked at.
"use strict";
(() => {
  const nonce = document.currentScript.nonce;
  const WIDE = window.matchMedia("(min-width: 992px)");
  let library = null; // the promise of Leaflet, once asked for

  function fetched(tag, attributes) {
    return new Promise((done, failed) => {
      const made = Object.assign(document.createElement(tag), attributes);
      made.addEventListener("load", done);
      made.addEventListener("error", failed);
      document.head.append(made);
    });
  }

  function leaflet(box) {
    library ??= Promise.all([
      fetched("link", { rel: "stylesheet", href: box.dataset.style }),
      fetched("script", { src: box.dataset.script, nonce }),
    ]);
    return library;
  }

  function places() {
    return [...document.querySelectorAll("main [data-map-at]")].map((row) => {
      const [latitude, longitude] = row.dataset.mapAt.split(",").map(Number);
      return { id: row.id, name: row.dataset.mapName, at: [latitude, longitude] };
    });
  }

  function said(place, words) {
    const box = document.createElement("div");
    const link = document.createElement("a");
    const name = document.createElement("strong");
    name.textContent = place.name;
    link.href = `#${place.id}`;
    link.textContent = words;
    box.append(name, document.createElement("br"), link);
    return box;
  }

  async function draw(box) {
    const ground = box.querySelector(".map");
    if (!ground || ground.dataset.drawn) {
      return;
    }
    ground.dataset.drawn = "yes";
    const found = places();
    const [, outlines] = await Promise.all([
      leaflet(box),
      fetch(box.dataset.outlines).then((answer) => (answer.ok ? answer.json() : null)),
    ]);
    const map = window.L.map(ground, { attributionControl: false, zoomSnap: 0.5, maxZoom: 17 });
    if (outlines) {
      window.L.geoJSON(outlines, {
        interactive: false,
        style: { className: "district" },
      }).addTo(map);
      for (const one of outlines.features) {
        const ring = one.geometry.coordinates[0];
        const top = ring.reduce((best, corner) => (corner[1] > best[1] ? corner : best));
        const label = document.createElement("span");
        label.textContent = one.properties.name;
        window.L.marker([top[1], top[0]], {
          icon: window.L.divIcon({ className: "district-name", html: label, iconSize: null }),
          interactive: false,
          keyboard: false,
        }).addTo(map);
      }
    }
    window.L.control.scale({ imperial: false }).addTo(map);
    found.forEach((place, number) => {
      const sign = document.createElement("span");
      sign.textContent = String(number + 1);
      window.L.marker(place.at, {
        icon: window.L.divIcon({ className: "map-sign", html: sign, iconSize: [28, 28] }),
        title: place.name,
      })
        .bindPopup(said(place, box.dataset.words))
        .addTo(map);
    });
    map.fitBounds(window.L.latLngBounds(found.map((place) => place.at)).pad(0.2), { maxZoom: 15 });
  }

  function offer() {
    const box = document.querySelector("details[data-map]");
    if (!box || box.dataset.offered || !places().length) {
      return;
    }
    box.dataset.offered = "yes";
    box.hidden = false;
    box.addEventListener("toggle", () => {
      if (box.open) {
        draw(box).catch(() => {
          box.querySelector(".map").textContent = box.dataset.failed;
        });
      }
    });
    box.open = WIDE.matches;
  }

  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);
})();
