// Buttons, pickers, choices: what a person does with Block Kit elements becomes an action or a view's values.

import { act, channel, toast } from "./net.js";

const BUTTONS = ["button", "workflow_button", "icon_button", "feedback_buttons"];
const PRESSED = BUTTONS.map((kind) => `[data-el="${kind}"]`).join(", ");
const INPUTS = new Set(["plain_text_input", "email_text_input", "url_text_input", "number_input"]);

/** The value of an element the way the sandbox takes it: text, a value, a list of values or of files, or null. */
export function valueOf(element) {
  const kind = element.dataset.el;
  if (kind === "checkboxes") return [...element.querySelectorAll("input:checked")].map((box) => box.value);
  if (kind === "radio_buttons") return element.querySelector("input:checked")?.value ?? null;
  if (kind === "file_input") return filesOf(element);
  if (kind.endsWith("_select")) {
    const chosen = [...element.querySelectorAll(".select-face [data-value]")].map((item) => item.dataset.value);
    return element.hasAttribute("data-multi") ? chosen : (chosen[0] ?? null);
  }
  if (kind === "datetimepicker") {
    const { value } = element.querySelector("input");
    return value ? Math.floor(new Date(value).getTime() / 1000) : null;
  }
  const field = element.querySelector("input, textarea");
  return field ? field.value || null : (element.dataset.value ?? null);
}

/** What was uploaded into a file field; a file that is still on its way is not part of it. */
function filesOf(element) {
  return [...element.querySelectorAll("[data-file]")].map((chip) => JSON.parse(chip.dataset.file));
}

/** The values of every stateful element below a container, by block and action. */
export function valuesOf(container) {
  const values = {};
  for (const element of container.querySelectorAll("[data-el]")) {
    const { el, block, action } = element.dataset;
    if (!BUTTONS.includes(el) && el !== "overflow") (values[block] ??= {})[action] = valueOf(element);
  }
  return values;
}

function place(container) {
  if (container.dataset.container === "view") return { view_id: container.dataset.view };
  return { channel: container.dataset.channel || channel, ts: container.dataset.ts };
}

/** Ask for an external select's options. */
export function options(element, typed) {
  const { block, action } = element.dataset;
  const where = place(element.closest("[data-container]"));
  return act("options", { block_id: block, action_id: action, value: typed, ...where });
}

function confirmed(element) {
  if (!element.dataset.confirm) return Promise.resolve(true);
  const words = JSON.parse(element.dataset.confirm);
  const dialog = document.getElementById("confirm");
  const [deny, yes] = dialog.querySelectorAll("footer .btn");
  dialog.querySelector("h2").innerHTML = words.title;
  dialog.querySelector("#confirm-text").innerHTML = words.text;
  deny.innerHTML = words.deny;
  yes.innerHTML = words.confirm;
  yes.className = `btn btn-${words.style === "danger" ? "danger" : "primary"}`;
  dialog.returnValue = "deny";
  dialog.showModal();
  yes.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirm"), { once: true });
  });
}

/** Tell the app what a person did with an element; the element shows that it waits for the acknowledgement. */
export async function dispatch(element, value) {
  if (!(await confirmed(element))) return;
  const container = element.closest("[data-container]");
  const { block, action, el } = element.dataset;
  if (BUTTONS.includes(el)) element.classList.add("busy");
  const answer = await act("action", {
    block_id: block,
    action_id: action,
    value,
    values: valuesOf(container),
    ...place(container),
  });
  element.classList.remove("busy");
  if (!answer.ok) toast(answer.message ?? "This did not work. Try again.");
  else if (answer.acked === false) toast("The app did not respond. Try again, or look at its log.");
}

/** Dispatch a change of an element, unless it is an input that waits for the form. */
export function changed(element) {
  const input = element.closest("[data-input]");
  input?.classList.remove("invalid");
  if (!input || input.hasAttribute("data-dispatch")) dispatch(element, valueOf(element));
}

const triggersOf = (element) => (element.dataset.triggers || "on_enter_pressed").split(" ");

function onClick(event) {
  const button = event.target.closest(PRESSED);
  if (button && !button.classList.contains("busy")) dispatch(button, button.dataset.value);
}

function onChange(event) {
  const element = event.target.closest("[data-el]");
  if (!element || element.dataset.el.endsWith("_select") || element.dataset.el === "file_input") return;
  if (!INPUTS.has(element.dataset.el)) changed(element);
}

const typing = new WeakMap();

function onInput(event) {
  const element = event.target.closest("[data-el]");
  if (!element || !INPUTS.has(element.dataset.el)) return;
  const input = element.closest("[data-input]");
  input?.classList.remove("invalid");
  if (!input?.hasAttribute("data-dispatch") || !triggersOf(element).includes("on_character_entered")) return;
  clearTimeout(typing.get(element));
  typing.set(element, setTimeout(() => dispatch(element, valueOf(element)), 400));
}

function onKey(event) {
  const element = event.target.closest("[data-el]");
  if (event.key !== "Enter" || event.isComposing || !element || !INPUTS.has(element.dataset.el)) return;
  const input = element.closest("[data-input]");
  if (!input?.hasAttribute("data-dispatch") || event.target.nodeName === "TEXTAREA") return;
  if (triggersOf(element).includes("on_enter_pressed")) {
    event.preventDefault();
    dispatch(element, valueOf(element));
  }
}

export function startBlocks() {
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("input", onInput);
  document.addEventListener("keydown", onKey);
}
