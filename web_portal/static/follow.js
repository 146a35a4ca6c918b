// Keeps parts of a page as the server has them: an element with data-follow asks again (htmx event "look") every so
// many milliseconds, only while the page is looked at. And gives back a held time when its form is left.
"use strict";
(() => {
  const TICK_MS = 100;
  const AFTER_ERROR_MS = 5000;
  const due = new WeakMap();

  function tick() {
    if (document.hidden) {
      return;
    }
    const now = Date.now();
    for (const part of document.querySelectorAll("[data-follow]")) {
      const at = due.get(part);
      if (at === undefined || now >= at) {
        due.set(part, now + Number(part.dataset.follow));
        if (at !== undefined) {
          window.htmx.trigger(part, "look");
        }
      }
    }
  }

  function wait(event) {
    if (event.detail.elt && event.detail.elt.matches("[data-follow]")) {
      due.set(event.detail.elt, Date.now() + AFTER_ERROR_MS);
    }
  }

  // A held time is given back when the reader goes elsewhere, but not between the steps of its form.
  let held = null;
  let isSending = false;

  function release() {
    if (held) {
      navigator.sendBeacon(held.action, new URLSearchParams(held.told));
      held = null;
    }
  }

  function follow() {
    const form = document.querySelector("form[data-release]");
    const now = form && { action: form.action, told: [...new FormData(form)] };
    if (held && !now) {
      release();
    }
    held = now;
  }

  function offerPosition() {
    const button = document.querySelector("[data-position]");
    if (button) {
      button.hidden = !navigator.geolocation;
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-position]");
    if (!button) {
      return;
    }
    navigator.geolocation.getCurrentPosition(
      (found) => {
        button.form.querySelector("[data-latitude]").value = found.coords.latitude;
        button.form.querySelector("[data-longitude]").value = found.coords.longitude;
        button.form.requestSubmit();
      },
      () => {
        // Refused, or not known: the district is still there to choose.
        button.hidden = true;
      },
    );
  });
  document.addEventListener("submit", () => {
    isSending = true;
  });
  window.addEventListener("pageshow", () => {
    isSending = false;
  });
  window.addEventListener("pagehide", () => {
    if (!isSending) {
      release();
    }
  });
  document.addEventListener("htmx:afterRequest", () => {
    isSending = false;
  });
  document.addEventListener("htmx:sendError", wait);
  document.addEventListener("htmx:responseError", wait);
  document.addEventListener("htmx:afterSettle", () => {
    follow();
    offerPosition();
  });
  document.addEventListener("DOMContentLoaded", () => {
    follow();
    offerPosition();
    window.setInterval(tick, TICK_MS);
  });
})();
