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
  const wantedKeys = new Set([...to.children].map(keyOf));
  const known = new Map([...from.children].filter(keyOf).map((child) => [keyOf(child), child]));
  let at = from.firstChild;
  const drop = () => {
    const next = at.nextSibling;
    at.remove();
    at = next;
  };
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    const old = key && known.get(key);
    // What stands before a node that stays and is not wanted goes: moving the node itself would lose its focus.
    while (at && (keyOf(at) ? !wantedKeys.has(keyOf(at)) : old)) drop();
    if (old) {
      if (old === at) at = at.nextSibling;
      else from.insertBefore(old, at);
      known.delete(key);
      morph(old, wanted);
    } else if (at && !key && sameKind(at, wanted)) {
      const next = at.nextSibling;
      morph(at, wanted);
      at = next;
    } else {
      adopt(wanted);
      from.insertBefore(wanted, at);
    }
  }
  while (at) drop();
}

/** Parse a painted fragment to its one element; nothing for an empty one. */
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}
