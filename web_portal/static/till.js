// A tablet's till: each sale is kept in this browser first, under a name of its own, and handed in when the line is
// there, in order. What was answered leaves the list; what was not is sent again under the same name. Text is only ever
// written as text.
"use strict";
(() => {
  const NAME = "remedy-till";
  const BATCH = 100;
  const AGAIN_MS = 10000;
  const ANSWER_MS = 30000; // a line that swallows what is sent is none; the sales are sent again under their names
  const FRESH_MS = 5 * 60 * 1000; // how old the stock may be that is shown here, while all goes well
  const SHOWN = 10;
  const AMOUNT = /^\d{1,6}([.,]\d{1,3})?$/;
  let here = null; // what belongs to the page that is open
  let again = null;
  const windows = new BroadcastChannel(NAME);

  // --- what is kept: sales in order, answers to read, and what the server said last
  const opened = new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.addEventListener("upgradeneeded", () => {
      asked.result.createObjectStore("sales", { keyPath: "number", autoIncrement: true });
      asked.result.createObjectStore("answers", { keyPath: "number", autoIncrement: true });
      asked.result.createObjectStore("said");
    });
    asked.addEventListener("success", () => done(asked.result));
    asked.addEventListener("error", () => failed(asked.error));
  });

  async function kept(mode, stores, work) {
    const transaction = (await opened).transaction(stores, mode, { durability: "strict" });
    const ended = new Promise((done, failed) => {
      transaction.addEventListener("complete", done);
      transaction.addEventListener("abort", () => failed(transaction.error));
    });
    const request = work(...stores.map((name) => transaction.objectStore(name)));
    await ended;
    return request && request.result;
  }

  const all = (store) => kept("readonly", [store], (one) => one.getAll());

  // --- what is shown
  function element(tag, words, ...inside) {
    const made = document.createElement(tag);
    made.textContent = words;
    made.append(...inside);
    return made;
  }

  function button(words, name, act) {
    const made = element("button", words);
    made.type = "button";
    made.className = "btn btn-sm btn-outline-primary";
    const hidden = element("span", `: ${name}`);
    hidden.className = "visually-hidden";
    made.append(hidden);
    made.addEventListener("click", act);
    return made;
  }

  function row(words, ...inside) {
    const made = element("li", "");
    made.className = "card-item row-between";
    made.append(element("span", words), ...inside);
    return made;
  }

  function list(id, rows) {
    const shown = document.getElementById(id);
    shown.replaceChildren(...rows);
    shown.closest("section").hidden = rows.length === 0;
  }

  const clock = (instant) => new Date(instant).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  const named = (sale) => `${sale.quantity} × ${sale.label}, ${clock(sale.occurred_at)}`;

  function say(words) {
    document.getElementById("till-said").textContent = words;
  }

  function sayLine(kind) {
    const line = document.getElementById("till-line");
    if (line.dataset.kind === kind) {
      return;
    }
    line.dataset.kind = kind;
    line.className = kind === "online" ? "notice" : "advice";
    line.textContent = here.words[kind];
    if (kind === "signedOut" || kind === "foreign") {
      const link = element("a", here.words.signIn);
      link.href = here.words.signInAddress;
      line.append(" ", link);
    }
  }

  async function show() {
    const [sales, answers] = [await all("sales"), await all("answers")];
    list("till-waiting", sales.map((sale) => row(named(sale), button(here.words.takeBack, named(sale), async () => {
      // After what is being sent just now: a sale that was told is not here any more to be taken back.
      await navigator.locks.request(NAME, () => kept("readwrite", ["sales"], (one) => one.delete(sale.number)));
      await show();
    }))));
    list("till-refused", answers.filter((one) => one.result === "refused").map((one) => row(
      `${named(one)}. ${here.words.refused.replace("{why}", one.error)}`,
      button(here.words.seen, named(one), async () => {
        await kept("readwrite", ["answers"], (store) => store.delete(one.number));
        await show();
      }),
    )));
    list("till-sent", answers.filter((one) => one.result !== "refused").slice(-SHOWN).reverse().map((one) => {
      const words = [named(one)];
      if (one.uncovered && Number(one.uncovered) > 0) {
        words.push(here.words.uncovered.replace("{packs}", one.uncovered));
      }
      if (one.result === "repeated") {
        words.push(here.words.repeated);
      }
      return row(words.join(". "));
    }));
  }

  // --- finding a medicine: by its code, as a scanner types it, or by words
  function digits(text) {
    const gs1 = /^(?:\](?:d2|C1|Q3|e0))?\(?01\)?(\d{14})/.exec(text);
    return gs1 ? gs1[1] : /^\d{8}$|^\d{12,14}$/.test(text) ? text.padStart(14, "0") : "";
  }

  function found(text) {
    const typed = text.trim().toLowerCase();
    if (!typed) {
      return [];
    }
    const gtin = digits(text.trim());
    const exact = here.medicines.filter((one) => one.codes.some((code) => code.toLowerCase() === typed || code === gtin));
    if (exact.length) {
      return exact;
    }
    const words = typed.split(/\s+/);
    return here.medicines.filter((one) => words.every((word) => one.label.toLowerCase().includes(word)));
  }

  function choose(medicine) {
    here.chosen = medicine;
    const shown = document.getElementById("till-chosen");
    shown.hidden = !medicine;
    shown.textContent = medicine ? `${medicine.label}, ${medicine.price}` : "";
    document.getElementById("till-found").replaceChildren();
    if (medicine) {
      document.getElementById("till-what").value = "";
      const packs = document.getElementById("till-packs");
      packs.focus();
      packs.select();
    }
  }

  function look() {
    const shown = found(document.getElementById("till-what").value).slice(0, 8);
    document.getElementById("till-found").replaceChildren(...shown.map((one) => {
      const made = element("button", `${one.label}, ${one.price}, ${here.words.available.replace("{packs}", one.available)}`);
      made.type = "button";
      made.className = "btn btn-outline-primary";
      made.addEventListener("click", () => choose(one));
      return element("li", "", made);
    }));
    return shown;
  }

  // --- selling
  async function sell() {
    const what = document.getElementById("till-what");
    if (what.value.trim()) {
      const fits = look();
      if (fits.length === 1) {
        choose(fits[0]);
      } else {
        say(fits.length ? here.words.choose : here.words.unknown);
      }
      return;
    }
    const packs = document.getElementById("till-packs");
    if (!here.chosen) {
      say(here.pharmacy ? here.words.choose : here.words.nothing);
      what.focus();
      return;
    }
    const amount = packs.value.trim().replace(",", ".");
    if (!AMOUNT.test(packs.value.trim()) || Number(amount) === 0) {
      say(here.words.amount);
      packs.focus();
      return;
    }
    const sale = {
      line_id: `tablet-${crypto.randomUUID()}`,
      pharmacy_id: here.pharmacy,
      medicine_id: here.chosen.id,
      label: here.chosen.label,
      quantity: amount,
      occurred_at: new Date(Date.now() + here.ahead).toISOString(),
    };
    try {
      await kept("readwrite", ["sales"], (one) => one.add(sale));
    } catch {
      say(here.words.full);
      return;
    }
    say(here.words.sold.replace("{what}", `${sale.quantity} × ${sale.label}`));
    packs.value = "1";
    choose(null);
    what.focus();
    await show();
    send();
  }

  // --- sending: one window of this browser at a time
  async function fetchState() {
    const answer = await fetch(here.box.dataset.state, { redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS) });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 404) {
      return null;
    }
    if (!answer.ok) {
      throw new Error("no state");
    }
    const state = await answer.json();
    state.ahead = new Date(state.now) - Date.now();
    await kept("readwrite", ["said"], (said) => said.put(state, "state"));
    take(state);
    return state;
  }

  function take(state) {
    here.pharmacy = state.pharmacy_id;
    here.medicines = state.medicines;
    here.ahead = state.ahead;
  }

  async function answered(sales, lines) {
    const byName = new Map(lines.map((line) => [line.line_id, line]));
    await kept("readwrite", ["sales", "answers"], (store, answers) => {
      for (const sale of sales) {
        const line = byName.get(sale.line_id);
        if (line) {
          store.delete(sale.number);
          const { number, ...told } = sale;
          answers.add({ ...told, result: line.result, error: line.error, uncovered: line.uncovered });
        }
      }
    });
    const old = (await all("answers")).filter((one) => one.result !== "refused").slice(0, -SHOWN);
    await kept("readwrite", ["answers"], (answers) => old.forEach((one) => answers.delete(one.number)));
  }

  async function sendOnce() {
    const state = await fetchState();
    if (state === null) {
      return "signedOut";
    }
    for (;;) {
      const sales = await all("sales");
      const mine = sales.filter((sale) => sale.pharmacy_id === state.pharmacy_id).slice(0, BATCH);
      if (!mine.length) {
        return sales.length ? "foreign" : "online";
      }
      const lines = mine.map(({ line_id, medicine_id, quantity, occurred_at }) => (
        { line_id, kind: "sale", medicine_id, quantity, occurred_at }));
      const answer = await fetch(here.box.dataset.lines, {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.timeout(ANSWER_MS),
        headers: { "Content-Type": "application/json", "X-CSRFToken": state.csrf_token },
        body: JSON.stringify({ pharmacy_id: state.pharmacy_id, lines }),
      });
      if (answer.type === "opaqueredirect") {
        return "signedOut";
      }
      if (!answer.ok) {
        throw new Error("not taken"); // somebody else signed in meanwhile, or the portal is ill: tried again
      }
      await answered(mine, (await answer.json()).lines);
      await show();
    }
  }

  async function send() {
    clearTimeout(again);
    const mine = here;
    try {
      await navigator.locks.request(NAME, { ifAvailable: true }, async (lock) => {
        if (lock) {
          const kind = await sendOnce();
          sayLine(kind);
          windows.postMessage(kind);
        }
      });
    } catch {
      sayLine("offline");
    }
    await show();
    const wait = document.getElementById("till-line")?.dataset.kind === "online" ? FRESH_MS : AGAIN_MS;
    again = setTimeout(() => document.contains(mine.box) && send(), wait);
  }

  // --- the page
  function keepPage() {
    if (!("serviceWorker" in navigator)) {
      return;
    }
    navigator.serviceWorker.register(here.box.dataset.worker, { scope: location.pathname }).then(() => navigator.serviceWorker.ready).then((known) => {
      const files = [...document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]")];
      known.active.postMessage({ keep: files.map((one) => one.src || one.href) });
    }).catch(() => {}); // without it the till sells all the same, until it is closed
  }

  async function begin() {
    const box = document.getElementById("till");
    if (!box || box.dataset.begun) {
      return;
    }
    box.dataset.begun = "yes";
    here = { box, words: JSON.parse(box.dataset.words), medicines: [], pharmacy: null, chosen: null, ahead: 0 };
    box.hidden = false;
    const what = document.getElementById("till-what");
    what.addEventListener("input", look);
    document.getElementById("till-sale").addEventListener("submit", (event) => {
      event.preventDefault();
      sell();
    });
    const state = await kept("readonly", ["said"], (said) => said.get("state"));
    if (state) {
      take(state);
    }
    keepPage();
    await show();
    what.focus();
    send();
  }

  // What another window has sent, or found of the line, is true for this one.
  windows.addEventListener("message", async (heard) => {
    if (here && document.contains(here.box)) {
      sayLine(heard.data);
      await show();
    }
  });
  window.addEventListener("offline", () => here && document.contains(here.box) && sayLine("offline"));
  window.addEventListener("online", () => here && document.contains(here.box) && send());
  document.addEventListener("DOMContentLoaded", begin);
  document.addEventListener("htmx:afterSettle", begin);
})();
