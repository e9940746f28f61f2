// The server's script at the beginning of every figure, where no unclosed tag can swallow it. It
// sends the page the height of the figure and what the policy has blocked, shrinks a figure that is
// wider than its frame, and keeps the pixels of enlarged images sharp.
(() => {
  /** The height of a figure that is as high as its frame, whatever that is; in CSS pixels. */
  const DEFAULT_HEIGHT = 380;
  /** Elements whose lower edges are measured; the normal flow is measured as a whole. */
  const MAX_ELEMENTS = 5000;
  /** Reports of each directive. */
  const MAX_REPORTS = 4;
  /** Measurements of a content that depends on its window's height; then its height stays. */
  const MAX_MEASUREMENTS = 50;

  document.currentScript.remove();
  const root = document.documentElement;
  const send = (message) => parent.postMessage(message, "*");

  const reports = [];
  document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    const [directive, uri] = [effectiveDirective.slice(0, 40), blockedURI.slice(0, 300)];
    const similar = reports.filter((report) => report.directive === directive);
    if (similar.length >= MAX_REPORTS || reports.length >= 4 * MAX_REPORTS) return;
    if (similar.some((report) => report.uri === uri)) return;
    const report = { agnez: "blocked", directive, uri };
    reports.push(report);
    send(report);
  });

  // While the content is measured, no rule makes the document as high as its window.
  const NATURAL_HEIGHT =
    "html,body{height:fit-content!important;min-height:0!important;transition:none!important}";
  const natural = new CSSStyleSheet();
  natural.replaceSync(NATURAL_HEIGHT);
  natural.disabled = true;

  const zoom = () => Number(document.body?.style.zoom) || 1;

  /** Elements that may end below the normal flow: absolute ones, floats, those with overflow. */
  const measurable = (body) => {
    const [walker, found] = [document.createTreeWalker(body, NodeFilter.SHOW_ELEMENT), []];
    let node = walker.nextNode();
    for (let rest = MAX_ELEMENTS; node && rest; rest--) {
      const { display, position, visibility, overflowY } = getComputedStyle(node);
      const isRendered = display !== "none" && position !== "fixed";
      const overflows = isRendered && overflowY === "visible" && node instanceof HTMLElement;
      if (isRendered && visibility !== "hidden") found.push([node, overflows]);
      let next = overflows ? walker.nextNode() : walker.nextSibling();
      while (!next && !overflows && walker.parentNode()) next = walker.nextSibling();
      node = next;
    }
    return found;
  };

  // The height of the content, whatever the height of the window: in quirks mode and with
  // `height: 100%`, too.
  const measure = () => {
    const isQuirks = document.compatMode === "BackCompat";
    const body = document.body ?? root;
    const sheets = document.adoptedStyleSheets;
    if (!sheets.includes(natural)) sheets.push(natural);
    // In quirks mode only a float keeps a body that is no block from being as high as the window.
    if (isQuirks && getComputedStyle(body).display !== "block") {
      const width = `width:${body.offsetWidth}px!important`;
      const float = `body{float:left!important;box-sizing:border-box!important;${width}}`;
      natural.replaceSync(NATURAL_HEIGHT + float);
    }
    const all = measurable(body);
    const tall = all.filter(([one]) => one.getBoundingClientRect().height > innerHeight / 5);
    natural.disabled = false;
    const margin = parseFloat(getComputedStyle(root).marginBottom) || 0;
    let lowest = root.getBoundingClientRect().bottom + scrollY + margin;
    for (const [element, overflows] of all) {
      const { top, bottom, width, height } = element.getBoundingClientRect();
      if (!width && !height) continue;
      const { scrollHeight, clientHeight } = element;
      const hasOverflow = overflows && scrollHeight > clientHeight + 1 && clientHeight > 0;
      const overflowEdge = hasOverflow ? top + scrollY + scrollHeight * zoom() : 0;
      lowest = Math.max(lowest, bottom + scrollY, overflowEdge);
    }
    // An element without a height of its own, such as a map.
    const hasNoHeight = tall.some(([element]) => element.getBoundingClientRect().height < 1);
    if (hasNoHeight) lowest = Math.max(lowest, DEFAULT_HEIGHT);
    natural.disabled = true;
    const scrollbar = innerHeight - (isQuirks ? body : root).clientHeight;
    return Math.ceil(lowest - 0.01) + (scrollbar > 0 && scrollbar < 40 ? scrollbar : 0);
  };

  const shrinkToWidth = () => {
    const body = document.body;
    if (!body || Math.max(root.scrollWidth, body.scrollWidth) <= innerWidth) return;
    body.style.zoom = 1;
    body.style.zoom = Math.max(0.25, innerWidth / Math.max(root.scrollWidth, body.scrollWidth));
  };

  let [isLoaded, sentHeight, width, measurements] = [false, 0, innerWidth, 0];
  /** The heights of the window and of the content at the last measurement. */
  let last;
  /** A test whether a content that has changed with its window changes back with it. */
  let trial;
  /** Of a content that does: its share of the window's height, and the rest of its height. */
  let bound;

  const targetHeight = (height) => {
    if (!bound) return height;
    const rest = height - bound.share * innerHeight;
    const added = Math.max(0, rest - bound.rest);
    const target = bound.share < 0.75 ? rest / (1 - bound.share) : DEFAULT_HEIGHT + added;
    return Math.max(DEFAULT_HEIGHT, Math.ceil(target));
  };
  const sendHeight = (height) => {
    if (!height || height === sentHeight) return;
    sentHeight = height;
    send({ agnez: "height", height });
  };
  const update = () => {
    // Not before all scripts have run: the page shows a figure when it receives its height.
    if (!isLoaded || trial || (bound && ++measurements > MAX_MEASUREMENTS)) return;
    shrinkToWidth();
    const height = measure();
    last = { view: innerHeight, height };
    sendHeight(targetHeight(height));
    changes.takeRecords();
  };

  /** Whether the content has grown or shrunk with the window since the last measurement. */
  const followsWindow = (view, height) =>
    last && view !== last.view && (height - last.height) / (view - last.view) > 0.05;

  const onResize = () => {
    if (!isLoaded) return;
    if (innerWidth !== width) {
      [width, sentHeight, measurements, last, trial, bound] = [innerWidth, 0, 0];
      if (document.body) document.body.style.zoom = 1;
      return update();
    }
    const [view, height] = [innerHeight, measure()];
    if (trial?.from === view) {
      const share = (trial.height - height) / (trial.view - view);
      trial = undefined;
      if (share > 0.05) bound = { share, rest: height - share * view };
    } else if (!trial && !bound && followsWindow(view, height)) {
      const started = (trial = { from: last.view, view, height });
      setTimeout(() => {
        if (trial !== started) return;
        trial = undefined;
        update();
      }, 1000);
      return sendHeight(trial.from);
    }
    update();
  };

  /** As Matplotlib does: an image that is enlarged to twice its size or more shows its pixels. */
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
          const scale = Math.max(width / probe.naturalWidth, height / probe.naturalHeight) / zoom();
          const isDefault = getComputedStyle(picture).imageRendering === "auto";
          if (scale >= 2 && isDefault) picture.style.imageRendering = "pixelated";
        },
        () => {},
      );
    }
  };

  let updateTimer;
  const updateSoon = () => {
    updateTimer ??= setTimeout(() => {
      updateTimer = undefined;
      sharpen();
      update();
    }, 100);
  };
  const changes = new MutationObserver(updateSoon);
  addEventListener("load", () =>
    setTimeout(() => {
      isLoaded = true;
      sharpen();
      update();
      const sizes = new ResizeObserver(update);
      for (const element of new Set([root, document.body ?? root])) sizes.observe(element);
      const everything = { subtree: true, childList: true, attributes: true, characterData: true };
      changes.observe(root, everything);
    }),
  );
  for (const name of ["load", "transitionend", "animationend", "toggle"]) {
    document.addEventListener(name, updateSoon, true);
  }
  addEventListener("resize", onResize);
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || data?.agnez !== "measure") return;
    sentHeight = 0;
    reports.forEach(send);
    update();
  });
})();
