// Where the reader looks after a part of the page changed: at the problem if there is one, else at the field that
// waits for typing, else at the new part.
"use strict";
document.addEventListener("htmx:afterSettle", (event) => {
  const main = document.getElementById("main");
  if (event.detail.target !== main) {
    return;
  }
  // The header is not drawn anew; which page is open has changed.
  for (const link of document.querySelectorAll(".top nav a")) {
    link.toggleAttribute("aria-current", false);
    if (link.pathname === window.location.pathname) {
      link.setAttribute("aria-current", "page");
    }
  }
  for (const menu of document.querySelectorAll(".top .menu")) {
    const summary = menu.querySelector("summary");
    summary.toggleAttribute("aria-current", false);
    if (menu.querySelector("a[aria-current]")) {
      summary.setAttribute("aria-current", "true");
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
// A menu of the header closes when its reader goes on elsewhere, and by Escape.
for (const menu of document.querySelectorAll(".top .menu")) {
  document.addEventListener("click", (event) => {
    menu.open = menu.open && menu.contains(event.target);
  });
  menu.addEventListener("focusout", (event) => {
    menu.open = menu.open && (!event.relatedTarget || menu.contains(event.relatedTarget));
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
// Says when a connection fails; htmx alone would say nothing. What a page asks by itself every few seconds neither takes
// back what was said of something a person did, nor makes the page jump; and the till says itself that there is no line.
function asksByItself(event) {
  return event.target.closest("[data-follow]") !== null;
}
document.addEventListener("htmx:sendError", (event) => {
  const notice = document.getElementById("offline");
  if (asksByItself(event) && (!notice.hidden || document.getElementById("till"))) {
    return;
  }
  notice.hidden = false;
  notice.dataset.goes = asksByItself(event) ? "by itself" : "";
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!asksByItself(event)) {
    document.getElementById("offline").hidden = true;
  }
});
document.addEventListener("htmx:afterRequest", (event) => {
  const notice = document.getElementById("offline");
  if (event.detail.successful && notice.dataset.goes) {
    notice.hidden = true;
  }
});
