// Keeps a pharmacist's stock table as the ledger is. The server says which rows changed; text is only ever
// written as text. While the connection is lost the page says so, and catches up when it is back.
"use strict";
(() => {
  const ENDED = 4401;
  const QUIET_MS = 5000; // a screen reader is told at most that often
  let socket = null;
  let delay = 500;
  let timer = null;
  let spoke = 0;

  const table = () => document.querySelector("[data-live]");
  const state = () => document.getElementById("live-state");

  function say(kind, words) {
    const line = state();
    if (!line) {
      return;
    }
    line.classList.toggle("on", kind === "on");
    line.classList.toggle("off", kind === "off");
    if (line.textContent !== words) {
      line.textContent = words;
    }
  }

  function sayChanged(row) {
    if (Date.now() - spoke < QUIET_MS) {
      return;
    }
    spoke = Date.now();
    const line = state();
    const name = row.querySelector("th a");
    if (line && name) {
      say("on", `${line.dataset.changed} ${name.textContent}`);
    }
  }

  function isBeingEdited(row) {
    const packs = row.querySelector("input[name='packs']");
    return Boolean(packs && packs.value) || row.contains(document.activeElement);
  }

  function write(told) {
    const row = document.getElementById(`row-${told.id}`);
    if (!row) {
      return false;
    }
    if (Number(row.dataset.seq) >= told.seq) {
      return true;
    }
    for (const name of ["available", "held", "on_hand", "price", "next_expiry"]) {
      const cell = row.querySelector(`[data-cell="${name}"]`);
      if (cell && cell.textContent !== told[name]) {
        cell.textContent = told[name];
        cell.classList.add("changed");
        setTimeout(() => cell.classList.remove("changed"), 4000);
      }
    }
    row.querySelector('[data-cell="count_wanted"]').hidden = !told.count_wanted;
    // Who is counting decided by the old figure: the old version then makes the conflict show.
    if (!isBeingEdited(row)) {
      row.querySelector("input[name='version']").value = told.version;
    }
    row.dataset.seq = told.seq;
    sayChanged(row);
    return true;
  }

  function heard(message) {
    const told = JSON.parse(message.data);
    const shown = table();
    if (!shown) {
      return;
    }
    if (told.reload) {
      say("off", state().dataset.stale);
      return;
    }
    const known = told.rows.map(write);
    shown.dataset.seq = Math.max(Number(shown.dataset.seq), told.seq);
    if (known.includes(false) && shown.dataset.whole === "yes") {
      say("on", state().dataset.stale);
    }
  }

  function connect() {
    const shown = table();
    timer = null;
    if (!shown || socket) {
      return;
    }
    const address = new URL("/live", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("after", shown.dataset.seq);
    socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      delay = 500;
      say("on", state().dataset.on);
    });
    socket.addEventListener("message", heard);
    socket.addEventListener("close", (event) => {
      socket = null;
      if (!table()) {
        return;
      }
      if (event.code === ENDED) {
        say("off", state().dataset.ended);
        return;
      }
      say("off", state().dataset.off);
      // Not all at once after a restart.
      timer = setTimeout(connect, delay * (0.5 + Math.random()));
      delay = Math.min(delay * 2, 5000);
    });
  }

  function follow() {
    if (table()) {
      if (!socket && !timer) {
        connect();
      }
    } else if (socket) {
      socket.close();
    }
  }

  document.addEventListener("DOMContentLoaded", follow);
  document.addEventListener("htmx:afterSettle", follow);
})();
