// What this browser keeps: the pack with the pinned root, offline checks that wait to be made again online, and how the
// clerk wants the page; until the tab is closed, how far the clock is off. Everything else is forgotten when the page is closed.

const NAME = "yinzheng-counter";
const STORE = "kept";

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Do something with the store; returns the result of the request that `act` returns, when all is written. */
export async function run(mode, act) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

/** Return what is kept under a name, undefined when there is nothing or the browser keeps nothing. */
export async function kept(name) {
  try {
    return await run("readonly", (store) => store.get(name));
  } catch {
    return undefined;
  }
}

/** Keep a value; false when the browser keeps nothing, as in a private window. */
export async function keep(name, value) {
  try {
    await run("readwrite", (store) => store.put(value, name));
    return true;
  } catch {
    return false;
  }
}

/** Return a setting of the page; with `sessionStorage`, something that holds until the tab is closed. */
export function setting(name, storage = "localStorage") {
  try {
    return globalThis[storage].getItem(`yinzheng.${name}`) ?? "";
  } catch {
    return "";
  }
}

/** Keep a setting of the page, as `setting` returns it. */
export function set(name, value, storage = "localStorage") {
  try {
    globalThis[storage].setItem(`yinzheng.${name}`, value);
  } catch {
    // The setting holds until the page is closed.
  }
}
