// Selects one can type in, and overflow menus: a combobox with a list box, as WAI-ARIA describes it.

import { changed, dispatch, options as externalOptions } from "./blocks.js";

let open = null; // the select or overflow whose list is showing

const listOf = (element) => element.querySelector(".pop");
const inputOf = (element) => element.querySelector("[role=combobox]");
const optionsOf = (element) => [...listOf(element).querySelectorAll("[role=option]:not([hidden])")];

function placeList(element) {
  const list = listOf(element);
  const anchor = (element.querySelector(".select-face") ?? element).getBoundingClientRect();
  list.style.minWidth = element.classList.contains("select") ? `${anchor.width}px` : "";
  const { height, width } = list.getBoundingClientRect();
  const isBelow = anchor.bottom + height + 8 < innerHeight || anchor.top < height;
  list.style.top = `${Math.max(4, isBelow ? anchor.bottom + 4 : anchor.top - height - 4)}px`;
  list.style.left = `${Math.max(4, Math.min(anchor.left, innerWidth - width - 4))}px`;
}

function show(element) {
  if (open === element) return;
  close();
  open = element;
  listOf(element).showPopover();
  element.querySelector("[aria-expanded]").setAttribute("aria-expanded", "true");
  placeList(element);
}

function close() {
  if (!open) return;
  const element = open;
  open = null;
  if (listOf(element)?.matches(":popover-open")) listOf(element).hidePopover();
  element.querySelector("[aria-expanded]")?.setAttribute("aria-expanded", "false");
  const input = inputOf(element);
  if (input) {
    input.value = "";
    input.removeAttribute("aria-activedescendant");
    element.classList.remove("filtering");
  }
}

function activate(element, option) {
  for (const other of listOf(element).querySelectorAll(".active")) other.classList.remove("active");
  if (!option) return;
  option.classList.add("active");
  option.id ||= `${listOf(element).id}-${[...listOf(element).children].indexOf(option)}`;
  inputOf(element).setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function filter(element) {
  const typed = inputOf(element).value.trim().toLowerCase();
  element.classList.toggle("filtering", Boolean(typed));
  if (element.hasAttribute("data-external")) return loadExternal(element, typed);
  for (const option of listOf(element).querySelectorAll("[role=option]")) {
    option.hidden = !option.dataset.text.toLowerCase().includes(typed);
  }
  return finish(element);
}

function finish(element) {
  const list = listOf(element);
  list.querySelector(".none")?.remove();
  const found = optionsOf(element);
  if (!found.length) list.append(note("No results"));
  activate(element, found[0]);
  if (open === element) placeList(element);
}

function note(text) {
  const item = document.createElement("li");
  item.className = "none";
  item.setAttribute("role", "presentation");
  item.textContent = text;
  return item;
}

const waiting = new WeakMap();

function loadExternal(element, typed) {
  const list = listOf(element);
  clearTimeout(waiting.get(element));
  if (typed.length < Number(element.dataset.minQuery)) {
    list.replaceChildren(note("Type to search"));
    return;
  }
  waiting.set(
    element,
    setTimeout(async () => {
      const answer = await externalOptions(element, typed);
      if (inputOf(element).value.trim().toLowerCase() !== typed) return;
      const groups = answer.option_groups?.length ? answer.option_groups : [{ options: answer.options ?? [] }];
      list.replaceChildren(...groups.flatMap(externalGroup));
      finish(element);
    }, 200),
  );
}

function externalGroup(group) {
  const items = (group.options ?? []).map((option) => {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", "false");
    item.dataset.value = option.value;
    item.dataset.text = option.text.text;
    item.append(Object.assign(document.createElement("span"), { textContent: option.text.text }));
    return item;
  });
  if (!group.label) return items;
  const label = note(group.label.text);
  label.className = "group-label";
  return [label, ...items];
}

/** Take an option: one replaces the choice, several toggle. */
function choose(element, option) {
  const face = element.querySelector(".select-face");
  const isMulti = element.hasAttribute("data-multi");
  const { value, text } = option.dataset;
  const known = [...face.querySelectorAll("[data-value]")].find((item) => item.dataset.value === value);
  const most = Number(element.dataset.max) || Infinity;
  if (isMulti && known) known.remove();
  else if (isMulti && face.querySelectorAll(".chip").length >= most) return;
  else {
    if (!isMulti) face.querySelector(".picked")?.remove();
    face.insertBefore(token(isMulti, value, text, option), inputOf(element));
  }
  mark(element);
  if (!isMulti) close();
  else {
    inputOf(element).value = "";
    filter(element);
  }
  changed(element);
}

function token(isMulti, value, text, option) {
  const item = document.createElement("span");
  item.className = isMulti ? "chip" : "picked";
  item.dataset.value = value;
  item.dataset.text = text;
  item.append(...[...option.querySelector("span").childNodes].map((node) => node.cloneNode(true)));
  if (isMulti) {
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "chip-x", textContent: "×" });
    remove.setAttribute("aria-label", `Remove ${text}`);
    remove.tabIndex = -1;
    item.append(remove);
  }
  return item;
}

