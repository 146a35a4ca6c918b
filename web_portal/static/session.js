// Says two minutes before a session ends for want of a click, and goes on by one; what was typed stays.
"use strict";
(() => {
  const warning = document.getElementById("session-ends");
  let timer;

  function wait() {
    warning.hidden = true;
    clearTimeout(timer);
    timer = setTimeout(() => {
      warning.hidden = false;
    }, Number(warning.dataset.afterSeconds) * 1000);
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    // What a page asks by itself keeps no session awake.
    if (event.detail.successful && !event.detail.elt.matches("[data-follow]")) {
      wait();
    }
  });
  wait();
})();
