// What goes over the wire: acts of the person as JSON, fragments back, and who this tab acts as.

export const me = document.body.dataset.user;
export const channel = document.body.dataset.channel;
export const app = document.body.dataset.app;
export const facts = JSON.parse(document.getElementById("facts").textContent);

/** A form for files: who sends it and the other fields come first, the files last. */
export function form(fields, files) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ user: me, ...fields })) body.append(name, value);
  for (const file of files) body.append("file", file, file.name);
  return body;
}

/** Do something in the workspace; resolves to the answer's JSON, also when it is a refusal. */
export async function act(path, body) {
  const isForm = body instanceof FormData;
  try {
    const response = await fetch(`/ui/${path}`, {
      method: "POST",
      headers: isForm ? {} : { "Content-Type": "application/json" },
      body: isForm ? body : JSON.stringify({ user: me, ...body }),
    });
    return await response.json();
  } catch {
    return { ok: false, error: "unreachable", message: "The sandbox does not answer. Is it still running?" };
  }
}

/** Fetch a painted fragment; an empty string when there is nothing to show (any more). */
export async function fragment(name, query = {}) {
  const response = await fetch(`/page/${name}?${new URLSearchParams({ as: me, ...query })}`);
  return response.status === 200 ? response.text() : "";
}

/** Run a refresh so that one is under way at a time and the last request is never lost. */
export function coalesced(run) {
  const states = new Map();
  return async function again(key = "") {
    const state = states.get(key);
    if (state) {
      state.again = true;
      return state.done;
    }
    const fresh = { again: false, done: null };
    states.set(key, fresh);
    fresh.done = (async () => {
      try {
        do {
          fresh.again = false;
          await run(key);
        } while (fresh.again);
      } finally {
        states.delete(key);
      }
    })();
    return fresh.done;
  };
}

/** Say something short at the bottom of the window. */
export function toast(text) {
  const note = document.createElement("div");
  note.className = "toast";
  note.textContent = text;
  document.querySelector(".toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}