function mark(element) {
  const chosen = new Set([...element.querySelectorAll(".select-face [data-value]")].map((item) => item.dataset.value));
  for (const option of listOf(element).querySelectorAll("[role=option]")) {
    option.setAttribute("aria-selected", String(chosen.has(option.dataset.value)));
  }
}

function onClick(event) {
  const remove = event.target.closest(".chip-x");
  if (remove) {
    const element = remove.closest(".select");
    remove.closest(".chip").remove();
    mark(element);
    changed(element);
    return;
  }
  const option = event.target.closest("[role=option]");
  if (option && open?.contains(option)) return choose(open, option);
  const item = event.target.closest("[role=menuitem]");
  if (item && open?.contains(item)) return pick(open, item);
  const face = event.target.closest(".select-face");
  if (face) {
    inputOf(face.closest(".select")).focus();
    show(face.closest(".select"));
    return filter(face.closest(".select"));
  }
  const dots = event.target.closest(".overflow > button");
  if (dots) {
    if (open === dots.parentElement) return close();
    show(dots.parentElement);
    listOf(dots.parentElement).querySelector("[role=menuitem]")?.focus();
    return undefined;
  }
  if (!event.target.closest(".pop")) close();
  return undefined;
}

function pick(element, item) {
  close();
  element.querySelector("button").focus();
  if (item.dataset.url) window.open(item.dataset.url, "_blank", "noopener");
  dispatch(element, item.dataset.value);
}

function step(items, current, by) {
  return items[(items.indexOf(current) + by + items.length) % items.length] ?? items[0];
}

function onKey(event) {
  const select = event.target.closest?.(".select");
  if (select && event.target === inputOf(select)) return selectKey(event, select);
  if (open && event.target.matches?.("[role=menuitem]")) return menuKey(event);
  return undefined;
}

function selectKey(event, select) {
  const isOpen = open === select;
  const active = listOf(select).querySelector(".active");
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves) {
    event.preventDefault();
    if (isOpen) return activate(select, step(optionsOf(select), active, moves[event.key]));
    show(select);
    return filter(select);
  }
  if (event.key === "Enter") {
    event.preventDefault();
    if (isOpen && active) choose(select, active);
    else show(select), filter(select);
  } else if (event.key === "Escape" && isOpen) {
    event.preventDefault();
    event.stopPropagation();
    close();
  } else if (event.key === "Tab") close();
  else if (event.key === "Backspace" && !event.target.value) {
    const last = [...select.querySelectorAll(".select-face [data-value]")].pop();
    if (last && (select.hasAttribute("data-multi") || !select.closest("[data-required]"))) {
      last.remove();
      mark(select);
      changed(select);
    }
  }
  return undefined;
}

function menuKey(event) {
  const items = [...listOf(open).querySelectorAll("[role=menuitem]")];
  const moves = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in moves) step(items, event.target, moves[event.key]).focus();
  else if (event.key === "Enter" || event.key === " ") pick(open, event.target);
  else if (event.key === "Escape" || event.key === "Tab") {
    const button = open.querySelector("button");
    close();
    button.focus();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

export function startSelects() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("input", (event) => {
    const select = event.target.closest?.(".select");
    if (!select || event.target !== inputOf(select)) return;
    show(select);
    filter(select);
  });
  document.addEventListener("focusout", (event) => {
    if (open?.contains(event.target) && event.relatedTarget && !open.contains(event.relatedTarget)) close();
  });
  document.addEventListener("scroll", (event) => {
    if (open && !listOf(open).contains(event.target)) placeList(open);
  }, true);
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.(".pop [role=option]")) event.preventDefault();
  });
}
