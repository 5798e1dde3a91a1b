// Puts the code of an invitation into its field: it stands behind `#` in the address, which no server and no log sees,
// and is taken out of the address, so that it stays in no history.

const field = document.getElementById("code");
if (location.hash.length > 1) {
  if (field.value === "") field.value = location.hash.slice(1, 81);
  history.replaceState(null, "", location.pathname + location.search);
}
