// The stock table by keyboard: arrows between rows, the first letter of what happened, Enter, Escape, Ctrl+Z.
// Without it everything is reached by Tab all the same.
"use strict";
(() => {
  let wantsRow = false; // Enter in the search field, or a scanner: go to what is found
  let kept = null; // the row that was being typed in when a part of the page was drawn anew

  const FIELD = "input[name='packs']:not([type='hidden'])"; // what takes a price back has a hidden one
  const fields = () => [...document.querySelectorAll(`#stock-list ${FIELD}`)];

  function goTo(field) {
    if (field) {
      field.focus();
      field.select();
    }
  }

  function choose(row, letter) {
    const select = row.querySelector("select[name='kind']");
    const option = [...select.options].find((one) => one.text[0].toLowerCase() === letter.toLowerCase());
    if (option) {
      select.value = option.value;
    }
    return Boolean(option);
  }

  function inRow(event, field) {
    const row = field.closest("tr");
    const all = fields();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = all.indexOf(field) + (event.key === "ArrowDown" ? 1 : -1);
      goTo(next < 0 ? document.getElementById("q") : all[next]);
    } else if (event.key === "Escape") {
      if (field.value) {
        field.value = "";
      } else {
        goTo(document.getElementById("q"));
      }
    } else if ((event.ctrlKey || event.metaKey) && event.key === "z" && !field.value) {
      const undo = row.querySelector("form.undo");
      if (!undo) {
        return;
      }
      undo.requestSubmit();
    } else if (event.ctrlKey || event.metaKey || event.altKey || !/^\p{L}$/u.test(event.key) || !choose(row, event.key)) {
      return;
    }
    event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    if (event.target.id === "q" && document.getElementById("stock-list")) {
      if (event.key === "ArrowDown") {
        goTo(fields()[0]);
        event.preventDefault();
      } else if (event.key === "Enter") {
        wantsRow = true;
      }
    } else if (event.target.matches(`#stock-list ${FIELD}`)) {
      inRow(event, event.target);
    }
  });

  document.addEventListener("htmx:beforeSwap", () => {
    const row = document.activeElement && document.activeElement.closest("#stock-list tr");
    kept = row ? row.id : null;
  });

  document.addEventListener("htmx:afterSettle", () => {
    const row = kept && document.getElementById(kept);
    kept = null;
    if (row) {
      goTo(row.querySelector(FIELD));
    } else if (wantsRow && document.activeElement && document.activeElement.id === "q") {
      goTo(fields()[0]);
    }
    wantsRow = false;
  });

  // What a page suggests in the field it focuses is replaced by typing, not added to.
  document.addEventListener("DOMContentLoaded", () => {
    const field = document.querySelector("[data-suggested]");
    if (field && !document.getElementById("problem")) {
      field.focus();
      field.select();
    }
  });
})();
