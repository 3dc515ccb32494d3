// The message box: sends on Enter, remembers drafts and what was sent, suggests commands and people, takes files.

import { addChip, dragsFiles, filesOf } from "./files.js";
import { act, channel, form, me, toast } from "./net.js";
import { Suggestions } from "./suggest.js";

const HISTORY_LIMIT = 100;

class Composer {
  constructor(form, onSent) {
    this.form = form;
    this.box = form.querySelector(".text-box");
    this.files = form.querySelector(".picked-files");
    this.send = form.querySelector(".send");
    this.notice = form.querySelector(".notice");
    this.onSent = onSent;
    this.at = -1; // position in the history while a person browses it
    this.suggestions = new Suggestions(this.box, form.querySelector(".suggestions"), () => this.changed());
    form.addEventListener("place", () => this.load());
    form.addEventListener("submit", (event) => this.submit(event));
    form.addEventListener("click", (event) => this.clicked(event));
    this.box.addEventListener("input", () => this.typed());
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.box.addEventListener("blur", () => this.suggestions.hide());
    this.box.addEventListener("paste", (event) => this.add([...event.clipboardData.files]));
    form.querySelector(".attach input").addEventListener("change", (event) => {
      this.add([...event.target.files]);
      event.target.value = "";
    });
    this.load();
  }

  /** Take up the draft of this place, a channel or a thread. */
  load() {
    this.box.value = sessionStorage.getItem(this.key("draft")) ?? "";
    this.at = -1;
    this.notice.hidden = true;
    this.changed();
  }

  get thread() {
    return this.form.dataset.threadTs;
  }

  key(kind) {
    return `${kind}:${me}:${channel}:${kind === "draft" ? this.thread : ""}`;
  }

  history() {
    return JSON.parse(sessionStorage.getItem(this.key("sent")) ?? "[]");
  }

  /** Fit the box to its text, keep the draft, say whether there is anything to send. */
  changed() {
    this.box.style.height = "auto";
    this.box.style.height = `${Math.max(38, this.box.scrollHeight)}px`;
    this.send.disabled = !this.box.value.trim() && !this.files.children.length;
    if (channel) sessionStorage.setItem(this.key("draft"), this.box.value);
  }

  typed() {
    this.at = -1;
    this.changed();
    this.suggestions.update();
  }

  add(files) {
    for (const file of files) addChip(this.files, file, () => this.changed());
    if (files.length) this.box.focus();
    this.changed();
  }

  pressed(event) {
    if (event.isComposing || this.suggestions.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.form.requestSubmit();
    } else if (event.key === "ArrowUp" && (this.at >= 0 || !this.box.value)) this.browse(event, 1);
    else if (event.key === "ArrowDown" && this.at >= 0) this.browse(event, -1);
  }

  browse(event, by) {
    const sent = this.history();
    const next = this.at + by;
    if (next >= sent.length) return;
    event.preventDefault();
    this.at = next;
    this.box.value = next < 0 ? "" : sent[next];
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
    this.changed();
  }

  async submit(event) {
    event.preventDefault();
    const text = this.box.value.trim();
    const files = filesOf(this.files);
    if (!text && !files.length) return;
    const chips = [...this.files.children];
    this.remember(text);
    this.box.value = "";
    this.files.replaceChildren();
    this.suggestions.hide();
    this.notice.hidden = true;
    this.changed();
    this.onSent(this);
    const answer = files.length ? await this.upload(text, files) : await this.say(text);
    if (answer.ok) return;
    if (!this.box.value) this.box.value = text;
    this.files.append(...chips);
    this.changed();
    this.tell(answer.message ?? `This was not sent (${answer.error}).`);
  }

  say(text) {
    const invited = /^\/invite\s+@?(\S+)$/.exec(text)?.[1];
    if (invited) return this.invite(invited);
    return act("message", { channel, text, thread_ts: this.thread });
  }

  async invite(name) {
    const answer = await act("invite", { channel, guest: name });
    if (answer.ok) toast(`${name} is in this channel now.`);
    return answer;
  }

  upload(text, files) {
    const fields = { channel, thread_ts: this.thread, initial_comment: text };
    return act("upload", form(fields, files));
  }

  remember(text) {
    this.at = -1;
    if (!text) return;
    const sent = [text, ...this.history().filter((line) => line !== text)].slice(0, HISTORY_LIMIT);
    sessionStorage.setItem(this.key("sent"), JSON.stringify(sent));
  }

  tell(text) {
    this.notice.replaceChildren(text, Object.assign(document.createElement("button"), {
      type: "button", className: "btn btn-icon", ariaLabel: "Dismiss", textContent: "×",
      onclick: () => { this.notice.hidden = true; },
    }));
    this.notice.hidden = false;
  }

  clicked(event) {
    const wrap = event.target.closest("[data-wrap]")?.dataset.wrap;
    if (!wrap) return;
    const { selectionStart: start, selectionEnd: end } = this.box;
    this.box.setRangeText(`${wrap}${this.box.value.slice(start, end)}${wrap}`, start, end, "end");
    if (start === end) this.box.setSelectionRange(start + 1, start + 1);
    this.box.focus();
    this.typed();
  }
}

/** Let files be dropped anywhere on an area; they land in its message box. */
function acceptDrops(area, composer) {
  const zone = document.querySelector(".drop-zone");
  let depth = 0;
  const leave = () => {
    depth = 0;
    zone.hidden = true;
  };
  area.addEventListener("dragenter", (event) => {
    if (!dragsFiles(event)) return;
    depth += 1;
    if (area.contains(zone)) zone.hidden = false;
  });
  area.addEventListener("dragover", (event) => {
    if (dragsFiles(event)) event.preventDefault();
  });
  area.addEventListener("dragleave", (event) => {
    if (dragsFiles(event) && --depth <= 0) leave();
  });
  area.addEventListener("drop", (event) => {
    if (!dragsFiles(event)) return;
    event.preventDefault();
    leave();
    composer.add([...event.dataTransfer.files]);
  });
}

export function startComposers(onSent) {
  for (const form of document.querySelectorAll(".composer")) {
    const isThread = form.id === "thread-composer";
    const composer = new Composer(form, isThread ? () => {} : onSent);
    acceptDrops(form.closest(isThread ? ".thread" : ".main"), composer);
    if (!isThread && matchMedia("(hover: hover)").matches) composer.box.focus();
  }
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (dragsFiles(event)) event.preventDefault(); // a file dropped beside a target must not replace the page
    });
  }
}
