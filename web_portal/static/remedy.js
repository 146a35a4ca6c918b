// Where the reader looks after a part of the page changed: at the problem if there is one, else at the field that
// waits for typing, else at the new part.
"use strict";
document.addEventListener("htmx:afterSettle", (event) => {
  const main = document.getElementById("main");
  if (event.detail.target !== main) {
    return;
  }
  // The header is not drawn anew; which page is open has changed.
  for (const link of document.querySelectorAll(".top nav > a")) {
    link.toggleAttribute("aria-current", false);
    if (link.pathname === window.location.pathname) {
      link.setAttribute("aria-current", "page");
    }
  }
  const problem = document.getElementById("problem");
  // A field that waits for a scanner or for typing; the page says which.
  const field = main.querySelector("[autofocus]");
  (problem || field || main).focus({ preventScroll: !problem });
});
document.addEventListener("DOMContentLoaded", () => {
  const problem = document.getElementById("problem");
  if (problem) {
    problem.focus();
  }
});
// Says when a connection fails; htmx alone would say nothing.
document.addEventListener("htmx:sendError", () => {
  document.getElementById("offline").hidden = false;
});
document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("offline").hidden = true;
});
