// Keeps a pharmacist's stock table as the ledger is. The server says which rows changed; text is only ever
// written as text. A number counts the pharmacy's changes: each message says after which number it goes on, so
// that a gap is noticed and fetched. While nothing is heard the page says so, and catches up when it is back.
"use strict";
(() => {
  const ENDED = 4401;
  const QUIET_MS = 5000; // a screen reader is told at most that often
  const SILENT_MS = 12000; // the server speaks every four seconds, if only to say that nothing changed
  let socket = null;
  let at = null; // the number this page has reached
  let heard = new Map(); // what was last told of each row: a part of the page drawn before may arrive after
  let delay = 500;
  let timer = null;
  let silence = null;
  let spoke = 0;
  let wantsFresh = false;
  let isLive = false; // this connection has said something

  const table = () => document.querySelector("[data-live]");
  const state = () => document.getElementById("live-state");

  function say(kind, words) {
    const line = state();
    const shown = table();
    if (!line || !shown) {
      return;
    }
    line.classList.toggle("on", kind === "on");
    line.classList.toggle("off", kind === "off");
    shown.classList.toggle("behind", kind === "off");
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
    const packs = row.querySelector("input[name='packs']:not([type='hidden'])");
    return Boolean(packs && packs.value);
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
      for (const version of row.querySelectorAll("input[name='version']")) {
        version.value = told.version;
      }
    }
    row.dataset.seq = told.seq;
    sayChanged(row);
    return true;
  }

  function drawAnew() {
    const shown = table();
    if (!shown || [...shown.querySelectorAll("tbody tr")].some(isBeingEdited)) {
      wantsFresh = true;
      say("off", state().dataset.stale);
      return;
    }
    wantsFresh = false;
    window.htmx.ajax("GET", window.location.pathname + window.location.search, {
      target: "#stock-list", select: "#stock-list", swap: "outerHTML",
    });
  }

  function listen(message) {
    const told = JSON.parse(message.data);
    const shown = table();
    clearTimeout(silence);
    silence = setTimeout(leave, SILENT_MS);
    if (!shown) {
      return;
    }
    if (told.reload) {
      at = null;
      leave();
      drawAnew();
      return;
    }
    if (told.after > at) {
      leave();
      return;
    }
    at = Math.max(at, told.seq);
    for (const row of told.rows) {
      heard.set(row.id, row);
      if (!write(row) && shown.dataset.whole === "yes") {
        wantsFresh = true;
      }
    }
    isLive = true;
    settle();
  }

  function settle() {
    if (wantsFresh) {
      drawAnew();
    } else if (isLive && !state().classList.contains("on")) {
      say("on", state().dataset.on);
    }
  }

  function leave() {
    // Closing a connection that is dead can take a minute; nobody waits for it.
    const old = socket;
    socket = null;
    clearTimeout(silence);
    if (old) {
      old.close();
      comeBack();
    }
  }

  function comeBack() {
    if (!table()) {
      return;
    }
    isLive = false;
    say("off", state().dataset.off);
    // Not all at once after a restart.
    clearTimeout(timer);
    timer = setTimeout(connect, delay * (0.5 + Math.random()));
    delay = Math.min(delay * 2, 5000);
  }

  function connect() {
    const shown = table();
    timer = null;
    if (!shown || socket) {
      return;
    }
    if (at === null) {
      at = Number(shown.dataset.seq);
    }
    const address = new URL("/live", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("after", at);
    const mine = new WebSocket(address);
    socket = mine;
    silence = setTimeout(leave, SILENT_MS);
    mine.addEventListener("message", (message) => {
      if (socket === mine) {
        delay = 500;
        listen(message);
      }
    });
    mine.addEventListener("close", (event) => {
      if (socket !== mine) {
        return;
      }
      socket = null;
      isLive = false;
      clearTimeout(silence);
      if (event.code === ENDED) {
        say("off", state().dataset.ended);
      } else {
        comeBack();
      }
    });
  }

  function follow() {
    const shown = table();
    if (!shown) {
      if (socket) {
        socket.close();
        socket = null;
      }
      clearTimeout(timer);
      clearTimeout(silence);
      timer = null;
      at = null;
      isLive = false;
      wantsFresh = false;
      heard = new Map();
      return;
    }
    for (const row of heard.values()) {
      write(row);
    }
    if (!socket && !timer) {
      connect();
    }
    settle();
  }

  document.addEventListener("DOMContentLoaded", follow);
  document.addEventListener("htmx:afterSettle", follow);
})();
