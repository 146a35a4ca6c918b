// "Near me": the browser's position chooses the nearest district here; the position itself is sent nowhere.
"use strict";
(() => {
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const away = (one, other) => {
    const half =
      Math.sin(radians(other.latitude - one.latitude) / 2) ** 2 +
      Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) *
        Math.sin(radians(other.longitude - one.longitude) / 2) ** 2;
    return Math.asin(Math.sqrt(Math.min(1, half)));
  };
  const districts = () =>
    [...document.querySelectorAll("#districts option")].map((option) => ({
      name: option.value,
      latitude: Number(option.dataset.latitude),
      longitude: Number(option.dataset.longitude),
    }));
  const offer = () => {
    const button = document.getElementById("here");
    if (button && "geolocation" in navigator && districts().length) {
      button.hidden = false;
    }
  };
  const say = (words) => {
    document.getElementById("here-said").textContent = words;
  };
  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:afterSettle", offer);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#here");
    if (!button) {
      return;
    }
    say(button.dataset.asking);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const [nearest] = districts().sort((one, other) => away(coords, one) - away(coords, other));
        const place = document.getElementById("district");
        if (!nearest || !place) {
          return;
        }
        place.value = nearest.name;
        say(`${button.dataset.found} ${nearest.name}`);
        if (document.getElementById("q").value.trim()) {
          place.form.requestSubmit();
        }
      },
      () => say(button.dataset.refused),
      { maximumAge: 600000, timeout: 15000 },
    );
  });
})();
