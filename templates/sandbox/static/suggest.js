// Suggestions above the message box: slash commands and what may follow them, and people to mention.

import { facts } from "./net.js";

const MOST = 12;
const INVITE = { command: "/invite", usage_hint: "@someone", description: "Add someone or an app to this channel", suggestions: [] };

/** What fits the text before the caret: {from, items: [{insert, title, usage, note}], isEager}. */
export function suggest(before) {
  if (/^\/[^\n]*$/.test(before)) return commands(before);
  const mention = /(?:^|[\s(])@([\w.-]*)$/.exec(before);
  if (!mention) return { from: 0, items: [], isEager: false };
  const typed = mention[1].toLowerCase();
  const items = facts.people
    .filter((person) => person.name.toLowerCase().startsWith(typed) || person.real_name.toLowerCase().startsWith(typed))
    .map((person) => ({ insert: `@${person.name} `, title: `@${person.name}`, usage: "", note: person.real_name }));
  return { from: before.length - mention[1].length - 1, items: items.slice(0, MOST), isEager: true };
}

function commands(before) {
  const [name] = before.split(" ", 1);
  const known = facts.commands.find((command) => command.command === name);
  if (known && before.length > name.length) return following(known, before);
  const items = [...facts.commands, INVITE]
    .filter((command) => command.command.startsWith(before) && command.command !== before)
    .map((command) => ({
      insert: `${command.command} `, title: command.command, usage: command.usage_hint, note: command.description || command.app,
    }));
  return { from: 0, items: items.slice(0, MOST), isEager: true, title: "Commands" };
}

function following(command, before) {
  const typed = before.slice(command.command.length).trimStart().toLowerCase();
  const items = command.suggestions
    .map((entry) => entry.split(/\s+[—–|]\s+/))
    .filter(([words]) => words.toLowerCase().startsWith(typed) && words.toLowerCase() !== typed.trim())
    .map(([words, note]) => ({ insert: `${command.command} ${words} `, title: `${command.command} ${words}`, usage: "", note: note ?? "" }));
  return { from: 0, items, isEager: false, title: command.app };
}

/** The list above one message box; `onTaken` is told when it has changed the text. */
export class Suggestions {
  constructor(box, list, onTaken) {
    Object.assign(this, { box, list, onTaken, found: { items: [] }, chosen: -1 });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("[role=option]");
      if (item) this.take(this.entries().indexOf(item));
    });
  }

  update() {
    this.found = suggest(this.box.value.slice(0, this.box.selectionStart));
    this.list.replaceChildren(this.head(), ...this.found.items.map((item, at) => this.entry(item, at)));
    this.list.hidden = !this.found.items.length;
    this.choose(this.found.isEager ? 0 : -1);
  }

  entries() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  head() {
    const head = document.createElement("li");
    head.className = "suggest-head";
    head.setAttribute("role", "presentation");
    const title = this.found.title ?? "People";
    head.append(title, Object.assign(document.createElement("span"), { textContent: "↑ ↓ to choose · Tab to complete" }));
    return head;
  }

  entry({ title, usage, note }, at) {
    const item = document.createElement("li");
    item.id = `${this.list.id}-${at}`;
    item.setAttribute("role", "option");
    for (const [tag, text, name] of [["b", title, ""], ["span", usage, "usage"], ["small", note, ""]]) {
      if (text) item.append(Object.assign(document.createElement(tag), { textContent: text, className: name }));
    }
    return item;
  }

  choose(at) {
    this.chosen = at;
    const entries = this.entries();
    entries.forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (entries[at]) {
      this.box.setAttribute("aria-activedescendant", entries[at].id);
      entries[at].scrollIntoView({ block: "nearest" });
    } else this.box.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.list.hidden = true;
    this.choose(-1);
  }

  take(at) {
    const item = this.found.items[at];
    this.box.setRangeText(item.insert, this.found.from, this.box.selectionStart, "end");
    this.onTaken();
    this.update();
    if (!this.found.isEager) this.choose(-1);
  }

  /** Handle a key; true when it was for the list. */
  key(event) {
    if (this.list.hidden || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return false;
    const count = this.found.items.length;
    if (event.key === "ArrowDown") this.choose((this.chosen + 1) % count);
    else if (event.key === "ArrowUp") this.choose((this.chosen <= 0 ? count : this.chosen) - 1);
    else if (event.key === "Tab" || (event.key === "Enter" && this.chosen >= 0)) this.take(Math.max(this.chosen, 0));
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    return true;
  }
}
