// Modals: the person's stack of views in one dialog; the top one shows, the others keep what was typed in them.

import { valuesOf } from "./blocks.js";
import { startFileFields } from "./files.js";
import { morph, parse } from "./morph.js";
import { act, coalesced, fragment } from "./net.js";

const dialog = document.getElementById("modal");
const TROUBLE = "We had some trouble connecting. Try again?";
const FIELDS = "input:not([type=hidden]), textarea";

const top = () => dialog.querySelector(".view:not([hidden])");

function focusFirst(view) {
  const wanted = view.querySelector(`[data-focus] ${FIELDS.split(", ").join(", [data-focus] ")}`);
  (wanted ?? view.querySelector(`.view-body :is(${FIELDS})`) ?? view.querySelector("[type=submit]") ?? view.querySelector("[data-close]"))?.focus();
}

/** Show the person's views as they are now. */
export const refreshViews = coalesced(async () => {
  const painted = parse(await fragment("view"));
  if (!painted) return;
  const before = top()?.dataset.view;
  const hadFields = Boolean(top()?.querySelector(FIELDS));
  morph(document.getElementById("views"), painted);
  const view = top();
  if (!view) {
    if (dialog.open) dialog.close();
    return;
  }
  dialog.setAttribute("aria-labelledby", view.getAttribute("aria-labelledby"));
  if (!dialog.open) dialog.showModal();
  const isFilled = !hadFields && view.querySelector(FIELDS); // a loading view has become a form
  if (view.dataset.view !== before || isFilled || !view.contains(document.activeElement)) focusFirst(view);
});

function closeTop() {
  const view = top();
  if (!view) return dialog.close();
  if (dialog.querySelectorAll(".view").length === 1) dialog.close();
  return act("view/close", { view_id: view.dataset.view }).then(() => refreshViews());
}

function showErrors(view, errors) {
  let first = null;
  for (const input of view.querySelectorAll("[data-input]")) {
    const text = errors[input.dataset.input];
    const note = input.querySelector(".field-error");
    const field = input.querySelector("input, textarea");
    note.textContent = text ?? "";
    note.hidden = !text;
    input.classList.toggle("invalid", Boolean(text));
    if (text) {
      field?.setAttribute("aria-invalid", "true");
      field?.setAttribute("aria-describedby", note.id);
      first ??= field;
    } else {
      field?.removeAttribute("aria-invalid");
      field?.removeAttribute("aria-describedby");
    }
  }
  first?.focus();
  first?.closest("[data-input]").scrollIntoView({ block: "nearest" });
}

async function submit(event) {
  const view = event.target.closest(".view");
  if (!view) return;
  event.preventDefault();
  const button = view.querySelector("[type=submit]");
  if (button.classList.contains("busy")) return;
  const general = view.querySelector(".view-error");
  general.hidden = true;
  showErrors(view, {});
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  const answer = await act("view/submit", { view_id: view.dataset.view, values: valuesOf(view) });
  button.classList.remove("busy");
  button.removeAttribute("aria-busy");
  if (answer.errors) showErrors(view, answer.errors);
  else if (!answer.ok) {
    general.textContent = answer.message ?? TROUBLE;
    general.hidden = false;
  } else refreshViews();
}

export function startModals() {
  startFileFields();
  dialog.addEventListener("submit", submit);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    closeTop();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) closeTop();
  });
  dialog.addEventListener("input", (event) => {
    const input = event.target.closest("[data-input]");
    if (input) input.querySelector(".field-error").hidden = true;
  });
}
