// Suggestions above the message box: slash commands and what may follow them, and people to mention.

import { facts } from "./net.js";

const MOST = 12;

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
  const items = facts.commands
    .filter((command) => command.command.startsWith(before) && command.command !== before)
    .map((command) => ({
      insert: `${command.command} `, title: command.command, usage: command.usage_hint, note: command.description || command.app,
    }));
  return { from: 0, items: items.slice(0, MOST), isEager: true };
}

function following(command, before) {
  const typed = before.slice(command.command.length).trimStart().toLowerCase();
  const items = command.suggestions
    .map((entry) => entry.split(/\s+[—–|]\s+/))
    .filter(([words]) => words.toLowerCase().startsWith(typed) && words.toLowerCase() !== typed.trim())
    .map(([words, note]) => ({ insert: `${command.command} ${words} `, title: `${command.command} ${words}`, usage: "", note: note ?? "" }));
  return { from: 0, items, isEager: false };
}

/** The list above one message box; `onTaken` is told when it has changed the text. */
export class Suggestions {
  constructor(box, list, onTaken) {
    Object.assign(this, { box, list, onTaken, found: { items: [] }, chosen: -1 });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) this.take([...list.children].indexOf(item));
    });
  }

  update() {
    this.found = suggest(this.box.value.slice(0, this.box.selectionStart));
    this.list.replaceChildren(...this.found.items.map((item, at) => this.entry(item, at)));
    this.list.hidden = !this.found.items.length;
    this.choose(this.found.isEager ? 0 : -1);
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
    [...this.list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === at)));
    if (this.list.children[at]) {
      this.box.setAttribute("aria-activedescendant", this.list.children[at].id);
      this.list.children[at].scrollIntoView({ block: "nearest" });
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
