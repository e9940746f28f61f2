// Stands at the beginning of every figure, so that no unclosed tag can swallow it. Tells the page how high the figure is and what
// of it was blocked, makes it as small as its frame where it is wider, and keeps small pictures that are enlarged sharp.
(() => {
  /** The height of a figure that has none of its own: it is as high as its frame, whatever that is. */
  const BASE = 380;
  /** Elements that are looked at for their lower edges; what is flow is measured whole. */
  const ELEMENTS = 5000;
  /** What is blocked is reported so often for each kind. */
  const REPORTS = 4;
  /** A content that depends on its window is measured so often, and stays as it is then. */
  const TURNS = 50;

  document.currentScript.remove();
  const root = document.documentElement;
  const send = (message) => parent.postMessage(message, "*");

  const reports = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    const report = { agnez: "blocked", what: effectiveDirective.slice(0, 40), from: blockedURI.slice(0, 300) };
    const alike = reports.filter(({ what }) => what === report.what);
    if (alike.length >= REPORTS || reports.length >= 4 * REPORTS || alike.some(({ from }) => from === report.from)) return;
    reports.push(report);
    send(report);
  });

  // What makes a document as high as its window, whatever it holds, is out of force while its content is measured.
  const FREE = "html,body{height:fit-content!important;min-height:0!important;transition:none!important}";
  const free = new CSSStyleSheet();
  free.replaceSync(FREE);
  free.disabled = true;

  const zoom = () => Number(document.body?.style.zoom) || 1;

  /** Elements that may reach below the flow: absolute ones, floats, and those that their content leaves. */
  const elements = (body) => {
    const [walker, found] = [document.createTreeWalker(body, NodeFilter.SHOW_ELEMENT), []];
    let node = walker.nextNode();
    for (let left = ELEMENTS; node && left; left--) {
      const { display, position, visibility, overflowY } = getComputedStyle(node);
      const isThere = display !== "none" && position !== "fixed";
      const isOpen = isThere && overflowY === "visible" && node instanceof HTMLElement;
      if (isThere && visibility !== "hidden") found.push([node, isOpen]);
      let next = isOpen ? walker.nextNode() : walker.nextSibling();
      while (!next && !isOpen && walker.parentNode()) next = walker.nextSibling();
      node = next;
    }
    return found;
  };

  /** How high the content is, whatever the height of the window: in quirks mode and with `height: 100%`, too. */
  const measured = () => {
    const body = document.body ?? root;
    if (!document.adoptedStyleSheets.includes(free)) document.adoptedStyleSheets.push(free);
    // In quirks mode nothing but floating keeps a body that is no block from being as high as the window.
    const floats = document.compatMode === "BackCompat" && getComputedStyle(body).display !== "block";
    if (floats) free.replaceSync(`${FREE}body{float:left!important;box-sizing:border-box!important;width:${body.offsetWidth}px!important}`);
    const all = elements(body);
    const high = all.filter(([element]) => element.getBoundingClientRect().height > innerHeight / 5);
    free.disabled = false;
    let low = root.getBoundingClientRect().bottom + scrollY + (parseFloat(getComputedStyle(root).marginBottom) || 0);
    for (const [element, isOpen] of all) {
      const { top, bottom, width, height } = element.getBoundingClientRect();
      if (!width && !height) continue;
      const leaves = isOpen && element.scrollHeight > element.clientHeight + 1 && element.clientHeight > 0;
      low = Math.max(low, bottom + scrollY, leaves ? top + scrollY + element.scrollHeight * zoom() : 0);
    }
    // A part that has no height but its window's, such as a map.
    if (high.some(([element]) => element.getBoundingClientRect().height < 1)) low = Math.max(low, BASE);
    free.disabled = true;
    const bar = innerHeight - (document.compatMode === "BackCompat" ? body : root).clientHeight;
    return Math.ceil(low - 0.01) + (bar > 0 && bar < 40 ? bar : 0);
  };

  const fit = () => {
    const body = document.body;
    if (!body || Math.max(root.scrollWidth, body.scrollWidth) <= innerWidth) return;
    body.style.zoom = 1;
    body.style.zoom = Math.max(0.25, innerWidth / Math.max(root.scrollWidth, body.scrollWidth));
  };

  let [drawn, told, width, turns] = [false, 0, innerWidth, 0];
  /** The last look: how high the window and the content were. */
  let last;
  /** Being tried: whether a content that has changed with its window goes back with it, too. */
  let trial;
  /** Of a content that does: the share of the window's height that it has, and what else there is. */
  let bound;

  const wanted = (height) => {
    if (!bound) return height;
    const rest = height - bound.share * innerHeight;
    return Math.max(BASE, Math.ceil(bound.share < 0.75 ? rest / (1 - bound.share) : BASE + Math.max(0, rest - bound.rest)));
  };
  const post = (height) => {
    if (!height || height === told) return;
    told = height;
    send({ agnez: "height", height });
  };
  const tell = () => {
    // Not before everything has run: the page shows a figure when it tells its height.
    if (!drawn || trial || (bound && ++turns > TURNS)) return;
    fit();
    const height = measured();
    last = { view: innerHeight, height };
    post(wanted(height));
    changes.takeRecords();
  };

  const resized = () => {
    if (!drawn) return;
    if (innerWidth !== width) {
      [width, told, turns, last, trial, bound] = [innerWidth, 0, 0];
      if (document.body) document.body.style.zoom = 1;
      return tell();
    }
    const [view, height] = [innerHeight, measured()];
    if (trial?.from === view) {
      const share = (trial.height - height) / (trial.view - view);
      trial = undefined;
      if (share > 0.05) bound = { share, rest: height - share * view };
    } else if (!trial && !bound && last && view !== last.view && (height - last.height) / (view - last.view) > 0.05) {
      const mine = (trial = { from: last.view, view, height });
      setTimeout(() => {
        if (trial !== mine) return;
        trial = undefined;
        tell();
      }, 1000);
      return post(trial.from);
    }
    tell();
  };

  /** As Matplotlib does it: the pixels of what is enlarged to twice its size and more are seen. A photo is not. */
  const sharpened = new WeakMap();
  const sharpen = () => {
    for (const picture of [...document.querySelectorAll("image, img")].slice(0, 200)) {
      const source = picture.href?.baseVal ?? picture.src ?? "";
      if (sharpened.get(picture) === source || !source) continue;
      sharpened.set(picture, source);
      const probe = Object.assign(new Image(), { src: source });
      probe.decode().then(
        () => {
          const { width, height } = picture.getBoundingClientRect();
          const isEnlarged = Math.max(width / probe.naturalWidth, height / probe.naturalHeight) / zoom() >= 2;
          if (isEnlarged && getComputedStyle(picture).imageRendering === "auto") picture.style.imageRendering = "pixelated";
        },
        () => {},
      );
    }
  };

  let later;
  const changed = () => {
    later ??= setTimeout(() => {
      later = undefined;
      sharpen();
      tell();
    }, 100);
  };
  const changes = new MutationObserver(changed);
  addEventListener("load", () =>
    setTimeout(() => {
      drawn = true;
      sharpen();
      tell();
      const sizes = new ResizeObserver(tell);
      for (const element of new Set([root, document.body ?? root])) sizes.observe(element);
      changes.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    }),
  );
  for (const name of ["load", "transitionend", "animationend", "toggle"]) document.addEventListener(name, changed, true);
  addEventListener("resize", resized);
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.agnez !== "measure") return;
    told = 0;
    reports.forEach(send);
    tell();
  });
})();
