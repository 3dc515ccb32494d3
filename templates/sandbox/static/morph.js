// Make the page's own nodes look like freshly painted ones, in place: what a person is typing, what has the focus
// and a half-finished click survive, because a node that is still right is never replaced.

const origin = new WeakMap();

const keyOf = (node) =>
  node.nodeType !== 1 ? "" : node.dataset.key ? `${node.nodeName}:${node.dataset.key}` : node.id ? `#${node.id}` : "";

/** Remember how nodes that the script changes (data-own) were painted, to notice when the server paints otherwise. */
export function adopt(root) {
  const owned = root.querySelectorAll?.("[data-own]") ?? [];
  for (const node of root.matches?.("[data-own]") ? [root, ...owned] : owned) {
    if (!origin.has(node)) origin.set(node, node.outerHTML);
  }
}

function sameKind(from, to) {
  return from.nodeType === to.nodeType && from.nodeName === to.nodeName && keyOf(from) === keyOf(to);
}

function attributes(from, to) {
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && name !== "open") from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
}

/** Turn `from` into `to`; `to` is consumed. */
export function morph(from, to) {
  if (!sameKind(from, to)) {
    adopt(to);
    from.replaceWith(to);
    return to;
  }
  if (from.nodeType !== 1) {
    if (from.data !== to.data) from.data = to.data;
    return from;
  }
  if (from.hasAttribute("data-own")) {
    if (origin.get(from) === to.outerHTML) return from;
    adopt(to);
    from.replaceWith(to);
    return to;
  }
  attributes(from, to);
  children(from, to);
  return from;
}

function children(from, to) {
  const keyed = new Map();
  for (const child of from.children) if (keyOf(child)) keyed.set(keyOf(child), child);
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const known = keyOf(wanted) && keyed.get(keyOf(wanted));
    if (known) {
      if (known === at) at = at.nextSibling;
      else from.insertBefore(known, at);
      keyed.delete(keyOf(wanted));
      morph(known, wanted);
    } else if (at && !keyOf(at) && !keyOf(wanted) && sameKind(at, wanted)) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      adopt(wanted);
      from.insertBefore(wanted, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/** Parse a painted fragment to its one element; nothing for an empty one. */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}
