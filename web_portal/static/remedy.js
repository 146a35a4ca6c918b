// Where the reader looks after a part of the page changed: at the problem if there is one, else at the new part.
"use strict";
document.addEventListener("htmx:afterSettle", (event) => {
  const main = document.getElementById("main");
  if (event.detail.target !== main) {
    return;
  }
  const problem = document.getElementById("problem");
  (problem || main).focus({ preventScroll: !problem });
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
