// Files a person picks or drops: shown as chips until they are sent.

import { act, form, toast } from "./net.js";

const picked = new WeakMap(); // chip -> File

const UNITS = ["bytes", "kB", "MB", "GB"];

function sizeText(bytes) {
  const step = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  const size = bytes / 1000 ** step;
  return `${step === 0 || size >= 10 ? Math.round(size) : size.toFixed(1)} ${UNITS[step]}`;
}

/** Add a chip for a file; it can be taken away again. */
export function addChip(list, file, onRemove) {
  const chip = document.createElement("li");
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "chip-x", textContent: "×" });
  remove.setAttribute("aria-label", `Remove ${file.name}`);
  remove.addEventListener("click", () => {
    chip.remove();
    onRemove();
  });
  chip.append(
    Object.assign(document.createElement("b"), { textContent: file.name }),
    Object.assign(document.createElement("small"), { textContent: sizeText(file.size) }),
    remove,
  );
  picked.set(chip, file);
  list.append(chip);
  return chip;
}

/** The files of a list of chips. */
export const filesOf = (list) => [...list.children].map((chip) => picked.get(chip));

/** What is being dragged, if it is files. */
export const dragsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/** Take files into a modal's file field: they are uploaded at once and travel as ids with the form. */
export async function fill(field, files) {
  const list = field.querySelector(".picked-files");
  const most = Number(field.dataset.max) || 10;
  for (const file of files) {
    if (list.children.length >= most) {
      toast(`This field takes at most ${most} ${most === 1 ? "file" : "files"}.`);
      return;
    }
    const chip = addChip(list, file, () => {});
    chip.classList.add("busy");
    const answer = await act("upload", form({}, [file]));
    chip.classList.remove("busy");
    if (answer.ok && answer.files?.length) chip.dataset.file = JSON.stringify(answer.files[0]);
    else {
      chip.remove();
      toast(answer.message ?? `${file.name} could not be uploaded.`);
    }
  }
}

export function startFileFields() {
  document.addEventListener("change", (event) => {
    const field = event.target.closest(".files-field");
    if (!field) return;
    field.closest("[data-input]")?.classList.remove("invalid");
    fill(field, [...event.target.files]);
    event.target.value = "";
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const field = event.target.closest?.(".files-field");
      if (!field || !dragsFiles(event)) return;
      event.preventDefault();
      field.classList.toggle("over", kind === "dragover");
      if (kind === "drop") fill(field, [...event.dataTransfer.files]);
    });
  }
}
