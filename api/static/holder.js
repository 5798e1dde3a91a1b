// The holder's page: a new live code before the old one ends. When none comes, the old one is hidden: nobody is to show
// what is worth nothing.

const picture = document.getElementById("code");
const away = document.getElementById("away");
const { seconds } = picture.dataset;
const [address] = picture.src.split("?");
let number = 0;

function renew() {
  number += 1;
  picture.src = `${address}?n=${number}`;
}

function show(isThere) {
  picture.hidden = !isThere;
  away.hidden = isThere;
}

picture.addEventListener("load", () => show(true));
picture.addEventListener("error", () => show(false));
setInterval(renew, Number(seconds) * 1000);
// A phone that slept shows a code of the past.
document.addEventListener("visibilitychange", () => document.hidden || renew());
document.documentElement.dataset.ready = "true";
